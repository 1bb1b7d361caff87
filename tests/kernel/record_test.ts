/** What is written down of a container while it runs. */
import { assertEquals, assertMatch } from "@std/assert";
import { inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

kernelTest("run writes down the command, the names and the first process", ["mount", "busybox"], async (scratch) => {
  const flags = ["--name", `record-${Deno.pid}`, "--label", "a=${id}", "-v", "/run/masu:/masu:ro"];
  const stdout = await inside(scratch, flags, 'cat /masu/containers/$(hostname)/state.json; : "${pid}"');
  const { id, pid, masu } = JSON.parse(stdout);
  assertMatch(id, /^[0-9a-f]{12}$/);
  assertEquals(Number.isInteger(pid) && Number.isInteger(masu.start), true, stdout);
  assertEquals(masu.name, `record-${Deno.pid}`);
  assertEquals(masu.labels, { a: "${id}" });
  assertEquals(masu.command.at(-1), 'cat /masu/containers/$(hostname)/state.json; : "${pid}"');
});
