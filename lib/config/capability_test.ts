import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseCapabilityWord } from "./capability.ts";

for (const text of ["NET_ADMIN", "net_admin", "CAP_NET_ADMIN", "cap_net_admin"]) {
  Deno.test(`parseCapabilityWord() reads ${text}`, () => {
    assertEquals(parseCapabilityWord("--cap-add", text), "CAP_NET_ADMIN");
  });
}
Deno.test("parseCapabilityWord() reads all", () => assertEquals(parseCapabilityWord("--cap-drop", "all"), "ALL"));

for (const [text, hint] of [["net_admn", "NET_ADMIN"], ["CAP_SYS_ADMN", "CAP_SYS_ADMIN"]] as const) {
  Deno.test(`parseCapabilityWord() names the nearest to ${text}, and the flag`, () => {
    const error = assertThrows(() => parseCapabilityWord("--cap-add", text), MasuError, `Read --cap-add "${text}"`);
    assertEquals(error.hint, `did you mean "${hint}"?`);
  });
}
