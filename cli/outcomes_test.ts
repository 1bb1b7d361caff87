import { assertEquals } from "@std/assert";
import type { CoreError, Outcome } from "../lib/core/wire.ts";
import { MasuError } from "../lib/error.ts";
import { outcomeOf, tellOutcomes } from "./outcomes.ts";
import { createReport, PLAIN_SETTINGS } from "./report.ts";

const GONE: CoreError = {
  code: "not_found",
  message: 'Find container "b": no such container',
  call: null,
  errno: null,
  place: null,
  hint: null,
};
const DONE: Outcome = { word: "a", id: "0a", end: null, error: null };
const FAILED: Outcome = { word: "b", id: null, end: null, error: GONE };

function tell(outcomes: Outcome[], json = false) {
  const out = { stdout: "", stderr: "" };
  const report = createReport({ ...PLAIN_SETTINGS, json }, {
    write: (stream, text) => out[stream] += text,
    isTerminal: () => false,
    colours: false,
  });
  return { status: tellOutcomes(report, outcomes), ...out };
}

Deno.test("tellOutcomes() prints each word, and each failure where errors go", () =>
  assertEquals(tell([FAILED, DONE]), { status: 1, stdout: "a\n", stderr: `masu: ${GONE.message}\n` }));

Deno.test("tellOutcomes() says nothing of one that was not there and need not have been", () =>
  assertEquals(tell([{ ...DONE, id: null }]), { status: 0, stdout: "", stderr: "" }));

Deno.test("tellOutcomes() ends with 2 when the only word was a mistake", () =>
  assertEquals(tell([{ ...FAILED, error: { ...GONE, code: "invalid_config" } }]).status, 2));

Deno.test("tellOutcomes() prints one document of all", () => {
  const { stdout } = tell([DONE, FAILED], true);
  assertEquals(JSON.parse(stdout), [
    { container: "a", id: "0a", status: null, error: null },
    { container: "b", id: null, status: null, error: { code: "not_found", message: GONE.message, hint: null } },
  ]);
});

Deno.test("outcomeOf() makes an error of masu's the container's own", () => {
  assertEquals(outcomeOf("a", () => "0a"), DONE);
  const failed = outcomeOf("b", () => {
    throw new MasuError("not_found", GONE.message);
  });
  assertEquals(failed, FAILED);
});
