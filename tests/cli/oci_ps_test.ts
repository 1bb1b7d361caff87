/** `ps` of an OCI runtime: what the host's ps(1) prints of a container. Each can be tried on runc: tests/cli/caller.ts */
import { assertEquals, assertMatch } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import { Caller, REFERENCE } from "./caller.ts";

const NEEDS: Need[] = ["mount", "busybox", "cgroups"];
const SLEEP = "sleep 1000 & wait";

/** Options of ps(1), and a container's lines of what ps(1) itself prints for the second ones. */
const OPTIONS: [options: string[], meant: string[]][] = [
  [[], ["-ef"]],
  [["-ef"], ["-ef"]],
  [["-e", "-x"], ["-e", "-x"]],
  [["aux"], ["aux"]],
  [["-eo", "pid,comm,wchan", "--sort=-pid"], ["-eo", "pid,comm,wchan", "--sort=-pid"]],
  [["-eLf"], ["-eLf"]],
];
for (const [options, meant] of OPTIONS) {
  kernelTest(`a runtime prints what ps ${options.join(" ")} says of a container`, [...NEEDS, "ps"], async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    const pids = await processesOf(caller);
    const { stdout: all } = await scratch.command("ps", ...meant);
    const { code, stdout, stderr, transcript } = await caller.call(["ps", caller.id, ...options]);
    assertEquals([code, stderr, titleOf(stdout)], [0, "", titleOf(all)], transcript);
    assertEquals(pidsOf(stdout).toSorted(), pids.toSorted(), transcript);
  });
}

const FAILURES: [name: string, options: string[], says: RegExp][] = [
  ["options that ps does not know", ["--no-such-option"], /unknown|error/],
  ["columns without the PID", ["-eo", "comm"], /PID/],
];
for (const [name, options, says] of FAILURES) {
  kernelTest(`a runtime refuses ${name}`, [...NEEDS, "ps"], async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    const { code, stdout, stderr, transcript } = await caller.call(["ps", caller.id, ...options]);
    assertEquals([code, stdout], [1, ""], transcript);
    assertMatch(stderr, says);
  });
}

kernelTest("a runtime prints of a container that has ended the title alone", [...NEEDS, "ps"], async (scratch) => {
  await using caller = await Caller.make(scratch, "exit 0");
  await caller.run();
  await caller.until("stopped");
  const { code, stdout, transcript } = await caller.call(["ps", caller.id]);
  assertEquals([code, stdout.split("\n").length], [0, 2], transcript);
});

// runc wants a ps.
if (REFERENCE === undefined) {
  kernelTest("masu reads the processes of the kernel where there is no ps", NEEDS, async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    const pids = await processesOf(caller);
    const env = { PATH: await scratch.dir("empty") };
    for (const options of [[], ["-ef"], ["aux"], ["-o", "pid,args"]]) {
      const { code, stdout, transcript } = await caller.call(["ps", caller.id, ...options], { env });
      assertEquals([code, pidsOf(stdout).toSorted()], [0, pids.toSorted()], transcript);
    }
    const { code, stdout, transcript } = await caller.call(["ps", caller.id, "-eLf"], { env });
    assertEquals([code, stdout], [1, ""], transcript);
  });
}

/** Both of its processes, once there are two. */
async function processesOf(caller: Caller): Promise<number[]> {
  for (;;) {
    const pids = JSON.parse((await caller.call(["ps", "--format", "json", caller.id])).stdout);
    if (pids.length === 2) return pids;
  }
}

function titleOf(text: string): string[] {
  return text.split("\n", 1)[0]?.trim().split(/\s+/) ?? [];
}

function pidsOf(text: string): number[] {
  const column = titleOf(text).indexOf("PID");
  return text.trimEnd().split("\n").slice(1).map((line) => Number(line.trim().split(/\s+/)[column]));
}
