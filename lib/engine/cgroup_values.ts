/**
 * Values of a group: written, read back, and told as what they became.
 *
 * @module
 */
import { type Assignment, becameOf, hierarchiesWith, isReadBack, parseFileName } from "../cgroup/files.ts";
import type { HierarchyChoice } from "../cgroup/group.ts";
import type { CgroupLayout } from "../cgroup/layout.ts";
import { deviceSteps, type GroupPlace } from "../cgroup/parts.ts";
import { filesOfWord, PORTABLE_WORDS, portableValue } from "../cgroup/portable.ts";
import { resourceWrites } from "../cgroup/resources.ts";
import { notAmong } from "../config/mistake.ts";
import { MasuError } from "../error.ts";
import type { LinuxDeviceRule, LinuxResources } from "../spec/oci.ts";
import { ask, type CgroupHost, findGroup, performSteps, readTexts } from "./cgroup_host.ts";

/** What is to be set: portable resources, and files by the kernel's own names. */
export interface GroupValues {
  readonly resources?: LinuxResources;
  /** Devices that it is left with; absent: no change, empty: none. */
  readonly devices?: readonly LinuxDeviceRule[];
  readonly files?: readonly Assignment[];
}

/** One value that was written. */
export interface SetValue {
  readonly group: string;
  readonly hierarchy: string;
  readonly file: string;
  readonly written: string;
  /** What the kernel made of it; null: it does not tell. */
  readonly value: string | null;
  /** It is something else than what was written. */
  readonly changed: boolean;
}

/**
 * Sets values of a group that is there, in the order written, in each hierarchy that has the file.
 *
 * Errors: `not_found`; `kernel_lacks` no hierarchy has the file; what the kernel refuses, and then those before it are set.
 */
export function setGroup(host: CgroupHost, group: string, values: GroupValues, choice: HierarchyChoice): SetValue[] {
  return setValues(host, group, findGroup(host, group, choice), values);
}

/** The same, where its places are known. */
export function setValues(
  host: CgroupHost,
  group: string,
  places: readonly GroupPlace[],
  values: GroupValues,
): SetValue[] {
  const targets = assignmentsOf(host, values, group).flatMap((assignment) =>
    placesWith(host, group, places, assignment).map((place) => ({ assignment, place }))
  );
  const done: SetValue[] = [];
  while (targets.length > 0) {
    const at = nextWrite(host, targets.map(({ assignment, place }) => ({ ...assignment, ...place })));
    const [target] = targets.splice(at, 1);
    if (target !== undefined) done.push(setOne(host, group, target.place, target.assignment));
  }
  return values.devices === undefined ? done : [...done, ...restrictDevices(host, group, places, values.devices)];
}

function restrictDevices(
  { core }: CgroupHost,
  group: string,
  places: readonly GroupPlace[],
  devices: readonly LinuxDeviceRule[],
): SetValue[] {
  const steps = deviceSteps(places, devices);
  performSteps(core, steps);
  const v2 = places.find(({ hierarchy }) => hierarchy.version === 2)?.hierarchy.name ?? "";
  return steps.map((step) =>
    step.kind === "write_control"
      ? {
        group,
        hierarchy: "devices",
        file: step.path.slice(step.path.lastIndexOf("/") + 1),
        written: step.text,
        ...TOLD,
      }
      : { group, hierarchy: v2, file: "devices", written: `${devices.length} rules`, ...TOLD }
  );
}

/** The kernel does not tell them by the same names. */
const TOLD = { value: null, changed: false } as const;

/**
 * All assignments, the portable ones first. `group`: of which; none: of a new one.
 *
 * Errors: `kernel_lacks`, `denied` a resource that cannot be had.
 */
export function assignmentsOf(
  { layout }: CgroupHost,
  { resources = {}, files = [] }: GroupValues,
  group = "",
): Assignment[] {
  const { devices: _, ...others } = resources;
  const writes = resourceWrites(others, group.startsWith("/") ? asDelegated(layout) : layout);
  return [...writes.map(({ controller: _, by: __, ...assignment }) => assignment), ...files];
}

/** Where a user may make no groups, one may have been given: which files that has is seen there. */
function asDelegated(layout: CgroupLayout): CgroupLayout {
  const { v1, v2 } = layout;
  return {
    ...layout,
    v1: v1.map((one) => ({ ...one, base: one.base ?? one.own })),
    v2: v2 === null || v2.base !== null ? v2 : { ...v2, base: v2.own, controllers: V2_CONTROLLERS },
  };
}

/** cgroup-v2.rst, "Controllers". */
const V2_CONTROLLERS = ["cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc"];

/** Where a file of the group is. */
function placesWith(
  host: CgroupHost,
  group: string,
  places: readonly GroupPlace[],
  { file, optional }: Pick<Assignment, "file" | "optional">,
): GroupPlace[] {
  const owners = hierarchiesWith(file, places.map(({ hierarchy }) => hierarchy));
  const candidates = places.filter(({ hierarchy }) => owners.includes(hierarchy));
  const seen = ask(host.core, "stat", candidates.map(({ directory }) => `${directory}/${file}`));
  const there = candidates.filter((_, index) => seen[index]?.status != null);
  if (there.length > 0 || optional === true) return there;
  throw missingFile(host, group, candidates.length > 0 ? candidates : places, file);
}

/** Why a group has no such file. cgroup-v2.rst: the root group has no limits, and a controller must be enabled by the parent. */
function missingFile(host: CgroupHost, group: string, places: readonly GroupPlace[], file: string): MasuError {
  const [controller = ""] = file.split(".");
  const names = ask(host.core, "list", places.map(({ directory }) => directory))
    .flatMap(({ entries }) => (entries ?? []).filter(({ kind }) => kind === "file").map(({ name }) => name));
  const near = names.filter((name) => name.startsWith(`${controller}.`));
  const action = `Find file "${file}" of control group "${group}"`;
  if (near.length > 0) {
    const hint = notAmong("file", file, "", near).hint ??
      `masu cgroup get --all ${group} shows all files that it has`;
    return new MasuError("not_found", `${action}: the kernel has no such file there`, { hint });
  }
  return new MasuError("kernel_lacks", `${action}: no hierarchy that it is in has "${controller}" for it`, {
    hint:
      `make the group there: masu cgroup create --controllers ${controller} ${group}; on v2 the parent must enable it`,
  });
}

type Write = Assignment & GroupPlace;

/** memory.txt, 8: `memory.limit_in_bytes` may at no time be more than `memory.memsw.limit_in_bytes`, so the larger is raised first. */
function nextWrite({ core }: CgroupHost, writes: readonly Write[]): number {
  const [first] = writes;
  if (first?.file !== "memory.limit_in_bytes") return 0;
  const both = writes.findIndex(({ file, directory }) =>
    file === "memory.memsw.limit_in_bytes" && directory === first.directory
  );
  if (both < 0) return 0;
  const now = readTexts(core, [`${first.directory}/memory.memsw.limit_in_bytes`]);
  const limit = Number(now(`${first.directory}/memory.memsw.limit_in_bytes`) ?? 0);
  const isRaised = first.value === "-1" || Number(first.value) > limit;
  return isRaised ? both : 0;
}

function setOne(host: CgroupHost, group: string, place: GroupPlace, { file, value }: Assignment): SetValue {
  const { directory, hierarchy } = place;
  const path = `${directory}/${file}`;
  try {
    performSteps(host.core, [{ kind: "write_control", path, text: value === "" ? "\n" : value }]);
  } catch (error) {
    throw error instanceof MasuError ? refused(group, { file, value }, error) : error;
  }
  const read = isReadBack(file) ? readTexts(host.core, [path])(path) : null;
  const became = read === null ? null : becameOf({ file, value }, read);
  return {
    group,
    hierarchy: hierarchy.name,
    file,
    written: value,
    value: read === null ? null : read.trim(),
    changed: became !== null,
  };
}

/** errno(3) of a write to a control file, in words. */
const REFUSALS: Readonly<Record<number, readonly [name: string, cause: string, hint?: string]>> = {
  1: ["EPERM", "this user may not change it"],
  13: ["EACCES", "this user may not change it", "have root delegate the group: masu cgroup create --user NAME GROUP"],
  16: ["EBUSY", "it is in use as it is"],
  19: ["ENODEV", "there is no such device", "devices are named MAJOR:MINOR, as in lsblk(8)"],
  22: ["EINVAL", "the kernel does not take this value"],
  28: ["ENOSPC", "it would leave processes without CPUs or memory nodes"],
  34: ["ERANGE", "the value is out of range"],
  95: ["EOPNOTSUPP", "this group cannot do that", "in a threaded group only threaded controllers work"],
};

const ROOT_HINT = "a hierarchy's root has no limits: make a group below it";

function refused(group: string, { file, value }: Assignment, error: MasuError): MasuError {
  const known = REFUSALS[error.errno ?? 0];
  if (known === undefined) return error;
  const [name, cause, hint] = known;
  return new MasuError(
    error.code,
    `Set "${file}" of control group "${group}" to "${value}": ${cause} (${name} from ${error.call ?? "write"}(2))`,
    {
      call: error.call,
      errno: error.errno,
      cause: error,
      hint: (group === "/" ? ROOT_HINT : undefined) ?? hintFor(file, error.errno) ?? hint ?? error.hint,
    },
  );
}

function hintFor(file: string, errno: number | undefined): string | undefined {
  if (file === "net_prio.ifpriomap" && errno === 19) {
    return "it knows the devices of the initial network namespace only";
  }
  if (file === "cgroup.subtree_control" && errno === 16) {
    return "a v2 group with processes of its own can enable no controllers (no internal processes): move them into a group below it";
  }
  if (/^memory\..*(?:limit_in_bytes|max)$/.test(file) && errno === 16) {
    return "more than that is in use and cannot be given back: stop processes, or free swap";
  }
  if (file === "memory.memsw.limit_in_bytes" && errno === 22) {
    return "it is memory and swap together: at least memory's";
  }
  if (file === "memory.limit_in_bytes" && errno === 22) {
    return "it is at most memory.memsw.limit_in_bytes: raise that first";
  }
  if (file.startsWith("cpu.cfs_") && errno === 22) {
    return "quota and period are microseconds, the period 1000 to 1000000, and no group has more than its parent";
  }
  if (/^cpuset\./.test(file) && errno === 22) {
    return "the parent's cpuset must have them: masu cgroup get --all of the parent";
  }
  if (/^cpuset\./.test(file) && errno === 13) return "the parent's cpuset has none of them";
  return undefined;
}

/** What is wanted of a group. */
export interface WantedValues {
  /** Portable words and files; none: every portable word that can be had. */
  readonly names: readonly string[];
  /** Every file instead. */
  readonly all: boolean;
}

/** One value. */
export interface GotValue {
  readonly group: string;
  readonly hierarchy: string;
  /** Portable word, or file. */
  readonly name: string;
  readonly value: string;
}

/** Reads values. Errors: `not_found` the group, or a file that was named; `invalid_config` no such word. */
export function getGroup(
  host: CgroupHost,
  group: string,
  { names, all }: WantedValues,
  choice: HierarchyChoice,
): GotValue[] {
  const places = findGroup(host, group, choice);
  if (all) return places.flatMap((place) => everyFile(host, group, place));
  if (names.length === 0) return PORTABLE_WORDS.flatMap((word) => portable(host, group, places, word));
  return names.flatMap((name) => {
    if (!PORTABLE_WORDS.includes(name)) return oneFile(host, group, places, name);
    const found = portable(host, group, places, name);
    if (found.length === 0) {
      throw new MasuError(
        "kernel_lacks",
        `Read "${name}" of control group "${group}": no hierarchy that it is in has it`,
      );
    }
    return found;
  });
}

function portable(host: CgroupHost, group: string, places: readonly GroupPlace[], word: string): GotValue[] {
  return places.flatMap(({ directory, hierarchy }) => {
    const files = filesOfWord(word, hierarchy.version).map((file) => `${directory}/${file}`);
    const read = readTexts(host.core, files);
    const value = files.length === 0
      ? null
      : portableValue(word, hierarchy.version, (file) => read(`${directory}/${file}`));
    return value === null ? [] : [{ group, hierarchy: hierarchy.name, name: word, value }];
  });
}

function oneFile(host: CgroupHost, group: string, places: readonly GroupPlace[], name: string): GotValue[] {
  if (!name.includes(".") && name !== "tasks" && name !== "notify_on_release" && name !== "release_agent") {
    throw notAmong("name", name, "no portable word, and no control file", PORTABLE_WORDS);
  }
  const file = parseFileName(name);
  return placesWith(host, group, places, { file }).map(({ directory, hierarchy }) => {
    const [seen] = ask(host.core, "text", [`${directory}/${file}`]);
    if (seen?.text != null) return { group, hierarchy: hierarchy.name, name: file, value: seen.text.trim() };
    throw new MasuError(
      seen?.errno === 13 || seen?.errno === 1 ? "denied" : "failed",
      `Read "${file}" of control group "${group}": it can only be written, or not by this user`,
      { call: "read", errno: seen?.errno ?? undefined },
    );
  });
}

/** Those that can be read. */
function everyFile(host: CgroupHost, group: string, { directory, hierarchy }: GroupPlace): GotValue[] {
  const [listed] = ask(host.core, "list", [directory]);
  const files = (listed?.entries ?? []).filter(({ kind }) => kind === "file").map(({ name }) => name);
  const read = readTexts(host.core, files.map((name) => `${directory}/${name}`));
  return files.flatMap((name) => {
    const value = read(`${directory}/${name}`);
    return value === null ? [] : [{ group, hierarchy: hierarchy.name, name, value: value.trimEnd() }];
  });
}
