/**
 * A program in new namespaces, in the words of unshare(1): only those that are named, or that something else needs.
 *
 * @module
 */
import type { Namespace } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";
import { parseSignal } from "../spec/signal.ts";
import { type IdsChoice, parseRanges } from "./id_ranges.ts";
import { mistake, notAmong } from "./mistake.ts";
import { type IdentityConfig, type IdentityWords, parseChoice, parseIdentity } from "./part_identity.ts";
import { containerDirectory, hostPath } from "./path.ts";
import type { BindMount, TimeOffsetConfig } from "./run_config.ts";
import { parseHostname } from "./text.ts";
import { parseTimeOffset } from "./time_offset.ts";
import { parseGroup, parseUser } from "./user.ts";
import { parseVolume } from "./volume.ts";

/** The namespaces by the words that unshare(1) and nsenter(1) have for them. */
export const NAMESPACE_WORDS: ReadonlyMap<string, Namespace> = new Map<string, Namespace>([
  ["mount", "mount"],
  ["uts", "uts"],
  ["ipc", "ipc"],
  ["net", "network"],
  ["pid", "pid"],
  ["user", "user"],
  ["cgroup", "cgroup"],
  ["time", "time"],
]);

/** Further words for them: those of `/proc/PID/ns`, of lsns(8) and of an OCI document. */
const OTHER_WORDS: ReadonlyMap<string, Namespace> = new Map<string, Namespace>([["mnt", "mount"], [
  "network",
  "network",
]]);

/** unshare(1) --propagation. */
export const PART_PROPAGATIONS = ["private", "shared", "slave", "unchanged"] as const;

/** A namespace that stays when its processes have ended: bound on a file. */
export interface KeptNamespace {
  readonly namespace: Namespace;
  /** Absolute. */
  readonly path: string;
}

/** What is asked for. */
export interface NamespacesConfig {
  readonly arguments: readonly string[];
  /** Those to make, in the order of {@link NAMESPACE_WORDS}. */
  readonly namespaces: readonly Namespace[];
  readonly keep: readonly KeptNamespace[];
  readonly users: IdsChoice;
  readonly groups: IdsChoice;
  readonly setgroups?: "allow" | "deny";
  /** Where a procfs of the new pid namespace is mounted. */
  readonly mountProc?: string;
  readonly propagation?: typeof PART_PROPAGATIONS[number];
  /** The new root directory. */
  readonly rootfs?: string;
  readonly binds: readonly BindMount[];
  readonly hostname?: string;
  readonly timeOffsets: readonly TimeOffsetConfig[];
  readonly directory?: string;
  readonly identity: IdentityConfig;
}

/** The same as it is written: each by the name of its flag. */
export interface NamespacesWords extends IdentityWords {
  /** By {@link NAMESPACE_WORDS}; a file keeps the namespace. */
  readonly namespaces: readonly (readonly [word: string, file: string | undefined])[];
  readonly keep?: readonly string[];
  readonly mapRoot?: boolean;
  readonly mapCurrent?: boolean;
  readonly mapAuto?: boolean;
  readonly mapUser?: string | undefined;
  readonly mapGroup?: string | undefined;
  readonly mapUsers?: readonly string[];
  readonly mapGroups?: readonly string[];
  readonly setgroups?: string | undefined;
  readonly mountProc?: string | undefined;
  readonly propagation?: string | undefined;
  readonly rootfs?: string | undefined;
  readonly binds?: readonly string[];
  readonly hostname?: string | undefined;
  readonly monotonic?: string | undefined;
  readonly boottime?: string | undefined;
  readonly directory?: string | undefined;
  readonly killChild?: string | undefined;
}

/** Reads all of it. `directory`: the caller's own. Errors: `invalid_config`, with the flag. */
export function parseNamespaces(
  words: NamespacesWords,
  program: readonly string[],
  directory: () => string,
): NamespacesConfig {
  const { users, groups } = parseIds(words);
  const timeOffsets = [
    ...words.monotonic === undefined ? [] : [parseSeconds("monotonic", words.monotonic)],
    ...words.boottime === undefined ? [] : [parseSeconds("boottime", words.boottime)],
  ];
  const named = words.namespaces.map(([word]) => namespaceOf("--keep", word));
  const implied = impliedBy({ ...words, users, groups, timeOffsets });
  const wanted = new Set([...named, ...implied]);
  const keep = parseKept(words, wanted, directory);
  for (const { namespace } of keep) wanted.add(namespace);
  if (words.rootfs !== undefined && hostPath("--rootfs", words.rootfs, directory) === "/") {
    throw mistake("--rootfs", words.rootfs, "it is the root directory already", "leave it out");
  }
  checkSetgroups(words, wanted, groups);
  checkKillChild(words.killChild);
  const { rootfs, hostname, setgroups, propagation, mountProc } = words;
  return {
    arguments: program,
    namespaces: [...NAMESPACE_WORDS.values()].filter((namespace) => wanted.has(namespace)),
    keep,
    users,
    groups,
    ...(setgroups !== undefined && { setgroups: parseChoice("--setgroups", setgroups, ["allow", "deny"]) }),
    ...(mountProc !== undefined && { mountProc: containerDirectory("--mount-proc", mountProc) }),
    ...(propagation !== undefined && {
      propagation: parseChoice("--propagation", propagation, PART_PROPAGATIONS),
    }),
    ...(rootfs !== undefined && { rootfs: hostPath("--rootfs", rootfs, directory) }),
    binds: (words.binds ?? []).map((text) => parseVolume("--bind", text, directory)),
    ...(hostname !== undefined && { hostname: parseHostname("--hostname", hostname) }),
    timeOffsets,
    ...(words.directory !== undefined && {
      directory: rootfs === undefined
        ? hostPath("--wd", words.directory, directory)
        : containerDirectory("--wd", words.directory),
    }),
    identity: parseIdentity(words),
  };
}

/** A word for a namespace. Errors: `invalid_config`. */
export function namespaceOf(where: string, word: string): Namespace {
  const namespace = NAMESPACE_WORDS.get(word) ?? OTHER_WORDS.get(word);
  if (namespace === undefined) throw notAmong(where, word, "no such namespace", [...NAMESPACE_WORDS.keys()]);
  return namespace;
}

type Implying =
  & Omit<NamespacesWords, "namespaces" | "groups">
  & Pick<NamespacesConfig, "users" | "groups" | "timeOffsets">;

/** What only means something in a new namespace. */
function impliedBy({ users, groups, timeOffsets, ...words }: Implying): Namespace[] {
  const mounts = words.mountProc !== undefined || words.propagation !== undefined || words.rootfs !== undefined ||
    (words.binds ?? []).length > 0;
  const maps = [users.own, users.ranges, groups.own, groups.ranges].some((choice) => choice !== undefined);
  return [
    ...(mounts ? ["mount" as const] : []),
    ...(words.hostname !== undefined ? ["uts" as const] : []),
    ...(maps ? ["user" as const] : []),
    ...(timeOffsets.length > 0 ? ["time" as const] : []),
  ];
}

/** unshare(1): --map-root-user and --map-current-user are --map-user and --map-group in one; --map-auto is both ranges. */
function parseIds(words: NamespacesWords): { users: IdsChoice; groups: IdsChoice } {
  const { mapRoot, mapCurrent, mapUser, mapGroup, mapAuto } = words;
  const own = [mapRoot === true && "--map-root-user", mapCurrent === true && "--map-current-user"]
    .filter((flag) => flag !== false);
  const [first, second = mapUser === undefined ? mapGroup === undefined ? undefined : "--map-group" : "--map-user"] =
    own;
  if (first !== undefined && second !== undefined) {
    throw invalidConfig(`Read flag "${second}": it contradicts ${first}`);
  }
  const both = mapRoot === true
    ? { kind: "id", id: "0" } as const
    : mapCurrent === true
    ? { kind: "current" } as const
    : undefined;
  const user = both ??
    (mapUser === undefined ? undefined : { kind: "id", id: parseUser("--map-user", mapUser) } as const);
  const group = both ??
    (mapGroup === undefined ? undefined : { kind: "id", id: parseGroup("--map-group", mapGroup) } as const);
  const auto = mapAuto === true ? { kind: "auto" } as const : undefined;
  const userRanges = parseRanges("--map-users", words.mapUsers ?? []) ?? auto;
  const groupRanges = parseRanges("--map-groups", words.mapGroups ?? []) ?? auto;
  return {
    users: { ...(user !== undefined && { own: user }), ...(userRanges !== undefined && { ranges: userRanges }) },
    groups: { ...(group !== undefined && { own: group }), ...(groupRanges !== undefined && { ranges: groupRanges }) },
  };
}

function parseSeconds(clock: "monotonic" | "boottime", text: string): TimeOffsetConfig {
  if (!/^[+-]?[0-9.]+$/.test(text)) {
    throw mistake(`--${clock}`, text, "not a number of seconds", "for example -86400 or 0.5");
  }
  return parseTimeOffset(`--${clock}`, `${clock}=${text}`);
}

/** `KIND=FILE`, or FILE alone where there is one namespace that it can mean. */
function parseKept(words: NamespacesWords, wanted: ReadonlySet<Namespace>, directory: () => string): KeptNamespace[] {
  const kept = (words.keep ?? []).map((text): KeptNamespace => {
    const equals = text.indexOf("=");
    const word = equals < 0 ? "" : text.slice(0, equals);
    if (/^[a-z]+$/.test(word)) {
      return { namespace: namespaceOf("--keep", word), path: hostPath("--keep", text.slice(equals + 1), directory) };
    }
    const [only, other] = wanted;
    if (only === undefined || other !== undefined) {
      throw mistake("--keep", text, "which namespace is meant is not clear", `KIND=FILE, for example net=${text}`);
    }
    return { namespace: only, path: hostPath("--keep", text, directory) };
  });
  const byFlag = words.namespaces.flatMap(([word, file]): KeptNamespace[] =>
    file === undefined
      ? []
      : [{ namespace: namespaceOf(`--${word}`, word), path: hostPath(`--${word}`, file, directory) }]
  );
  return [...byFlag, ...kept];
}

/** user_namespaces(7): an own group is mapped without privileges only where setgroups(2) is denied. */
function checkSetgroups({ setgroups }: NamespacesWords, wanted: ReadonlySet<Namespace>, groups: IdsChoice): void {
  if (setgroups === undefined) return;
  if (!wanted.has("user")) {
    throw invalidConfig('Read flag "--setgroups": there is no new user namespace', "--user makes one");
  }
  if (setgroups === "allow" && groups.own !== undefined && groups.ranges === undefined) {
    throw mistake(
      "--setgroups",
      setgroups,
      "one's own group is mapped with setgroups(2) denied only",
      "--map-groups maps ranges",
    );
  }
}

/** The guard of a program in a process of its own kills it by SIGKILL in any case; otherwise the program is masu itself. */
function checkKillChild(signal: string | undefined): void {
  if (signal === undefined || parseSignal(signal) === 9) return;
  throw mistake(
    "--kill-child",
    signal,
    "a program that needs a process of its own ends with masu, by SIGKILL and nothing else",
    "--pdeathsig sends another signal to a program that is in masu's own process",
  );
}
