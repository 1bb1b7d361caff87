import { assertEquals } from "@std/assert";
import { DEVICE_RULES } from "../spec/defaults.ts";
import type { LinuxDeviceRule } from "../spec/oci.ts";
import { allowsAllDevices, deviceProgram, deviceWrites } from "./devices.ts";

const CASES: [name: string, rules: LinuxDeviceRule[], lines: string[]][] = [
  ["writes nothing for no rules", [], []],
  ["denies all", [{ allow: false }], ["devices.deny a *:* rwm"]],
  ["takes a negative number for any", [{ allow: true, type: "c", major: 136, minor: -1, access: "rw" }], [
    "devices.allow c 136:* rw",
  ]],
  ["drops what a later rule for all devices makes void", [
    { allow: true, type: "c", major: 1, minor: 3, access: "r" },
    { allow: false, access: "rwm" },
    { allow: true, type: "b", major: 8, minor: 0, access: "r" },
  ], ["devices.deny a *:* rwm", "devices.allow b 8:0 r"]],
  ["keeps the order of rules that overlap", [
    { allow: false },
    { allow: true, type: "c", major: 10, access: "rwm" },
    { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
  ], ["devices.deny a *:* rwm", "devices.allow c 10:* rwm", "devices.deny c 10:229 rwm"]],
];

for (const [name, rules, lines] of CASES) {
  Deno.test(`deviceWrites() ${name}`, () => {
    assertEquals(deviceWrites(rules).map(({ file, line }) => `${file} ${line}`), lines);
  });
}

Deno.test("deviceProgram() has null for any number", () => {
  assertEquals(deviceProgram([{ allow: true, type: "c", major: 5 }]), [
    { allow: true, type: "c", major: 5, minor: null, access: "rwm" },
  ]);
});

Deno.test("allowsAllDevices() tells whether rules restrict anything", () => {
  assertEquals(allowsAllDevices([{ allow: true, access: "rwm" }]), true);
  assertEquals(allowsAllDevices([{ allow: false }, { allow: true }]), true);
  assertEquals(allowsAllDevices(DEVICE_RULES), false);
});

Deno.test("the default rules deny first, so that FUSE and disks stay out", () => {
  const rules = deviceProgram(DEVICE_RULES);
  assertEquals(rules[0], { allow: false, type: "a", major: null, minor: null, access: "rwm" });
  const opens = (major: number, minor: number, type: string) =>
    rules.findLast((rule) =>
      (rule.type === "a" || rule.type === type) && (rule.major ?? major) === major && (rule.minor ?? minor) === minor &&
      rule.access.includes("r")
    )?.allow;
  assertEquals(opens(1, 3, "c"), true);
  assertEquals(opens(10, 229, "c"), false);
  assertEquals(opens(8, 0, "b"), false);
});
