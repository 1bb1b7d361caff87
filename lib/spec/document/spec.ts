/**
 * `config.json`, read and checked: shapes, ranges, words, and what has to fit together.
 *
 * @module
 */
import type { Hook, Hooks, LinuxResources, Mount, Root, Spec } from "../oci.ts";
import { checkSpec } from "./check.ts";
import { parseJson } from "./json.ts";
import { ID_MAPPINGS, LINUX } from "./linux.ts";
import { hostName } from "./name.ts";
import { type Note, Place } from "./place.ts";
import { PROCESS } from "./process.ts";
import { list, object, otherwise, type Reader, record, required, someOf } from "./reader.ts";
import { RESOURCES } from "./resources.ts";
import { absolutePath, argument, filled, path, text, textUpTo, truthOrAbsent, unlessEmpty, whole } from "./value.ts";

/** What was read. */
export interface BundleDocument {
  readonly spec: Spec;
  /** What was ignored or changed, for `--debug`: unknown keys, capabilities that are none, relative destinations. */
  readonly notes: readonly Note[];
}

/** Longest text of mount options: the kernel takes one page of them. */
const OPTION = filled(textUpTo(4095));

/** Seconds that are 32 bits of milliseconds. */
const LONGEST_TIMEOUT = 4_294_967;

const ROOT = object<Root>({ path: required(path), readonly: truthOrAbsent });

const MOUNT = object<Mount>({
  destination: required(destination),
  type: unlessEmpty(textUpTo(255)),
  source: unlessEmpty(path),
  options: someOf(OPTION),
  uidMappings: ID_MAPPINGS,
  gidMappings: ID_MAPPINGS,
});

const HOOK = object<Hook>({
  path: required(absolutePath),
  args: someOf(argument),
  env: someOf(argument),
  timeout: whole(1, LONGEST_TIMEOUT),
});

const HOOK_LIST = someOf(HOOK);

const HOOKS = object<Hooks>({
  prestart: HOOK_LIST,
  createRuntime: HOOK_LIST,
  createContainer: HOOK_LIST,
  startContainer: HOOK_LIST,
  poststart: HOOK_LIST,
  poststop: HOOK_LIST,
});

/** The whole document, and every key that masu knows of it. */
export const SPEC: Reader<Spec> = object<Spec>({
  ociVersion: required(filled(textUpTo(64))),
  root: required(ROOT),
  process: required(PROCESS),
  hostname: unlessEmpty(hostName),
  domainname: unlessEmpty(hostName),
  mounts: otherwise(list(MOUNT), () => []),
  hooks: HOOKS,
  annotations: record(text, (place, name) => {
    if (name === "") throw place.wrong("has no name");
  }),
  linux: otherwise(LINUX, () => ({ namespaces: [] })),
}, {
  solaris: "masu makes Linux containers",
  windows: "masu makes Linux containers",
  vm: "masu makes no virtual machines",
  zos: "masu makes Linux containers",
  freebsd: "masu makes Linux containers",
});

/** Those that are refused, whatever they hold. */
export const REFUSED_KEYS: readonly string[] = [
  "freebsd",
  "linux.intelRdt.enableCMT",
  "linux.intelRdt.enableMBM",
  "linux.personality.flags",
  "process.commandLine",
  "process.user.username",
  "solaris",
  "vm",
  "windows",
  "zos",
];

/**
 * Reads `config.json`. `file`: for messages. What is not there and has a default has it in the result; 64-bit numbers that mean
 * "no limit" are -1.
 *
 * Errors: `invalid_config` with the key. Source: OCI runtime-spec 1.3, config.md, config-linux.md.
 */
export function parseBundleSpec(file: string, text: string): BundleDocument {
  const place = new Place(file);
  const spec = SPEC(place, parseJson(place, text));
  checkSpec(place, spec);
  return { spec, notes: place.notes };
}

/** Reads `linux.resources` alone: the document of `update --resources`. Errors: `invalid_config` with the key. */
export function parseResources(file: string, text: string): LinuxResources {
  const place = new Place(file);
  return RESOURCES(place, parseJson(place, text));
}

/** Without `.`, `..` and needless slashes. runc takes a relative one from the container's root, and engines rely on it. */
function destination(place: Place, value: unknown): string {
  const written = path(place, value);
  if (!written.startsWith("/")) {
    place.note(`${JSON.stringify(written.slice(0, 64))} is not absolute; taken from the container's root`);
  }
  const parts: string[] = [];
  for (const part of written.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
