import { assertEquals } from "@std/assert";
import { type ContainerSummary, summaryOf } from "../lib/engine/views.ts";
import { exampleView } from "../lib/engine/example_view.ts";
import { containerColumns, containerFields, statusWords } from "./table_containers.ts";
import { table } from "./table.ts";
import { readTemplate } from "./template.ts";

const NOW = Date.parse("2026-01-01T03:00:00Z");
const STYLE = { nowMs: NOW, whole: false };
const RUNNING = summaryOf(exampleView());

Deno.test("containerColumns() are docker's", () => {
  const long = { ...RUNNING, command: ["sh", "-c", 'echo "a long line"'], labels: {} };
  assertEquals(
    table(containerColumns(STYLE), [RUNNING, long]).split("\n"),
    [
      "CONTAINER ID   IMAGE   COMMAND                   CREATED       STATUS       NAMES",
      '0123456789ab   host    "sleep 100"               3 hours ago   Up 3 hours   web',
      '0123456789ab   host    "sh -c echo \\"a long \u2026"   3 hours ago   Up 3 hours   web',
    ],
  );
});

const STATUSES: [change: Partial<ContainerSummary>, words: string][] = [
  [{}, "Up 3 hours"],
  [{ health: "starting" }, "Up 3 hours (health: starting)"],
  [{ health: "healthy" }, "Up 3 hours (healthy)"],
  [{ health: "unhealthy" }, "Up 3 hours (unhealthy)"],
  [{ status: "paused" }, "Up 3 hours (Paused)"],
  [{ status: "restarting", exitCode: 1, finished: "2026-01-01T02:59:55Z" }, "Restarting (1) 5 seconds ago"],
  [{ status: "stopped", exitCode: 137, finished: "2026-01-01T02:58:00Z" }, "Exited (137) 2 minutes ago"],
  [{ status: "stopped" }, "Exited"],
  [{ status: "created", started: null }, "Created"],
  [{ status: "broken" }, "Broken"],
];
for (const [change, words] of STATUSES) {
  Deno.test(`statusWords() says "${words}"`, () => assertEquals(statusWords({ ...RUNNING, ...change }, NOW), words));
}

Deno.test("containerFields() has docker's fields", () => {
  const fields = containerFields({ ...RUNNING, labels: { a: "1", b: "x,y" } }, STYLE);
  const template = '{{.ID}} {{.Names}} {{.State}} {{.CreatedAt}} {{.Labels}} {{.Label "a"}} {{.Pid}}';
  assertEquals(
    readTemplate(template).lines([fields]),
    "0123456789ab web running 2026-01-01 00:00:00 +0000 UTC a=1,b=x,y 1 42",
  );
  assertEquals(containerFields({ ...RUNNING, status: "stopped" }, STYLE).State, "exited");
});
