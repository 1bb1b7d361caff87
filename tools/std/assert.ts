/**
 * `@std/assert` over node:assert: for where JSR cannot be reached (see tools/without-jsr.json).
 * It has the signatures that masu's tests use, no more.
 */
import { AssertionError as NodeAssertionError, deepStrictEqual, strictEqual } from "node:assert";
import { isDeepStrictEqual } from "node:util";

/** What a failed assertion throws. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

// deno-lint-ignore no-explicit-any -- as in @std/assert: constructors of every error class
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function quote(value: unknown): string {
  return Deno.inspect(value, { depth: 10, strAbbreviateSize: Infinity });
}

/** Fails with node's difference and, before it, the caller's words. */
function compare(check: () => void, message: string | undefined): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof NodeAssertionError)) throw error;
    throw new AssertionError(message === undefined ? error.message : `${message}\n${error.message}`);
  }
}

/** Fails always. */
export function fail(message = "Failed"): never {
  throw new AssertionError(message);
}

/** Fails when `value` is falsy. */
export function assert(value: unknown, message = ""): asserts value {
  if (!value) fail(message);
}

/** Fails when `value` is truthy. */
export function assertFalse(value: unknown, message = "Expected a falsy value"): void {
  if (value) fail(message);
}

/** Fails when `actual` is null or undefined. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) fail(message ?? `Expected a value, got ${actual}`);
}

/** Fails when the two are not equal in depth. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  compare(() => deepStrictEqual(actual, expected), message);
}

/** Fails when the two are equal in depth. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  if (isDeepStrictEqual(actual, expected)) fail(message ?? `Expected anything but ${quote(expected)}`);
}

/** Fails when the two are not the same value (Object.is). */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T {
  compare(() => strictEqual(actual, expected), message);
}

/** Fails when `actual` does not contain `expected`. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (actual.includes(expected)) return;
  fail(`${message === undefined ? "" : `${message}\n`}Expected ${quote(actual)} to contain ${quote(expected)}`);
}

/** Fails when `actual` does not match. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (expected.test(actual)) return;
  fail(`${message === undefined ? "" : `${message}\n`}Expected ${quote(actual)} to match ${expected}`);
}

/** Fails when `actual` matches. */
export function assertNotMatch(actual: string, expected: RegExp, message?: string): void {
  if (!expected.test(actual)) return;
  fail(`${message === undefined ? "" : `${message}\n`}Expected ${quote(actual)} not to match ${expected}`);
}

/** Fails when an element of `expected` is missing from `actual`. */
export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, message?: string): void {
  const have = Array.from(actual);
  const missing = Array.from(expected).filter((want) => !have.some((one) => isDeepStrictEqual(one, want)));
  if (missing.length > 0) fail(message ?? `Expected ${quote(have)} to contain ${quote(missing)}`);
}

/** Fails when `actual` is not an instance of `type`. */
// deno-lint-ignore no-explicit-any -- as in @std/assert
export function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  actual: unknown,
  type: T,
  message?: string,
): asserts actual is InstanceType<T> {
  if (!(actual instanceof type)) fail(message ?? `Expected an instance of ${type.name}, got ${quote(actual)}`);
}

/** Fails when `actual` is not greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  if (!(actual > expected)) fail(message ?? `Expected ${quote(actual)} > ${quote(expected)}`);
}

/** Fails when `actual` is not less than `expected`. */
export function assertLess<T>(actual: T, expected: T, message?: string): void {
  if (!(actual < expected)) fail(message ?? `Expected ${quote(actual)} < ${quote(expected)}`);
}

function checkError<E extends Error>(
  error: unknown,
  type: ErrorClass<E> | undefined,
  includes: string | undefined,
  message: string | undefined,
): void {
  const words = message === undefined ? "" : `${message}\n`;
  if (!(error instanceof Error)) return fail(`${words}Expected an Error to be thrown, got ${quote(error)}`);
  if (type !== undefined && !(error instanceof type)) {
    fail(`${words}Expected ${type.name} to be thrown, got ${error.name}: ${error.message}`);
  }
  if (includes !== undefined && !error.message.includes(includes)) {
    fail(`${words}Expected the error's message to contain ${quote(includes)}, got ${quote(error.message)}`);
  }
}

/** Fails when `run` does not throw (such an error, with such a message). Returns what was thrown. */
export function assertThrows<E extends Error = Error>(
  run: () => unknown,
  type?: ErrorClass<E>,
  includes?: string,
  message?: string,
): E {
  try {
    run();
  } catch (error) {
    if (type !== undefined || includes !== undefined) checkError(error, type, includes, message);
    return error as E;
  }
  return fail(message ?? "Expected the function to throw");
}

/** Fails when `run`'s promise is not rejected (with such an error, with such a message). Returns the reason. */
export async function assertRejects<E extends Error = Error>(
  run: () => PromiseLike<unknown>,
  type?: ErrorClass<E>,
  includes?: string,
  message?: string,
): Promise<E> {
  try {
    await run();
  } catch (error) {
    if (type !== undefined || includes !== undefined) checkError(error, type, includes, message);
    return error as E;
  }
  return fail(message ?? "Expected the promise to be rejected");
}
