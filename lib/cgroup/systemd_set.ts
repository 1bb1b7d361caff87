/**
 * Lists of processors and memory nodes as systemd has them: a bit for each, eight in a byte, the lowest first.
 *
 * @module
 */

/** The kernel knows no greater number: CONFIG_NR_CPUS is at most 8192. */
const GREATEST = 8191;

/** `0-3,7` as bytes; null: it is no such list, or an empty one. */
export function processorSet(list: string): number[] | null {
  const bytes: number[] = [];
  for (const range of list.trim().split(",")) {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(range) ?? [];
    if (first === undefined || Number(last) < Number(first) || Number(last) > GREATEST) return null;
    for (let number = Number(first); number <= Number(last); number++) {
      while (bytes.length <= number >> 3) bytes.push(0);
      bytes[number >> 3] = (bytes[number >> 3] ?? 0) | 1 << (number & 7);
    }
  }
  return bytes;
}
