import { assertEquals } from "@std/assert";
import type { HostStep } from "../core/wire.ts";
import { hierarchiesOf, type Hierarchy } from "./group.ts";
import { HYBRID_ROOT, V2_ROOT } from "./layout_fixtures.ts";
import { controllersFor, creationSteps, joinFile, type NewGroup, type ParentView, removalSteps } from "./parts.ts";

function hierarchy(all: readonly Hierarchy[], name: string): Hierarchy {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

const UNIFIED = hierarchy(hierarchiesOf(V2_ROOT), "unified");
const CPUSET = hierarchy(hierarchiesOf(HYBRID_ROOT), "cpuset");
const PIDS = hierarchy(hierarchiesOf(HYBRID_ROOT), "pids");
const THERE: ParentView = { cpus: "0-3", mems: "0", enabled: ["memory"] };
const PLAIN: NewGroup = { needed: [], threaded: false, owner: null, parents: new Map() };

function lines(steps: readonly HostStep[]): string[] {
  return steps.map((step) => {
    if (step.kind === "write_control") return `${step.path} = ${step.text}`;
    if (step.kind === "enable_controllers") {
      return `enable ${step.path}: ${[...step.needed.map(({ name }) => `${name}!`), ...step.usual].join(" ")}`;
    }
    return step.kind === "make_directory" || step.kind === "remove_cgroup" || step.kind === "kill_cgroup"
      ? `${step.kind} ${step.path}`
      : step.kind;
  });
}

Deno.test("creationSteps() enables v2 controllers on the way down, those that are not yet", () => {
  const place = { hierarchy: UNIFIED, directory: "/sys/fs/cgroup/a/b" };
  const parents = new Map([["/sys/fs/cgroup", THERE]]);
  const needed = [{ name: "cpuset", by: "cpuset.cpus" }];
  assertEquals(lines(creationSteps(place, { ...PLAIN, needed, parents })), [
    "enable /sys/fs/cgroup: cpuset! cpu io pids",
    "make_directory /sys/fs/cgroup/a",
    "enable /sys/fs/cgroup/a: cpuset! cpu io memory pids",
    "make_directory /sys/fs/cgroup/a/b",
  ]);
});

Deno.test("controllersFor() names each controller once, with what needs it first", () => {
  assertEquals(controllersFor(["pids"], ["memory.max", "memory.high", "cgroup.freeze", "pids.max"]), [
    { name: "memory", by: "memory.max" },
    { name: "pids", by: "--controllers" },
  ]);
});

Deno.test("creationSteps() makes a threaded group", () => {
  const place = { hierarchy: UNIFIED, directory: "/sys/fs/cgroup/a" };
  const parents = new Map([["/sys/fs/cgroup", { ...THERE, enabled: ["cpu", "io", "memory", "pids"] }]]);
  assertEquals(lines(creationSteps(place, { ...PLAIN, threaded: true, parents })), [
    "make_directory /sys/fs/cgroup/a",
    "/sys/fs/cgroup/a/cgroup.type = threaded",
  ]);
});

Deno.test("creationSteps() fills each new v1 cpuset with what the group above has", () => {
  const place = { hierarchy: CPUSET, directory: "/cg/cpuset/a/b" };
  const parents = new Map([["/cg/cpuset", THERE], ["/cg/cpuset/a", { ...THERE, cpus: "1" }]]);
  assertEquals(lines(creationSteps(place, { ...PLAIN, parents })), [
    "make_directory /cg/cpuset/a/b",
    "/cg/cpuset/a/b/cpuset.cpus = 1",
    "/cg/cpuset/a/b/cpuset.mems = 0",
  ]);
});

Deno.test("removalSteps() kills in v2 first, where all end at once", () => {
  const places = [{ hierarchy: PIDS, directory: "/cg/pids/a" }, { hierarchy: UNIFIED, directory: "/v2/a" }];
  assertEquals(lines(removalSteps(places, { kill: true, recursive: true })), [
    "kill_cgroup /v2/a",
    "kill_cgroup /cg/pids/a",
    "remove_cgroup /v2/a",
    "remove_cgroup /cg/pids/a",
  ]);
});

Deno.test("joinFile() is another one for threads", () => {
  const [v1, v2] = [{ hierarchy: PIDS, directory: "/p" }, { hierarchy: UNIFIED, directory: "/u" }];
  assertEquals([joinFile(v1, false), joinFile(v1, true)], ["/p/cgroup.procs", "/p/tasks"]);
  assertEquals([joinFile(v2, false), joinFile(v2, true)], ["/u/cgroup.procs", "/u/cgroup.threads"]);
});
