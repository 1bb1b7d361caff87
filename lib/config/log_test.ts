import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { type LogWords, parseLog } from "./log.ts";
import type { LogConfig } from "./run_config.ts";

const CASES: [name: string, words: LogWords, expected: LogConfig | undefined][] = [
  ["nothing", { options: [] }, undefined],
  ["json-file", { driver: "json-file", options: [] }, { driver: "json_file" }],
  ["none", { driver: "none", options: [] }, { driver: "none" }],
  ["passthrough", { driver: "passthrough", options: [] }, { driver: "passthrough" }],
  ["options alone", { options: ["max-size=10m", "max-file=3"] }, {
    driver: "json_file",
    maxBytes: 10 << 20,
    maxFiles: 3,
  }],
  ["no limit", { options: ["max-size=-1"] }, { driver: "json_file", maxBytes: Number.MAX_SAFE_INTEGER }],
];
for (const [name, words, expected] of CASES) {
  Deno.test(`parseLog() reads ${name}`, () => assertEquals(parseLog(words), expected));
}

const MISTAKES: [name: string, words: LogWords, message: string][] = [
  ["another driver of docker's", { driver: "journald", options: [] }, 'Read --log-driver "journald": masu does not'],
  ["a slip", { driver: "json-fiel", options: [] }, 'Read --log-driver "json-fiel": no such log driver'],
  ["an unknown option", { options: ["max-sise=1m"] }, 'Read --log-opt "max-sise": no such option'],
  ["an option of docker's", { options: ["labels=a"] }, 'Read --log-opt "labels": no such option'],
  ["options without files", { driver: "none", options: ["max-file=2"] }, "the log driver none keeps no files"],
  ["no files at all", { options: ["max-file=0"] }, "not between 1 and 1000"],
  ["tiny files", { options: ["max-size=10"] }, "less than a file needs"],
  ["no size", { options: ["max-size"] }, "not a size"],
];
for (const [name, words, message] of MISTAKES) {
  Deno.test(`parseLog() refuses ${name}`, () => {
    assertThrows(() => parseLog(words), MasuError, message);
  });
}
