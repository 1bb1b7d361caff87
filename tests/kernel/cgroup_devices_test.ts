/** Devices of a group without a container: by v1's lists and by v2's program, which takes the place of the one before it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

const NULL = "c 1:3 rwm";
const ZERO = "c 1:5 rwm";

/** Which of two devices a program in the group can open. */
async function opened(scratch: Scratch, group: string): Promise<string[]> {
  const tries = ["null", "zero"].map((name) => `if true </dev/${name}; then echo ${name}; fi`).join("; ");
  const { stdout } = await scratch.masu("cgroup", "run", "--group", group, "sh", "-c", tries);
  return stdout.split("\n").filter((line) => line !== "");
}

const VERSIONS: [name: string, hierarchy: string, needs: Need[]][] = [
  ["v1", "devices", ["cgroup1"]],
  ["v2", "unified", ["cgroups"]],
];
for (const [version, hierarchy, needs] of VERSIONS) {
  kernelTest(`cgroup set --device-cgroup-rule leaves a group these devices, on ${version}`, needs, async (scratch) => {
    const group = `masu-test-devices-${version}-${Deno.pid}`;
    const made = await scratch.masu("cgroup", "create", "--hierarchy", hierarchy, group);
    assertEquals(made.code, 0, made.transcript);
    try {
      assertEquals(await opened(scratch, group), ["null", "zero"]);
      for (const [rules, expected] of [[[NULL], ["null"]], [[ZERO], ["zero"]], [[NULL, ZERO], ["null", "zero"]]]) {
        const flags = (rules ?? []).flatMap((rule) => ["--device-cgroup-rule", rule]);
        const set = await scratch.masu("cgroup", "set", group, ...flags);
        assertEquals(set.code, 0, set.transcript);
        assertEquals(await opened(scratch, group), expected);
      }
    } finally {
      await scratch.masu("cgroup", "delete", group);
    }
  });
}

kernelTest("cgroup run --device-cgroup-rule opens nothing else", ["cgroups"], async (scratch) => {
  const run = (path: string) =>
    scratch.masu("cgroup", "run", "--device-cgroup-rule", NULL, "sh", "-c", `: <${path} && echo opened`);
  assertEquals((await run("/dev/null")).stdout, "opened\n");
  const other = await run("/dev/full");
  assertEquals(other.stdout, "", other.transcript);
  assertStringIncludes(other.stderr, "Operation not permitted");
});
