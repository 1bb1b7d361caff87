/** `masu seccomp`: filters as text, as bytes, and executed without a kernel. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { image, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

const PROFILE = {
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [
    { names: ["umask"], action: "SCMP_ACT_ERRNO", errnoRet: 90, includes: { caps: ["CAP_SYS_TIME"] } },
    { names: ["umask"], action: "SCMP_ACT_ERRNO", errnoRet: 95, args: [{ index: 0, value: 7, op: "SCMP_CMP_EQ" }] },
    { names: ["uname"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
  ],
};

async function profile(scratch: Scratch, content: unknown = PROFILE): Promise<string> {
  const path = scratch.path("profile.json");
  await Deno.writeTextFile(path, JSON.stringify(content));
  return path;
}

const CALLS: [args: string[], line: string, status: number][] = [
  [["umask", "7"], "umask 7: errno EOPNOTSUPP (95): rule syscalls[1]", 1],
  [["umask", "0x8"], "umask 0x8: allow: no rule matches", 0],
  [["uname"], "uname: errno ENOSYS (38): rule syscalls[2]", 1],
];
for (const [call, line, status] of CALLS) {
  kernelTest(`seccomp test says ${line}`, [], async (scratch) => {
    const tried = await scratch.masu("seccomp", "test", await profile(scratch), ...call);
    assertEquals([tried.stdout, tried.code], [`${line}\n`, status], tried.transcript);
  });
}

kernelTest("seccomp test takes a capability, lines of stdin, --json and -q", [], async (scratch) => {
  const path = await profile(scratch);
  const withTime = await scratch.masu("seccomp", "test", "--cap", "sys_time", path, "umask");
  assertEquals(withTime.stdout, "umask: errno 90: rule syscalls[0]\n", withTime.transcript);
  const lines = await scratch.masu("seccomp", "test", "--json", path, { stdin: "umask 7\n# none\n\ngetpid\n" });
  const verdicts = JSON.parse(lines.stdout);
  assertEquals(verdicts.map(({ action, rule }: { action: string; rule: string | null }) => [action, rule]), [
    ["errno", "syscalls[1]"],
    ["allow", null],
  ]);
  const quiet = await scratch.masu("-q", "seccomp", "test", path, "getpid");
  assertEquals([quiet.stdout, quiet.stderr, quiet.code], ["", "", 0]);
});

const MISTAKES: [args: string[], message: string][] = [
  [["test", "default", "no_such_call"], "has no such call"],
  [["test", "default", "read", "seven"], "neither a number nor a constant"],
  [["test", "default", "read", "1", "2", "3", "4", "5", "6", "7"], "at most 6 arguments"],
  [["test", "--arch", "mips", "default", "read"], "no such architecture"],
  [["compile"], "a profile is needed"],
  [["compile", "/nonexistent"], "there is no such file"],
  [["compile", "default", "--arch", "x86,arm"], "no machine has all of them"],
  [["compile", "default", "-o", "x"], "it is where --raw writes to"],
  [["compile", "default", "--pfc", "--raw"], "only one of them"],
  [["compile", "default", "--cap", "sys_tim"], "no such capability"],
];
for (const [args, message] of MISTAKES) {
  kernelTest(`seccomp ${args.join(" ")} is refused`, [], async (scratch) => {
    const refused = await scratch.masu("seccomp", ...args);
    assertEquals(refused.stdout, "", refused.transcript);
    assertEquals([1, 2].includes(refused.code ?? 0), true, refused.transcript);
    assertStringIncludes(refused.stderr, message, refused.transcript);
  });
}

kernelTest("seccomp compile names the place of a mistake", [], async (scratch) => {
  const wrong = {
    ...PROFILE,
    syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", args: [{ index: 9, op: "x" }] }],
  };
  const refused = await scratch.masu("seccomp", "compile", await profile(scratch, wrong));
  assertEquals(refused.code, 2, refused.transcript);
  assertStringIncludes(refused.stderr, "syscalls[0].args[0].index", refused.transcript);
});

kernelTest("seccomp compile prints a summary, instructions, and bytes that are as many", [], async (scratch) => {
  const path = await profile(scratch);
  const { stdout } = await scratch.masu("seccomp", "compile", path);
  assertMatch(stdout, /^instructions: +\d+\ndefault action: allow\n/);
  const listing = (await scratch.masu("seccomp", "compile", "--pfc", path)).stdout.trimEnd().split("\n");
  assertStringIncludes(listing.join("\n"), "(umask)");
  const file = scratch.path("filter");
  const raw = await scratch.masu("seccomp", "compile", "--raw", "-o", file, path);
  assertEquals([raw.code, raw.stdout], [0, ""], raw.transcript);
  assertEquals((await Deno.stat(file)).size, listing.length * 8);
});

kernelTest("what seccomp test says a container is answered", ["mount", "busybox", "cc"], async (scratch) => {
  const path = await profile(scratch);
  const flags = ["--security-opt", `seccomp=${path}`];
  const answers = await inside(scratch, flags, "probe call umask 7; probe call umask 8; probe call uname", {
    probe: true,
  });
  const said = await scratch.masu("seccomp", "test", "--json", path, { stdin: "umask 7\numask 8\nuname\n" });
  const verdicts: { action: string; data: number | null }[] = JSON.parse(said.stdout);
  const expected = verdicts.map(({ action, data }) => action === "allow" ? "18" : `errno ${data}`);
  assertEquals(answers.split("\n"), expected);
});

kernelTest("bubblewrap takes what seccomp compile --raw writes", ["bwrap", "busybox"], async (scratch) => {
  const path = await profile(scratch, {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }],
  });
  const [file, root] = [scratch.path("filter"), await image(scratch)];
  await scratch.masu("seccomp", "compile", "--raw", "-o", file, path);
  const script = `exec bwrap --bind ${root} / --seccomp 3 /bin/busybox mkdir /made 3<${file}`;
  const made = await scratch.command("sh", "-c", script);
  assertStringIncludes(made.stderr, "not supported", made.transcript);
});
