import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { builtInSeccomp, defaultSeccomp, isBuiltIn } from "./seccomp_default.ts";
import type { LinuxSeccomp } from "./oci.ts";

const KERNEL = { major: 6, minor: 1 };

/** How the profile treats a call: each action with its conditions. */
function treatment(profile: LinuxSeccomp, name: string): string[] {
  return (profile.syscalls ?? []).filter(({ names }) => names.includes(name)).map(({ action, errnoRet, args = [] }) =>
    [
      action.replace("SCMP_ACT_", ""),
      errnoRet,
      ...args.map(({ index, op, value, valueTwo }) =>
        `${index} ${op.replace("SCMP_CMP_", "")} ${value} ${valueTwo ?? ""}`.trim()
      ),
    ].filter((part) => part !== undefined).join(" ")
  );
}

Deno.test("defaultSeccomp() is what the core was built with for the default capabilities", async () => {
  const checkedIn = JSON.parse(
    await Deno.readTextFile(new URL("../../core-rs/seccomp/default_profile.json", import.meta.url)),
  );
  for (const architecture of ["x86_64", "aarch64"]) {
    assertEquals(checkedIn[architecture], defaultSeccomp(DEFAULT_CAPABILITIES, architecture, KERNEL), architecture);
  }
});

const CASES: [name: string, capabilities: string[], call: string, expected: string[]][] = [
  ["allows an ordinary call", [], "openat", ["ALLOW"]],
  ["does not name io_uring_setup", ["CAP_SYS_ADMIN"], "io_uring_setup", []],
  ["does not name keyctl", ["CAP_SYS_ADMIN"], "keyctl", []],
  ["does not name unshare", [], "unshare", []],
  ["allows unshare with CAP_SYS_ADMIN", ["CAP_SYS_ADMIN"], "unshare", ["ALLOW"]],
  ["allows clone without namespaces", [], "clone", ["ALLOW 0 MASKED_EQ 2114060288 0"]],
  ["allows clone with CAP_SYS_ADMIN", ["CAP_SYS_ADMIN"], "clone", ["ALLOW"]],
  ["hides clone3", [], "clone3", ["ERRNO 38"]],
  ["allows clone3 with CAP_SYS_ADMIN", ["CAP_SYS_ADMIN"], "clone3", ["ALLOW"]],
  ["does not name chroot", [], "chroot", []],
  ["allows chroot with CAP_SYS_CHROOT", ["CAP_SYS_CHROOT"], "chroot", ["ALLOW"]],
  ["allows bpf with CAP_BPF", ["CAP_BPF"], "bpf", ["ALLOW"]],
  ["allows bpf once with both capabilities", ["CAP_BPF", "CAP_SYS_ADMIN"], "bpf", ["ALLOW"]],
  ["allows syslog with CAP_SYSLOG", ["CAP_SYSLOG"], "syslog", ["ALLOW"]],
  ["allows arch_prctl on x86", [], "arch_prctl", ["ALLOW"]],
  ["does not name a call of Arm", [], "set_tls", []],
];

for (const [name, capabilities, call, expected] of CASES) {
  Deno.test(`defaultSeccomp() ${name}`, () => {
    assertEquals(treatment(defaultSeccomp(capabilities, "x86_64", KERNEL), call), expected);
  });
}

Deno.test("defaultSeccomp() allows no socket of AF_ALG or AF_VSOCK", () => {
  const families = treatment(defaultSeccomp([], "x86_64", KERNEL), "socket");
  assert(families.includes("ALLOW 0 EQ 16"), "AF_NETLINK");
  assert(!families.includes("ALLOW 0 EQ 38"), "AF_ALG");
  assert(!families.includes("ALLOW 0 EQ 40"), "AF_VSOCK");
});

Deno.test("defaultSeccomp() lets nobody trace before Linux 4.8", () => {
  assertEquals(treatment(defaultSeccomp([], "x86_64", { major: 4, minor: 7 }), "ptrace"), []);
  assertEquals(treatment(defaultSeccomp([], "x86_64", { major: 4, minor: 8 }), "ptrace"), ["ALLOW"]);
});

Deno.test("defaultSeccomp() names Arm's calls on aarch64", () => {
  const profile = defaultSeccomp([], "aarch64", KERNEL);
  assertEquals(treatment(profile, "set_tls"), ["ALLOW"]);
  assertEquals(treatment(profile, "arch_prctl"), []);
  assertEquals(profile.architectures, ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
});

Deno.test("defaultSeccomp() refuses another architecture", () => {
  assertThrows(() => defaultSeccomp([], "mips", KERNEL), Error, 'unknown architecture "mips"');
});

Deno.test("isBuiltIn() holds for every set of capabilities that changes nothing", () => {
  const builtIn = builtInSeccomp(Deno.build.arch);
  assertStrictEquals(defaultSeccomp(DEFAULT_CAPABILITIES, Deno.build.arch, KERNEL), builtIn);
  assertStrictEquals(defaultSeccomp(DEFAULT_CAPABILITIES.slice(1), Deno.build.arch, KERNEL), builtIn);
  assert(isBuiltIn(builtIn));
});

Deno.test("isBuiltIn() compares a copy by value", () => {
  const copy = structuredClone(builtInSeccomp(Deno.build.arch));
  assert(copy !== builtInSeccomp(Deno.build.arch), "structuredClone() makes another object");
  assert(isBuiltIn(copy));
  assert(!isBuiltIn({ ...copy, defaultErrnoRet: 2 }));
});

Deno.test("isBuiltIn() does not hold with CAP_SYS_ADMIN or without CAP_SYS_CHROOT", () => {
  assert(!isBuiltIn(defaultSeccomp([...DEFAULT_CAPABILITIES, "CAP_SYS_ADMIN"], Deno.build.arch, KERNEL)));
  assert(!isBuiltIn(defaultSeccomp([], Deno.build.arch, KERNEL)));
});
