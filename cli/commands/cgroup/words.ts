/**
 * Words that the commands of `masu cgroup` share: which hierarchies, which limits.
 *
 * @module
 */
import type { HierarchyChoice } from "../../../lib/cgroup/group.ts";
import { mistake } from "../../../lib/config/mistake.ts";
import { hostPath } from "../../../lib/config/path.ts";
import { type CgroupHost, readCgroupHost } from "../../../lib/engine/cgroup_host.ts";
import { groupValues } from "../../../lib/engine/cgroup_limits.ts";
import type { GroupValues } from "../../../lib/engine/cgroup_values.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Flag, FlagValues, GlobalName } from "../../flags.ts";
import { RESOURCE_FLAGS, resourceWords } from "../../resource_flags.ts";
import type { Process } from "../../process.ts";

const WHERE = "Where";

/** Which hierarchies. */
export const CHOICE_FLAGS = [
  {
    name: "controllers",
    value: "LIST",
    repeatable: true,
    group: WHERE,
    help: "In the hierarchies of these controllers, for example cpu,memory; else in all that may be used",
  },
  {
    name: "hierarchy",
    value: "NAME|DIR",
    repeatable: true,
    group: WHERE,
    help: "In this one too: by its name (systemd, unified), or where it is mounted",
  },
] as const satisfies readonly Flag[];

/** Names of {@link CHOICE_FLAGS}. */
export type ChoiceFlag = typeof CHOICE_FLAGS[number]["name"];

/** Reads them. */
export function choiceOf(flags: FlagValues<ChoiceFlag>, process: Pick<Process, "caller">): HierarchyChoice {
  return {
    controllers: flags.all("controllers").flatMap((list) => list.split(",")).filter((name) => name !== ""),
    hierarchies: flags.all("hierarchy").map((word) =>
      word.includes("/") ? hostPath("--hierarchy", word, () => process.caller.directory()) : word
    ),
  };
}

/** Portable limits, and any other by the kernel's own name. */
export const LIMIT_FLAGS = [
  ...RESOURCE_FLAGS,
  {
    name: "set",
    value: "FILE=VALUE",
    repeatable: true,
    group: "Limits",
    help: "Any control file by the kernel's own name, of v1 or v2, for example memory.high=20M",
  },
  {
    name: "device-cgroup-rule",
    value: "RULE",
    repeatable: true,
    group: "Limits of devices and networks",
    help: "Only these devices can be opened or made, for example 'c 1:3 rwm'; what was allowed before is not, any more",
  },
] as const satisfies readonly Flag[];

/** Names of {@link LIMIT_FLAGS}. */
export type LimitFlag = typeof LIMIT_FLAGS[number]["name"];

/** Reads limits, and control files from `--set` and from `FILE=VALUE` operands. Errors: `invalid_config`. */
export function valuesOf(
  flags: FlagValues<LimitFlag>,
  host: CgroupHost,
  operands: readonly string[] = [],
): GroupValues {
  const words = { ...resourceWords(flags), deviceRules: flags.all("device-cgroup-rule") };
  return groupValues(host, words, [...flags.all("set"), ...operands]);
}

/** The host, read once a command. Errors: `invalid_config` there shall be no control groups. */
export function hostOf(process: Pick<Process, "core">, globals: FlagValues<GlobalName>): CgroupHost {
  const manager = globals.text("cgroup-manager");
  if (manager !== undefined && manager !== "cgroupfs") {
    throw mistake("--cgroup-manager", manager, "masu cgroup acts on control groups itself", "cgroupfs");
  }
  return readCgroupHost(process.core());
}

/** Those that were typed. Errors: `invalid_config` none. */
export function namedGroups(command: string, operands: readonly string[]): readonly string[] {
  if (operands.length > 0) return operands;
  throw invalidConfig(
    `Read operands of "masu cgroup ${command}": a control group is required`,
    "masu cgroup list shows those that are there",
  );
}

/** The one that was typed, and what follows it. Errors: `invalid_config` none. */
export function namedGroup(command: string, operands: readonly string[]): [group: string, ...rest: string[]] {
  const [group, ...rest] = namedGroups(command, operands);
  return [group ?? "", ...rest];
}
