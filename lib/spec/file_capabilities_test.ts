import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { maskOfCapabilities, maskText } from "./capability_sets.ts";
import { type FileCapabilities, fileCapabilityText, parseFileCapabilities } from "./file_capabilities.ts";
import { changeSecurebits, securebitChanges, securebitsOf } from "./securebits.ts";

const CASES: [hex: string, capabilities: FileCapabilities, text: string][] = [
  ["010000020020000000000000000000000000000000".slice(0, 40), {
    version: 2,
    permitted: ["CAP_NET_RAW"],
    inheritable: [],
    effective: true,
    rootUser: null,
  }, "cap_net_raw=ep"],
  ["000000030100000002000000000000000001000000".slice(0, 40) + "e8030000", {
    version: 3,
    permitted: ["CAP_CHOWN"],
    inheritable: ["CAP_DAC_OVERRIDE", "CAP_CHECKPOINT_RESTORE"],
    effective: false,
    rootUser: 1000,
  }, "cap_chown=p cap_dac_override,cap_checkpoint_restore=i [rootid=1000]"],
  ["010000010100000000000000", {
    version: 1,
    permitted: ["CAP_CHOWN"],
    inheritable: [],
    effective: true,
    rootUser: null,
  }, "cap_chown=ep"],
];
for (const [hex, capabilities, text] of CASES) {
  Deno.test(`parseFileCapabilities() reads version ${capabilities.version}`, () => {
    assertEquals(parseFileCapabilities(hex), capabilities);
    assertEquals(fileCapabilityText(capabilities), text);
  });
}

Deno.test("parseFileCapabilities() refuses what it does not know", () => {
  for (const hex of ["", "01000002", "010000040020000000000000000000000000000000"]) {
    assertThrows(() => parseFileCapabilities(hex), MasuError, "no version");
  }
});

Deno.test("maskOfCapabilities() is what the kernel shows", () => {
  assertEquals(maskText(maskOfCapabilities(["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_63"])), "8000000000003000");
});

Deno.test("changeSecurebits() knows the words of setpriv(1)", () => {
  assertEquals(securebitsOf(changeSecurebits(0b100, ["+noroot", "noroot_locked", "-no_setuid_fixup"])), [
    "noroot",
    "noroot_locked",
  ]);
  assertThrows(() => changeSecurebits(0, ["+keep_caps"]), MasuError, "clears");
  assertThrows(() => changeSecurebits(0, ["+root"]), MasuError, "no such bit");
  assertEquals(securebitChanges(1).split(",")[0], "+noroot");
});
