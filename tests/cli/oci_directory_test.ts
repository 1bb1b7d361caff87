/** An OCI runtime whose working directory was removed. Each can be tried on runc: tests/cli/caller.ts */
import { assertEquals, assertMatch } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import type { Outcome } from "../process.ts";
import { Caller, REFERENCE } from "./caller.ts";

const NEEDS: Need[] = ["mount", "busybox", "cgroups"];
const SLEEP = "while :; do sleep 0.1; done";

/** What needs no working directory. */
const COMMANDS = [
  ["list"],
  ["ps", "ID"],
  ["events", "--stats", "ID"],
  ["update", "--pids-limit", "50", "ID"],
  ["features"],
  ["exec", "ID", "true"],
];
for (const words of COMMANDS) {
  kernelTest(`a runtime does ${words[0]} in a directory that is gone`, NEEDS, async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    const { code, stderr, transcript } = await callInNone(caller, words);
    assertEquals([code, stderr], [0, ""], transcript);
  });
}

/** With a path that means nothing there. */
const FAILURES: [words: string[], code: number][] = [
  [["create", "--bundle", "bundle", "other"], 1],
  [["run", "--bundle", "bundle", "other"], 1],
  [["update", "--resources", "limits.json", "ID"], 1],
  [["exec", "--process", "process.json", "ID"], 255],
];
for (const [words, status] of FAILURES) {
  kernelTest(
    `a runtime fails at ${words[0]} in a directory that is gone as at anything else`,
    NEEDS,
    async (scratch) => {
      await using caller = await Caller.make(scratch, SLEEP);
      await caller.run();
      await Deno.remove(caller.log).catch(() => {});
      const { code, stdout, stderr, transcript } = await callInNone(caller, words);
      assertEquals(code, status, transcript);
      const [entry, ...more] = await caller.logged();
      assertEquals([entry?.level, more], ["error", []], transcript);
      assertMatch(entry?.msg ?? "", /no such file or directory/i);
      if (REFERENCE === undefined) assertEquals([stdout, stderr], ["", `${entry?.msg}\n`], transcript);
    },
  );
}

/** Calls the runtime in a directory that is there no longer. */
async function callInNone(caller: Caller, words: readonly string[]): Promise<Outcome> {
  const gone = await caller.scratch.dir("gone");
  const line = words.map((word) => word === "ID" ? '"$ID"' : word).join(" ");
  return await caller.shell(`cd '${gone}' && rmdir '${gone}' && runtime ${line}`);
}
