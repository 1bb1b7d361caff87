import { assertEquals } from "@std/assert";
import { capabilitiesOfMask, fullCapabilitySets, parseCapabilitySets } from "./capability_sets.ts";

const STATUS = `Name:\tsh
CapInh:\t0000000000000000
CapPrm:\t0000000000000003
CapEff:\t0000000000000001
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000000
`;

Deno.test("parseCapabilitySets() reads the five sets of a status", () => {
  const sets = parseCapabilitySets(STATUS);
  assertEquals([sets.inheritable, sets.ambient], [[], []]);
  assertEquals(sets.permitted, ["CAP_CHOWN", "CAP_DAC_OVERRIDE"]);
  assertEquals(sets.effective, ["CAP_CHOWN"]);
  assertEquals(sets.bounding, fullCapabilitySets(40).bounding);
  assertEquals(parseCapabilitySets("Name: x\n").permitted, []);
});

Deno.test("capabilitiesOfMask() numbers what it has no name for", () => {
  assertEquals(capabilitiesOfMask(0n), []);
  assertEquals(capabilitiesOfMask(1n << 63n | 1n << 12n), ["CAP_NET_ADMIN", "CAP_63"]);
});
