/**
 * A program in new namespaces of its own, as a plan: unshare(1). Pure.
 *
 * @module
 */
import type { NamespacesConfig } from "../config/namespaces_run.ts";
import type { BindMount } from "../config/run_config.ts";
import type { FileStatus, Namespace, Plan, ProcessReply, Propagation, StageStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { type CapabilitySets, fullCapabilitySets } from "../spec/capability_sets.ts";
import { escapeBlanks } from "./blank.ts";
import { mountOptions, MS } from "./mount_options.ts";
import { partPlan } from "./part.ts";
import { identitySteps } from "./part_identity.ts";
import { type PartIdFacts, partMapping } from "./part_ids.ts";

/** What is read of the host for it. */
export interface PartFacts extends PartIdFacts {
  readonly process: ProcessReply;
  /** masu's own. */
  readonly sets: CapabilitySets;
  /** `/proc/self/setgroups` says deny. */
  readonly setgroupsDenied: boolean;
  /** What is at the paths that are named; null: nothing. */
  readonly statuses: Readonly<Record<string, FileStatus | null>>;
  /** What is at the destinations of bind mounts, below the new root if there is one. */
  readonly destinations: Readonly<Record<string, FileStatus | null>>;
  /** Files on which a namespace is bound already. */
  readonly keptFiles: readonly string[];
  /** The program's environment, `NAME=value` each. */
  readonly environment: readonly string[];
}

/** Those that clone3(2) and unshare(2) make; a cgroup namespace is made by a step. */
const CLONED: readonly Namespace[] = ["user", "mount", "uts", "ipc", "network", "pid", "time"];

/**
 * The plan.
 *
 * Errors: `not_found` what is named is not there; `already_exists` a namespace is kept there already; those of the identity and
 * the maps. Nothing was touched.
 */
export function namespacesPlan(written: NamespacesConfig, read: PartFacts): Plan {
  const [config, facts] = escapeBlanks([written, read]);
  const made = new Set(config.namespaces);
  checkKept(config, facts);
  const user = made.has("user") ? partMapping(config, facts) : null;
  const { process: { lastCapability }, setgroupsDenied } = facts;
  const identity = identitySteps(config.identity, {
    sets: made.has("user") ? fullCapabilitySets(lastCapability) : facts.sets,
    lastCapability,
    setgroupsDenied: made.has("user") ? user?.denySetgroups === true : setgroupsDenied,
    database: facts.database,
  });
  return partPlan({
    clone: {
      namespaces: CLONED.filter((namespace) => made.has(namespace)),
      user,
      timeOffsets: [...config.timeOffsets],
    },
    part: {
      keepIds: made.has("user"),
      keep: config.keep.map(({ namespace, path }) => ({ namespace, path })),
    },
    inside: insideSteps(config, facts, made),
    exec: [
      ...(config.directory === undefined
        ? []
        : [{ kind: "change_directory", path: config.directory, create: false } as const]),
      ...identity,
    ],
    environment: read.environment,
  });
}

function checkKept({ keep }: NamespacesConfig, { statuses, keptFiles }: PartFacts): void {
  for (const { path } of keep) {
    if (keptFiles.includes(path)) {
      throw new MasuError("already_exists", `Keep a namespace at "${path}": one is kept there`, {
        hint: `masu ns enter ${path} enters it, umount ${path} gives it up`,
      });
    }
    if (statuses[path]?.kind !== "directory") continue;
    throw new MasuError("invalid_config", `Keep a namespace at "${path}": it is a directory`);
  }
}

function insideSteps(config: NamespacesConfig, facts: PartFacts, made: ReadonlySet<Namespace>): StageStep[] {
  return [
    ...(made.has("cgroup") ? [{ kind: "unshare_cgroup" } as const] : []),
    ...(config.hostname === undefined ? [] : [{ kind: "set_hostname", name: config.hostname } as const]),
    ...(made.has("mount") ? mountSteps(config, facts) : []),
  ];
}

const PROPAGATIONS: Readonly<Record<"private" | "shared" | "slave", Propagation>> = {
  private: "rprivate",
  shared: "rshared",
  slave: "rslave",
};

function mountSteps(config: NamespacesConfig, facts: PartFacts): StageStep[] {
  const { propagation = "private", rootfs, mountProc } = config;
  return [
    ...(propagation === "unchanged"
      ? []
      : [{ kind: "set_propagation", propagation: PROPAGATIONS[propagation] } as const]),
    ...(rootfs === undefined ? [] : rootSteps(rootfs, facts)),
    ...config.binds.map((bind) => bindStep(bind, config, facts)),
    ...(mountProc === undefined ? [] : procSteps(mountProc, config, facts)),
    ...(rootfs === undefined ? [] : [{ kind: "pivot_root" } as const]),
  ];
}

/** pivot_root(2) needs a mount: the directory is bound on itself. */
function rootSteps(rootfs: string, { statuses }: PartFacts): StageStep[] {
  const status = statuses[rootfs] ?? null;
  if (status?.kind !== "directory") {
    const what = status === null ? "no such directory" : "not a directory";
    throw new MasuError(status === null ? "not_found" : "invalid_config", `Use --rootfs "${rootfs}": ${what}`);
  }
  return [{
    kind: "mount_root",
    path: rootfs,
    root: { kind: "bind", source: rootfs, recursive: true, idmapped: false },
  }];
}

function bindStep(
  { source, destination, readOnly, recursive, recursiveReadOnly, propagation, options }: BindMount,
  { rootfs }: NamespacesConfig,
  { statuses, destinations }: PartFacts,
): StageStep {
  const action = `Bind "${source}" on "${destination}" (--bind)`;
  const from = statuses[source] ?? null;
  const on = destinations[destination] ?? null;
  if (from === null) throw new MasuError("not_found", `${action}: there is no such source`);
  if (on === null) {
    throw new MasuError("not_found", `${action}: there is no such destination`, {
      hint: `make it: ${from.kind === "directory" ? "mkdir -p" : "touch"} ${rootfs ?? ""}${destination}`,
    });
  }
  if ((from.kind === "directory") !== (on.kind === "directory")) {
    throw new MasuError("invalid_config", `${action}: one is a directory and the other is not`);
  }
  const { flags } = mountOptions([...options, ...(readOnly ? ["ro"] : [])]);
  return {
    kind: "bind",
    source,
    destination,
    recursive,
    flags,
    recursiveReadOnly,
    propagation: propagation ?? null,
    create: from.kind === "directory" ? "directory" : "file",
  };
}

/** unshare(1): the host's own /proc must not get the new one, whatever the propagation. */
function procSteps(
  destination: string,
  { propagation = "private", rootfs }: NamespacesConfig,
  { destinations }: PartFacts,
): StageStep[] {
  if (destinations[destination]?.kind !== "directory") {
    throw new MasuError("not_found", `Mount a procfs on "${destination}" (--mount-proc): there is no such directory`, {
      hint: `make it: mkdir -p ${rootfs ?? ""}${destination}`,
    });
  }
  const shared = propagation === "shared" || propagation === "unchanged";
  return [
    ...(shared && rootfs === undefined && destination === "/proc"
      ? [{ kind: "remount", destination, flags: null, propagation: "rprivate" } as const]
      : []),
    {
      kind: "mount",
      source: "proc",
      destination,
      type: "proc",
      flags: MS.NOSUID | MS.NODEV | MS.NOEXEC,
      data: "",
      create: "directory",
    },
  ];
}
