import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseContainerName, parseHostname, parseNameValue, plainText } from "./text.ts";

const NAMES: [name: string, text: string][] = [
  ["one letter", "a"],
  ["a digit first", "0web"],
  ["dots, dashes and underscores", "web_1.blue-green"],
  ["128 characters", "n".repeat(128)],
];
for (const [name, text] of NAMES) {
  Deno.test(`parseContainerName() takes ${name}`, () => assertEquals(parseContainerName("--name", text), text));
}

const NO_NAMES: [name: string, text: string][] = [
  ["nothing", ""],
  ["a parent directory", "../x"],
  ["a slash", "a/b"],
  ["a dot", "."],
  ["a dash first", "-x"],
  ["a newline", "a\nb"],
  ["a newline at the end", "a\n"],
  ["NUL", "a\0"],
  ["5 KB", "n".repeat(5000)],
  ["a letter beyond ASCII", "wéb"],
];
for (const [name, text] of NO_NAMES) {
  Deno.test(`parseContainerName() refuses ${name}`, () => {
    assertThrows(() => parseContainerName("--name", text), MasuError, "--name");
  });
}

const HOSTNAMES: [name: string, text: string, good: boolean][] = [
  ["takes a domain", "web.example.org", true],
  ["takes 64 characters", "h".repeat(64), true],
  ["refuses 65 characters", "h".repeat(65), false],
  ["refuses nothing", "", false],
  ["refuses a space", "my host", false],
  ["refuses a newline, which would be a line of /etc/hosts", "h\n1.2.3.4 bank", false],
  ["refuses an escape", "h\u001b[2J", false],
  ["refuses a dash first", "-h", false],
];
for (const [name, text, good] of HOSTNAMES) {
  Deno.test(`parseHostname() ${name}`, () => {
    if (good) assertEquals(parseHostname("--hostname", text), text);
    else assertThrows(() => parseHostname("--hostname", text), MasuError, "--hostname");
  });
}

const PAIRS: [name: string, text: string, expected: readonly [string, string]][] = [
  ["splits at the first =", "a=b=c", ["a", "b=c"]],
  ["has an empty value without =", "a", ["a", ""]],
  ["keeps an empty value", "a=", ["a", ""]],
];
for (const [name, text, expected] of PAIRS) {
  Deno.test(`parseNameValue() ${name}`, () => assertEquals(parseNameValue("--label", text), expected));
}

for (const [name, text] of [["no name", "=b"], ["a newline", "a=b\nc"], ["an escape", "a\u001b=b"]] as const) {
  Deno.test(`parseNameValue() refuses ${name}`, () => {
    assertThrows(() => parseNameValue("--label", text), MasuError, "--label");
  });
}

for (const [name, text] of [["DEL", "a\u007f"], ["C1's CSI", "a\u009b2J"], ["a tab", "a\tb"]] as const) {
  Deno.test(`plainText() refuses ${name}`, () => {
    assertThrows(() => plainText("--workdir", text), MasuError, "control character");
  });
}
