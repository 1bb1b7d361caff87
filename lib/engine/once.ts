/**
 * What is made on first use.
 *
 * @module
 */

/** A function that makes its value once. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
