/**
 * `carve_denort.ts PROGRAM VERSION SHA256 OUT`: takes denort, the runtime that `deno compile` puts in front of a program,
 * back out of a program that was compiled with Deno VERSION.
 *
 * `deno compile` writes denort as it is and its payload behind it, so denort is what comes before the end of the ELF
 * section headers. Nothing is written unless the version and the checksum fit.
 */
import { readElf } from "./elf.ts";

/** The runtime in front of `program`. Throws when it is not Deno `version` or its SHA-256 is another one. */
export async function carve(program: Uint8Array<ArrayBuffer>, version: string, sha256: string): Promise<Uint8Array> {
  const denort = program.subarray(0, readElf(program).end);
  if (!new TextDecoder("latin1").decode(denort).includes(`Deno/${version}`)) {
    throw new Error(`Carve denort: the program was not compiled with Deno ${version}`);
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", denort)).toHex();
  if (digest !== sha256) throw new Error(`Carve denort: its SHA-256 is ${digest}, expected ${sha256}`);
  return denort;
}

if (import.meta.main) {
  const [program, version, sha256, out] = Deno.args;
  if (program === undefined || version === undefined || sha256 === undefined || out === undefined) {
    throw new Error("Usage: carve_denort.ts PROGRAM VERSION SHA256 OUT");
  }
  await Deno.writeFile(out, await carve(await Deno.readFile(program), version, sha256), { mode: 0o755 });
}
