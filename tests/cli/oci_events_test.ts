/** What a runtime tells of a container that lacks memory: runc's line. */
import { assertEquals } from "@std/assert";
import { kernelTest } from "../needs.ts";
import { Caller, RUNTIME } from "./caller.ts";

kernelTest(
  "a runtime tells of a process that was killed for its memory",
  ["mount", "busybox", "memory"],
  async (scratch) => {
    // The shell outlives what it started, so that the container does too.
    const script = "while ! [ -e /full ]; do sleep 0.1; done; tail /dev/zero; while :; do sleep 0.1; done";
    await using caller = await Caller.make(scratch, script, ({ linux }) => {
      linux.resources = { ...linux.resources, memory: { limit: 16 << 20, swap: 16 << 20 } };
    });
    await caller.run();
    const events = await scratch.spawnCommand(RUNTIME, ...caller.globals, "events", "--interval=1s", caller.id);
    // It watches now.
    await events.until(/"type":"stats".*\n/);
    await Deno.writeTextFile(`${caller.bundle.root}/full`, "");
    await events.until(/"type":"oom".*\n/);
    const line = events.stdout.split("\n").find((line) => line.includes('"oom"')) ?? "";
    const { type, id, ...more } = JSON.parse(line);
    assertEquals([type, id, more], ["oom", caller.id, {}], line);
  },
);
