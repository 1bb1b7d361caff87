/**
 * Ids of a new user namespace in the words of unshare(1).
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { wholeIn } from "./number.ts";
import type { IdRange } from "./run_config.ts";
import { parseIdMaps } from "./user_namespace.ts";

/** Ranges of ids: those written, the first subordinate ones from 0 on, the subordinate ones as themselves, or all. */
export type RangesChoice =
  | { readonly kind: "auto" | "subids" | "all" }
  | { readonly kind: "ranges"; readonly ranges: readonly IdRange[] };

/** One's own id inside: a number or name, or what it is outside. */
export type OwnId = { readonly kind: "current" } | { readonly kind: "id"; readonly id: string };

/** What one kind of ids is mapped to. */
export interface IdsChoice {
  readonly own?: OwnId;
  readonly ranges?: RangesChoice;
}

const IDS = { least: 0, most: 4_294_967_294 };

/** `auto`, `subids`, `all`, `INNER:OUTER:COUNT`, or `OUTER,INNER,COUNT` as unshare(1) had it first. */
export function parseRanges(where: string, texts: readonly string[]): RangesChoice | undefined {
  const word = texts.find((text) => /^[a-z]/.test(text));
  if (word !== undefined && texts.length > 1) {
    throw mistake(where, word, "it stands for all ranges, and others are written");
  }
  switch (word) {
    case undefined:
      return texts.length === 0
        ? undefined
        : { kind: "ranges", ranges: parseIdMaps(where, texts.map((text) => colons(where, text))) };
    case "auto":
    case "subids":
    case "all":
      return { kind: word };
    default:
      throw mistake(where, word, "not a range of ids", "INNER:OUTER:COUNT, auto, subids or all");
  }
}

function colons(where: string, text: string): string {
  if (!text.includes(",")) return text;
  const [outer, inner, count, ...more] = text.split(",");
  if (
    count === undefined || more.length > 0 ||
    [outer, inner, count].some((part) => wholeIn(part ?? "", IDS) === undefined)
  ) {
    throw mistake(where, text, "not a range of ids", "INNER:OUTER:COUNT, or OUTER,INNER,COUNT as in unshare(1)");
  }
  return `${inner}:${outer}:${count}`;
}

/** One's own id, and ranges around it: where they meet, the range has a hole. As unshare(1). */
export function withOwnId(own: IdRange | undefined, ranges: readonly IdRange[]): IdRange[] {
  if (own === undefined) return [...ranges];
  const around = ranges.flatMap((range): IdRange[] => {
    const { containerID, hostID, size } = range;
    if (own.containerID < containerID || own.containerID >= containerID + size) return [range];
    const before = own.containerID - containerID;
    // The last id of the range has no place any more.
    return [
      { containerID, hostID, size: before },
      { containerID: own.containerID + 1, hostID: hostID + before, size: size - 1 - before },
    ].filter(({ size }) => size > 0);
  });
  return [own, ...around];
}
