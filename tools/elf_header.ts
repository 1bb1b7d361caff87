/** Reads an ELF file's header and program headers: what decides how it is mapped and entered. elf(5) */

/** p_type of the segments that matter here. */
export const SEGMENT = { LOAD: 1, INTERP: 3, GNU_STACK: 0x6474e551 } as const;

const IDENT = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]; // \x7fELF, 64 bits, little endian, version 1
const HEADER_LENGTH = 64;
const PROGRAM_HEADER_LENGTH = 56;
const ET_EXEC = 2;
const ET_DYN = 3;
const PF_X = 1;

/** One program header; places and lengths in bytes. */
export interface Segment {
  readonly kind: number;
  readonly isExecutable: boolean;
  readonly offset: number;
  readonly address: number;
  readonly inFile: number;
  readonly inMemory: number;
  readonly align: number;
}

/** What an executable says of itself. */
export interface Header {
  /** e_machine: 62 x86-64, 183 AArch64. */
  readonly machine: number;
  readonly isPositionIndependent: boolean;
  /** The end of the program headers, in bytes from the file's beginning. */
  readonly tableEnd: number;
  readonly segments: readonly Segment[];
}

/** Reads the headers at the beginning of `bytes`. Throws Error when they are not those of a 64-bit executable. */
export function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEADER_LENGTH || IDENT.some((byte, index) => bytes[index] !== byte)) {
    throw new Error("It is not an ELF file of 64 bits, little endian");
  }
  const kind = view.getUint16(16, true);
  if (kind !== ET_EXEC && kind !== ET_DYN) throw new Error("It is not an executable");
  const [at, size, count] = [wide(view, 32), view.getUint16(54, true), view.getUint16(56, true)];
  const tableEnd = at + count * PROGRAM_HEADER_LENGTH;
  if (size !== PROGRAM_HEADER_LENGTH || tableEnd > bytes.byteLength) throw new Error("Its program headers are damaged");
  const segments = Array.from({ length: count }, (_, index) => segment(view, at + index * PROGRAM_HEADER_LENGTH));
  return { machine: view.getUint16(18, true), isPositionIndependent: kind === ET_DYN, tableEnd, segments };
}

function segment(view: DataView, at: number): Segment {
  return {
    kind: view.getUint32(at, true),
    isExecutable: (view.getUint32(at + 4, true) & PF_X) !== 0,
    offset: wide(view, at + 8),
    address: wide(view, at + 16),
    inFile: wide(view, at + 32),
    inMemory: wide(view, at + 40),
    align: wide(view, at + 48),
  };
}

/** A u64. Above 2^53 it loses bits, but stays larger than any file. */
function wide(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
