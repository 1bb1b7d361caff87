import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseRestart } from "./restart.ts";
import type { RestartConfig } from "./run_config.ts";

const CASES: [text: string, expected: RestartConfig][] = [
  ["no", { kind: "no", maximum: 0 }],
  ["always", { kind: "always", maximum: 0 }],
  ["unless-stopped", { kind: "unless_stopped", maximum: 0 }],
  ["on-failure", { kind: "on_failure", maximum: 0 }],
  ["on-failure:3", { kind: "on_failure", maximum: 3 }],
];
for (const [text, expected] of CASES) {
  Deno.test(`parseRestart() reads ${text}`, () => assertEquals(parseRestart("--restart", text), expected));
}

const MISTAKES: [text: string, message: string, hint: string | undefined][] = [
  ["", 'Read --restart "": no such restart policy', "one of no, on-failure, always, unless-stopped"],
  ["alway", 'Read --restart "alway": no such restart policy', 'did you mean "always"?'],
  ["always:3", 'Read --restart "always:3": only on-failure has a number of restarts', "on-failure:3"],
  ["on-failure:x", 'Read --restart "x": not a whole number', undefined],
  ["on-failure:-1", 'Read --restart "-1": not between 0 and 1000000', undefined],
  ["on-failure:1:2", 'Read --restart "on-failure:1:2": no such restart policy', 'did you mean "on-failure"?'],
];
for (const [text, message, hint] of MISTAKES) {
  Deno.test(`parseRestart() refuses "${text}"`, () => {
    const error = assertThrows(() => parseRestart("--restart", text), MasuError);
    assertEquals([error.message, error.hint], [message, hint]);
  });
}
