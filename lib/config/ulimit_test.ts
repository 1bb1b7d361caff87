import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { Ulimit } from "./run_config.ts";
import { parseUlimit } from "./ulimit.ts";

const LIMITS: [name: string, text: string, expected: Ulimit][] = [
  ["reads one value for both", "nofile=1024", { name: "nofile", soft: 1024, hard: 1024 }],
  ["reads soft and hard", "nofile=1024:4096", { name: "nofile", soft: 1024, hard: 4096 }],
  ["reads -1 as no limit", "core=-1", { name: "core", soft: -1, hard: -1 }],
  ["reads unlimited", "core=0:unlimited", { name: "core", soft: 0, hard: -1 }],
  ["reads the name in any case", "NPROC=5", { name: "nproc", soft: 5, hard: 5 }],
];
for (const [name, text, expected] of LIMITS) {
  Deno.test(`parseUlimit() ${name}`, () => assertEquals(parseUlimit("--ulimit", text), expected));
}

const MISTAKES: [name: string, text: string, cause: string][] = [
  ["no value", "nofile", "no value"],
  ["an empty value", "nofile=", "is not a limit"],
  ["a misspelt name", "nofiles=1", "no such limit"],
  ["soft above hard", "nofile=2:1", "above the hard limit"],
  ["no soft limit under a hard one", "nofile=-1:1", "above the hard limit"],
  ["a third value", "nofile=1:2:3", "more than two values"],
  ["below -1", "nofile=-2", "is not a limit"],
  ["hexadecimal", "nofile=0x10", "is not a limit"],
];
for (const [name, text, cause] of MISTAKES) {
  Deno.test(`parseUlimit() refuses ${name}`, () => {
    assertThrows(() => parseUlimit("--ulimit", text), MasuError, cause);
  });
}
