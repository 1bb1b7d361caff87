/**
 * `--filter KEY=VALUE` of lists of containers, as docker has them.
 *
 * @module
 */
import type { Status } from "../core/wire.ts";
import type { ContainerFilter } from "../engine/views.ts";
import type { MasuError } from "../error.ts";
import { mistake } from "./mistake.ts";
import { nearest } from "./nearest.ts";
import { parseWhole } from "./number.ts";

const WHERE = "--filter";
const KEYS = ["status", "name", "label", "id", "ancestor", "exited", "health", "before", "since"];
/** docker's keys that masu has nothing to compare with. */
const REFUSED = ["volume", "network", "publish", "expose", "isolation", "is-task", "pod", "until"];

/** docker's word for `stopped` is `exited`; `dead` and `removing` are no states of masu's containers. */
const STATUSES: ReadonlyMap<string, Status> = new Map([
  ["created", "created"],
  ["running", "running"],
  ["paused", "paused"],
  ["restarting", "restarting"],
  ["stopped", "stopped"],
  ["exited", "stopped"],
  ["broken", "broken"],
]);

/** Reads one filter. Errors: `invalid_config`. */
export function parseContainerFilter(written: string): ContainerFilter {
  const [, key, value] = /^([^=]*)=([^]*)$/.exec(written) ?? [];
  if (key === undefined || value === undefined) throw mistake(WHERE, written, "it is not KEY=VALUE", "status=running");
  switch (key) {
    case "id":
    case "name":
    case "ancestor":
    case "before":
    case "since":
      return { key, value };
    case "label": {
      const [, name = value, wanted] = /^([^=]+)=([^]*)$/.exec(value) ?? [];
      return { key, name, value: wanted };
    }
    case "status": {
      const status = STATUSES.get(value);
      if (status === undefined) throw noSuchWord(written, { what: "status", word: value, words: [...STATUSES.keys()] });
      return { key, value: status };
    }
    case "exited":
      return { key, value: parseWhole(`${WHERE} ${key}`, value, { least: 0, most: 255 }) };
    case "health":
      return { key, value: health(written, value) };
    default:
      if (REFUSED.includes(key)) throw mistake(WHERE, written, `masu does not support the key "${key}"`);
      throw noSuchWord(written, { what: "key", word: key, words: KEYS });
  }
}

function health(written: string, value: string): "starting" | "healthy" | "unhealthy" | "none" {
  const words = ["starting", "healthy", "unhealthy", "none"] as const;
  const word = words.find((word) => word === value);
  if (word === undefined) throw noSuchWord(written, { what: "health", word: value, words });
  return word;
}

/** The mistake of one word in a filter, with the nearest one. */
export function noSuchWord(
  written: string,
  { what, word, words }: { readonly what: string; readonly word: string; readonly words: readonly string[] },
): MasuError {
  const meant = nearest(word, words);
  const hint = meant === undefined ? `one of ${words.join(", ")}` : `did you mean "${meant}"?`;
  return mistake(WHERE, written, `no such ${what} "${word}"`, hint);
}
