/**
 * `check_elf.ts MAJOR.MINOR FILE...`: fails when an ELF file, or one embedded in it, needs a newer glibc than that.
 * Prints what each one needs.
 */
import { findElfs, glibcNeeded, readElf } from "./elf.ts";

/** One line for each ELF file in `bytes`, and whether all are content with glibc `limit`. */
export function checkElfs(name: string, bytes: Uint8Array, limit: [major: number, minor: number]): {
  readonly lines: string[];
  readonly passed: boolean;
} {
  const starts = findElfs(bytes);
  if (starts.length === 0) return { lines: [`${name}: no ELF file`], passed: false };
  let passed = true;
  const lines = starts.map((start) => {
    const elf = readElf(bytes, start);
    const needed = glibcNeeded(elf.versions);
    const tooNew = needed !== null && (needed[0] - limit[0] || needed[1] - limit[1]) > 0;
    if (tooNew) passed = false;
    const what = needed === null ? "needs no glibc" : `needs glibc ${needed.join(".")}`;
    return `${name}: byte ${start}: ${what}${tooNew ? `, more than ${limit.join(".")}` : ""}`;
  });
  return { lines, passed };
}

if (import.meta.main) {
  const [limit, ...files] = Deno.args;
  const [major, minor] = (limit ?? "").split(".").map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major + minor) || files.length === 0) {
    throw new Error("Usage: check_elf.ts MAJOR.MINOR FILE...");
  }
  for (const file of files) {
    const { lines, passed } = checkElfs(file, await Deno.readFile(file), [major, minor]);
    await Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
    if (!passed) Deno.exitCode = 1;
  }
}
