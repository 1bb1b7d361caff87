import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { elfFixture, type SegmentFixture } from "./elf_fixture.ts";
import { SEGMENT } from "./elf_header.ts";
import { join, MAGIC, MARKER, writeExecutable } from "./join.ts";

const [X86_64, AARCH64] = [62, 183];
const [EXEC, DYN] = [2, 3];
const MARKER_AT = 0x400;

const STACK: SegmentFixture = {
  kind: SEGMENT.GNU_STACK,
  flags: 6,
  offset: 0,
  address: 0,
  inFile: 0,
  inMemory: 0,
  align: 16,
};
const TEXT: SegmentFixture = {
  kind: SEGMENT.LOAD,
  flags: 5,
  offset: 0,
  address: 0,
  inFile: 0x600,
  inMemory: 0x600,
  align: 4096,
};
const DATA: SegmentFixture = { ...TEXT, flags: 6, offset: 0x600, address: 0x1600, inFile: 0x10, inMemory: 0x2000 };
const INTERP: SegmentFixture = {
  ...TEXT,
  kind: SEGMENT.INTERP,
  flags: 4,
  offset: 0x500,
  inFile: 7,
  inMemory: 7,
  align: 1,
};

interface Changes {
  readonly machine?: number;
  readonly kind?: number;
  readonly segments?: readonly SegmentFixture[];
  readonly loader?: string;
  readonly markers?: readonly number[];
}

function front({ machine = X86_64, kind = DYN, segments = [TEXT, STACK], markers = [MARKER_AT] }: Changes = {}) {
  const bytes = elfFixture({ machine, kind, segments, length: 0x1234 });
  for (const at of markers) bytes.set(MAGIC, at);
  return bytes;
}

function program(changes: Changes = {}, payload: Uint8Array = payloadOf("code")): Uint8Array {
  const { machine = X86_64, kind = DYN, segments = [INTERP, TEXT, DATA, STACK], loader = "/ld.so\0" } = changes;
  const elf = elfFixture({ machine, kind, segments, length: 0x1100 });
  elf.set(new TextEncoder().encode(loader), 0x500);
  return concatenate([elf, payload]);
}

function core({ machine = X86_64, kind = DYN, segments = [TEXT, DATA, STACK] }: Changes = {}): Uint8Array {
  return elfFixture({ machine, kind, segments, length: 0x1100 });
}

/** What `deno compile` writes behind denort. */
function payloadOf(code: string): Uint8Array {
  const body = new TextEncoder().encode(`d3n0l4nd${code}d3n0l4nd`);
  const trailer = new DataView(new ArrayBuffer(16));
  trailer.setUint32(0, 0x501e, true);
  trailer.setUint32(4, 0x2a7, true);
  trailer.setBigUint64(8, BigInt(body.byteLength + 16), true);
  return concatenate([body, new Uint8Array(trailer.buffer)]);
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

Deno.test("join() puts the unchanged program and the core at a page each and says where in the marker", () => {
  const joined = concatenate(join(front(), core(), program(), "1.2.3"));
  const view = new DataView(joined.buffer, MARKER_AT);
  assertEquals(view.getBigUint64(MARKER.programAt, true), 0x4000n);
  assertEquals(view.getBigUint64(MARKER.programLength, true), BigInt(program().byteLength));
  assertEquals(joined.subarray(0x4000), program());
  assertEquals(view.getBigUint64(MARKER.coreAt, true), 0x2000n);
  assertEquals(view.getBigUint64(MARKER.coreLength, true), BigInt(core().byteLength));
  assertEquals(joined.subarray(0x2000, 0x2000 + core().byteLength), core());
  assertEquals(view.getBigUint64(MARKER.frontLength, true), BigInt(front().byteLength));
  assertEquals(view.getBigUint64(MARKER.markerAt, true), BigInt(MARKER_AT));
  const version = joined.subarray(MARKER_AT + MARKER.version, MARKER_AT + MARKER.length);
  assertEquals(new TextDecoder().decode(version), "1.2.3".padEnd(MARKER.versionLength, "\0"));
});

Deno.test("join() changes nothing of the front but the marker, and pads it with zeros", () => {
  const [head] = join(front(), core(), program(), "1.2.3");
  const expected = new Uint8Array(0x2000);
  expected.set(front());
  const marker = head?.subarray(MARKER_AT + MAGIC.byteLength, MARKER_AT + MARKER.length);
  if (marker !== undefined) expected.set(marker, MARKER_AT + MAGIC.byteLength);
  assertEquals(head, expected);
});

Deno.test("join() gives the same bytes for the same input and leaves its input alone", () => {
  const [one, two, three] = [front(), core(), program()];
  assertEquals(join(one, two, three, "1.2.3"), join(one, two, three, "1.2.3"));
  assertEquals([one, two, three], [front(), core(), program()]);
});

Deno.test("join() pads to the largest page of the machine", () => {
  const [head] = join(front({ machine: AARCH64 }), core({ machine: AARCH64 }), program({ machine: AARCH64 }), "1.2.3");
  assertEquals(head?.byteLength, 65536);
});

Deno.test("join() takes a front with a fixed address", () => {
  assertEquals(join(front({ kind: EXEC }), core(), program(), "1.2.3").length, 3);
});

/** The front with `byte` at `at`. */
function frontWith(at: number, byte: number): Uint8Array {
  const bytes = front();
  bytes[at] = byte;
  return bytes;
}

const FRONTS: [name: string, front: Uint8Array, cause: string][] = [
  ["what is no ELF file", new TextEncoder().encode("#!/bin/sh\n"), "It is not an ELF file"],
  ["another machine", front({ machine: 3 }), "It is built for a machine that masu is not made for"],
  ["a dynamic one", front({ segments: [INTERP, TEXT, STACK] }), "It is not static: it names a loader"],
  ["an executable stack", front({ segments: [TEXT, { ...STACK, flags: 7 }] }), "It asks for an executable stack"],
  ["no word on the stack", front({ segments: [TEXT] }), "It asks for an executable stack"],
  ["one without a marker", front({ markers: [] }), "It has no marker instead of one"],
  ["one with two markers", front({ markers: [0x400, 0x480] }), "It has 2 markers instead of one"],
  ["a marker without room", front({ markers: [0x5f0] }), "Its marker is not in a loadable segment"],
  ["one that knows its program", frontWith(MARKER_AT + MARKER.programAt, 1), "It is joined already"],
  ["one that has a version", frontWith(MARKER_AT + MARKER.version, 0x31), "It is joined already"],
  ["a joined file", concatenate(join(front(), core(), program(), "1")), "It is joined already"],
  ["bytes behind its end", concatenate([front(), new Uint8Array(3)]), "It has 3 bytes behind its section headers"],
];
for (const [name, bytes, cause] of FRONTS) {
  Deno.test(`join() refuses as front ${name}`, () => {
    assertThrows(() => join(bytes, core(), program(), "1.2.3"), Error, `Join the front: ${cause}`);
  });
}

const having = (...segments: SegmentFixture[]) => program({ segments });
const PROGRAMS: [name: string, program: Uint8Array, cause: string][] = [
  ["what is no ELF file", new Uint8Array(4), "It is not an ELF file"],
  ["another machine", program({ machine: AARCH64 }), "It is built for another machine than the front"],
  ["a fixed address", program({ kind: EXEC }), "It is not position-independent"],
  ["an executable stack", having(INTERP, TEXT, { ...STACK, flags: 7 }), "It asks for an executable stack"],
  ["a static one", having(TEXT, STACK), "It is static: it names no loader"],
  ["a joined file", concatenate(join(front(), core(), program(), "1")), "It is static: it names no loader"],
  [
    "a loader's name far away",
    having({ ...INTERP, offset: 0xffa }, TEXT, STACK),
    "The name of its loader is not in its first",
  ],
  ["a relative loader", program({ loader: "ld.so\0\0" }), "The name of its loader is not an absolute path"],
  ["a loader's name without end", program({ loader: "/ld.so." }), "The name of its loader is not an absolute path"],
  ["many headers", having(INTERP, STACK, ...Array(72).fill(TEXT)), "Its headers are not in its first 4096 bytes"],
  ["nothing to load", having(INTERP, STACK), "It has 0 loadable segments"],
  ["much to load", having(INTERP, STACK, ...Array(17).fill(TEXT)), "It has 17 loadable segments"],
  ["half pages", having(INTERP, TEXT, { ...DATA, address: 0x1601 }, STACK), "Its segment at 0x1601 cannot be mapped"],
  ["a small alignment", having(INTERP, { ...TEXT, align: 512 }, STACK), "Its segment at 0x0 cannot be mapped"],
  ["an odd alignment", having(INTERP, { ...TEXT, align: 4097 }, STACK), "Its segment at 0x0 cannot be mapped"],
  ["more in the file", having(INTERP, { ...TEXT, inMemory: 1 }, STACK), "Its segment at 0x0 reaches behind its file"],
  [
    "a short file",
    having(INTERP, { ...TEXT, inFile: 9999, inMemory: 9999 }, STACK),
    "Its segment at 0x0 reaches behind",
  ],
  ["an overlap", having(INTERP, TEXT, { ...DATA, address: 0x600 }, STACK), "Its segment at 0x600 overlaps"],
  ["no payload", program({}, new Uint8Array()), "It does not end with the payload of `deno compile`"],
  ["another payload", program({}, new Uint8Array(64)), "It does not end with the payload of `deno compile`"],
  ["half a payload", program().subarray(0, -1), "It does not end with the payload of `deno compile`"],
  [
    "bytes before the payload",
    program({}, concatenate([new Uint8Array(8), payloadOf("code")])),
    "It does not end with the payload of `deno compile`",
  ],
];
for (const [name, bytes, cause] of PROGRAMS) {
  Deno.test(`join() refuses as program ${name}`, () => {
    assertThrows(() => join(front(), core(), bytes, "1.2.3"), Error, `Join the program: ${cause}`);
  });
}

const CORES: [name: string, core: Uint8Array, cause: string][] = [
  ["what is no ELF file", new Uint8Array(4), "It is not an ELF file"],
  ["another machine", core({ machine: AARCH64 }), "It is built for another machine than the front"],
  ["an executable at a fixed address", core({ kind: EXEC }), "It is not a shared library"],
  ["an executable stack", core({ segments: [TEXT, { ...STACK, flags: 7 }] }), "It asks for an executable stack"],
  ["bytes behind its end", concatenate([core(), new Uint8Array(3)]), "It has 3 bytes behind its section headers"],
];
for (const [name, bytes, cause] of CORES) {
  Deno.test(`join() refuses as core ${name}`, () => {
    assertThrows(() => join(front(), bytes, program(), "1.2.3"), Error, `Join the core: ${cause}`);
  });
}

for (const version of ["", "1".repeat(41), "1\0"]) {
  Deno.test(`join() refuses the version ${JSON.stringify(version)}`, () => {
    assertThrows(() => join(front(), core(), program(), version), Error, "Join the version");
  });
}

Deno.test("writeExecutable() replaces a file as a whole, executable whatever the umask", async () => {
  const directory = await Deno.makeTempDir();
  const umask = Deno.umask(0o077);
  try {
    const path = `${directory}/masu`;
    await Deno.writeTextFile(path, "what was there before");
    await writeExecutable(path, [new Uint8Array([1, 2]), new Uint8Array([3])]);
    assertEquals(await Deno.readFile(path), new Uint8Array([1, 2, 3]));
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o7777, 0o755);
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["masu"]);
  } finally {
    Deno.umask(umask);
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("writeExecutable() leaves nothing behind when it fails", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${directory}/masu`); // rename(2) does not put a file in a directory's place
    await assertRejects(() => writeExecutable(`${directory}/masu`, [new Uint8Array([1])]));
    assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name), ["masu"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
