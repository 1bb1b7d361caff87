/**
 * Securebits: how user id 0 and a change of ids act on capabilities. capabilities(7), "The securebits flags"; linux/securebits.h
 *
 * @module
 */
import { invalidConfig } from "../error.ts";

/** The words of setpriv(1), each with its bit. */
export const SECUREBITS = [
  ["noroot", 1 << 0],
  ["noroot_locked", 1 << 1],
  ["no_setuid_fixup", 1 << 2],
  ["no_setuid_fixup_locked", 1 << 3],
  ["keep_caps", 1 << 4],
  ["keep_caps_locked", 1 << 5],
  ["no_cap_ambient_raise", 1 << 6],
  ["no_cap_ambient_raise_locked", 1 << 7],
] as const satisfies readonly (readonly [string, number])[];

/** SECBIT_NOROOT: user id 0 is no more than others. */
export const NOROOT = 1 << 0;
/** SECBIT_NO_SETUID_FIXUP: a change of ids leaves the capabilities as they are. */
export const NO_SETUID_FIXUP = 1 << 2;
/** SECBIT_NO_CAP_AMBIENT_RAISE: nothing can be made ambient. */
export const NO_AMBIENT_RAISE = 1 << 6;

/** execve(2) clears this one, so that no program can be started with it. */
const KEEP_CAPS = "keep_caps";

/** The words of these bits; one without a word is its number. */
export function securebitsOf(bits: number): string[] {
  const named = SECUREBITS.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name as string);
  const rest = SECUREBITS.reduce((left, [, bit]) => left & ~bit, bits);
  return rest === 0 ? named : [...named, `0x${rest.toString(16)}`];
}

/** The bits that `+noroot,-no_setuid_fixup` leaves of these. Errors: `invalid_config` no such bit. */
export function changeSecurebits(bits: number, words: readonly string[]): number {
  return words.reduce((changed, word) => {
    const off = word.startsWith("-");
    const name = word.replace(/^[+-]/, "").replace(/^secbit_/i, "").toLowerCase();
    const bit = SECUREBITS.find(([known]) => known === name)?.[1];
    if (bit === undefined || name === KEEP_CAPS) {
      const known = SECUREBITS.map(([known]) => known).filter((known) => known !== KEEP_CAPS);
      throw invalidConfig(
        `Read --securebits "${word}": ${bit === undefined ? "no such bit" : "execve(2) clears it"}`,
        `one of ${known.join(", ")}, each with + or - before it`,
      );
    }
    return off ? changed & ~bit : changed | bit;
  }, bits);
}

/** setpriv(1)'s words that set these bits; those that only newer ones know are there when they are set. */
export function securebitChanges(bits: number): string {
  return SECUREBITS.filter(([name, bit]) => (bits & bit) !== 0 || name === "noroot" || name === "no_setuid_fixup")
    .map(([name, bit]) => `${bits & bit ? "+" : "-"}${name}`).join(",");
}
