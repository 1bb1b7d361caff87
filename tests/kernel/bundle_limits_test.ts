/** `linux.cgroupsPath` and `linux.resources` of config.json, by what the kernel has of them. */
import { assert, assertEquals } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { exists } from "../host.ts";
import { kernelTest, type Need } from "../needs.ts";

/** A limit, and what its control file then says, whichever of v1's and v2's is there. */
interface Case {
  readonly field: string;
  readonly resources: Record<string, unknown>;
  readonly files: readonly (readonly [file: string, says: string])[];
  readonly needs?: readonly Need[];
}

const MIB = 1024 * 1024;

const CASES: Case[] = [
  {
    field: "memory.limit",
    resources: { memory: { limit: 64 * MIB } },
    files: [["memory/memory.limit_in_bytes", `${64 * MIB}`], ["memory.max", `${64 * MIB}`]],
    needs: ["memory"],
  },
  {
    field: "memory.limit of 2^63 - 4096, which is none",
    resources: { memory: { limit: 2 ** 63 } },
    files: [["memory/memory.limit_in_bytes", "9223372036854771712"], ["memory.max", "max"]],
    needs: ["memory"],
  },
  {
    field: "memory.reservation",
    resources: { memory: { reservation: 32 * MIB } },
    files: [["memory/memory.soft_limit_in_bytes", `${32 * MIB}`], ["memory.low", `${32 * MIB}`]],
    needs: ["memory"],
  },
  {
    field: "cpu.shares",
    resources: { cpu: { shares: 512 } },
    files: [["cpu/cpu.shares", "512"], ["cpu.weight", "59"]],
    needs: ["cpu"],
  },
  {
    field: "cpu.quota and period",
    resources: { cpu: { quota: 20_000, period: 50_000 } },
    files: [["cpu/cpu.cfs_quota_us", "20000"], ["cpu.max", "20000 50000"]],
    needs: ["cpu"],
  },
  {
    field: "cpu.cpus and mems",
    resources: { cpu: { cpus: "0", mems: "0" } },
    files: [["cpuset/cpuset.cpus", "0"], ["cpuset.cpus", "0"]],
    needs: ["cpu"],
  },
  {
    field: "pids.limit",
    resources: { pids: { limit: 77 } },
    files: [["pids/pids.max", "77"], ["pids.max", "77"]],
    needs: ["cgroups"],
  },
  {
    field: "pids.limit -1",
    resources: { pids: { limit: -1 } },
    files: [["pids/pids.max", "max"], ["pids.max", "max"]],
    needs: ["cgroups"],
  },
  {
    field: "unified, where v2 has it",
    resources: { unified: { "hugetlb.2MB.max": `${4 * MIB}` } },
    files: [["hugetlb.2MB.max", `${4 * MIB}`]],
    needs: ["hugetlb2"],
  },
  {
    field: "hugepageLimits",
    resources: { hugepageLimits: [{ pageSize: "2MB", limit: 4 * MIB }] },
    files: [
      ["hugetlb/hugetlb.2MB.limit_in_bytes", `${4 * MIB}`],
      ["hugetlb/hugetlb.2MB.rsvd.limit_in_bytes", `${4 * MIB}`],
      ["hugetlb.2MB.max", `${4 * MIB}`],
      ["hugetlb.2MB.rsvd.max", `${4 * MIB}`],
    ],
    needs: ["hugetlb2"],
  },
];

/** A control file of the container's, read on the host; null: this host has no such file. */
function control(path: string, file: string): string | null {
  const [first = "", second] = file.split("/");
  const places = second === undefined
    ? [`/sys/fs/cgroup${path}/${file}`, `/sys/fs/cgroup/unified${path}/${file}`]
    : [`/sys/fs/cgroup/${first}${path}/${second}`];
  const place = places.find(exists);
  return place === undefined ? null : Deno.readTextFileSync(place).trim();
}

for (const { field, resources, files, needs = [] } of CASES) {
  kernelTest(
    `a bundle's linux.resources.${field} is in the container's cgroup`,
    ["mount", "busybox", ...needs],
    async (scratch) => {
      const path = `/masu-test-${crypto.randomUUID().slice(0, 8)}`;
      await using bundle = await Bundle.make(scratch, "sleep 60", ({ linux }) => {
        linux.cgroupsPath = path;
        linux.resources = resources;
      });
      const created = await bundle.create();
      assertEquals(created.code, 0, created.transcript);
      const said = files.map(([file, says]) => [control(path, file), says] as const).filter(([found]) =>
        found !== null
      );
      assert(said.length > 0, "this host has none of the files");
      for (const [found, says] of said) assertEquals(found, says, created.transcript);
    },
  );
}

kernelTest("a bundle's linux.cgroupsPath is where its processes are, and is gone once it is deleted", [
  "mount",
  "busybox",
  "cgroups",
], async (scratch) => {
  const path = `/masu-test-${crypto.randomUUID().slice(0, 8)}`;
  await using bundle = await Bundle.make(scratch, "sleep 60", ({ linux }) => linux.cgroupsPath = path);
  const created = await bundle.create();
  assertEquals(created.code, 0, created.transcript);
  const { pid } = JSON.parse((await bundle.masu("state")).stdout);
  const places = Deno.readTextFileSync(`/proc/${pid}/cgroup`).split("\n").filter((line) => line.endsWith(`:${path}`));
  assert(places.length > 0);
  assertEquals((await bundle.masu("delete", "--force")).code, 0);
  for (const top of ["", "/pids", "/memory", "/unified"]) assertEquals(exists(`/sys/fs/cgroup${top}${path}`), false);
});

kernelTest(
  "a bundle's linux.resources.devices say which devices can be opened",
  ["mount", "busybox", "cgroups"],
  async (scratch) => {
    const node = { type: "c", path: "/dev/thing", major: 10, minor: 229, fileMode: 0o666 };
    // Whatever the driver says to it: what is not allowed never gets there.
    const script = "head -c 0 /dev/thing 2>&1 | grep -c 'not permitted'; head -c 0 /dev/zero && echo zero";
    const rule = { allow: true, type: "c", major: 10, minor: 229, access: "r" };
    for (const [allowed, says] of [[[], "1\nzero"], [[rule], "0\nzero"]] as const) {
      await using bundle = await Bundle.make(scratch, script, ({ linux }) => {
        linux.devices = [node];
        linux.resources = { devices: [{ allow: false, access: "rwm" }, ...allowed] };
      });
      const outcome = await bundle.attempt("create");
      assertEquals(outcome.stdout.trimEnd(), says, outcome.transcript);
    }
  },
);
