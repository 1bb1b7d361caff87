import { assertEquals, assertThrows } from "@std/assert";
import { findElfs, glibcNeeded, readElf } from "./elf.ts";

Deno.test("readElf() reads the program that runs this test", () => {
  const deno = Deno.readFileSync(Deno.execPath());
  const elf = readElf(deno);
  assertEquals(elf.end <= deno.byteLength, true);
  assertEquals(elf.interpreter?.startsWith("/lib"), true, `${elf.interpreter}`);
  assertEquals(elf.versions.includes("GLIBC_2.14") || elf.versions.includes("GLIBC_2.17"), true, `${elf.versions}`);
});

Deno.test("readElf() refuses what is no ELF file", () => {
  assertThrows(() => readElf(new Uint8Array(100)), RangeError, "No ELF file");
  assertThrows(() => readElf(new Uint8Array([0x7f, 0x45, 0x4c, 0x46])), RangeError, "No ELF file");
});

Deno.test("findElfs() finds a file inside another one and no mere magic number", () => {
  const header = new Uint8Array(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  header[0x10] = 3;
  header[0x34] = 64;
  header[0x36] = 56;
  const bytes = new Uint8Array(300);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1], 10);
  bytes.set(header, 120);
  assertEquals(findElfs(bytes), [120]);
});

const VERSIONS: [name: string, versions: string[], expected: [number, number] | null][] = [
  ["finds none in no versions", [], null],
  ["compares numbers, not text", ["GLIBC_2.9", "GLIBC_2.28", "GLIBC_2.2.5"], [2, 28]],
  ["leaves other libraries alone", ["GCC_4.2.0", "GLIBC_2.4"], [2, 4]],
];
for (const [name, versions, expected] of VERSIONS) {
  Deno.test(`glibcNeeded() ${name}`, () => assertEquals(glibcNeeded(versions), expected));
}
