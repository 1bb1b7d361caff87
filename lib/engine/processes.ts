/**
 * The processes of a container, seen from the host: only the kernel's own files are read, nothing of the container is executed.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerRecord, Look, Seen, Store, Want } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { cgroupMembers } from "./cgroup_members.ts";
import { viewContainers } from "./lifecycle.ts";
import {
  type CpuTimes,
  type HostClock,
  type ListedProcess,
  parseProcess,
  type ProcessFiles,
} from "./processes_parse.ts";

export type { ListedProcess } from "./processes_parse.ts";

/** Looks at the processes of one container again and again. */
export class ProcessReader {
  readonly #core: Core;
  readonly #store: Store;
  readonly #word: string;
  #before: CpuTimes | undefined;

  constructor(core: Core, store: Store, word: string) {
    this.#core = core;
    this.#store = store;
    this.#word = word;
  }

  /**
   * All of its processes by pid; CPU is what they used since the look before, at first since their start.
   *
   * Errors: `not_found`; `failed` it does not run.
   */
  read(): ListedProcess[] {
    const [view] = viewContainers(this.#core, this.#store, [this.#word]);
    if (view?.record == null) {
      throw new MasuError("failed", `List the processes of container "${this.#word}": it is not running`, {
        hint: "masu list shows the containers that run",
      });
    }
    const pids = memberPids(this.#core, view.record);
    const listed = readProcesses(this.#core, pids, { first: view.record.pid, before: this.#before });
    this.#before = listed.times;
    return listed.processes;
  }
}

/** PIDs of a container's processes in the runtime namespace, in order; none of one that has ended. Errors: `not_found`. */
export function processIDs(core: Core, store: Store, word: string): number[] {
  const [view] = viewContainers(core, store, [word]);
  if (view?.record == null) {
    throw new MasuError("failed", `List processes of container "${word}": container not running`);
  }
  const alive = view.status === "running" || view.status === "paused" || view.status === "created";
  return alive ? memberPids(core, view.record) : [];
}

type Ask = (want: Want, paths: readonly string[]) => Seen[];

function asker(core: Core): Ask {
  return (want, paths) => {
    const looks = paths.map((path): Look => ({ want, path, root: null }));
    return looks.length === 0 ? [] : call(core, "observe", { looks }).seen;
  };
}

/** Pids of the processes in a container. */
function memberPids(core: Core, { pid, masu }: ContainerRecord): number[] {
  const ask = asker(core);
  const { directories } = masu.cgroups;
  const cgroup = directories.unified ?? directories.pids ?? Object.values(directories)[0];
  const found = cgroup === undefined ? [] : cgroupMembers(core, cgroup).filter((pid) => pid > 0);
  return found.length > 0 ? found : familyMembers(ask, pid, masu.exec.namespaces.includes("pid"));
}

/** Without cgroups: those of its pid namespace, and whoever descends from its first process. */
function familyMembers(ask: Ask, first: number, ownNamespace: boolean): number[] {
  const all = (ask("list", ["/proc"])[0]?.entries ?? []).map(({ name }) => name).filter((name) => /^\d+$/.test(name));
  const stats = ask("text", all.map((pid) => `/proc/${pid}/stat`));
  const namespaces = ownNamespace ? ask("link", all.map((pid) => `/proc/${pid}/ns/pid`)) : [];
  const own = namespaces[all.indexOf(`${first}`)]?.text ?? undefined;
  const members = new Set([first]);
  const children = new Map<number, number[]>();
  all.forEach((name, index) => {
    const pid = Number(name);
    if (own !== undefined && namespaces[index]?.text === own) members.add(pid);
    const parent = parentOf(stats[index]?.text ?? "");
    children.set(parent, [...children.get(parent) ?? [], pid]);
  });
  // What is added while it is walked is walked too.
  for (const pid of members) for (const child of children.get(pid) ?? []) members.add(child);
  return [...members].sort((one, other) => one - other);
}

function parentOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

interface Reading {
  readonly first: number;
  readonly before: CpuTimes | undefined;
}

const HOST_FILES = ["/proc/uptime", "/proc/stat", "/proc/meminfo", "/etc/passwd"] as const;

function readProcesses(
  core: Core,
  pids: readonly number[],
  { first, before }: Reading,
): { processes: ListedProcess[]; times: CpuTimes } {
  const paths = [first, ...pids].flatMap((pid) => PROCESS_FILES.map((name) => `/proc/${pid}/${name}`));
  const seen = asker(core)("text", [...HOST_FILES, ...paths]);
  const texts = seen.map(({ text }) => text);
  const [uptime, stat, meminfo, passwd] = texts.map((text) => text ?? "");
  const clock: HostClock = {
    uptimeSeconds: Number((uptime ?? "").split(" ")[0]),
    bootSeconds: Number(/^btime (\d+)$/m.exec(stat ?? "")?.[1]),
    memoryBytes: Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo ?? "")?.[1]) * 1024,
    users: usersOf(passwd ?? ""),
  };
  const files = [first, ...pids].map((pid, index): ProcessFiles => {
    const [stat = null, status = null, commandLine = null] = texts.slice(HOST_FILES.length + index * 3);
    return { pid, stat, status, commandLine };
  });
  const [firstFiles, ...rest] = files;
  const depth = namespaceDepth(firstFiles?.status ?? "");
  const processes = rest.flatMap((file) => parseProcess(file, { clock, depth, before }) ?? []);
  const ticks = new Map(processes.map(({ pid, startTicks, cpuSeconds }) => [`${pid} ${startTicks}`, cpuSeconds]));
  return { processes, times: { uptimeSeconds: clock.uptimeSeconds, cpuSeconds: ticks } };
}

const PROCESS_FILES = ["stat", "status", "cmdline"] as const;

/** How many pid namespaces lie between this one and the container's. proc_pid_status(5), NSpid */
function namespaceDepth(status: string): number {
  return (/^NSpid:\s+(.*)$/m.exec(status)?.[1] ?? "").split(/\s+/).length - 1;
}

function usersOf(passwd: string): ReadonlyMap<number, string> {
  const lines = passwd.split("\n").map((line) => line.split(":"));
  return new Map(
    lines.flatMap(([name, , uid]) => name === undefined || uid === undefined ? [] : [[Number(uid), name]]),
  );
}
