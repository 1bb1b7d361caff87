/** Descriptors that leak into a container, and working directories by way of them. CVE-2024-21626 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { image } from "../inside.ts";
import { attackTest } from "./invariants.ts";
import { DESCRIPTOR_PATHS, leaking } from "./leaking.ts";

attackTest("T9: no working directory leads out by way of a descriptor", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  const marker = await scratch.write("marker", "");
  for (const path of [...DESCRIPTOR_PATHS, "/dev/fd/3", "/dev/fd/9"]) {
    const outcome = await leaking(scratch, "run", "-w", path, root, "sh", "-c", `ls -d .${marker} ../..${marker}`);
    assert(outcome.code !== 0, outcome.transcript);
    assertEquals(outcome.stdout, "", outcome.transcript);
  }
});

attackTest(
  "T9: the working directory is not the host's through links in the image",
  ["mount", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    for (const fd of [3, 9, 12]) await Deno.symlink(`/proc/self/fd/${fd}`, `${root}/link${fd}`);
    for (const fd of [3, 9, 12]) {
      const outcome = await leaking(scratch, "run", "-w", `/link${fd}`, root, "pwd");
      assert(outcome.code !== 0, outcome.transcript);
    }
  },
);

attackTest(
  "T9: the program has stdin, stdout, stderr and what was asked for, nothing else",
  ["mount", "busybox", "cc"],
  async (scratch) => {
    const root = await image(scratch, { probe: true });
    for (
      const [flags, open] of [[[], "0 1 2"], [["--preserve-fds", "2"], "0 1 2 3 4"], [["--init"], "0 1 2"]] as const
    ) {
      const outcome = await leaking(scratch, "run", ...flags, root, "probe", "descriptors");
      assertEquals(outcome.stdout.trim(), open, outcome.transcript);
    }
  },
);

attackTest("T9: --preserve-fds names a descriptor that is not open", ["mount", "busybox"], async (scratch) => {
  const outcome = await scratch.masu("run", "--preserve-fds", "3", await image(scratch), "true");
  assertEquals(outcome.code, 125, outcome.transcript);
  assertStringIncludes(outcome.stderr, 'descriptor "3"');
});

attackTest("T9: --init keeps none of masu's descriptors", ["mount", "busybox"], async (scratch) => {
  const outcome = await leaking(
    scratch,
    "run",
    "--init",
    "--privileged",
    await image(scratch),
    "sh",
    "-c",
    "ls -l /proc/1/fd | grep -c -- '->'",
  );
  assert(Number(outcome.stdout) <= 3, outcome.transcript);
});
