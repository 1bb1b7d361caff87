/**
 * `--mount type=bind|tmpfs,KEY=VALUE...`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { parseBoolean } from "./number.ts";
import { containerPath, hostPath } from "./path.ts";
import type { BindMount, MountConfig, TmpfsMount } from "./run_config.ts";
import { parseSize } from "./size.ts";
import { plainWord } from "./text.ts";
import { PROPAGATIONS } from "./volume.ts";

/** The keys by their one name here. */
const KEYS: ReadonlyMap<string, string> = new Map([
  ["type", "type"],
  ["source", "source"],
  ["src", "source"],
  ["destination", "destination"],
  ["dst", "destination"],
  ["target", "destination"],
  ["readonly", "readonly"],
  ["ro", "readonly"],
  ["bind-propagation", "bind-propagation"],
  ["bind-recursive", "bind-recursive"],
  ["tmpfs-size", "tmpfs-size"],
  ["tmpfs-mode", "tmpfs-mode"],
]);

/** Keys of docker and podman that masu does not do, and what to write instead. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["bind-nonrecursive", "bind-recursive=disabled says the same"],
  ["consistency", "it means nothing on Linux: leave it out"],
  ["relabel", "masu sets no SELinux labels: leave it out"],
  ["idmap", "mounts with mapped ids are not supported yet"],
]);

type Keys = ReadonlyMap<string, string | undefined>;

/** One mount. The words are a line of CSV, as docker's: a value that holds a comma is written `"source=/a,b"`. */
export function parseMount(where: string, text: string, directory: () => string): MountConfig {
  const keys = readKeys(where, plainWord(where, text));
  const type = keys.get("type");
  switch (type) {
    case "bind":
      return bindMount(where, text, keys, directory);
    case "tmpfs":
      return tmpfsMount(where, text, keys);
    case undefined:
      throw mistake(where, text, "no type", "type=bind or type=tmpfs");
    case "volume":
    case "image":
    case "cluster":
    case "npipe":
      throw mistake(where, text, `mounts of type ${type} are not supported yet`, "type=bind or type=tmpfs");
    default:
      throw notAmong(where, type, "no such type of mount", ["bind", "tmpfs"]);
  }
}

function bindMount(where: string, text: string, keys: Keys, directory: () => string): BindMount {
  refuseKeys(where, text, keys, "tmpfs-");
  const source = keys.get("source");
  if (source === undefined) throw mistake(where, text, "no source", "source=PATH");
  const readOnly = isReadOnly(where, keys);
  const propagation = readPropagation(where, keys);
  return {
    kind: "bind",
    source: hostPath(where, source, directory),
    destination: readDestination(where, text, keys),
    readOnly,
    ...readRecursion(where, text, keys, readOnly),
    ...(propagation !== undefined && { propagation }),
    createSource: false,
    options: [],
  };
}

function readPropagation(where: string, keys: Keys): BindMount["propagation"] {
  const word = keys.get("bind-propagation");
  if (word === undefined) return undefined;
  const propagation = PROPAGATIONS.find((name) => name === word);
  if (propagation === undefined) throw notAmong(where, word, "no such propagation", PROPAGATIONS);
  return propagation;
}

/** `bind-recursive`: with the mounts below (enabled, writable), without (disabled), all of them read-only (readonly). */
function readRecursion(
  where: string,
  text: string,
  keys: Keys,
  readOnly: boolean,
): Pick<BindMount, "recursive" | "recursiveReadOnly"> {
  const word = keys.get("bind-recursive") ?? "enabled";
  switch (word) {
    case "enabled":
    case "writable":
      return { recursive: true, recursiveReadOnly: false };
    case "disabled":
      return { recursive: false, recursiveReadOnly: false };
    case "readonly":
      if (!readOnly) throw mistake(where, text, "bind-recursive=readonly needs readonly");
      return { recursive: true, recursiveReadOnly: true };
    default:
      throw notAmong(where, word, "no such bind-recursive", ["enabled", "disabled", "writable", "readonly"]);
  }
}

function tmpfsMount(where: string, text: string, keys: Keys): TmpfsMount {
  refuseKeys(where, text, keys, "bind-");
  if (keys.has("source")) throw mistake(where, text, "a tmpfs has no source");
  const options: string[] = [];
  const size = keys.get("tmpfs-size");
  const mode = keys.get("tmpfs-mode");
  if (isReadOnly(where, keys)) options.push("ro");
  if (size !== undefined) options.push(`size=${parseSize(`${where} tmpfs-size`, size)}`);
  if (mode !== undefined) {
    if (!/^[0-7]{1,4}$/.test(mode)) throw mistake(where, mode, "not an octal mode", "for example tmpfs-mode=1777");
    options.push(`mode=${mode}`);
  }
  return { kind: "tmpfs", destination: readDestination(where, text, keys), options };
}

function readDestination(where: string, text: string, keys: Keys): string {
  const destination = keys.get("destination");
  if (destination === undefined) throw mistake(where, text, "no destination", "destination=PATH");
  return containerPath(where, destination);
}

function isReadOnly(where: string, keys: Keys): boolean {
  if (!keys.has("readonly")) return false;
  const value = keys.get("readonly");
  return value === undefined || parseBoolean(`${where} readonly`, value);
}

function refuseKeys(where: string, text: string, keys: Keys, prefix: string): void {
  const key = [...keys.keys()].find((name) => name.startsWith(prefix));
  if (key !== undefined) throw mistake(where, text, `${key} does not belong to type=${keys.get("type")}`);
}

function readKeys(where: string, text: string): Keys {
  const keys = new Map<string, string | undefined>();
  for (const field of splitFields(where, text)) {
    const equals = field.indexOf("=");
    const written = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const key = KEYS.get(written);
    if (key === undefined) throw unknownKey(where, text, written);
    if (equals < 0 && key !== "readonly") throw mistake(where, text, `${written} has no value`, `${written}=VALUE`);
    keys.set(key, equals < 0 ? undefined : field.slice(equals + 1));
  }
  return keys;
}

function unknownKey(where: string, text: string, key: string): Error {
  const why = REFUSED.get(key) ?? (key.startsWith("volume-") ? "named volumes are not supported yet" : undefined);
  if (why !== undefined) return mistake(where, text, `the key "${key}" is not supported`, why);
  return notAmong(where, key, `no such key in "${text}"`, [...KEYS.keys()]);
}

/** RFC 4180: fields between commas; a field in double quotes may hold commas, and a doubled quote is one. */
function splitFields(where: string, text: string): readonly string[] {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  let end: string | undefined = ",";
  while (end === ",") {
    const match = field.exec(text);
    if (match === null) throw mistake(where, text, "a double quote stands where none may", '"source=/a,b",type=bind');
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    end = match[3];
  }
  return fields;
}
