import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import {
  CAPABILITIES,
  type CapabilityRequest,
  containerCapabilities,
  DEFAULT_CAPABILITIES,
  parseCapability,
} from "./capabilities.ts";

const LAST = CAPABILITIES.length - 1;
const NOTHING: CapabilityRequest = { add: [], drop: [], privileged: false };
const without = (...names: string[]) => DEFAULT_CAPABILITIES.filter((name) => !names.includes(name));

const CASES: [name: string, request: Partial<CapabilityRequest>, expected: readonly string[]][] = [
  ["gives the defaults", {}, DEFAULT_CAPABILITIES],
  ["drops one", { drop: ["chown"] }, without("CAP_CHOWN")],
  ["drops all", { drop: ["ALL"] }, []],
  ["drops all but the added", { drop: ["all"], add: ["NET_RAW"] }, ["CAP_NET_RAW"]],
  ["adds all", { add: ["ALL"] }, CAPABILITIES],
  [
    "adds all but the dropped",
    { add: ["ALL"], drop: ["SYS_ADMIN"] },
    CAPABILITIES.filter((name) => name !== "CAP_SYS_ADMIN"),
  ],
  ["lets an added one win over the same dropped", { add: ["CHOWN"], drop: ["CHOWN"] }, DEFAULT_CAPABILITIES],
  ["gives all to a privileged container", { privileged: true }, CAPABILITIES],
  [
    "drops from a privileged container",
    { privileged: true, drop: ["SYS_BOOT"] },
    CAPABILITIES.filter((name) => name !== "CAP_SYS_BOOT"),
  ],
];

for (const [name, request, expected] of CASES) {
  Deno.test(`containerCapabilities() ${name}`, () => {
    assertEquals(containerCapabilities({ ...NOTHING, ...request }, { last: LAST, own: null }), [...expected]);
  });
}

Deno.test("containerCapabilities() keeps the order of the numbers", () => {
  const capabilities = containerCapabilities({ ...NOTHING, add: ["BPF", "NET_RAW"] }, { last: LAST, own: null });
  const numbers = capabilities.map((name) => CAPABILITIES.indexOf(name));
  assertEquals(numbers, numbers.toSorted((a, b) => a - b));
  assertEquals(capabilities.length, DEFAULT_CAPABILITIES.length + 2);
});

Deno.test("containerCapabilities() leaves out what neither kernel nor caller has", () => {
  const all = { ...NOTHING, privileged: true };
  assertEquals(containerCapabilities(all, { last: 37, own: null }).at(-1), "CAP_AUDIT_READ");
  assertEquals(containerCapabilities(NOTHING, { last: LAST, own: ["CAP_CHOWN", "CAP_BPF"] }), ["CAP_CHOWN"]);
});

Deno.test("containerCapabilities() refuses an added one that cannot be had", () => {
  const add = { ...NOTHING, add: ["BPF"] };
  assertEquals(assertThrows(() => containerCapabilities(add, { last: 37, own: null }), MasuError).code, "kernel_lacks");
  assertEquals(assertThrows(() => containerCapabilities(add, { last: LAST, own: [] }), MasuError).code, "denied");
});

const NAMES: [text: string, expected: string][] = [
  ["chown", "CAP_CHOWN"],
  ["CAP_CHOWN", "CAP_CHOWN"],
  ["cap_sys_admin", "CAP_SYS_ADMIN"],
  ["all", "ALL"],
  ["CAP_ALL", "ALL"],
];
for (const [text, expected] of NAMES) {
  Deno.test(`parseCapability() reads ${text}`, () => assertEquals(parseCapability(text), expected));
}
for (const text of ["", "CAP_", "SYS_ADMlN", "CAP_CAP_CHOWN", "7"]) {
  Deno.test(`parseCapability() refuses "${text}"`, () => {
    assertThrows(() => parseCapability(text), MasuError, "no such capability");
  });
}

Deno.test("CAPABILITIES has the kernel's numbers", () => {
  // linux/capability.h
  assertEquals(CAPABILITIES.indexOf("CAP_SYS_ADMIN"), 21);
  assertEquals(CAPABILITIES.indexOf("CAP_SYS_RESOURCE"), 24);
  assertEquals(CAPABILITIES.indexOf("CAP_SETFCAP"), 31);
  assertEquals(CAPABILITIES.indexOf("CAP_CHECKPOINT_RESTORE"), 40);
});
