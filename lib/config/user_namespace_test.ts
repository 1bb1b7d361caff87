import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseNamespace, parseNetwork } from "./namespace.ts";
import { parseIdMaps, parseUserNamespace } from "./user_namespace.ts";

const none = { uidMaps: [], gidMaps: [] };

Deno.test("parseUserNamespace() is undefined when nothing was written", () => {
  assertEquals(parseUserNamespace(none), undefined);
});
Deno.test("parseUserNamespace() reads host and private", () => {
  assertEquals(parseUserNamespace({ ...none, mode: "host" }), { kind: "host" });
  assertEquals(parseUserNamespace({ ...none, mode: "private" }), { kind: "private" });
});
Deno.test("parseUserNamespace() reads maps, and --uidmap alone for both", () => {
  assertEquals(parseUserNamespace({ uidMaps: ["0:100000:65536"], gidMaps: [] }), {
    kind: "maps",
    uidMaps: [{ containerID: 0, hostID: 100000, size: 65536 }],
    gidMaps: [],
  });
});
Deno.test("parseUserNamespace() takes --gidmap alone for both", () => {
  const range = { containerID: 0, hostID: 5, size: 1 };
  assertEquals(parseUserNamespace({ uidMaps: [], gidMaps: ["0:5"] }), {
    kind: "maps",
    uidMaps: [range],
    gidMaps: [range],
  });
});
Deno.test("parseUserNamespace() takes private beside maps and refuses host", () => {
  assertEquals(parseUserNamespace({ mode: "private", uidMaps: ["0:1"], gidMaps: [] })?.kind, "maps");
  assertThrows(() => parseUserNamespace({ mode: "host", uidMaps: ["0:1"], gidMaps: [] }), MasuError, "contradicts");
});
for (const mode of ["auto", "keep-id", "keep-id:uid=1", "nomap", "privat", ""]) {
  Deno.test(`parseUserNamespace() refuses "${mode}"`, () => {
    assertThrows(() => parseUserNamespace({ ...none, mode }), MasuError, "--userns");
  });
}

const RANGES: [name: string, words: string[], cause: string][] = [
  ["a word", ["a"], "not a range"],
  ["one number", ["0"], "not a range"],
  ["four numbers", ["0:1:2:3"], "not a range"],
  ["a negative number", ["0:-1:1"], "not a range"],
  ["hexadecimal", ["0x0:0:1"], "not a range"],
  ["podman's relative ids", ["+0:1:1"], "not a range"],
  ["an empty range", ["0:1:0"], "empty"],
  ["2 to the 32", ["0:4294967296:1"], "not a range"],
  ["a range beyond the last id", ["0:4294967294:2"], "beyond the last id"],
  ["an id of the container twice", ["0:0:10", "9:100:1"], "of the container is mapped twice"],
  ["an id of the host twice", ["0:0:10", "10:9:1"], "of the host is mapped twice"],
  ["more ranges than the kernel takes", Array.from({ length: 341 }, (_, n) => `${n}:${n}`), "340"],
];
for (const [name, words, cause] of RANGES) {
  Deno.test(`parseIdMaps() refuses ${name}`, () => {
    assertThrows(() => parseIdMaps("--uidmap", words), MasuError, cause);
  });
}

Deno.test("parseNamespace() joins a container by name", () => {
  assertEquals(parseNamespace("--pid", "container:web"), { kind: "container", container: "web" });
});
for (const text of ["", "hots", "none", "ns:/proc/1/ns/pid", "container:", "container:a/b"]) {
  Deno.test(`parseNamespace() refuses "${text}"`, () => {
    assertThrows(() => parseNamespace("--pid", text), MasuError);
  });
}
Deno.test("parseNetwork() refuses a bridge and names what works instead", () => {
  const error = assertThrows(() => parseNetwork("--network", "bridge"), MasuError, "masu makes no networks yet");
  assertEquals(error.hint?.startsWith("none (loopback only), host"), true);
});
