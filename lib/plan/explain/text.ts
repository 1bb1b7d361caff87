/**
 * `--explain=text`: a plan for a person, each kernel step in order.
 *
 * @module
 */
import type { CloneStep, Namespace, Plan } from "../../core/wire.ts";
import { hostWords, stageWords, type Words } from "./words.ts";

/** What each group of a plan is about. */
const TITLES = {
  create: "create: on the host, once",
  before: "before: on the host, at each start",
  clone: "clone: the container's first process",
  network: "network: inside, its links",
  inside: "inside: its cgroups, names and mounts",
  created: "created: on the host, when all is mounted",
  exec: "exec: what it is and runs",
  started: "started: on the host, once the program runs",
  afterwards: "afterwards: on the host, when it has ended or anything failed",
  delete: "delete: on the host, when it is deleted",
} as const;

/** The column in which the system calls stand, unless a text is longer. */
const CALL_COLUMN = 84;

/**
 * Prints a plan as numbered lines by group. The numbers are the places that an error message names.
 *
 * Blanks must be filled in already.
 */
export function explainText(plan: Plan): string {
  const lines: string[] = ["facts: what was read of this host"];
  for (const fact of plan.facts) lines.push(`      ${fact.name}: ${fact.value}`);
  section(lines, TITLES.create, plan.create.map(hostWords));
  section(lines, TITLES.before, plan.before.map(hostWords));
  section(lines, TITLES.clone, cloneWords(plan.clone));
  section(lines, TITLES.network, plan.network.map(stageWords));
  section(lines, TITLES.inside, plan.inside.map(stageWords));
  section(lines, TITLES.created, plan.created.map(hostWords));
  section(lines, TITLES.exec, plan.exec.map(stageWords));
  section(lines, TITLES.started, plan.started.map(hostWords));
  section(lines, TITLES.afterwards, plan.afterwards.map(hostWords));
  section(lines, TITLES.delete, plan.delete.map(hostWords));
  return lines.join("\n") + "\n";
}

function section(lines: string[], title: string, steps: readonly Words[]): void {
  if (steps.length === 0) return;
  lines.push("", title);
  steps.forEach(({ text, call }, index) => {
    lines.push(`${String(index).padStart(4)}  ${text.padEnd(CALL_COLUMN - 6)}  ${call}`);
  });
}

/** The clone as lines: what the kernel makes, joins and maps, then what is written down. */
function cloneWords(clone: CloneStep): Words[] {
  const words: Words[] = [{ text: `Start a process in ${namespaceWords(clone.namespaces)}`, call: "clone3(2)" }];
  if (clone.cgroup !== null) {
    words.push({ text: `Start it in the cgroup ${JSON.stringify(clone.cgroup)}`, call: "clone3(2) CLONE_INTO_CGROUP" });
  }
  for (const { namespace, path } of clone.join) {
    words.push({ text: `Enter the ${namespace} namespace ${JSON.stringify(path)}`, call: "setns(2)" });
  }
  if (clone.enter !== undefined) {
    const { pid, namespaces, cgroupTasks } = clone.enter;
    const cgroups = cgroupTasks.length === 0 ? "" : ` and its ${cgroupTasks.length} v1 cgroups`;
    words.push({ text: `Enter ${namespaceList(namespaces)} of process ${pid}${cgroups}`, call: "setns(2) of a pidfd" });
  }
  if (clone.user !== null) {
    const { uidMappings, gidMappings, tools, denySetgroups } = clone.user;
    if (denySetgroups) words.push({ text: "Give up setgroups(2) there", call: "write(2) setgroups" });
    const call = (file: string, tool: string | undefined) => tool ?? `write(2) ${file}`;
    words.push({ text: `Map user ids ${mapWords(uidMappings)}`, call: call("uid_map", tools?.newuidmap) });
    words.push({ text: `Map group ids ${mapWords(gidMappings)}`, call: call("gid_map", tools?.newgidmap) });
  }
  for (const { clock, seconds, nanoseconds } of clone.timeOffsets) {
    words.push({ text: `Shift its ${clock} clock by ${seconds} s ${nanoseconds} ns`, call: "write(2) timens_offsets" });
  }
  return [...words, ...clone.record.map(hostWords), ...partWords(clone)];
}

/** What a program without a container has besides. */
function partWords({ part }: CloneStep): Words[] {
  if (part === undefined) return [];
  const { keep, root, directory } = part;
  const place = (what: string, path: string | null, call: string): Words[] =>
    path === null ? [] : [{ text: `Have ${what} ${JSON.stringify(path)} of the caller's namespaces`, call }];
  return [
    ...place("the root", root, "chroot(2)"),
    ...place("the directory", directory, "fchdir(2)"),
    ...keep.map(({ namespace, path }): Words => ({
      text: `Keep the ${namespace} namespace at ${JSON.stringify(path)}`,
      call: "mount(2) MS_BIND",
    })),
  ];
}

function namespaceWords(namespaces: readonly Namespace[]): string {
  if (namespaces.length === 0) return "the namespaces of the host";
  return `${namespaces.length === 1 ? "a new" : "new"} ${namespaceList(namespaces)}`;
}

function namespaceList(namespaces: readonly Namespace[]): string {
  return `${namespaces.join(", ")} ${namespaces.length === 1 ? "namespace" : "namespaces"}`;
}

function mapWords(maps: readonly { containerID: number; hostID: number; size: number }[]): string {
  return maps.map(({ containerID, hostID, size }) =>
    size === 1
      ? `${containerID} to ${hostID}`
      : `${containerID}-${containerID + size - 1} to ${hostID}-${hostID + size - 1}`
  ).join(", ");
}
