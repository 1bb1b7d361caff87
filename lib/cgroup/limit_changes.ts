/**
 * Changed limits of a container that is there, as steps. Pure.
 *
 * @module
 */
import type { HostStep, RecordCgroups, UnitRecord } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import type { CgroupLayout } from "./layout.ts";
import { changedResources, mergedResources } from "./merged_resources.ts";
import { writeControl } from "./parts.ts";
import { type ControlWrite, resourceWrites } from "./resources.ts";
import { settledResources } from "./settled_resources.ts";
import type { ReadText } from "./stats.ts";
import { unitChanges } from "./systemd.ts";

type Directories = RecordCgroups["directories"];

/** What is changed, and of which container. */
export interface ChangedLimits {
  readonly directories: Directories;
  /** systemd's unit that holds its cgroup. */
  readonly unit: UnitRecord | null;
  /** What was asked for before. */
  readonly before: LinuxResources;
  readonly changed: LinuxResources;
}

const MEMSW = "memory.memsw.limit_in_bytes";

/** Files that {@link limitChanges} wants to know. */
export function limitChangePaths({ memory, unified }: Directories): string[] {
  return [
    ...(memory === undefined ? [] : [`${memory}/${MEMSW}`, `${memory}/memory.usage_in_bytes`]),
    ...(unified === undefined ? [] : [`${unified}/cgroup.controllers`, `${unified}/memory.current`]),
  ];
}

/** The steps. Errors: see `resourceWrites`; `invalid_config` less memory than is used, where that was to be checked. */
export function limitChanges(
  { directories, unit, before, changed }: ChangedLimits,
  host: CgroupLayout,
  read: ReadText,
): HostStep[] {
  const layout = ownLayout(host, directories, read);
  const merged = mergedResources(before, changed, layout.swapAccounting);
  checkMemory(changed, directories, read);
  const { devices: _, ...limits } = merged;
  const asked = resourceWrites(changedResources(changed, layout.swapAccounting), layout, "field");
  const writes = resourceWrites(settledForWriting(limits, changed), layout, "field");
  const old = new Map(resourceWrites(settledResources(before), layout, "field").map((write) => [keyOf(write), write]));
  const needed = writes.filter((write) =>
    asked.some((one) => keyOf(one) === keyOf(write)) || old.get(keyOf(write))?.value !== write.value
  );
  const steps = needed.map(({ controller, file, value, optional }) => {
    const directory = directories[controller] ?? directories.unified ?? "";
    return writeControl(`${directory}/${file}`, value, optional);
  });
  const { memory = "" } = directories;
  const ordered = raisesBoth(needed, read(`${memory}/${MEMSW}`)) ? swapFirst(steps) : steps;
  return [...(unit === null ? [] : unitChanges(unit, limits, layout)), ...ordered];
}

function settledForWriting(limits: LinuxResources, { cpu }: LinuxResources): LinuxResources {
  const settled = settledResources(limits);
  return cpu?.idle === undefined ? settled : { ...settled, cpu: { ...settled.cpu, idle: cpu.idle } };
}

/** A limit of one device is not that of another one in the same file. */
function keyOf({ file, value }: ControlWrite): string {
  const [, device = ""] = /^(\d+:\d+) /.exec(value) ?? [];
  return `${file} ${device}`;
}

/** The host's hierarchies, as far as the container has a cgroup in them. */
function ownLayout(host: CgroupLayout, directories: Directories, read: ReadText): CgroupLayout {
  const { unified } = directories;
  const controllers = unified === undefined ? "" : read(`${unified}/cgroup.controllers`) ?? "";
  return {
    ...host,
    v1: host.v1.map((hierarchy) => ({
      ...hierarchy,
      base: hierarchy.controllers.map((name) => directories[name]).find((path) => path !== undefined) ?? null,
    })),
    v2: host.v2 === null ? null : {
      ...host.v2,
      base: unified ?? null,
      controllers: controllers.split(/\s+/).filter((name) => name !== ""),
      internalProcesses: false,
    },
  };
}

/** config-linux.md, "Memory": `checkBeforeUpdate`. */
function checkMemory({ memory }: LinuxResources, directories: Directories, read: ReadText): void {
  const limit = memory?.limit ?? -1;
  if (memory?.checkBeforeUpdate !== true || limit < 0) return;
  const path = directories.memory === undefined
    ? `${directories.unified}/memory.current`
    : `${directories.memory}/memory.usage_in_bytes`;
  const usage = Number(read(path) ?? "0");
  if (usage <= limit) return;
  throw invalidConfig(`Update linux.resources.memory.limit to "${limit}": ${usage} bytes are in use`);
}

/** memory.txt, 8: `memory.limit_in_bytes` may at no time be more than `memory.memsw.limit_in_bytes`. */
function raisesBoth(writes: readonly ControlWrite[], now: string | null): boolean {
  const value = (file: string) => writes.find((write) => write.file === file)?.value;
  const limit = value("memory.limit_in_bytes");
  if (limit === undefined || value(MEMSW) === undefined || now === null) return false;
  return limit === "-1" || Number(limit) > Number(now);
}

function swapFirst(steps: readonly HostStep[]): HostStep[] {
  const isSwap = (step: HostStep) => step.kind === "write_control" && step.path.endsWith(`/${MEMSW}`);
  return [...steps.filter(isSwap), ...steps.filter((step) => !isSwap(step))];
}
