import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseMount } from "./mount.ts";
import type { BindMount, MountConfig } from "./run_config.ts";
import { parseTmpfs } from "./tmpfs.ts";

const here = () => "/home/ann";

const BIND: BindMount = {
  kind: "bind",
  source: "/src",
  destination: "/dst",
  readOnly: false,
  recursiveReadOnly: false,
  recursive: true,
  createSource: false,
  options: [],
};

const MOUNTS: [name: string, text: string, expected: MountConfig][] = [
  ["reads a bind mount", "type=bind,source=/src,destination=/dst", BIND],
  ["knows the short keys", "type=bind,src=/src,dst=/dst", BIND],
  ["knows target", "type=bind,src=/src,target=/dst", BIND],
  ["resolves a relative source", "type=bind,src=data,dst=/dst", { ...BIND, source: "/home/ann/data" }],
  ["reads readonly", "type=bind,src=/src,dst=/dst,readonly", { ...BIND, readOnly: true }],
  ["reads ro=true", "type=bind,src=/src,dst=/dst,ro=true", { ...BIND, readOnly: true }],
  ["reads ro=false", "type=bind,src=/src,dst=/dst,ro=false", BIND],
  ["reads a propagation", "type=bind,src=/src,dst=/dst,bind-propagation=shared", { ...BIND, propagation: "shared" }],
  ["reads bind-recursive=disabled", "type=bind,src=/src,dst=/dst,bind-recursive=disabled", {
    ...BIND,
    recursive: false,
  }],
  [
    "reads bind-recursive=readonly",
    "type=bind,src=/src,dst=/dst,ro,bind-recursive=readonly",
    { ...BIND, readOnly: true, recursiveReadOnly: true },
  ],
  ["reads commas and quotes in CSV quotes", 'type=bind,"src=/a,""b""",dst=/dst', { ...BIND, source: '/a,"b"' }],
  ["keeps colons in paths", "type=bind,src=/a:b,dst=/dst", { ...BIND, source: "/a:b" }],
  ["reads a tmpfs", "type=tmpfs,dst=/tmp", { kind: "tmpfs", destination: "/tmp", options: [] }],
  [
    "reads size and mode of a tmpfs",
    "type=tmpfs,dst=/tmp,tmpfs-size=64m,tmpfs-mode=1770,ro",
    { kind: "tmpfs", destination: "/tmp", options: ["ro", "size=67108864", "mode=1770"] },
  ],
];
for (const [name, text, expected] of MOUNTS) {
  Deno.test(`parseMount() ${name}`, () => assertEquals(parseMount("--mount", text, here), expected));
}

const MISTAKES: [name: string, text: string, cause: string][] = [
  ["no type", "src=/a,dst=/b", "no type"],
  ["a volume", "type=volume,src=a,dst=/b", "type volume are not supported yet"],
  ["a misspelt type", "type=tmpsf,dst=/b", "no such type"],
  ["no source", "type=bind,dst=/b", "no source"],
  ["no destination", "type=bind,src=/a", "no destination"],
  ["a misspelt key", "type=bind,souce=/a,dst=/b", "no such key"],
  ["a key without a value", "type=bind,src,dst=/b", "src has no value"],
  ["keys of the other type", "type=bind,src=/a,dst=/b,tmpfs-size=1m", "does not belong to type=bind"],
  ["a source of a tmpfs", "type=tmpfs,src=/a,dst=/b", "has no source"],
  ["an unknown boolean", "type=bind,src=/a,dst=/b,ro=maybe", "neither true nor false"],
  ["recursively read-only without read-only", "type=bind,src=/a,dst=/b,bind-recursive=readonly", "needs readonly"],
  ["a decimal mode", "type=tmpfs,dst=/b,tmpfs-mode=999", "not an octal mode"],
  ["a lone quote", 'type=bind,src="/a,dst=/b', "double quote"],
  ["a comma at the end", "type=tmpfs,dst=/b,", "no such key"],
  ["options of named volumes", "type=bind,src=/a,dst=/b,volume-nocopy=true", "not supported"],
];
for (const [name, text, cause] of MISTAKES) {
  Deno.test(`parseMount() refuses ${name}`, () => {
    assertThrows(() => parseMount("--mount", text, here), MasuError, cause);
  });
}

Deno.test("parseTmpfs() reads a destination alone", () => {
  assertEquals(parseTmpfs("--tmpfs", "/run"), { kind: "tmpfs", destination: "/run", options: [] });
});
Deno.test("parseTmpfs() keeps options as mount(8) words", () => {
  assertEquals(parseTmpfs("--tmpfs", "/run:size=64m,mode=1777,noexec").options, ["size=64m", "mode=1777", "noexec"]);
});
Deno.test("parseTmpfs() takes a share of memory as size", () => {
  assertEquals(parseTmpfs("--tmpfs", "/run:size=50%").options, ["size=50%"]);
});
const TMPFS_MISTAKES: [name: string, text: string, cause: string][] = [
  ["a relative destination", "run", "not an absolute path"],
  ["a misspelt word", "/run:noexce", "no such option"],
  ["an option that smuggles another", "/run:size=1m\\,x", "not a value of size"],
  ["a word without its value", "/run:size", "no value"],
  ["copying up", "/run:tmpcopyup", "does not copy"],
];
for (const [name, text, cause] of TMPFS_MISTAKES) {
  Deno.test(`parseTmpfs() refuses ${name}`, () => {
    assertThrows(() => parseTmpfs("--tmpfs", text), MasuError, cause);
  });
}
