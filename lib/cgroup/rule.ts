/**
 * What a row of the tables of resources is: one resource, and the control files that it becomes.
 *
 * @module
 */
import type { LinuxResources } from "../spec/oci.ts";
import type { IoWeightFile } from "./layout.ts";

/** File and value; `optional`: where there is no such file, there is nothing to limit either. */
export type Setting = readonly [file: string, value: string, optional?: "optional"];

/** What a value is besides the resources: how this kernel calls the files that have two names. */
export interface RuleSituation {
  /** Of the hierarchy that weighs block devices; null: none does. */
  readonly ioWeight: IoWeightFile | null;
}

/** Makes settings of resources. */
export type Convert = (resources: LinuxResources, situation: RuleSituation) => readonly Setting[];

/** One resource: where it is in OCI, what asked for it, and what it becomes. `null`: it has no counterpart there. */
export interface ResourceRule {
  readonly controller: string;
  /** Its name in v2, where that is another one. */
  readonly controllerV2?: string;
  /** The flag, for messages. */
  readonly flag: string;
  /** The same in a spec: below `linux.resources`. */
  readonly field: string;
  readonly isSet: (resources: LinuxResources) => boolean;
  readonly v1: Convert | null;
  readonly v2: Convert | null;
  /** What does the same where it has no counterpart. */
  readonly instead?: string;
}

/** A limit of v2: OCI's negative number is `max`. */
export function limit(value: number | undefined): string {
  return value === undefined || value < 0 ? "max" : `${value}`;
}
