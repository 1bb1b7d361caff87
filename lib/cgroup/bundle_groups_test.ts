import { assert, assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import { bundleCgroups, type BundleGroup, isPlacedByName } from "./bundle_groups.ts";
import { type CgroupLayout, noCgroups } from "./layout.ts";
import type { CgroupPlan } from "./placement.ts";
import { HYBRID_ROOT, V2_ALL, V2_ORDINARY, V2_ROOT } from "./layout_fixtures.ts";

function planned(group: Pick<BundleGroup, "path" | "resources">, layout: CgroupLayout): CgroupPlan {
  return bundleCgroups({ ...group, id: "web", pid: "4711", annotations: {} }, layout);
}

const PATHS: readonly (readonly [name: string, path: string, layout: CgroupLayout, unified: string | undefined])[] = [
  ["an absolute path from the hierarchy's root on", "/kubepods/a", V2_ROOT, "/sys/fs/cgroup/kubepods/a"],
  ["needless slashes", "//kubepods//a/", V2_ROOT, "/sys/fs/cgroup/kubepods/a"],
  ["nothing where this user may make no such group", "/kubepods/a", V2_ORDINARY, undefined],
  ["nothing where there are no hierarchies", "/kubepods/a", noCgroups("none"), undefined],
  ["nothing where no cgroups are wanted", "", noCgroups("disabled"), undefined],
];
for (const [name, path, layout, unified] of PATHS) {
  Deno.test(`bundleCgroups() takes ${name}`, () => {
    assertEquals(planned({ path, resources: {} }, layout).directories.unified, unified);
  });
}

Deno.test("bundleCgroups() takes another path beside the caller's own group on v2, which has processes", () => {
  const own = `${V2_ROOT.v2?.mountPoint}/user.slice/me`;
  const layout: CgroupLayout = { ...V2_ROOT, v2: V2_ROOT.v2 && { ...V2_ROOT.v2, own } };
  for (const [path, name] of [["", "web"], ["a/b", "a/b"]] as const) {
    const { directories } = planned({ path, resources: {} }, layout);
    assertEquals(directories.unified, `/sys/fs/cgroup/user.slice/${name}`);
  }
});

Deno.test("bundleCgroups() takes another path below the caller's own group on v1", () => {
  const v1 = HYBRID_ROOT.v1.map((hierarchy) => ({ ...hierarchy, own: `${hierarchy.mountPoint}/me` }));
  const { directories } = planned({ path: "", resources: {} }, { ...HYBRID_ROOT, v1 });
  assert(directories.memory?.endsWith("/me/web"), directories.memory);
});

/** An ordinary user to whom a part of the hierarchy was delegated. */
const DELEGATED: CgroupLayout = {
  ...V2_ORDINARY,
  v2: V2_ORDINARY.v2 && { ...V2_ORDINARY.v2, own: "/sys/fs/cgroup/user/me/now", base: "/sys/fs/cgroup/user/me" },
};
const NAMED: readonly (readonly [paths: readonly string[], layout: CgroupLayout, byName: boolean])[] = [
  [["/user/me/web", "/user/you/web"], DELEGATED, true],
  [["web", "me", "now"], DELEGATED, false],
  [["/user/me/web", "/user/you/web"], V2_ROOT, false],
  [["/user/me/web", "/user/you/web"], V2_ORDINARY, false],
  [["/user/me/web", "/user/you/web"], HYBRID_ROOT, false],
];
for (const [paths, layout, byName] of NAMED) {
  const where = layout.v2?.base ?? "nowhere";
  Deno.test(`isPlacedByName() tells whether ${paths.join(" or ")} matters where groups are made in ${where}`, () => {
    const placed = paths.map((path) => planned({ path, resources: {} }, layout).directories.unified !== undefined);
    assertEquals(new Set(placed).size > 1, byName);
    assertEquals(paths.map((path) => isPlacedByName(path, layout)), paths.map(() => byName));
  });
}

Deno.test("bundleCgroups() joins every hierarchy, named ones too: engines look for the container in each", () => {
  const { join } = planned({ path: "/a", resources: {} }, HYBRID_ROOT);
  assertEquals(join.length, HYBRID_ROOT.v1.length);
});

Deno.test("bundleCgroups() removes the container's own group, and none of those that lead to it", () => {
  const { afterwards } = planned({ path: "/kubepods/burstable/a", resources: {} }, V2_ROOT);
  assertEquals(afterwards, [
    { kind: "kill_cgroup", path: "/sys/fs/cgroup/kubepods/burstable/a" },
    { kind: "remove_cgroup", path: "/sys/fs/cgroup/kubepods/burstable/a", recursive: true },
  ]);
});

for (const path of ["..", "/../a", "a/..", "/", "."]) {
  Deno.test(`bundleCgroups() refuses the path "${path}"`, () => {
    assertThrows(() => planned({ path, resources: {} }, V2_ROOT), MasuError, "linux.cgroupsPath");
  });
}

const SETTLED: readonly (readonly [name: string, resources: LinuxResources, lines: readonly string[]])[] = [
  ["all that Docker writes for nothing", {
    memory: { limit: 0, swap: 0, reservation: 0, disableOOMKiller: false },
    cpu: { shares: 0, quota: 0, period: 0, cpus: "", mems: "" },
    pids: { limit: 0 },
    blockIO: { weight: 0 },
  }, []],
  ["a limit beside what is none", { memory: { limit: 1 << 20, swap: 0 }, cpu: { shares: 2, quota: 0 } }, [
    "memory.max=1048576",
    "cpu.weight=1",
  ]],
  ["limits that are taken away", { memory: { limit: -1 }, pids: { limit: -1 } }, ["memory.max=max", "pids.max=max"]],
];
for (const [name, resources, lines] of SETTLED) {
  Deno.test(`bundleCgroups() writes ${name} as it is meant`, () => {
    const { before } = planned({ path: "/a", resources }, V2_ROOT);
    const writes = before.flatMap((step) =>
      step.kind === "write_control" && step.path.startsWith("/sys/fs/cgroup/a/")
        ? [`${step.path.split("/").at(-1)}=${step.text}`]
        : []
    );
    assertEquals(writes, [...lines]);
  });
}

Deno.test("bundleCgroups() limits nothing where no cgroups are wanted", () => {
  const { before, join, cloneInto } = planned({ path: "/a", resources: { pids: { limit: 5 } } }, noCgroups("disabled"));
  assertEquals({ before, join, cloneInto }, { before: [], join: [], cloneInto: null });
});

Deno.test("bundleCgroups() names the field that needs a controller, and tries in a base with processes too", () => {
  const v2 = { ...V2_ROOT.v2!, internalProcesses: true, enabled: [] };
  const { before } = planned({ path: "/a", resources: { pids: { limit: 5 } } }, { ...V2_ROOT, v2 });
  assertEquals(before[0], {
    kind: "enable_controllers",
    path: "/sys/fs/cgroup",
    needed: [{ name: "pids", by: "linux.resources.pids.limit" }],
    usual: ["cpu", "cpuset", "io", "memory"],
  });
});

Deno.test("bundleCgroups() limits what huge pages are reserved as what is used, where the kernel counts both", () => {
  const hugepageLimits = [{ pageSize: "2MB", limit: 4096 }];
  const { before } = planned({ path: "/a", resources: { hugepageLimits } }, V2_ALL);
  const group = "/sys/fs/cgroup/a/hugetlb.2MB";
  assertEquals(before.filter(({ kind }) => kind === "write_control"), [
    { kind: "write_control", path: `${group}.max`, text: "4096" },
    { kind: "write_control", path: `${group}.rsvd.max`, text: "4096", optional: true },
  ]);
});

Deno.test("bundleCgroups() calls a limit that cannot be had by the spec's word", () => {
  const error = assertThrows(
    () => planned({ path: "/a", resources: { network: { classID: 1 } } }, V2_ROOT),
    MasuError,
    'Apply "linux.resources.network.classID"',
  );
  assertEquals(error.code, "kernel_lacks");
});

Deno.test("bundleCgroups() denies what is not listed, in the spec's order, and then allows the default devices", () => {
  const rule = { allow: true, type: "c", major: 10, minor: 229, access: "rw" } as const;
  const { before } = planned({ path: "/a", resources: { devices: [rule] } }, V2_ROOT);
  const program = before.find(({ kind }) => kind === "attach_device_program");
  assert(program?.kind === "attach_device_program");
  const [denied, own, ...allowed] = program.rules;
  assertEquals(denied, { allow: false, type: "a", major: null, minor: null, access: "rwm" });
  assertEquals(own, rule);
  assert(allowed.every(({ allow }) => allow));
});

Deno.test("bundleCgroups() restricts no devices where the spec allows all", () => {
  const { before } = planned(
    { path: "/a", resources: { devices: [{ allow: false }, { allow: true }] } },
    V2_ROOT,
  );
  assertEquals(before.filter(({ kind }) => kind === "attach_device_program"), []);
});
