/**
 * The kernel's parts on their own: a program under limits, in namespaces, with capabilities, against the tools that do one of these;
 * what it costs to join control groups after idleness.
 *
 * @module
 */
import { MasuError } from "../lib/error.ts";
import * as capabilities from "../lib/container/capabilities.ts";
import * as cgroups from "../lib/container/cgroups.ts";
import * as namespaces from "../lib/container/namespaces.ts";
import type { Bench } from "./main.ts";
import { isInstalled, must } from "./peers.ts";
import { interleave, type Variant } from "./processes.ts";
import { median, milliseconds, type Series, table } from "./table.ts";

/** A group of the bench's own in these v1 hierarchies; it is removed at the end. */
const GROUP = "masu-bench";
const CONTROLLERS = ["cpu", "memory", "pids"];

/** Measures everything; returns tables. */
export async function measureParts(bench: Bench): Promise<string[]> {
  const create = [bench.masu, "cgroup", "create", "--controllers", CONTROLLERS.join(","), GROUP];
  must(create);
  try {
    const variants = partVariants(bench);
    return [
      partTable("in a loop", await interleave(`${bench.scratch}/once`, variants, bench.rounds * 2, 0)),
      partTable("after 100 ms of idleness", await interleave(`${bench.scratch}/once`, variants, bench.rounds, 100)),
      await statsTable(bench),
      await libraryTable(bench),
      await joiningTable(bench),
    ];
  } finally {
    must([bench.masu, "cgroup", "delete", "--controllers", CONTROLLERS.join(","), GROUP]);
  }
}

/** Each of masu's, then the tool that does the same. */
function partVariants({ masu, empty }: Bench): Variant[] {
  const all: Variant[] = [
    { name: "empty compiled program", command: [empty] },
    { name: "true", command: ["true"] },
    {
      name: "masu cgroup run",
      command: [masu, "cgroup", "run", "--controllers", CONTROLLERS.join(","), "--group", GROUP, "true"],
    },
    { name: "cgexec", command: ["cgexec", "-g", `${CONTROLLERS.join(",")}:${GROUP}`, "true"] },
    { name: "masu ns run --uts --ipc --mount", command: [masu, "ns", "run", "--uts", "--ipc", "--mount", "true"] },
    { name: "unshare --uts --ipc --mount", command: ["unshare", "--uts", "--ipc", "--mount", "true"] },
    { name: "masu ns run --pid --mount-proc", command: [masu, "ns", "run", "--pid", "--mount-proc", "true"] },
    { name: "unshare --pid --fork --mount-proc", command: ["unshare", "--pid", "--fork", "--mount-proc", "true"] },
    { name: "masu cap run", command: [masu, "cap", "run", "--bounding", "chown", "true"] },
    { name: "setpriv", command: ["setpriv", "--bounding-set", "-all,+chown", "true"] },
  ];
  return all.filter(({ command: [program = ""] }) => program.startsWith("/") || isInstalled(program));
}

/** masu's rows are net of an empty compiled program: what V8 needs to begin is not the part's. */
function partTable(title: string, series: readonly Series[]): string {
  const base = series.find(({ name }) => name.startsWith("empty"));
  const rows = series.map(({ name, values }) => {
    const net = name.startsWith("masu") ? values.map((value, index) => value - (base?.values[index] ?? 0)) : values;
    return [name, milliseconds(median(values)), milliseconds(median(net))];
  });
  const head = ["", "median ms", "without an empty program's, ms"];
  return table(`A program in parts, ${title}`, head, rows);
}

/** `masu cgroup stats` of 200 groups. */
async function statsTable({ scratch, masu, empty, rounds }: Bench): Promise<string> {
  const groups = Array.from({ length: 200 }, (_, index) => `${GROUP}/${index}`);
  const where = ["--controllers", CONTROLLERS.join(",")];
  must([masu, "cgroup", "create", ...where, ...groups]);
  try {
    const variants: Variant[] = [
      { name: "empty compiled program", command: [empty] },
      { name: "masu cgroup stats --json, of 1", command: [masu, "cgroup", "stats", "--json", GROUP] },
      { name: "masu cgroup stats --json, of 200", command: [masu, "cgroup", "stats", "--json", ...groups] },
    ];
    const series = await interleave(`${scratch}/once`, variants, Math.ceil(rounds / 3), 0);
    return table(
      "Figures of control groups",
      ["", "median ms"],
      series.map(({ name, values }) => [
        name,
        milliseconds(median(values)),
      ]),
    );
  } finally {
    must([masu, "cgroup", "delete", ...where, ...groups]);
  }
}

/** The same by the library: a program that stays does not start V8 for each. */
async function libraryTable({ rounds }: Bench): Promise<string> {
  const groups = Array.from({ length: 200 }, (_, index) => `${GROUP}/${index}`);
  for (const group of groups) await cgroups.create(group, { controllers: CONTROLLERS });
  try {
    const calls: (readonly [name: string, call: () => Promise<unknown>])[] = [
      ["cgroups.run in a group", () => cgroups.run(["true"], { group: GROUP, controllers: CONTROLLERS })],
      ["cgroups.run with limits, in a new group", () => cgroups.run(["true"], { memory: "30M", pids: 50 })],
      ["namespaces.run, uts ipc mount", () => namespaces.run(["true"], { namespaces: ["uts", "ipc", "mount"] })],
      ["namespaces.run, pid", () => namespaces.run(["true"], { namespaces: ["pid"] })],
      ["capabilities.run", () => capabilities.run(["true"], { bounding: ["CAP_CHOWN"] })],
      ["cgroups.set", () => cgroups.set(GROUP, { pids: 50 })],
      ["cgroups.get", () => cgroups.get(GROUP, ["pids"])],
      ["cgroups.stats of 200 groups", () => cgroups.stats(groups, { controllers: CONTROLLERS })],
    ];
    return await timedTable("The library, a call", calls, rounds, 0);
  } finally {
    for (const group of groups) await cgroups.delete(group, { controllers: CONTROLLERS });
  }
}

/** What it costs to join after 100 ms of idleness: in no hierarchy, in all of v1, and in v2's. */
async function joiningTable({ rounds }: Bench): Promise<string> {
  const made = [`${GROUP}-all`, `${GROUP}-unified`] as const;
  const [all, unified] = made;
  await cgroups.create(all);
  const mounted = await hasUnified(unified);
  try {
    const calls: (readonly [name: string, call: () => Promise<unknown>])[] = [
      ["a program in no group of its own", () => namespaces.run(["true"], { namespaces: ["uts"] })],
      ["in a group of every hierarchy", () => cgroups.run(["true"], { group: all })],
    ];
    if (mounted) calls.push(["in a group of v2 alone", () => cgroups.run(["true"], { group: unified, ...UNIFIED })]);
    return await timedTable("Joining control groups, after 100 ms of idleness", calls, rounds, 100);
  } finally {
    await cgroups.delete(all);
    if (mounted) await cgroups.delete(unified, UNIFIED);
  }
}

const UNIFIED = { hierarchies: ["unified"] };

async function hasUnified(group: string): Promise<boolean> {
  try {
    await cgroups.create(group, UNIFIED);
    return true;
  } catch (error) {
    if (error instanceof MasuError) return false;
    throw error;
  }
}

/** Each call in turn, `rounds` times, after one that is not counted. */
async function timedTable(
  title: string,
  calls: readonly (readonly [name: string, call: () => Promise<unknown>])[],
  rounds: number,
  idle: number,
): Promise<string> {
  const times = calls.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, [, call]] of calls.entries()) {
      if (idle > 0) await new Promise((resolve) => setTimeout(resolve, idle));
      const begin = performance.now();
      await call();
      if (round >= 0) times[index]?.push((performance.now() - begin) * 1000);
    }
  }
  const rows = calls.map(([name], index) => [name, milliseconds(median(times[index] ?? []))]);
  return table(title, ["", "median ms"], rows);
}
