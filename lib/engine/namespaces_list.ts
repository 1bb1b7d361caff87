/**
 * The namespaces of this host, as far as this user may see them: those with processes, and those that are bound on a file.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerView, Look, Seen, Store, Want } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { parseMounts, visibleMounts } from "../host/mounts.ts";
import { userByID } from "../host/process.ts";
import { parseNamespaceLink } from "../host/namespace_files.ts";
import { viewContainers } from "./lifecycle.ts";

/** lsns(8)'s words for the kinds, in its order. */
export const NAMESPACE_TYPES = ["time", "cgroup", "pid", "user", "uts", "ipc", "net", "mnt"] as const;

/** One of them. */
export type NamespaceType = typeof NAMESPACE_TYPES[number];

/** One namespace. */
export interface ListedNamespace {
  /** Its number, as in `/proc/PID/ns`: the inode of its file. */
  readonly namespace: number;
  readonly type: NamespaceType;
  /** How many processes are in it, of those that can be seen. */
  readonly processes: number;
  /** The lowest of their pids; null: none. */
  readonly pid: number | null;
  /** That process's user. */
  readonly user: string | null;
  /** That process's command line. */
  readonly command: string | null;
  /** masu's containers that have it and whose it is not the caller's: names, or IDs where there is no name. */
  readonly containers: readonly string[];
  /** Files on which it is bound. */
  readonly files: readonly string[];
}

/** Which are wanted. */
export interface NamespaceFilter {
  readonly types: readonly NamespaceType[];
  /** Only those of this process. */
  readonly task?: number;
}

type Ask = (want: Want, paths: readonly string[]) => readonly Seen[];

/** Lists them, by number. Errors: `not_found` no such process. */
export function listNamespaces(core: Core, store: Store, { types, task }: NamespaceFilter): ListedNamespace[] {
  const ask: Ask = (want, paths) => {
    const looks = paths.map((path): Look => ({ want, path, root: null }));
    return looks.length === 0 ? [] : call(core, "observe", { looks }).seen;
  };
  const [proc, mountinfo] = [ask("list", ["/proc"]), ask("text", ["/proc/self/mountinfo"])];
  const pids = (proc[0]?.entries ?? []).map(({ name }) => name).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = new Map<number, Found>();
  addProcesses(found, pids.sort((one, other) => one - other), ask);
  addKept(found, mountinfo[0]?.text ?? "");
  addContainers(found, viewContainers(core, store), ask);
  const own = task === undefined ? undefined : namespacesOf(task, found, ask);
  const listed = [...found.values()].filter(({ type, namespace }) =>
    (types.length === 0 || types.includes(type)) && (own === undefined || own.has(namespace))
  );
  return described(listed, ask).sort((one, other) => one.namespace - other.namespace);
}

interface Found {
  readonly namespace: number;
  readonly type: NamespaceType;
  processes: number;
  pid: number | null;
  readonly containers: Set<string>;
  readonly files: Set<string>;
}

function find(found: Map<number, Found>, link: string | null | undefined): Found | undefined {
  const parsed = parseNamespaceLink(link ?? "");
  const type = NAMESPACE_TYPES.find((type) => type === parsed?.type);
  if (parsed === null || type === undefined) return undefined;
  const known = found.get(parsed.inode);
  if (known !== undefined) return known;
  const fresh: Found = {
    namespace: parsed.inode,
    type,
    processes: 0,
    pid: null,
    containers: new Set(),
    files: new Set(),
  };
  found.set(parsed.inode, fresh);
  return fresh;
}

function links(pids: readonly number[]): string[] {
  return pids.flatMap((pid) => NAMESPACE_TYPES.map((type) => `/proc/${pid}/ns/${type}`));
}

/** `pids` from the lowest on. */
function addProcesses(found: Map<number, Found>, pids: readonly number[], ask: Ask): void {
  ask("link", links(pids)).forEach(({ text }, index) => {
    const namespace = find(found, text);
    if (namespace === undefined) return;
    namespace.processes += 1;
    namespace.pid ??= pids[Math.floor(index / NAMESPACE_TYPES.length)] ?? null;
  });
}

/** Bound on a file: a mount of nsfs, whose root is what the link of a process would say. */
function addKept(found: Map<number, Found>, mountinfo: string): void {
  for (const { type, root, mountPoint } of visibleMounts(parseMounts(mountinfo))) {
    if (type === "nsfs") find(found, root)?.files.add(mountPoint);
  }
}

/** What masu itself is in belongs to no container. */
function addContainers(found: Map<number, Found>, views: readonly ContainerView[], ask: Ask): void {
  const running = views.flatMap(({ id, name, record }) =>
    record === null ? [] : [{ word: name ?? id, pid: record.pid }]
  );
  const own = new Set(ask("link", NAMESPACE_TYPES.map((type) => `/proc/self/ns/${type}`)).map(({ text }) => text));
  const seen = ask("link", links(running.map(({ pid }) => pid)));
  seen.forEach(({ text }, index) => {
    const container = running[Math.floor(index / NAMESPACE_TYPES.length)];
    if (container !== undefined && !own.has(text)) find(found, text)?.containers.add(container.word);
  });
}

function namespacesOf(task: number, found: Map<number, Found>, ask: Ask): Set<number> {
  const seen = ask("link", links([task]));
  const [first] = seen;
  if (seen.every(({ text }) => text === null)) {
    const denied = first?.errno === 13;
    throw new MasuError(
      denied ? "denied" : "not_found",
      `Read the namespaces of process ${task}: ${denied ? "they belong to another user" : "there is no such process"}`,
    );
  }
  return new Set(seen.flatMap(({ text }) => find(found, text)?.namespace ?? []));
}

/** With what is known of the lowest process of each. */
function described(listed: readonly Found[], ask: Ask): ListedNamespace[] {
  const pids = [...new Set(listed.flatMap(({ pid }) => pid ?? []))];
  const texts = ask("text", ["/etc/passwd", ...pids.flatMap((pid) => [`/proc/${pid}/status`, `/proc/${pid}/cmdline`])]);
  const [passwd, ...rest] = texts.map(({ text }) => text ?? "");
  const known = new Map(pids.map((pid, index) => {
    const [status = "", line = ""] = rest.slice(index * 2);
    return [pid, { user: userOf(status, passwd ?? ""), command: commandOf(status, line) }];
  }));
  return listed.map(({ namespace, type, processes, pid, containers, files }) => {
    const process = pid === null ? undefined : known.get(pid);
    return {
      namespace,
      type,
      processes,
      pid,
      user: process?.user ?? null,
      command: process?.command ?? null,
      containers: [...containers],
      files: [...files],
    };
  });
}

/** proc_pid_status(5): real, effective, saved and file system uid. */
function userOf(status: string, passwd: string): string | null {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
  return uid === undefined ? null : userByID(passwd, Number(uid))?.name ?? uid;
}

/** The command line; of a kernel thread its name in brackets. */
function commandOf(status: string, line: string): string | null {
  const words = line.replace(/\0$/, "").replaceAll("\0", " ");
  if (words !== "") return words;
  const name = /^Name:\s+(.*)$/m.exec(status)?.[1];
  return name === undefined ? null : `[${name}]`;
}
