import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { Caller, PathKind } from "./caller.ts";
import { parseImage, parseRootfs } from "./image.ts";

const FILES: Record<string, PathKind> = {
  "/roots/debian": "directory",
  "/home/ann": "directory",
  "/home/ann/rootfs": "directory",
  "/home/ann/build/rootfs": "directory",
  "/home/ann/image.tar": "other",
};

const CALLER: Caller = {
  directory: () => "/home/ann",
  environment: {},
  readText: () => "",
  kindOf: (path) => FILES[path] ?? "missing",
};

Deno.test("parseImage() knows host", () => assertEquals(parseImage("host", CALLER), { kind: "host" }));

const PATHS: [name: string, word: string, path: string][] = [
  ["an absolute path", "/roots/debian", "/roots/debian"],
  ["a path from here", "./rootfs", "/home/ann/rootfs"],
  ["a slash at the end", "rootfs/", "/home/ann/rootfs"],
  ["a slash inside, when there is such a directory", "build/rootfs", "/home/ann/build/rootfs"],
  ["the directory itself", ".", "/home/ann"],
];
for (const [name, word, path] of PATHS) {
  Deno.test(`parseImage() takes ${name} for a directory`, () => {
    assertEquals(parseImage(word, CALLER), { kind: "directory", path, copyOnWrite: true });
  });
}

const MISTAKES: [name: string, word: string, cause: string, hint: string][] = [
  ["a reference", "debian:12", "by reference", "use host"],
  ["a reference with a registry", "ghcr.io/a/b:1", "by reference", "use host"],
  ["a plain word, also when a directory has its name", "rootfs", "by reference", "write ./rootfs"],
  ["a directory that is not there", "./rootsf", "no such directory", ""],
  ["an archive", "./image.tar", "not a directory", "archives are not supported yet"],
  ["nothing", "", "is empty", ""],
];
for (const [name, word, cause, hint] of MISTAKES) {
  Deno.test(`parseImage() refuses ${name}`, () => {
    const error = assertThrows(() => parseImage(word, CALLER), MasuError, cause);
    assertEquals((error.hint ?? "").includes(hint), true, error.hint);
  });
}

Deno.test("parseRootfs() takes a plain word for a directory, without a copy", () => {
  assertEquals(parseRootfs("--rootfs", "rootfs", CALLER), {
    kind: "directory",
    path: "/home/ann/rootfs",
    copyOnWrite: false,
  });
});
