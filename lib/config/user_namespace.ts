/**
 * The user namespace: `--userns`, `--uidmap` and `--gidmap`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { wholeIn } from "./number.ts";
import type { IdRange, UserNamespaceMode } from "./run_config.ts";

/** user_namespaces(7): "the limit is 340 lines" since Linux 4.15. */
const MOST_RANGES = 340;

const LAST_ID = 4_294_967_294;

/** The three flags as they were written. */
export interface UserNamespaceWords {
  readonly mode?: string | undefined;
  readonly uidMaps: readonly string[];
  readonly gidMaps: readonly string[];
}

/**
 * `--userns host|private`; or `--uidmap` and `--gidmap`, where one of them alone stands for both.
 * Undefined when nothing was written.
 */
export function parseUserNamespace(words: UserNamespaceWords): UserNamespaceMode | undefined {
  const mode = words.mode === undefined ? undefined : parseMode("--userns", words.mode);
  const uidMaps = parseIdMaps("--uidmap", words.uidMaps);
  const gidMaps = parseIdMaps("--gidmap", words.gidMaps);
  if (uidMaps.length === 0 && gidMaps.length === 0) return mode;
  if (mode?.kind === "host") {
    throw mistake("--userns", "host", "contradicts --uidmap and --gidmap", "leave --userns out");
  }
  return { kind: "maps", uidMaps: uidMaps.length > 0 ? uidMaps : gidMaps, gidMaps };
}

function parseMode(where: string, text: string): UserNamespaceMode {
  if (text === "host" || text === "private") return { kind: text };
  const own = "private uses the ids that the host has for it; --uidmap and --gidmap name them";
  if (text === "auto" || text.startsWith("auto:")) throw mistake(where, text, "no such mode", own);
  if (/^(keep-id|nomap)(:|$)/.test(text)) throw mistake(where, text, "this mode is not supported", own);
  throw notAmong(where, text, "no such mode", ["host", "private"]);
}

/** Ranges `CONTAINER:HOST[:SIZE]`, which may not overlap on either side. */
export function parseIdMaps(where: string, words: readonly string[]): readonly IdRange[] {
  const ranges: IdRange[] = [];
  for (const word of words) {
    const range = parseIdRange(where, word);
    for (const other of ranges) {
      if (overlap(range.containerID, range.size, other.containerID, other.size)) {
        throw mistake(where, word, "an id of the container is mapped twice");
      }
      if (overlap(range.hostID, range.size, other.hostID, other.size)) {
        throw mistake(where, word, "an id of the host is mapped twice");
      }
    }
    ranges.push(range);
    if (ranges.length > MOST_RANGES) throw mistake(where, word, `the kernel takes ${MOST_RANGES} ranges at most`);
  }
  return ranges;
}

function parseIdRange(where: string, text: string): IdRange {
  const ids = { least: 0, most: LAST_ID };
  const parts = text.split(":");
  const [containerID, hostID, size] = [parts[0] ?? "", parts[1] ?? "", parts[2] ?? "1"].map((part) =>
    wholeIn(part, ids)
  );
  const complete = containerID !== undefined && hostID !== undefined && size !== undefined;
  if (parts.length > 3 || !complete) {
    throw mistake(where, text, "not a range of ids", "CONTAINER:HOST:SIZE, for example 0:100000:65536");
  }
  if (size === 0) throw mistake(where, text, "the range is empty");
  if (containerID + size - 1 > LAST_ID || hostID + size - 1 > LAST_ID) {
    throw mistake(where, text, `goes beyond the last id, ${LAST_ID}`);
  }
  return { containerID, hostID, size };
}

function overlap(a: number, aSize: number, b: number, bSize: number): boolean {
  return a < b + bSize && b < a + aSize;
}
