import { assertEquals } from "@std/assert";
import { type CgroupLayout, noCgroups } from "../cgroup/layout.ts";
import type { CgroupPlan } from "../cgroup/placement.ts";
import type { Namespace, StageStep } from "../core/wire.ts";
import { type CgroupMountContext, cgroupMountSteps } from "./cgroup_mounts.ts";

const TOP = "/sys/fs/cgroup";
const MOUNT = { destination: TOP, type: "cgroup", options: ["nosuid", "ro"] };

function v1(names: string, base: string | null = `${TOP}/${names}`): CgroupLayout["v1"][number] {
  return { controllers: names.split(","), mountPoint: `${TOP}/${names}`, own: `${TOP}/${names}`, base };
}

const V2: CgroupLayout["v2"] = {
  mountPoint: TOP,
  own: TOP,
  base: TOP,
  controllers: [],
  enabled: [],
  internalProcesses: false,
};
const NONE = noCgroups("none");
const LAYOUTS = {
  none: NONE,
  v2: { ...NONE, mode: "v2", v2: V2 },
  v1: { ...NONE, mode: "v1", v1: [v1("cpu,cpuacct"), v1("name=systemd"), v1("memory"), v1("pids")] },
  hybrid: { ...NONE, mode: "hybrid", v1: [v1("pids")], v2: { ...V2, mountPoint: `${TOP}/unified` } },
} as const satisfies Record<string, CgroupLayout>;

function plan(mountPoints: string[]): CgroupPlan {
  const join = mountPoints.map((path) => `${path}/masu/id/tasks`);
  return { before: [], record: [], join, cloneInto: null, afterwards: [], directories: {}, mountPoints, unit: null };
}

/** A step in a few words. */
function words(step: StageStep): string {
  switch (step.kind) {
    case "mount":
      return `${step.type} ${step.destination} ${step.flags} ${step.data}`.trimEnd();
    case "bind":
      return `bind ${step.source} ${step.destination} ${step.flags} ${step.recursiveReadOnly ? "all" : "one"}`;
    case "make_symlink":
      return `link ${step.path} ${step.target}`;
    case "remount":
      return `remount ${step.destination} ${step.flags}`;
    default:
      return step.kind;
  }
}

type Case = [
  name: string,
  layout: keyof typeof LAYOUTS,
  namespace: "own" | "host's",
  confined: boolean,
  mountPoints: string[],
  expected: string[],
];

const CASES: Case[] = [
  ["mounts v2 as one file system", "v2", "own", false, [TOP], [`cgroup2 ${TOP} 3`]],
  ["mounts v2 in a user namespace without a cgroup of its own", "v2", "own", true, [], [`cgroup2 ${TOP} 3`]],
  ["mounts those v1 hierarchies in which it has a cgroup, with links", "v1", "own", false, [
    `${TOP}/cpu,cpuacct`,
    `${TOP}/name=systemd`,
    `${TOP}/pids`,
  ], [
    `tmpfs ${TOP} 2 mode=755`,
    `cgroup ${TOP}/cpu,cpuacct 3 cpu,cpuacct`,
    `cgroup ${TOP}/systemd 3 none,name=systemd`,
    `cgroup ${TOP}/pids 3 pids`,
    `link ${TOP}/cpu cpu,cpuacct`,
    `link ${TOP}/cpuacct cpu,cpuacct`,
    `remount ${TOP} 3`,
  ]],
  ["mounts both on a hybrid host", "hybrid", "own", false, [`${TOP}/pids`, `${TOP}/unified`], [
    `tmpfs ${TOP} 2 mode=755`,
    `cgroup ${TOP}/pids 3 pids`,
    `cgroup2 ${TOP}/unified 3`,
    `remount ${TOP} 3`,
  ]],
  ["binds its own v1 cgroup where a mount would show the host's", "v1", "host's", false, [`${TOP}/pids`], [
    `tmpfs ${TOP} 2 mode=755`,
    `bind ${TOP}/pids/masu/id ${TOP}/pids 3 one`,
    `remount ${TOP} 3`,
  ]],
  ["binds all of the host's read-only where it cannot mount any (CVE-2023-25809)", "v1", "host's", true, [], [
    `bind ${TOP} ${TOP} 3 all`,
  ]],
  ["mounts nothing of v1 without a cgroup of its own", "v1", "own", true, [], []],
  ["mounts nothing where there are no cgroups", "none", "own", false, [], []],
  [
    "binds the container's own cgroup of each hierarchy where none can be mounted",
    "v1",
    "host's",
    true,
    [`${TOP}/memory`, `${TOP}/pids`],
    [
      `tmpfs ${TOP} 2 mode=755`,
      `bind ${TOP}/memory/masu/id ${TOP}/memory 3 one`,
      `bind ${TOP}/pids/masu/id ${TOP}/pids 3 one`,
      `remount ${TOP} 3`,
    ],
  ],
];
for (const [name, layout, namespace, confined, mountPoints, expected] of CASES) {
  Deno.test(`cgroupMountSteps() ${name}`, () => {
    const created = new Set<Namespace>(namespace === "own" ? ["cgroup"] : []);
    const context: CgroupMountContext = { confined, created, facts: { cgroups: LAYOUTS[layout] } };
    assertEquals(cgroupMountSteps(MOUNT, context, plan(mountPoints)).map(words), expected);
  });
}

Deno.test("cgroupMountSteps() leaves the directory of writable hierarchies writable", () => {
  const context: CgroupMountContext = { confined: false, created: new Set(["cgroup"]), facts: { cgroups: LAYOUTS.v1 } };
  const steps = cgroupMountSteps({ ...MOUNT, options: ["rw"] }, context, plan([`${TOP}/pids`]));
  assertEquals(steps.map(words), [`tmpfs ${TOP} 0 mode=755`, `cgroup ${TOP}/pids 0 pids`]);
});
