/**
 * A bundle's spec with blanks where engines write something else for each container, so that its plan is one for all of them.
 *
 * Which places these are the core decides (core-rs/host/src/bundle_form.rs), since the front has to find the same ones.
 *
 * @module
 */
import type { Look, ReadBundleReply, Seen } from "../core/wire.ts";
import type { Spec } from "../spec/oci.ts";
import { ARGUMENTS, escapeBlanks, fillBlanks, ID } from "./blank.ts";

/** A spec to be planned, a person's text in it escaped. */
export interface BundleForm {
  readonly spec: Spec;
  /** The bundle's directory, absolute. */
  readonly bundle: string;
  /** What its blanks stand for, by name. */
  readonly values: Readonly<Record<string, string>>;
  /** What the blank of the arguments stands for. */
  readonly arguments: readonly string[];
  readonly hasBlanks: boolean;
}

/** As it was written. */
export function formWithoutBlanks(spec: Spec, bundle: string): BundleForm {
  return { spec: escapeBlanks(spec), bundle: escapeBlanks(bundle), values: {}, arguments: [], hasBlanks: false };
}

/** With all the blanks that the core found; undefined: it found none, or the spec as it was read is another one at their places. */
export function formWithBlanks(spec: Spec, found: ReadBundleReply): BundleForm | undefined {
  const { blanks, values, arguments: hasArguments } = found;
  if (!hasArguments || values.bundle === undefined) return undefined;
  const form = structuredClone(escapeBlanks(spec));
  for (const { place, text } of blanks) {
    const [name = "", ...above] = place.toReversed();
    const parent = above.reduceRight<unknown>((value, key) => (value as Tree | undefined)?.[key], form);
    const there = (parent as Tree | undefined)?.[name];
    // A plain value is the same with and without escapes.
    if (there !== fillBlanks(text, { text: values })) return undefined;
    (parent as Tree)[name] = text;
  }
  form.process.args = [ARGUMENTS];
  return { spec: form, bundle: "/${bundle}", values, arguments: spec.process.args, hasBlanks: true };
}

/** The caller's own cgroups. */
const CGROUPS = "/proc/self/cgroup";
/** An ID as engines draw them. A shorter one could be a part of any word. */
const DRAWN_ID = /^[0-9a-f]{64}$/;

/**
 * What was seen, with a blank for the container's ID in the names of the caller's cgroups: engines' monitors have some that are
 * named after it. `kept_bundle.rs` compares them in the same way.
 */
export function withBlankID(id: string, looks: readonly Look[], seen: readonly Seen[]): Seen[] {
  if (!DRAWN_ID.test(id)) return [...seen];
  return seen.map((one, index) =>
    looks[index]?.path === CGROUPS && one.text !== null ? { ...one, text: one.text.replaceAll(id, () => ID) } : one
  );
}

/** An object or a list of a spec. */
type Tree = Record<string, unknown>;
