import { assertEquals } from "@std/assert";
import type { LinuxDeviceRule } from "../spec/oci.ts";
import { deviceProperties } from "./systemd_devices.ts";

const NONE: LinuxDeviceRule = { allow: false, access: "rwm" };

const CASES: [name: string, rules: LinuxDeviceRule[], allowed: [string, string][] | null][] = [
  ["nothing without rules", [], null],
  ["nothing where all is allowed", [{ allow: true, access: "rwm" }], null],
  ["nothing where nearly all is", [{ allow: true, access: "rwm" }, { allow: false, type: "c", major: 1 }], null],
  ["no device where none is", [NONE], []],
  ["a device", [NONE, { allow: true, type: "c", major: 1, minor: 3, access: "rw" }], [["/dev/char/1:3", "rw"]]],
  ["all of a driver's", [NONE, { allow: true, type: "b", major: 8, access: "r" }], [["block-8", "r"]]],
  ["all of a kind", [NONE, { allow: true, type: "c", access: "m" }], [["char-*", "m"]]],
  ["both kinds of a number", [NONE, { allow: true, major: 7, access: "r" }], [["char-7", "r"], ["block-7", "r"]]],
  [
    "what is taken back, too",
    [NONE, { allow: true, type: "c", major: 1, access: "rwm" }, { allow: false, type: "c", major: 1, minor: 11 }],
    [["char-1", "rwm"]],
  ],
];
for (const [name, rules, allowed] of CASES) {
  Deno.test(`deviceProperties() says ${name}`, () => {
    const [policy, list] = deviceProperties(rules);
    assertEquals(policy?.value ?? null, allowed === null ? null : { type: "text", value: "strict" });
    assertEquals(list?.value ?? null, allowed === null ? null : { type: "pairs", value: allowed });
  });
}
