/**
 * `join.ts FRONT CORE PROGRAM OUT`: makes the one file that is masu. FRONT (`init`, a static executable) and CORE (the library
 * that the program loads), each padded to a page, then PROGRAM (the output of `deno compile`) as it is; FRONT learns in its
 * marker where the others begin, what it was before, and the version.
 *
 * CORE is not embedded in PROGRAM, though it could be: Deno reads all that is embedded whenever it starts, a millisecond a MB.
 *
 * Everything that the front relies on is checked here, so that it need not be when a command starts: see
 * core-rs/init/src/front. The same input gives the same bytes.
 */
import config from "../deno.json" with { type: "json" };
import { readElf } from "./elf.ts";
import { type Header, readHeader, SEGMENT, type Segment } from "./elf_header.ts";

/** The marker's first bytes; core-rs/init/src/front/marker.rs has the same layout. */
export const MAGIC = new TextEncoder().encode("\x7fmasu: program follows\n\0");
/** The fields behind the magic, in bytes from the marker's beginning. */
export const MARKER = {
  programAt: 24,
  programLength: 32,
  coreAt: 40,
  coreLength: 48,
  frontLength: 56,
  markerAt: 64,
  version: 72,
  versionLength: 40,
  length: 112,
} as const;

/** How much of PROGRAM the front reads before it maps it. */
const HEAD_LENGTH = 4096;
/** More loadable segments than this the front does not map. */
const MAX_LOADS = 16;

/** The largest page that a kernel for the machine (e_machine) can have: PROGRAM must begin at a multiple of it. */
const LARGEST_PAGE: ReadonlyMap<number, number> = new Map([
  [62, 4096], // EM_X86_64
  [183, 65536], // EM_AARCH64
]);

/** What `deno compile` writes at the very end: u32 0x501e, u32 hash of "d3n0l4nd", u64 length of the payload with this. */
const TRAILER = { length: 16, magic: 0x501e, hash: 0x2a7 } as const;
const PAYLOAD_NAME = new TextEncoder().encode("d3n0l4nd");

/** The joined file as consecutive pieces. Throws Error when one of the two is not what it must be. */
export function join(front: Uint8Array, core: Uint8Array, program: Uint8Array, version: string): Uint8Array[] {
  const { machine, markerAt } = naming("front", () => checkFront(front));
  naming("core", () => checkCore(core, machine));
  naming("program", () => checkProgram(program, machine));
  const text = new TextEncoder().encode(version);
  if (text.byteLength === 0 || text.byteLength > MARKER.versionLength || text.includes(0)) {
    throw new Error(`Join the version "${version}": It is empty or longer than ${MARKER.versionLength} bytes`);
  }
  const page = LARGEST_PAGE.get(machine) ?? 0;
  const head = padded(front, page);
  const body = padded(core, page);
  const marker = new DataView(head.buffer, markerAt, MARKER.length);
  marker.setBigUint64(MARKER.programAt, BigInt(head.byteLength + body.byteLength), true);
  marker.setBigUint64(MARKER.programLength, BigInt(program.byteLength), true);
  marker.setBigUint64(MARKER.coreAt, BigInt(head.byteLength), true);
  marker.setBigUint64(MARKER.coreLength, BigInt(core.byteLength), true);
  marker.setBigUint64(MARKER.frontLength, BigInt(front.byteLength), true);
  marker.setBigUint64(MARKER.markerAt, BigInt(markerAt), true);
  head.set(text, markerAt + MARKER.version);
  return [head, body, program];
}

/** A copy with zeros up to a whole page. */
function padded(bytes: Uint8Array, page: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(Math.ceil(bytes.byteLength / page) * page);
  copy.set(bytes);
  return copy;
}

/** A static executable with one marker, not yet written, and nothing behind itself. */
function checkFront(front: Uint8Array): { machine: number; markerAt: number } {
  const header = readHeader(front);
  if (!LARGEST_PAGE.has(header.machine)) throw new Error("It is built for a machine that masu is not made for");
  if (header.segments.some(({ kind }) => kind === SEGMENT.INTERP)) {
    throw new Error("It is not static: it names a loader");
  }
  checkStack(header);
  const [markerAt, ...more] = findAll(front, MAGIC);
  if (markerAt === undefined || more.length > 0) {
    throw new Error(`It has ${markerAt === undefined ? "no marker" : `${more.length + 1} markers`} instead of one`);
  }
  const isLoaded = ({ kind, offset, inFile }: Segment) =>
    kind === SEGMENT.LOAD && offset <= markerAt && markerAt + MARKER.length <= offset + inFile;
  if (!header.segments.some(isLoaded)) throw new Error("Its marker is not in a loadable segment");
  const fields = front.subarray(markerAt + MAGIC.byteLength, markerAt + MARKER.length);
  if (fields.some((byte) => byte !== 0)) throw new Error("It is joined already");
  const { end } = readElf(front);
  if (front.byteLength !== end) throw new Error(`It has ${front.byteLength - end} bytes behind its section headers`);
  return { machine: header.machine, markerAt };
}

/** A position-independent program for `machine` that the front can map and in which Deno finds its payload. */
function checkProgram(program: Uint8Array, machine: number): void {
  const header = readHeader(program);
  if (header.machine !== machine) throw new Error("It is built for another machine than the front");
  if (!header.isPositionIndependent) throw new Error("It is not position-independent");
  if (header.tableEnd > HEAD_LENGTH) throw new Error(`Its headers are not in its first ${HEAD_LENGTH} bytes`);
  checkStack(header);
  checkLoader(program, header);
  checkLoads(program, header);
  checkPayload(program);
}

/** The kernel gives the front's stack to the program: both must want one that is not executable. */
function checkStack({ segments }: Header): void {
  const stack = segments.find(({ kind }) => kind === SEGMENT.GNU_STACK);
  if (stack === undefined || stack.isExecutable) throw new Error("It asks for an executable stack");
}

function checkLoader(program: Uint8Array, { segments }: Header): void {
  const loader = segments.find(({ kind }) => kind === SEGMENT.INTERP);
  if (loader === undefined) throw new Error("It is static: it names no loader");
  if (loader.offset + loader.inFile > HEAD_LENGTH) {
    throw new Error(`The name of its loader is not in its first ${HEAD_LENGTH} bytes`);
  }
  const name = program.subarray(loader.offset, loader.offset + loader.inFile);
  if (name[0] !== 0x2f || name.indexOf(0) !== name.byteLength - 1) {
    throw new Error("The name of its loader is not an absolute path");
  }
}

function checkLoads(program: Uint8Array, { segments }: Header): void {
  const loads = segments.filter(({ kind, inMemory }) => kind === SEGMENT.LOAD && inMemory > 0);
  if (loads.length === 0 || loads.length > MAX_LOADS) {
    throw new Error(`It has ${loads.length} loadable segments, the front maps 1 to ${MAX_LOADS}`);
  }
  let end = 0;
  for (const { offset, address, inFile, inMemory, align } of loads) {
    const at = `Its segment at 0x${address.toString(16)}`;
    if (align < 4096 || !Number.isInteger(Math.log2(align)) || (address - offset) % align !== 0) {
      throw new Error(`${at} cannot be mapped: its place in the file does not fit whole pages`);
    }
    if (inFile > inMemory || offset + inFile > program.byteLength) throw new Error(`${at} reaches behind its file`);
    if (address - address % 4096 < end) throw new Error(`${at} overlaps the one before it`);
    end = Math.ceil((address + inMemory) / 4096) * 4096;
  }
}

/** Deno looks for its payload from the end of the file that it runs from: joining leaves it where it is found. */
function checkPayload(program: Uint8Array): void {
  const { end } = readElf(program);
  const payload = program.subarray(end);
  const body = payload.subarray(0, -TRAILER.length);
  const trailer = new DataView(program.buffer, program.byteOffset + program.byteLength - TRAILER.length);
  const isPayload = payload.byteLength > TRAILER.length + PAYLOAD_NAME.byteLength * 2 &&
    trailer.getUint32(0, true) === TRAILER.magic && trailer.getUint32(4, true) === TRAILER.hash &&
    trailer.getBigUint64(8, true) === BigInt(payload.byteLength) &&
    equals(body.subarray(0, PAYLOAD_NAME.byteLength), PAYLOAD_NAME) &&
    equals(body.subarray(-PAYLOAD_NAME.byteLength), PAYLOAD_NAME);
  if (!isPayload) throw new Error("It does not end with the payload of `deno compile`");
}

/** A shared library for `machine`, and nothing behind it. */
function checkCore(core: Uint8Array, machine: number): void {
  const header = readHeader(core);
  if (header.machine !== machine) throw new Error("It is built for another machine than the front");
  if (!header.isPositionIndependent) throw new Error("It is not a shared library");
  checkStack(header);
  const { end } = readElf(core);
  if (core.byteLength !== end) throw new Error(`It has ${core.byteLength - end} bytes behind its section headers`);
}

/** Says in which of the files the cause of an error is. */
function naming<T>(which: "front" | "program" | "core", check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new Error(`Join the ${which}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function equals(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}

/** Where `wanted` begins in `bytes`, every time. */
function findAll(bytes: Uint8Array, wanted: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted[0] ?? 0); at >= 0; at = bytes.indexOf(wanted[0] ?? 0, at + 1)) {
    if (equals(bytes.subarray(at, at + wanted.byteLength), wanted)) places.push(at);
  }
  return places;
}

/** Writes `pieces` to `path`, executable, so that there is the whole file or the one that was there before. */
export async function writeExecutable(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    {
      using file = await Deno.open(temporary, { write: true, createNew: true });
      for (const piece of pieces) await writeAll(file, piece);
      await file.sync();
    }
    await Deno.chmod(temporary, 0o755); // not by open's mode, which the umask would cut
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) done += await file.write(bytes.subarray(done));
}

if (import.meta.main) {
  const [front, core, program, out, ...more] = Deno.args;
  if (front === undefined || core === undefined || program === undefined || out === undefined || more.length > 0) {
    throw new Error("Usage: join.ts FRONT CORE PROGRAM OUT");
  }
  const [head, body, tail] = [await Deno.readFile(front), await Deno.readFile(core), await Deno.readFile(program)];
  await writeExecutable(out, join(head, body, tail, config.version));
}
