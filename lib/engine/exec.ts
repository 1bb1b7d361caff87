/**
 * `masu exec`: another program in a running container.
 *
 * @module
 */
import type { ExecConfig } from "../config/exec_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerRecord, ExecOptions, LaunchReply, ProcessReply, StageStep, Store } from "../core/wire.ts";
import { changedSteps, type ExecUser } from "../plan/exec_steps.ts";
import { containerCapabilities } from "../spec/capabilities.ts";
import { resolveGroup, resolveUser, type UserDatabase } from "../spec/passwd.ts";

/** One program in one container. */
export interface ExecRequest {
  readonly store: Store;
  /** By ID, name, or the start of an ID. */
  readonly container: string;
  readonly config: ExecConfig;
}

/**
 * Runs the program in the foreground: this process becomes its monitor and ends with its status, so this returns only by throwing.
 *
 * Errors: `not_found` no such container; `failed` it does not run or is paused; `program_not_found`, `program_not_executable`;
 * `invalid_config` no such user; or the step that failed.
 */
export function execForeground(core: Core, request: ExecRequest): never {
  const { store, container } = request;
  return call(core, "exec_run", { store, container, options: execOptions(core, request), stdio: null });
}

/** What a detached program has of this process. */
export interface Detached {
  /** Its stdin, stdout and stderr, as engines want it; otherwise none. */
  readonly streams: boolean;
}

/** Starts the program, which then runs on by itself. Errors: as for {@link execForeground}. */
export function execDetached(core: Core, request: ExecRequest, { streams }: Detached): LaunchReply {
  const { store, container } = request;
  const stdio: [number, number, number] | null = streams ? null : [-1, -1, -1];
  return call(core, "exec", { store, container, options: execOptions(core, request), stdio });
}

/** What is asked of the core: nothing is looked up unless something differs from the container's own program. */
export function execOptions(core: Core, { store, container, config }: ExecRequest): ExecOptions {
  const { terminal, process, pidFile, detached, handover, cgroups, ignorePaused } = config;
  // A document's terminal has this one's size, unless it says another or is handed over to somebody else.
  const own = terminal || !detached && hasTerminal(process) ? call(core, "process", {}) : null;
  const changed = changes(core, { store, container, config });
  // The file of a detached program stays when that has ended: whoever reads it removes it.
  const told = detached && pidFile !== undefined ? { ...handover, pidFile } : handover;
  return {
    arguments: [...config.arguments],
    environment: [...changed.environment, ...config.environment],
    directory: config.workingDirectory ?? null,
    terminal: own === null ? null : [own.rows ?? 0, own.columns ?? 0],
    preserveFds: config.preserveFds,
    ...(pidFile !== undefined && !detached && { pidFile }),
    steps: changed.steps,
    ...(process !== undefined && { process }),
    ...(Object.keys(told).length > 0 && { handover: told }),
    ...(cgroups.length > 0 && { cgroups: [...cgroups] }),
    ...(ignorePaused && { ignorePaused }),
  };
}

function hasTerminal(document: unknown): boolean {
  return typeof document === "object" && document !== null && "terminal" in document && document.terminal === true;
}

interface Changes {
  readonly steps: StageStep[] | null;
  /** What follows from another user. */
  readonly environment: readonly string[];
}

const UNCHANGED: Changes = { steps: null, environment: [] };

function changes(core: Core, { store, container, config }: ExecRequest): Changes {
  const { user, groupAdd, capAdd, privileged, noNewPrivileges, labels } = config;
  const asOther = user !== undefined || groupAdd.length > 0;
  const changesRights = capAdd.length > 0 || privileged || noNewPrivileges || labels.length > 0;
  if (!asOther && !changesRights) return UNCHANGED;
  const { containers: [view] } = call(core, "containers", { store, words: [container] });
  const record = view?.record ?? null;
  // The core says why it cannot be entered.
  if (record === null) return UNCHANGED;
  const { steps } = record.masu.exec;
  const other = asOther ? userOf(core, record, config) : undefined;
  return {
    steps: changedSteps(steps, {
      ...(other !== undefined && { user: other }),
      capabilities: added(core, record, config),
      noNewPrivileges,
      labels,
    }),
    environment: user === undefined || other === undefined ? [] : [`HOME=${other.home}`],
  };
}

function added(core: Core, { masu }: ContainerRecord, { capAdd, privileged }: ExecConfig): string[] {
  if (capAdd.length === 0 && !privileged) return [];
  const { lastCapability, capabilities }: ProcessReply = call(core, "process", {});
  const own = masu.exec.namespaces.includes("user") ? null : capabilities;
  const all = containerCapabilities({ add: capAdd, drop: [], privileged }, { last: lastCapability, own });
  return privileged ? all : all.filter((name) => capAdd.includes(name) || capAdd.includes("ALL"));
}

/**
 * By the container's own files, read below its root. Its first process is the one that was written down: the core asks that again
 * when it enters it, so that a pid that became another's in between leads to an error and not to another's files.
 */
function userOf(core: Core, record: ContainerRecord, { user, groupAdd }: ExecConfig): ExecUser & { home: string } {
  const root = `/proc/${record.pid}/root`;
  const { seen: [passwd, group, map] } = call(core, "observe", {
    looks: [
      { path: "/etc/passwd", root, want: "text" },
      { path: "/etc/group", root, want: "text" },
      { path: `/proc/${record.pid}/gid_map`, root: null, want: "text" },
    ],
  });
  const database: UserDatabase = { passwd: passwd?.text ?? null, group: group?.text ?? null };
  const own = record.masu.exec.steps.find((step) => step.kind === "set_user");
  const found = resolveUser(user ?? (own?.kind === "set_user" ? `${own.uid}:${own.gid}` : undefined), database);
  const further = user === undefined && own?.kind === "set_user" ? own.groups ?? [] : found.groups;
  const mapped = further.filter((gid) => isMapped(gid, map?.text ?? ""));
  const named = groupAdd.map((word) => resolveGroup(word, database));
  return { ...found, groups: [...new Set([...mapped, ...named])] };
}

/** user_namespaces(7): lines of the first id inside, the first outside and how many. What cannot be read maps all. */
function isMapped(id: number, map: string): boolean {
  const ranges = map.split("\n").filter((line) => line.trim() !== "").map((line) =>
    line.trim().split(/\s+/).map(Number)
  );
  return ranges.length === 0 || ranges.some(([first = 0, , size = 0]) => id >= first && id < first + size);
}
