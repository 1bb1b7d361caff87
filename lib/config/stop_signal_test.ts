import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseStopSignal } from "./stop_signal.ts";

for (const [text, expected] of [["TERM", "SIGTERM"], ["sigint", "SIGINT"], ["9", "SIGKILL"]] as const) {
  Deno.test(`parseStopSignal() reads ${text} as ${expected}`, () => {
    assertEquals(parseStopSignal("--stop-signal", text), expected);
  });
}
for (const text of ["", "0", "65", "-1", "SIGNOTHING", "0x9"]) {
  Deno.test(`parseStopSignal() refuses "${text}" and names the flag`, () => {
    assertThrows(() => parseStopSignal("--stop-signal", text), MasuError, `Read --stop-signal "${text}"`);
  });
}
