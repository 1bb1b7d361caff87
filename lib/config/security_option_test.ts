import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security_option.ts";

const here = () => "/home/ann";

const OPTIONS: [name: string, words: string[], expected: SecurityOptions][] = [
  ["is empty for no words", [], {}],
  ["reads no-new-privileges", ["no-new-privileges"], { noNewPrivileges: true }],
  ["reads its value", ["no-new-privileges=false"], { noNewPrivileges: false }],
  ["reads docker's old colon", ["no-new-privileges:true"], { noNewPrivileges: true }],
  ["reads seccomp=unconfined", ["seccomp=unconfined"], { seccomp: { kind: "unconfined" } }],
  ["reads seccomp=builtin as the default", ["seccomp=builtin"], { seccomp: { kind: "default" } }],
  ["resolves a profile's file", ["seccomp=a.json"], { seccomp: { kind: "file", path: "/home/ann/a.json" } }],
  ["lets the later one win", ["seccomp=a.json", "seccomp=unconfined"], { seccomp: { kind: "unconfined" } }],
  ["grants the absence of labels", ["label=disable", "apparmor=unconfined"], {}],
];
for (const [name, words, expected] of OPTIONS) {
  Deno.test(`parseSecurityOptions() ${name}`, () => {
    assertEquals(parseSecurityOptions("--security-opt", words, here), expected);
  });
}

for (const word of ["apparmor=docker-default", "label=type:x", "systempaths=unconfined", "seccomp", "secomp=x", ""]) {
  Deno.test(`parseSecurityOptions() refuses "${word}"`, () => {
    assertThrows(() => parseSecurityOptions("--security-opt", [word], here), MasuError, "--security-opt");
  });
}
