/** Makes small ELF files for tests: headers as a linker writes them, the rest as wished. elf(5) */

/** One program header to write. */
export interface SegmentFixture {
  readonly kind: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly inFile: number;
  readonly inMemory: number;
  readonly align: number;
}

/** An ELF file of `length` bytes, which end with its (empty) section headers. */
export function elfFixture(options: {
  readonly machine: number;
  readonly kind: number;
  readonly segments: readonly SegmentFixture[];
  readonly length: number;
}): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(options.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, options.kind, true);
  view.setUint16(18, options.machine, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(options.length), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, options.segments.length, true);
  view.setUint16(58, 64, true);
  for (const [index, segment] of options.segments.entries()) {
    const at = 64 + index * 56;
    view.setUint32(at, segment.kind, true);
    view.setUint32(at + 4, segment.flags, true);
    const { offset, address, inFile, inMemory, align } = segment;
    for (const [field, value] of [offset, address, address, inFile, inMemory, align].entries()) {
      view.setBigUint64(at + 8 + field * 8, BigInt(value), true);
    }
  }
  return bytes;
}
