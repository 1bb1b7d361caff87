/**
 * `masu ns enter`: a program in the namespaces of a process, a container, or of files.
 *
 * @module
 */
import type { EnterConfig } from "../config/namespaces_enter.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { JoinTarget, Look, Plan, Seen, Store, Want } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { parseMounts } from "../host/mounts.ts";
import { NAMESPACE_FILES, parseNamespaceLink } from "../host/namespace_files.ts";
import { enterPlan } from "../plan/part_enter.ts";
import { runPart } from "./become.ts";
import { viewContainers } from "./lifecycle.ts";
import { explainPart, type PartExplanation } from "./part_explain.ts";
import { partFacts } from "./part_facts.ts";

/** One program in namespaces that are there. */
export interface EnterRequest {
  readonly config: EnterConfig;
  /** Where containers are; asked for only when one is named. */
  readonly store: () => Store;
  /** The program's, `NAME=value` each. */
  readonly environment: readonly string[];
}

type Ask = (want: Want, paths: readonly string[]) => readonly Seen[];

function asker(core: Core): Ask {
  return (want, paths) => {
    const looks = paths.map((path): Look => ({ want, path, root: null }));
    return looks.length === 0 ? [] : call(core, "observe", { looks }).seen;
  };
}

/** Reads the host and makes the plan; changes nothing. Errors: what was asked for cannot be had here. */
export function prepareEnter(core: Core, { config, store, environment }: EnterRequest): Plan {
  const ask = asker(core);
  const target = targetOf(core, config, store);
  const variables = target !== null && config.targetEnvironment ? environmentOf(target, ask) : environment;
  const facts = partFacts(core, { paths: [], destinations: [], rootfs: null, environment: variables });
  return enterPlan(config, {
    ...facts,
    target,
    own: linksOf("self", ask),
    links: target === null ? {} : linksOf(`${target.pid}`, ask),
    files: fileKinds([...config.files.map(({ path }) => path), ...config.unnamed], ask),
    targetDenies: target === null ? null : deniesSetgroups(target, ask),
  });
}

/**
 * Runs the program: this process becomes it, or its monitor where it needs a process of its own, so this returns only by throwing.
 *
 * Errors: see {@link prepareEnter}; `program_not_found`, `program_not_executable`; the step that failed.
 */
export function enterNamespaces(core: Core, request: EnterRequest): never {
  return runPart(core, prepareEnter(core, request), request.config.arguments);
}

/** Prints the plan, which touches nothing. Errors: see {@link prepareEnter}. */
export function explainEnter(core: Core, request: EnterRequest, explanation: Omit<PartExplanation, "program">): string {
  return explainPart(prepareEnter(core, request), { ...explanation, program: request.config.arguments });
}

/** Whether a path is a namespace's file, so that it is no program. */
export function isNamespaceFile(core: Core, path: string): boolean {
  const [seen] = asker(core)("file_system", [path]);
  return seen?.magic === NSFS_MAGIC;
}

/** statfs(2): NSFS_MAGIC of linux/magic.h. */
const NSFS_MAGIC = 0x6e73_6673;

function targetOf(core: Core, { target }: EnterConfig, store: () => Store): JoinTarget | null {
  if (target === undefined) return null;
  if (target.kind === "process") return { pid: target.pid, start: startOf(target.pid, asker(core)) };
  const [view] = viewContainers(core, store(), [target.word]);
  if (view?.record == null) {
    throw new MasuError("failed", `Enter the namespaces of container "${target.word}": it is not running`, {
      hint: "masu list shows the containers that run",
    });
  }
  return { pid: view.record.pid, start: view.record.masu.start };
}

/** proc_pid_stat(5): the name in parentheses may hold blanks; field 22 is the 20th after it. */
function startOf(pid: number, ask: Ask): number {
  const stat = ask("text", [`/proc/${pid}/stat`])[0]?.text;
  if (stat == null) {
    throw new MasuError("not_found", `Enter the namespaces of process ${pid}: there is no such process`);
  }
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

function linksOf(process: string, ask: Ask): Record<string, string | null> {
  const names = Object.values(NAMESPACE_FILES);
  const seen = ask("link", names.map((name) => `/proc/${process}/ns/${name}`));
  return Object.fromEntries(names.map((name, index) => [name, seen[index]?.text ?? null]));
}

/** By the link itself, or by a mount of nsfs with the file's number. */
function fileKinds(paths: readonly string[], ask: Ask): Record<string, string | null> {
  if (paths.length === 0) return {};
  const [systems, links, statuses] = [ask("file_system", paths), ask("link", paths), ask("stat", paths)];
  const mounts = parseMounts(ask("text", ["/proc/self/mountinfo"])[0]?.text ?? "");
  const roots = mounts.flatMap(({ type, root }) => type === "nsfs" ? [root] : []);
  return Object.fromEntries(paths.map((path, index) => {
    const status = statuses[index]?.status;
    if (status == null) {
      throw new MasuError("not_found", `Enter the namespace "${path}": there is no such file`);
    }
    if (systems[index]?.magic !== NSFS_MAGIC) {
      throw new MasuError("invalid_config", `Enter the namespace "${path}": it is no namespace`, {
        hint: "masu ns list shows on which files namespaces are kept",
      });
    }
    const link = links[index]?.text ?? "";
    const kind = parseNamespaceLink(link) === null
      ? roots.find((root) => parseNamespaceLink(root)?.inode === status.inode)
      : link;
    return [path, kind ?? null];
  }));
}

function deniesSetgroups({ pid }: JoinTarget, ask: Ask): boolean | null {
  const text = ask("text", [`/proc/${pid}/setgroups`])[0]?.text;
  return text == null ? null : text.trim() === "deny";
}

/** proc_pid_environ(5). */
function environmentOf({ pid }: JoinTarget, ask: Ask): string[] {
  const text = ask("text", [`/proc/${pid}/environ`])[0]?.text;
  if (text == null) throw new MasuError("denied", `Read the environment of process ${pid}: it cannot be seen`);
  return text.split("\0").filter((line) => line.includes("="));
}
