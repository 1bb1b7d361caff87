import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { type HealthWords, parseHealth } from "./health.ts";
import type { HealthConfig } from "./run_config.ts";

const CASES: [name: string, words: HealthWords, expected: HealthConfig | undefined][] = [
  ["nothing", { none: false }, undefined],
  ["--no-healthcheck", { none: true }, undefined],
  ["docker's none", { none: false, command: "none" }, undefined],
  ["a command", { none: false, command: "wget -q localhost\n" }, { command: "wget -q localhost\n" }],
  [
    "everything",
    {
      none: false,
      command: "true",
      intervalMs: "1m",
      timeoutMs: "2s",
      startPeriodMs: "3s",
      startIntervalMs: "500ms",
      retries: "4",
    },
    { command: "true", intervalMs: 60_000, timeoutMs: 2000, startPeriodMs: 3000, startIntervalMs: 500, retries: 4 },
  ],
  ["zeros", { none: false, command: "true", intervalMs: "0", retries: "0" }, { command: "true" }],
];
for (const [name, words, expected] of CASES) {
  Deno.test(`parseHealth() reads ${name}`, () => assertEquals(parseHealth(words), expected));
}

const MISTAKES: [name: string, words: HealthWords, message: string][] = [
  ["times without a command", { none: false, timeoutMs: "1s" }, 'Read flag "--health-timeout": there is no health'],
  ["a number without a command", { none: false, retries: "1" }, 'Read flag "--health-retries": there is no health'],
  ["both", { none: true, command: "true" }, 'Read flag "--no-healthcheck": it contradicts --health-cmd'],
  ["times of none", { none: true, intervalMs: "1s" }, "it contradicts --health-interval"],
  ["an empty command", { none: false, command: " " }, 'Read --health-cmd " ": is empty'],
  ["a control character", { none: false, command: "a\u001b[2J" }, "holds a control character"],
  ["a wrong time", { none: false, command: "true", intervalMs: "often" }, 'Read --health-interval "often"'],
  ["a wrong number", { none: false, command: "true", retries: "-1" }, "not between 0 and"],
];
for (const [name, words, message] of MISTAKES) {
  Deno.test(`parseHealth() refuses ${name}`, () => {
    assertThrows(() => parseHealth(words), MasuError, message);
  });
}
