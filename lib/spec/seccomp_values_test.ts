import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { actionText, parseCallArgument } from "./seccomp_values.ts";

const VALUES: [text: string, value: bigint][] = [
  ["0", 0n],
  ["10", 10n],
  ["0x1F", 31n],
  ["0755", 0o755n],
  ["0o755", 0o755n],
  ["-1", 0xffff_ffff_ffff_ffffn],
  ["18446744073709551615", 0xffff_ffff_ffff_ffffn],
  ["AT_FDCWD", 0xffff_ffff_ffff_ff9cn],
  ["CLONE_NEWUSER|CLONE_NEWNS", 0x1002_0000n],
  ["O_WRONLY | 0100", 0o101n],
];
for (const [text, value] of VALUES) {
  Deno.test(`parseCallArgument() reads ${text}`, () => assertEquals(parseCallArgument(text), value));
}

for (const text of ["", "x", "1|", "0x", "08", "clone_newuser", "18446744073709551616", "1.5", "toString"]) {
  Deno.test(`parseCallArgument() refuses "${text}"`, () => {
    assertThrows(() => parseCallArgument(text), MasuError, "ARG");
  });
}

Deno.test("actionText() names errors", () => {
  assertEquals(
    [actionText("errno", 1), actionText("errno", 4000), actionText("trace", 1), actionText("allow", null)],
    ["errno EPERM (1)", "errno 4000", "trace 1", "allow"],
  );
});
