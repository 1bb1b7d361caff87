/**
 * Lines of stdin, one at a time, as soon as each is there.
 *
 * @module
 */

const BLOCK = 64 * 1024;
/** Longer than any command line that execve(2) takes. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** Where bytes come from: `Deno.stdin`. */
export interface Source {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** Yields lines without their ends; the last one need not have any. Errors: RangeError: a line does not end. */
export async function* readLines(source: Source): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const block = new Uint8Array(BLOCK);
  let pending = "";
  for (let count = await source.read(block); count !== null; count = await source.read(block)) {
    pending += decoder.decode(block.subarray(0, count), { stream: true });
    const lines = pending.split("\n");
    pending = lines.pop() ?? "";
    yield* lines;
    if (pending.length > MAX_LENGTH) throw new RangeError(`A line is longer than ${MAX_LENGTH} characters`);
  }
  pending += decoder.decode();
  if (pending !== "") yield pending;
}
