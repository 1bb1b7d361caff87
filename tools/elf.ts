/** Reads what the build must know of an ELF file: where it ends and which glibc it needs. elf(5) */

const MAGIC = 0x464c457f; // "\x7fELF", little endian
const SHT_STRTAB_LINK = 0x28; // sh_link's place in a section header
const SHT_GNU_VERNEED = 0x6ffffffe;
const PT_INTERP = 3;

/** An ELF file of 64 bits, little endian, that begins at `start` of `bytes`. */
export interface Elf {
  /** Where it begins, in bytes. */
  readonly start: number;
  /** The end of its section headers, relative to `start`. What linkers write ends there. */
  readonly end: number;
  /** The loader it names, if it is not static. */
  readonly interpreter: string | null;
  /** Versions that it needs, for example `GLIBC_2.28`. */
  readonly versions: readonly string[];
}

/** Reads the ELF file at `start`. Throws RangeError if there is none. */
export function readElf(bytes: Uint8Array, start = 0): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  const sane = view.byteLength >= 64 && view.getUint32(0, true) === MAGIC && view.getUint16(4, true) === 0x0102;
  if (!sane) throw new RangeError(`No ELF file of 64 bits, little endian, at byte ${start}`);
  const sections = { at: wide(view, 0x28), size: view.getUint16(0x3a, true), count: view.getUint16(0x3c, true) };
  return {
    start,
    end: sections.at + sections.size * sections.count,
    interpreter: interpreter(view),
    versions: versionNeeds(view, sections),
  };
}

/** The starts of all ELF files of 64 bits in `bytes`, those inside other ones included. */
export function findElfs(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf(0x7f); at >= 0; at = bytes.indexOf(0x7f, at + 1)) {
    if (isExecutable(bytes, at)) starts.push(at);
  }
  return starts;
}

/** An ELF header and no mere mention of its magic number: version, kind (executable or shared) and header sizes fit. */
function isExecutable(bytes: Uint8Array, at: number): boolean {
  if (at + 64 > bytes.byteLength || bytes[at + 1] !== 0x45 || bytes[at + 2] !== 0x4c || bytes[at + 3] !== 0x46) {
    return false;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 64);
  const kind = view.getUint16(0x10, true);
  return view.getUint16(4, true) === 0x0102 && (kind === 2 || kind === 3) && view.getUint16(0x34, true) === 64 &&
    view.getUint16(0x36, true) === 56;
}

/** The highest glibc version among `versions` as [major, minor], if there is one. */
export function glibcNeeded(versions: readonly string[]): [major: number, minor: number] | null {
  const numbers = versions.flatMap((version) => {
    const match = /^GLIBC_(\d+)\.(\d+)/.exec(version);
    return match === null ? [] : [[Number(match[1]), Number(match[2])] as [number, number]];
  });
  numbers.sort((a, b) => b[0] - a[0] || b[1] - a[1]);
  return numbers[0] ?? null;
}

function wide(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function text(view: DataView, at: number): string {
  let end = at;
  while (view.getUint8(end) !== 0) end++;
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, end - at));
}

function interpreter(view: DataView): string | null {
  const [at, size, count] = [wide(view, 0x20), view.getUint16(0x36, true), view.getUint16(0x38, true)];
  for (let header = at; header < at + size * count; header += size) {
    if (view.getUint32(header, true) === PT_INTERP) return text(view, wide(view, header + 8));
  }
  return null;
}

/** Walks SHT_GNU_verneed: Verneed entries, each with Vernaux entries, whose names lie in the linked string table. */
function versionNeeds(view: DataView, sections: { at: number; size: number; count: number }): string[] {
  const header = (index: number) => sections.at + index * sections.size;
  const names: string[] = [];
  for (let index = 0; index < sections.count; index++) {
    if (view.getUint32(header(index) + 4, true) !== SHT_GNU_VERNEED) continue;
    const strings = wide(view, header(view.getUint32(header(index) + SHT_STRTAB_LINK, true)) + 0x18);
    let need = wide(view, header(index) + 0x18);
    for (;;) {
      let aux = need + view.getUint32(need + 8, true);
      for (let left = view.getUint16(need + 2, true); left > 0; left--) {
        names.push(text(view, strings + view.getUint32(aux + 8, true)));
        aux += view.getUint32(aux + 12, true);
      }
      const next = view.getUint32(need + 12, true);
      if (next === 0) break;
      need += next;
    }
  }
  return names;
}
