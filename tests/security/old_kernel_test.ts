/** The attacks on paths again, where the kernel has no openat2(2): before Linux 5.6, and under seccomp filters that do not know it. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../needs.ts";
import { probe } from "../probe.ts";
import { MASU } from "../scratch.ts";

const HERE = new URL("../../", import.meta.url).pathname;
const OPENAT2 = 437;
const SUITES = [
  "tests/security/symlinks_test.ts",
  "tests/security/masks_test.ts",
  "tests/security/bundle_paths_test.ts",
  "tests/security/bundle_race_test.ts",
  "tests/security/bundle_state_test.ts",
  "tests/security/files_test.ts",
  "tests/security/copy_test.ts",
];
/** All but those that look at what masu executes, which is a script here. */
const FILTER = "/^T([13-9]|2[0-5]|26: (a|cp [^e]))/";

kernelTest("T16: attacks on paths fail without openat2(2) too", ["mount", "busybox", "cc"], async (scratch) => {
  const program = await scratch.write(
    "masu",
    `#!/bin/sh\nexec ${await probe()} without ${OPENAT2} ${MASU} "$@"\n`,
    0o755,
  );
  const resolve = (Deno.env.get("RESOLVE") ?? "").split(" ").filter(Boolean);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", "--no-check", `--filter=${FILTER}`, ...resolve, ...SUITES],
    cwd: HERE,
    // Only root may set a filter without giving up set-user-ID programs, which an ordinary user's containers need.
    env: { MASU_BIN: program, MASU_TEST_USER: "nobody-of-this-name", MASU_TESTS_MUST_RUN: "", NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, `${text}\n${new TextDecoder().decode(stderr)}`);
  const passed = Number(/(\d+) passed/.exec(text)?.[1]);
  assert(passed > 100, `only ${passed} tests ran`);
});
