import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseSeccompProfile, type SeccompSituation } from "./seccomp_profile.ts";

const HERE: SeccompSituation = {
  capabilities: ["CAP_SYS_PTRACE"],
  architecture: "x86_64",
  kernel: { release: "6.1.0", major: 6, minor: 1 },
};

const parse = (profile: unknown, situation = HERE) => parseSeccompProfile("p.json", JSON.stringify(profile), situation);

Deno.test("parseSeccompProfile() takes the OCI's format as it is", () => {
  const profile = {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    architectures: ["SCMP_ARCH_X86_64"],
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    syscalls: [
      {
        names: ["personality"],
        action: "SCMP_ACT_ALLOW",
        args: [{ index: 0, value: 4294967295, valueTwo: 1, op: "SCMP_CMP_MASKED_EQ" }],
      },
      { names: ["ptrace"], action: "SCMP_ACT_ERRNO", errnoRet: 1 },
    ],
  };
  assertEquals(parse(profile), profile);
});

Deno.test("parseSeccompProfile() keeps all 64 bits of what an argument is compared with", () => {
  const args = '[{"index": 0, "value": 18446744073709551615, "valueTwo": 9007199254740993, "op": "SCMP_CMP_EQ"}]';
  const rule = `{"names": ["read"], "action": "SCMP_ACT_LOG", "args": ${args}}`;
  const text = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [${rule}]}`;
  assertEquals(parseSeccompProfile("p.json", text, HERE).syscalls?.[0]?.args, [
    { index: 0, value: "18446744073709551615", valueTwo: "9007199254740993", op: "SCMP_CMP_EQ" },
  ]);
});

Deno.test("parseSeccompProfile() resolves docker's architectures for this machine", () => {
  const profile = {
    defaultAction: "SCMP_ACT_KILL",
    archMap: [
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
    ],
    syscalls: null,
  };
  assertEquals(parse(profile).architectures, ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
  assertEquals(parse(profile, { ...HERE, architecture: "aarch64" }).architectures, [
    "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_ARM",
  ]);
});

const CONDITIONS: [name: string, rule: Record<string, unknown>, holds: boolean][] = [
  ["no condition", {}, true],
  ["empty conditions", { includes: {}, excludes: {}, comment: "", args: null }, true],
  ["a capability that is there", { includes: { caps: ["CAP_SYS_PTRACE"] } }, true],
  ["one of two capabilities", { includes: { caps: ["CAP_SYS_PTRACE", "CAP_BPF"] } }, false],
  ["this architecture", { includes: { arches: ["arm64", "amd64"] } }, true],
  ["another architecture", { includes: { arches: ["s390x"] } }, false],
  ["an older kernel", { includes: { minKernel: "4.8" } }, true],
  ["this kernel", { includes: { minKernel: "6.1" } }, true],
  ["a newer kernel", { includes: { minKernel: "6.2" } }, false],
  ["an excluded capability", { excludes: { caps: ["CAP_BPF", "CAP_SYS_PTRACE"] } }, false],
  ["an excluded architecture", { excludes: { arches: ["amd64"] } }, false],
  ["an excluded kernel", { excludes: { minKernel: "6.0" } }, false],
  ["exclusions of others", { excludes: { caps: ["CAP_BPF"], arches: ["arm64"], minKernel: "7.0" } }, true],
];
for (const [name, rule, holds] of CONDITIONS) {
  Deno.test(`parseSeccompProfile() ${holds ? "keeps" : "drops"} a rule with ${name}`, () => {
    const { syscalls } = parse({
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [{ names: ["ptrace"], action: "SCMP_ACT_ALLOW", ...rule }],
    });
    assertEquals(syscalls, holds ? [{ names: ["ptrace"], action: "SCMP_ACT_ALLOW" }] : []);
  });
}

const rule = (value: unknown) => ({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [value] });
const MISTAKES: [name: string, profile: unknown, message: string][] = [
  ["a list", [], "not an object"],
  ["no default action", {}, '"defaultAction": missing'],
  ["an unknown key", { defaultAction: "SCMP_ACT_ERRNO", sycalls: [] }, '"sycalls": unknown key'],
  ["an action that is none", { defaultAction: "ALLOW" }, '"ALLOW" is not what belongs here'],
  ["a rule without calls", rule({ names: [], action: "SCMP_ACT_ALLOW" }), '"syscalls[0].names": no system call'],
  [
    "a comparison that is none",
    rule({ names: ["a"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, op: "==" }] }),
    "args[0].op",
  ],
  [
    "a seventh argument",
    rule({ names: ["a"], action: "SCMP_ACT_ALLOW", args: [{ index: 6, op: "SCMP_CMP_EQ" }] }),
    "0 to 5",
  ],
  [
    "an unknown condition",
    rule({ names: ["a"], action: "SCMP_ACT_ALLOW", includes: { cap: [] } }),
    '"syscalls[0].includes.cap"',
  ],
  ["a negative errno", { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: -1 }, "-1 is not a number"],
  ["a listener", { defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/run/x" }, "listeners are not supported"],
  ["two lists of architectures", { defaultAction: "SCMP_ACT_ERRNO", architectures: [], archMap: [{}] }, '"archMap"'],
];
for (const [name, profile, message] of MISTAKES) {
  Deno.test(`parseSeccompProfile() refuses ${name}`, () => {
    const error = assertThrows(() => parse(profile), MasuError, message);
    assertEquals([error.code, error.message.startsWith('Read seccomp profile "p.json"')], ["invalid_config", true]);
  });
}

Deno.test("parseSeccompProfile() says where JSON ends to be JSON", () => {
  assertThrows(() => parseSeccompProfile("p.json", "{", HERE), MasuError, 'Read seccomp profile "p.json": not JSON');
});
