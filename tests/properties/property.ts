/**
 * Properties that hold whatever is read. `MASU_FUZZ_RUNS` says how many inputs each is tried with, `MASU_FUZZ_SEED` which ones;
 * a failure names the seed and the smallest input that fails.
 *
 * @module
 */
import fc from "fast-check";
import { MasuError } from "../../lib/error.ts";

/** Inputs of one property in the suite: all of them together take a few seconds. */
const RUNS = 300;

/** Registers a test: `holds` returns for every input of `inputs`, or throws. */
export function property<Input>(name: string, inputs: fc.Arbitrary<Input>, holds: (input: Input) => void): void {
  Deno.test(name, () => {
    const seed = Deno.env.get("MASU_FUZZ_SEED");
    fc.assert(fc.property(inputs, holds), {
      numRuns: Number(Deno.env.get("MASU_FUZZ_RUNS") ?? RUNS),
      ...(seed !== undefined && { seed: Number(seed) }),
    });
  });
}

/** What a reader makes of an input; undefined: it refused it, by an error for whoever wrote it. Anything else that it throws is a bug. */
export function orRefused<Value>(read: () => Value, refused: (error: MasuError) => void = () => {}): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MasuError) || error.code === "bug") throw error;
    refused(error);
    return undefined;
  }
}

/** Values that programs trip over, and any other. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(null, -1, 0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 64, 1e300, 0.5),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom("", "/", "..", "/../x", "a\0b", "\u001b[31m", "x".repeat(5000), "\ud800", "__proto__"),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(true, false, [], {}, [null], [[]], { "": null }) },
  { weight: 2, arbitrary: fc.jsonValue() },
  { weight: 2, arbitrary: fc.string({ unit: "binary" }) },
);

/** A document with some of its values changed, its keys renamed, or parts of it doubled. */
export function changed(document: unknown): fc.Arbitrary<unknown> {
  const change = fc.record({
    where: fc.nat(),
    kind: fc.constantFrom("set", "rename", "double", "remove"),
    value: anyValue,
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const copy = structuredClone(document);
    for (const { where, kind, value } of changes) changeAt(copy, where, kind, value);
    return copy;
  });
}

function changeAt(document: unknown, where: number, kind: string, value: unknown): void {
  const places = [...placesIn(document)];
  const place = places[where % places.length];
  if (place === undefined) return;
  const [parent, key] = place;
  if (kind === "set") parent[key] = value;
  else if (kind === "remove") delete parent[key];
  else if (Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]));
  else if (kind === "rename") parent[typeof value === "string" ? value : `${key}x`] = parent[key];
}

/** Every value of a document, by what holds it. */
function* placesIn(value: unknown): Generator<[parent: Record<string, unknown>, key: string]> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield [value as Record<string, unknown>, key];
    yield* placesIn(inner);
  }
}
