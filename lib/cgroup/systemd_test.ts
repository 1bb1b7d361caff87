import { assertEquals, assertThrows } from "@std/assert";
import type { HostStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { type CgroupLayout, noCgroups } from "./layout.ts";
import { systemdCgroups, type SystemdRequest, unitChanges } from "./systemd.ts";

const V2: CgroupLayout = {
  ...noCgroups("none"),
  mode: "v2",
  v2: {
    mountPoint: "/c",
    own: "/c/user.slice",
    base: "/c",
    controllers: ["cpu", "memory", "pids"],
    enabled: ["cpu", "memory", "pids"],
    internalProcesses: false,
  },
  deviceControl: true,
  swapAccounting: true,
  systemd: { user: false },
};
const V1: CgroupLayout = {
  ...V2,
  mode: "v1",
  v1: ["name=systemd", "memory", "pids", "cpuset"].map((name) => ({
    controllers: [name],
    mountPoint: `/c/${name}`,
    own: `/c/${name}`,
    base: `/c/${name}`,
  })),
  v2: null,
};

const REQUEST: SystemdRequest = {
  cgroupsPath: "a.slice:p:c1",
  id: "c1",
  pid: "${pid}",
  resources: { memory: { limit: 64 } },
  annotations: {},
  joined: ["memory", "pids"],
  enabled: ["memory", "pids"],
  words: "flag",
};

/** A step by what it does and to what. */
function words(steps: readonly HostStep[]): string[] {
  return steps.map((step) => {
    switch (step.kind) {
      case "start_unit":
        return `start ${step.name} ${step.pid} ${step.user ? "user" : "system"}`;
      case "stop_unit":
        return `stop ${step.name}`;
      case "write_control":
        return `${step.path} = ${step.text}`;
      case "enable_controllers":
        return `enable ${step.path}: ${[...step.needed.map(({ name }) => `${name}!`), ...step.usual].join(" ")}`;
      default:
        return `${step.kind} ${"path" in step ? step.path : ""}`;
    }
  });
}

const UNIT = "/c/a.slice/p-c1.scope";

Deno.test("systemdCgroups() has a scope started before its cgroup is written to, and stopped once it is empty", () => {
  const plan = systemdCgroups(REQUEST, V2);
  assertEquals(words(plan.record), [
    "start p-c1.scope ${pid} system",
    "make_cgroup /c/a.slice",
    "enable /c/a.slice: memory! pids",
    `make_cgroup ${UNIT}`,
    `${UNIT}/memory.max = 64`,
  ]);
  assertEquals(words(plan.afterwards), [`kill_cgroup ${UNIT}`, "stop p-c1.scope", `remove_cgroup ${UNIT}`]);
  assertEquals([plan.before, plan.cloneInto, plan.unit], [[], null, { name: "p-c1.scope", user: false }]);
  assertEquals(plan.directories, { unified: UNIT });
});

Deno.test("systemdCgroups() makes and joins the v1 cgroups that systemd does not", () => {
  const plan = systemdCgroups({ ...REQUEST, resources: { cpu: { cpus: "0" } } }, V1);
  const joined = ["name=systemd", "memory", "pids", "cpuset"].map((name) => `/c/${name}/a.slice/p-c1.scope/tasks`);
  assertEquals([plan.join, plan.directories.cpuset], [joined, "/c/cpuset/a.slice/p-c1.scope"]);
  assertEquals(words(plan.record).filter((word) => word.includes("cpuset")), [
    "make_directory /c/cpuset/a.slice",
    "inherit_cpuset /c/cpuset/a.slice",
    "make_directory /c/cpuset/a.slice/p-c1.scope",
    "inherit_cpuset /c/cpuset/a.slice/p-c1.scope",
    "/c/cpuset/a.slice/p-c1.scope/cpuset.cpus = 0",
  ]);
});

Deno.test("systemdCgroups() puts the process into a slice itself", () => {
  const plan = systemdCgroups({ ...REQUEST, cgroupsPath: "a.slice:p:a-b.slice" }, V2);
  assertEquals(words(plan.record).at(0), "start a-b.slice  system");
  assertEquals(words(plan.record).at(-1), "/c/a.slice/a-b.slice/cgroup.procs = ${pid}");
});

Deno.test("systemdCgroups() refuses a user whose manager has nothing to give", () => {
  const layout = { ...V2, v2: null, systemd: { user: true } };
  const error = assertThrows(() => systemdCgroups(REQUEST, layout), MasuError, "no v2 cgroup to give away");
  assertEquals(error.code, "denied");
});

Deno.test("unitChanges() says nothing where nothing changes", () => {
  const unit = { name: "p-c1.scope", user: false };
  assertEquals(unitChanges(unit, {}, V2), []);
  assertEquals(unitChanges(unit, { pids: { limit: 5 } }, V2), [{
    kind: "set_unit_properties",
    ...unit,
    properties: [{ name: "TasksMax", value: { type: "unsigned", value: "5" }, since: 227 }],
  }]);
});
