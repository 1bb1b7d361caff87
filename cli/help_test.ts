import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "./command.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { commandHelp, overview, shortHelp, wrap } from "./help.ts";
import { plain } from "./paint.ts";

const PAGES: [name: string, text: string][] = [
  ["shortHelp()", shortHelp(COMMANDS, plain)],
  ["overview()", overview(COMMANDS, plain)],
  ...COMMANDS.map((command): [string, string] => [`commandHelp(${command.name})`, commandHelp(command, plain)]),
];

for (const [name, text] of PAGES) {
  Deno.test(`${name} fits 100 columns, without blanks at line ends`, () => {
    for (const line of text.split("\n")) {
      assert(line.length <= 100, line);
      assertEquals(line, line.trimEnd());
    }
  });
}

for (const command of COMMANDS) {
  Deno.test(`commandHelp(${command.name}) shows each supported flag and no refused one`, () => {
    const text = commandHelp(command, plain);
    for (const { name, refused } of command.flags) {
      assertEquals(
        new RegExp(`--${name}(?![a-z-])`).test(text.split("Examples:")[0] ?? ""),
        refused === undefined,
        name,
      );
    }
  });

  Deno.test(`flags of masu ${command.name} have one meaning each`, () => {
    const flags = [...command.flags, ...GLOBAL_FLAGS].map((flag) => ({ short: undefined, aliases: [], ...flag }));
    const names = flags.flatMap(({ name, aliases }) => [name, ...aliases]);
    const letters = flags.flatMap(({ short }) => short === undefined ? [] : [short]);
    assertEquals(names.length, new Set(names).size, "long names");
    assertEquals(letters.length, new Set(letters).size, "letters");
  });
}

Deno.test("overview() lists every command", () => {
  // Long summaries are wrapped.
  const text = overview(COMMANDS, plain).replaceAll(/\s+/g, " ");
  for (const { name, aliases = [], summary } of COMMANDS) {
    assertStringIncludes(text, ` ${[name, ...aliases].join(", ")} `);
    assertStringIncludes(text, summary);
  }
});

const WRAPS: [name: string, text: string, width: number, lines: string[]][] = [
  ["keeps what fits", "a bc", 4, ["a bc"]],
  ["breaks between words", "a bc d", 4, ["a bc", "d"]],
  ["leaves a word that is too long whole", "abcdef g", 4, ["abcdef", "g"]],
  ["has no line for nothing", "", 4, []],
];
for (const [name, text, width, lines] of WRAPS) {
  Deno.test(`wrap() ${name}`, () => assertEquals(wrap(text, width), lines));
}
