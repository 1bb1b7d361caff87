import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseGroup, parseUser } from "./user.ts";

for (const text of ["1", "0:0", "1:2", "4294967294", "root", "www-data:www-data", "1000:users", "_apt", "host$"]) {
  Deno.test(`parseUser() takes ${text}`, () => assertEquals(parseUser("--user", text), text));
}

const MISTAKES: [text: string, cause: string][] = [
  ["", "the user is empty"],
  [":1", "the user is empty"],
  ["1:", "the group is empty"],
  ["0x1", "neither"],
  ["-1", "not a number between"],
  ["01", "not a number between"],
  ["4294967295", "not a number between"],
  ["4294967296", "not a number between"],
  ["1:4294967296", "not a number between"],
  ["1:2:3", "more than one colon"],
  ["a b", "neither"],
  ["root\n", "neither"],
  ["../etc", "neither"],
  ["1 ", "neither"],
];
for (const [text, cause] of MISTAKES) {
  Deno.test(`parseUser() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => parseUser("--user", text), MasuError, cause);
  });
}

Deno.test("parseGroup() refuses podman's keep-groups by name", () => {
  assertThrows(() => parseGroup("--group-add", "keep-groups"), MasuError, "cannot be kept");
});
