import { assertEquals, assertThrows } from "@std/assert";
import type { HostStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { HYBRID_ROOT, V2_ORDINARY, V2_ROOT } from "./layout_fixtures.ts";
import { noCgroups } from "./layout.ts";
import { cgroupPlan, enforcesDevices } from "./placement.ts";

const PATH = "/masu/${id}";
const DEVICES = [{ allow: false }, { allow: true, type: "c", major: 1, minor: 3, access: "rwm" }] as const;

/** Steps as one line each. */
function lines(steps: readonly HostStep[]): string[] {
  return steps.map((step) => {
    switch (step.kind) {
      case "make_directory":
      case "make_cgroup":
        return `mkdir ${step.path}`;
      case "enable_controllers":
        return `enable ${step.path}: ${[...step.needed.map(({ name }) => `${name}!`), ...step.usual].join(" ")}`;
      case "write_control":
        return `${step.path} ${step.optional === true ? "?=" : "="} ${step.text}`;
      case "attach_device_program":
        return `devices ${step.cgroup} ${step.rules.length}`;
      case "kill_cgroup":
        return `kill ${step.path}`;
      case "remove_cgroup":
        return `rmdir ${step.path}${step.recursive === true ? " -r" : ""}`;
      default:
        return step.kind;
    }
  });
}

Deno.test("cgroupPlan() starts the child inside a v2 cgroup, with controllers enabled on the way down", () => {
  const plan = cgroupPlan({ path: PATH, resources: { pids: { limit: 9 }, devices: [...DEVICES] } }, V2_ROOT);
  assertEquals(lines(plan.before), [
    "enable /sys/fs/cgroup: cpu io",
    "mkdir /sys/fs/cgroup/masu",
    "enable /sys/fs/cgroup/masu: pids! cpu io memory",
    "mkdir /sys/fs/cgroup/masu/${id}",
    "/sys/fs/cgroup/masu/${id}/pids.max = 9",
    "devices /sys/fs/cgroup/masu/${id} 2",
  ]);
  assertEquals(plan.join, []);
  assertEquals(plan.cloneInto, "/sys/fs/cgroup/masu/${id}");
  assertEquals(lines(plan.afterwards), [
    "kill /sys/fs/cgroup/masu/${id}",
    "rmdir /sys/fs/cgroup/masu/${id} -r",
    "rmdir /sys/fs/cgroup/masu",
  ]);
});

Deno.test("cgroupPlan() enables what is asked for beside what every container has", () => {
  const { before } = cgroupPlan({ path: "/a", resources: { cpu: { cpus: "0" } } }, V2_ROOT);
  assertEquals(lines(before), [
    "enable /sys/fs/cgroup: cpuset! cpu io",
    "mkdir /sys/fs/cgroup/a",
    "/sys/fs/cgroup/a/cpuset.cpus = 0",
  ]);
});

Deno.test("cgroupPlan() says which limit a controller is needed for, and of which none is", () => {
  const layout = { ...V2_ROOT, v2: { ...V2_ROOT.v2!, enabled: [] } };
  const resources = {
    memory: { limit: 2, swap: 2, reservation: 1 },
    unified: { "cgroup.max.depth": "3", "io.max": "8:0 rbps=1" },
  };
  const [first] = cgroupPlan({ path: "/a", resources }, layout).before;
  assertEquals(first, {
    kind: "enable_controllers",
    path: "/sys/fs/cgroup",
    needed: [{ name: "io", by: "io.max" }, { name: "memory", by: "--memory" }],
    usual: ["cpu", "pids"],
  });
});

Deno.test("cgroupPlan() needs no controller for no swap where a kernel need not have any", () => {
  const [first, ...others] = cgroupPlan({ path: "/a", resources: { memory: { swap: -1 } } }, V2_ROOT).before;
  assertEquals(first?.kind === "enable_controllers" && first.needed, []);
  assertEquals(lines(others).at(-1), "/sys/fs/cgroup/a/memory.swap.max ?= max");
});

Deno.test("cgroupPlan() leaves the parent alone when processes in it forbid more controllers", () => {
  const layout = { ...V2_ROOT, v2: { ...V2_ROOT.v2!, internalProcesses: true } };
  assertEquals(lines(cgroupPlan({ path: PATH, resources: {} }, layout).before), [
    "mkdir /sys/fs/cgroup/masu",
    "enable /sys/fs/cgroup/masu: memory pids",
    "mkdir /sys/fs/cgroup/masu/${id}",
  ]);
});

Deno.test("cgroupPlan() joins the v1 hierarchies that limit and account, and the v2 one beside them", () => {
  const plan = cgroupPlan({ path: PATH, resources: { memory: { limit: 1 }, devices: [...DEVICES] } }, HYBRID_ROOT);
  assertEquals(lines(plan.before), [
    "mkdir /cg/cpu/masu/${id}",
    "mkdir /cg/memory/masu/${id}",
    "/cg/memory/masu/${id}/memory.limit_in_bytes = 1",
    "mkdir /cg/devices/masu/${id}",
    "mkdir /cg/pids/masu/${id}",
    "mkdir /cg/unified/masu",
    "mkdir /cg/unified/masu/${id}",
    "/cg/devices/masu/${id}/devices.deny = a *:* rwm",
    "/cg/devices/masu/${id}/devices.allow = c 1:3 rwm",
  ]);
  assertEquals(plan.join, ["cpu", "memory", "devices", "pids"].map((name) => `/cg/${name}/masu/\${id}/tasks`));
  assertEquals(plan.cloneInto, "/cg/unified/masu/${id}");
  assertEquals(lines(plan.afterwards).slice(0, 2), ["kill /cg/unified/masu/${id}", "rmdir /cg/unified/masu/${id} -r"]);
  assertEquals(lines(plan.afterwards).at(-1), "rmdir /cg/pids/masu");
});

Deno.test("cgroupPlan() leaves a parent that somebody named where it is, and takes its own away", () => {
  const rmdir = (path: string) =>
    lines(cgroupPlan({ path, resources: {} }, V2_ROOT).afterwards).filter((line) => line.startsWith("rmdir"));
  assertEquals(rmdir("/web/${id}"), ["rmdir /sys/fs/cgroup/web/${id} -r"]);
  assertEquals(rmdir(PATH), ["rmdir /sys/fs/cgroup/masu/${id} -r", "rmdir /sys/fs/cgroup/masu"]);
});

Deno.test("cgroupPlan() fills a v1 cpuset, and its parent, before anything can join it", () => {
  const { before, join } = cgroupPlan({ path: PATH, resources: { cpu: { cpus: "1" } } }, { ...HYBRID_ROOT, v2: null });
  assertEquals(lines(before).filter((line) => line.includes("cpuset")), [
    "mkdir /cg/cpuset/masu",
    "inherit_cpuset",
    "mkdir /cg/cpuset/masu/${id}",
    "inherit_cpuset",
    "/cg/cpuset/masu/${id}/cpuset.cpus = 1",
  ]);
  assertEquals(join.includes("/cg/cpuset/masu/${id}/tasks"), true);
  assertEquals(join.includes("/cg/freezer/masu/${id}/tasks"), true); // no v2 that could freeze
});

Deno.test("cgroupPlan() does nothing where this user may make no cgroups", () => {
  for (const layout of [V2_ORDINARY, noCgroups("none"), noCgroups("disabled")]) {
    const plan = cgroupPlan({ path: PATH, resources: { devices: [...DEVICES] } }, layout);
    assertEquals(plan, {
      before: [],
      record: [],
      join: [],
      cloneInto: null,
      afterwards: [],
      directories: {},
      mountPoints: [],
      unit: null,
    });
  }
});

Deno.test("cgroupPlan() writes no device rules that let everything pass", () => {
  const { before } = cgroupPlan({ path: "/a", resources: { devices: [{ allow: true, access: "rwm" }] } }, HYBRID_ROOT);
  assertEquals(before.filter(({ kind }) => kind !== "make_directory" && kind !== "make_cgroup"), []);
});

for (const path of ["", "/", "/masu/../x", "..", "/a/./b"]) {
  Deno.test(`cgroupPlan() refuses the path "${path}"`, () => {
    assertThrows(() => cgroupPlan({ path, resources: {} }, V2_ROOT), MasuError, "it must name a cgroup below");
  });
}

Deno.test("enforcesDevices() needs a usable hierarchy and the right to restrict", () => {
  assertEquals(enforcesDevices(V2_ROOT), true);
  assertEquals(enforcesDevices(HYBRID_ROOT), true);
  assertEquals(enforcesDevices(V2_ORDINARY), false);
  assertEquals(enforcesDevices({ ...V2_ROOT, deviceControl: false }), false);
});
