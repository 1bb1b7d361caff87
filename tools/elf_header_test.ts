import { assertEquals, assertThrows } from "@std/assert";
import { elfFixture } from "./elf_fixture.ts";
import { readHeader, SEGMENT } from "./elf_header.ts";

const LOAD = { kind: SEGMENT.LOAD, flags: 5, offset: 0, address: 0x1000, inFile: 0x20, inMemory: 0x30, align: 4096 };
const FILE = elfFixture({ machine: 62, kind: 3, segments: [LOAD], length: 200 });

Deno.test("readHeader() reads machine, kind and segments", () => {
  assertEquals(readHeader(FILE), {
    machine: 62,
    isPositionIndependent: true,
    tableEnd: 64 + 56,
    segments: [{
      kind: SEGMENT.LOAD,
      isExecutable: true,
      offset: 0,
      address: 0x1000,
      inFile: 0x20,
      inMemory: 0x30,
      align: 4096,
    }],
  });
});

Deno.test("readHeader() reads a file that begins inside a larger buffer", () => {
  const larger = new Uint8Array(FILE.byteLength + 7);
  larger.set(FILE, 7);
  assertEquals(readHeader(larger.subarray(7)), readHeader(FILE));
});

/** The file with the byte at `at` changed. */
function changed(at: number, byte: number): Uint8Array {
  const copy = FILE.slice();
  copy[at] = byte;
  return copy;
}

const BAD: [name: string, bytes: Uint8Array, cause: string][] = [
  ["nothing", new Uint8Array(), "It is not an ELF file"],
  ["half a header", FILE.subarray(0, 63), "It is not an ELF file"],
  ["32 bits", changed(4, 1), "It is not an ELF file"],
  ["big endian", changed(5, 2), "It is not an ELF file"],
  ["an object file", changed(16, 1), "It is not an executable"],
  ["a table behind the end", changed(33, 1), "Its program headers are damaged"],
  ["a table at the end of the numbers", changed(39, 0xff), "Its program headers are damaged"],
  ["more headers than there are", changed(56, 3), "Its program headers are damaged"],
  ["headers of another size", changed(54, 32), "Its program headers are damaged"],
];
for (const [name, bytes, cause] of BAD) {
  Deno.test(`readHeader() refuses ${name}`, () => {
    assertThrows(() => readHeader(bytes), Error, cause);
  });
}
