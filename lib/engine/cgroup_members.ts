/**
 * The processes of a control group and of all below it.
 *
 * Source: cgroup-v2.rst, "Threads"; proc_pid_status(5).
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Look } from "../core/wire.ts";

/** errno(3) of reading `cgroup.procs` of a threaded group, which tells of threads alone. */
const EOPNOTSUPP = 95;

/** Pids, in order; 0: a process that this pid namespace does not see. What is gone meanwhile is left out. */
export function cgroupMembers(core: Core, top: string): number[] {
  const pids = new Set<number>();
  const threaded: string[] = [];
  for (let level: readonly string[] = [top]; level.length > 0;) {
    const looks = level.flatMap((path) => [text(`${path}/cgroup.procs`), { path, root: null, want: "list" } as const]);
    const { seen } = call(core, "observe", { looks });
    level = level.flatMap((path, index) => {
      const [procs, list] = seen.slice(2 * index);
      if (procs?.errno === EOPNOTSUPP) threaded.push(path);
      for (const pid of numbers(procs?.text)) pids.add(pid);
      const below = (list?.entries ?? []).filter(({ kind }) => kind === "directory");
      return below.map(({ name }) => `${path}/${name}`);
    });
  }
  for (const pid of threaded.length === 0 ? [] : processesOfThreads(core, threaded)) pids.add(pid);
  return [...pids].sort((one, other) => one - other);
}

function processesOfThreads(core: Core, groups: readonly string[]): number[] {
  const lists = call(core, "observe", { looks: groups.map((path) => text(`${path}/cgroup.threads`)) }).seen;
  const threads = lists.flatMap((list) => numbers(list.text));
  const { seen } = call(core, "observe", { looks: threads.map((thread) => text(`/proc/${thread}/status`)) });
  return seen.flatMap((status) => numbers(/^Tgid:\s*(\d+)$/m.exec(status.text ?? "")?.[1]));
}

/** The numbers of a file with one a line. */
export function numbers(text: string | null | undefined): number[] {
  return (text ?? "").split("\n").filter((line) => /^\d+$/.test(line)).map(Number);
}

function text(path: string): Look {
  return { path, root: null, want: "text" };
}
