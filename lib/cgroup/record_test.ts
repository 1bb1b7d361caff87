import { assertEquals } from "@std/assert";
import { kernelVersion } from "../host/kernel.ts";
import { HYBRID_ROOT, V2_ORDINARY, V2_ROOT } from "./layout_fixtures.ts";
import { type CgroupLayout, noCgroups } from "./layout.ts";
import { cgroupPlan } from "./placement.ts";
import { memoryFiles, recordCgroups } from "./record.ts";

const OLD = kernelVersion("4.19.0");
const NEW = kernelVersion("6.1.0");
const V1_ROOT: CgroupLayout = { ...HYBRID_ROOT, mode: "v1", v2: null };

function directories(layout: CgroupLayout) {
  return cgroupPlan({ path: "/masu/1", resources: {} }, layout);
}

Deno.test("recordCgroups() names each hierarchy's directory by its controllers", () => {
  assertEquals(recordCgroups(directories(V2_ROOT), NEW).directories, { unified: "/sys/fs/cgroup/masu/1" });
  assertEquals(recordCgroups(directories(HYBRID_ROOT), NEW).directories, {
    cpu: "/cg/cpu/masu/1",
    devices: "/cg/devices/masu/1",
    memory: "/cg/memory/masu/1",
    pids: "/cg/pids/masu/1",
    unified: "/cg/unified/masu/1",
  });
});

const FREEZERS: [name: string, layout: CgroupLayout, kernel: typeof NEW, freezer: unknown][] = [
  ["v2's", V2_ROOT, NEW, { unified: true, directory: "/sys/fs/cgroup/masu/1" }],
  ["none on v2 before Linux 5.2", V2_ROOT, OLD, null],
  ["v2's on a hybrid host", HYBRID_ROOT, NEW, { unified: true, directory: "/cg/unified/masu/1" }],
  ["v1's", V1_ROOT, OLD, { unified: false, directory: "/cg/freezer/masu/1" }],
  ["none without cgroups", noCgroups("disabled"), NEW, null],
];
for (const [name, layout, kernel, freezer] of FREEZERS) {
  Deno.test(`recordCgroups() finds the freezer ${name}`, () =>
    assertEquals(recordCgroups(directories(layout), kernel).freezer, freezer));
}

const MEMORY: [name: string, layout: CgroupLayout, events: string | undefined][] = [
  ["on v2", V2_ROOT, "/sys/fs/cgroup/masu/1/memory.events"],
  ["on a hybrid host", HYBRID_ROOT, "/cg/memory/masu/1/memory.oom_control"],
  ["nowhere without cgroups", noCgroups("disabled"), undefined],
  ["nowhere for a user to whom nothing was delegated", V2_ORDINARY, undefined],
];
for (const [name, layout, events] of MEMORY) {
  Deno.test(`memoryFiles() finds memory's counters ${name}`, () =>
    assertEquals(memoryFiles(directories(layout), layout)?.events, events));
}
