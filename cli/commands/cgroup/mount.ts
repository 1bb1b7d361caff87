/** `masu cgroup mount`: mounts a hierarchy of control groups. */
import { hostPath } from "../../../lib/config/path.ts";
import { mountHierarchy } from "../../../lib/engine/cgroup_mount.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";
import { hostOf } from "./words.ts";

const FLAGS = [
  {
    name: "controllers",
    short: "c",
    value: "LIST",
    repeatable: true,
    group: "Flags",
    help: "v1: with these controllers, all in this one hierarchy, for example cpu,cpuacct",
  },
  {
    name: "name",
    value: "NAME",
    group: "Flags",
    help: "v1: a hierarchy of that name, without a controller unless some are named",
  },
  { name: "all", group: "Flags", help: "v1: with every controller of the kernel" },
] as const satisfies readonly Flag[];

export const mount: Command<typeof FLAGS[number]["name"]> = {
  name: "mount",
  group: "Parts of the kernel, without a container",
  operands: "DIR",
  summary: "Mount a hierarchy of control groups: v2's, or one of v1 with the controllers named",
  description: [
    "Without flags v2's hierarchy. DIR is made where there is none. The same hierarchy can be mounted at several places. A controller " +
    "is in one hierarchy at a time, and the message says in which. umount(8) takes the mount away; the hierarchy itself goes once " +
    "it has no groups.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup mount /run/cgroup2", "v2"],
    ["masu cgroup mount --name jobs /run/jobs", "A tree of groups without limits, to keep track of processes"],
    ["masu cgroup mount --controllers net_cls,net_prio /run/net", "Two v1 controllers in one hierarchy"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ flags, globals, operands: [directory, surplus], report, process }): number {
    if (directory === undefined || surplus !== undefined) {
      throw invalidConfig('Read operands of "masu cgroup mount": one directory is required');
    }
    const name = flags.text("name");
    const mounted = mountHierarchy(hostOf(process, globals), {
      directory: hostPath("DIR", directory, () => process.caller.directory()),
      controllers: flags.all("controllers").flatMap((list) => list.split(",")).filter((word) => word !== ""),
      all: flags.on("all"),
      ...(name !== undefined && { name }),
    });
    report.result(mounted, escapeLine(mounted.directory));
    return EXIT.success;
  },
};
