/**
 * Readers of single values: truths, texts, words, paths, numbers.
 *
 * @module
 */
import type { SeccompNumber } from "../oci.ts";
import type { Place } from "./place.ts";
import type { Reader } from "./reader.ts";

/** PATH_MAX without its NUL: linux/limits.h. */
const LONGEST_PATH = 4095;

/** MAX_ARG_STRLEN without its NUL: execve(2). */
export const LONGEST_ARGUMENT = 131_071;

/** 4294967295 is (uid_t) -1, "no change" to the kernel. */
export const LAST_ID = 4_294_967_294;

/** 2^64 - 1. */
const LARGEST = 18_446_744_073_709_551_615n;

/** Lists of CPUs and of memory nodes: `0-3,7`. cpuset(7), "List format" */
const NUMBER_LIST = /^ *(\d+(-\d+)? *(, *\d+(-\d+)? *)*)?$/;

/** True or false. */
export function truth(place: Place, value: unknown): boolean {
  if (typeof value !== "boolean") throw place.wrongValue(value, "is neither true nor false");
  return value;
}

/** True; false is as good as absent. */
export function truthOrAbsent(place: Place, value: unknown): true | undefined {
  return truth(place, value) ? true : undefined;
}

/** A text without NUL, of at most `most` bytes. */
export function textUpTo(most: number): Reader<string> {
  return (place, value) => {
    if (typeof value !== "string") throw place.wrongValue(value, "is not a text");
    if (value.includes("\0")) throw place.wrong("holds a NUL character");
    if (isLonger(value, most)) throw place.wrongValue(value, `is longer than ${most} bytes`);
    return value;
  };
}

/** UTF-16 counts fewer units than UTF-8 has bytes, and at least a third as many. */
function isLonger(text: string, most: number): boolean {
  return text.length > most || text.length * 3 > most && new TextEncoder().encode(text).length > most;
}

/** A text of any length that a document can hold. */
export const text: Reader<string> = textUpTo(Number.POSITIVE_INFINITY);

/** A text that is one argument or one variable of a program. */
export const argument: Reader<string> = textUpTo(LONGEST_ARGUMENT);

/** The reader's text; the empty one is as good as absent. */
export function unlessEmpty<Word extends string>(read: Reader<Word>): Reader<Word | undefined> {
  return (place, value) => value === "" ? undefined : read(place, value);
}

/** A text that is not empty. */
export function filled(read: Reader<string>): Reader<string> {
  return (place, value) => {
    const written = read(place, value);
    if (written === "") throw place.wrong("is empty");
    return written;
  };
}

/** A path of any kind, at most PATH_MAX. */
export const path: Reader<string> = filled(textUpTo(LONGEST_PATH));

/** A path from the root on. */
export const absolutePath: Reader<string> = (place, value) => {
  const written = path(place, value);
  if (!written.startsWith("/")) throw place.wrongValue(written, "is not an absolute path");
  return written;
};

/** One of some words. `what`: `is no namespace`. */
export function word<Word extends string>(what: string, choices: readonly Word[]): Reader<Word> {
  return (place, value) => {
    const written = text(place, value);
    const choice = choices.find((known) => known === written);
    if (choice === undefined) throw place.notAmong(written, what, choices);
    return choice;
  };
}

/** A text of a certain shape. */
export function shaped(shape: RegExp, what: string, hint?: string): Reader<string> {
  return (place, value) => {
    const written = textUpTo(LONGEST_PATH)(place, value);
    if (!shape.test(written)) throw place.wrongValue(written, what, hint);
    return written;
  };
}

/** CPUs or memory nodes. */
export const numberList: Reader<string> = shaped(NUMBER_LIST, "is no list of numbers", "numbers and ranges: 0-3,7");

/** A whole number. */
export function whole(least: number, most: number): Reader<number> {
  return (place, value) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
      throw place.wrongValue(value, `is not a whole number from ${least} to ${most}`);
    }
    // -0 is 0.
    return value + 0;
  };
}

/** A user's or a group's id. */
export const id: Reader<number> = whole(0, LAST_ID);

/** A number that counts or measures: no more than JavaScript holds exactly. */
export const count: Reader<number> = whole(0, Number.MAX_SAFE_INTEGER);

/** A whole number; 0 is as good as absent, as engines write it for what nobody asked for. */
export function unlessZero(read: Reader<number>): Reader<number | undefined> {
  return (place, value) => read(place, value) || undefined;
}

/**
 * A limit of 64 bits: -1, and whatever no machine can hold (2^53 and more, of which engines write several), is no limit and becomes -1.
 */
export const limit: Reader<number> = (place, value) => {
  if (!isWhole(value) || value < -1 || value > LARGEST) {
    throw place.wrongValue(value, "is neither -1 nor a whole number of 64 bits");
  }
  return value > Number.MAX_SAFE_INTEGER ? -1 : Number(value) + 0;
};

/** 64 bits, exactly. */
export const bits: Reader<SeccompNumber> = (place, value) => {
  const given = typeof value === "string" && /^\d{1,20}$/.test(value) ? BigInt(value) : value;
  if (!isWhole(given) || given < 0 || given > LARGEST) {
    throw place.wrongValue(value, "is not a whole number of 64 bits");
  }
  return given > Number.MAX_SAFE_INTEGER ? `${BigInt(given)}` : Number(given) + 0;
};

function isWhole(value: unknown): value is number | bigint {
  return typeof value === "bigint" || Number.isInteger(value);
}
