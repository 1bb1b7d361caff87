import { assertEquals } from "@std/assert";
import { parseEvent } from "../../lib/engine/events.ts";
import { readTemplate } from "../template.ts";
import { eventFields, eventLine } from "./events.ts";

const LINE =
  '{"time":"2026-01-02T03:04:05.123456789Z","type":"container","action":"die","id":"0f3a","name":"a\\u001b","image":"host","attributes":{"exitCode":"137"}}';
const [EVENT] = parseEvent(LINE);

Deno.test("parseEvent() reads a whole line, and nothing of half of one", () => {
  assertEquals(EVENT?.attributes, { exitCode: "137" });
  assertEquals([parseEvent(LINE.slice(0, 60)), parseEvent(""), parseEvent("[]"), parseEvent('{"time":1}')], [
    [],
    [],
    [],
    [],
  ]);
});
Deno.test("eventLine() is docker's, with nothing that could steer a terminal", () => {
  assertEquals(
    EVENT && eventLine(EVENT),
    "2026-01-02T03:04:05.123456789Z container die 0f3a (exitCode=137, image=host, name=a\\u{1b})",
  );
});
Deno.test("eventFields() are docker's", () => {
  const template = "{{.Time}} {{.TimeNano}} {{.Action}} {{.Actor.ID}} {{.Actor.Attributes.exitCode}} {{.From}}";
  assertEquals(
    EVENT && readTemplate(template).lines([eventFields(EVENT)]),
    "1767323045 1767323045123456789 die 0f3a 137 host",
  );
});
Deno.test("eventLine() and eventFields() have the container's labels", () => {
  const [labelled] = parseEvent(LINE.replace('"attributes"', '"labels":{"team":"a=b"},"attributes"'));
  assertEquals(labelled?.labels, { team: "a=b" });
  assertEquals(
    labelled && eventLine(labelled),
    "2026-01-02T03:04:05.123456789Z container die 0f3a (exitCode=137, image=host, name=a\\u{1b}, team=a=b)",
  );
  assertEquals(labelled && readTemplate("{{.Actor.Attributes.team}}").lines([eventFields(labelled)]), "a=b");
});
