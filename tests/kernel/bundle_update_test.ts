/** `update` of a bundle's container: what its cgroup has afterwards. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { exists } from "../host.ts";
import { kernelTest, type Need } from "../needs.ts";

const NEEDS: readonly Need[] = ["mount", "busybox", "cgroup1", "memory"];
const MIB = 1024 * 1024;
/** The largest multiple of a page in 63 bits: v1's way to say that there is no limit. */
const UNLIMITED = "9223372036854771712";

interface Case {
  readonly name: string;
  readonly before: { limit?: number; swap?: number };
  readonly flags: readonly string[];
  readonly after: readonly [limit: string, both: string];
}

const CASES: readonly Case[] = [
  {
    name: "raises both at once, memory and swap first",
    before: { limit: 32 * MIB, swap: 32 * MIB },
    flags: ["--memory", "64m", "--memory-swap", "64m"],
    after: [`${64 * MIB}`, `${64 * MIB}`],
  },
  {
    name: "lowers both at once, memory first",
    before: { limit: 64 * MIB, swap: 64 * MIB },
    flags: ["--memory", "32m", "--memory-swap", "32m"],
    after: [`${32 * MIB}`, `${32 * MIB}`],
  },
  {
    name: "changes swap alone",
    before: { limit: 32 * MIB, swap: 32 * MIB },
    flags: ["--memory-swap", "64m"],
    after: [`${32 * MIB}`, `${64 * MIB}`],
  },
  {
    name: "takes the limit of memory away, and that of swap with it",
    before: { limit: 32 * MIB, swap: 32 * MIB },
    flags: ["--memory", "-1"],
    after: [UNLIMITED, UNLIMITED],
  },
  {
    name: "leaves memory as it is when something else changes",
    before: { limit: 32 * MIB, swap: 32 * MIB },
    flags: ["--pids-limit", "7"],
    after: [`${32 * MIB}`, `${32 * MIB}`],
  },
];

for (const { name, before, flags, after } of CASES) {
  kernelTest(`update of a bundle's container ${name}`, NEEDS, async (scratch) => {
    const path = `/masu-test-${crypto.randomUUID().slice(0, 8)}`;
    await using bundle = await Bundle.make(scratch, "sleep 60", ({ linux }) => {
      linux.cgroupsPath = path;
      linux.resources = { memory: before };
    });
    const created = await bundle.create();
    assertEquals(created.code, 0, created.transcript);
    const updated = await bundle.masu("update", ...flags);
    assertEquals([updated.code, updated.stdout, updated.stderr], [0, "", ""], updated.transcript);
    assertEquals([read(path, "memory.limit_in_bytes"), read(path, "memory.memsw.limit_in_bytes")], [...after]);
  });
}

function read(path: string, file: string): string {
  return Deno.readTextFileSync(`/sys/fs/cgroup/memory${path}/${file}`).trim();
}

kernelTest("update of a bundle's container keeps what it said for the next one", NEEDS, async (scratch) => {
  const path = `/masu-test-${crypto.randomUUID().slice(0, 8)}`;
  await using bundle = await Bundle.make(scratch, "sleep 60", ({ linux }) => {
    linux.cgroupsPath = path;
    linux.resources = { memory: { limit: 32 * MIB, swap: 48 * MIB }, cpu: { quota: 10_000, period: 20_000 } };
  });
  assertEquals((await bundle.create()).code, 0);
  const first = await bundle.masu("update", "--cpu-quota", "5000");
  assertEquals(first.code, 0, first.transcript);
  const second = await bundle.masu("update", "--cpu-period", "10000");
  assertEquals(second.code, 0, second.transcript);
  const file = (name: string) => `/sys/fs/cgroup/cpu${path}/${name}`;
  const values = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].filter((name) => exists(file(name)))
    .map((name) => Deno.readTextFileSync(file(name)).trim());
  assertEquals(values, ["5000", "10000"]);
});

kernelTest("update of a bundle's container loses none of many at once", NEEDS, async (scratch) => {
  const path = `/masu-test-${crypto.randomUUID().slice(0, 8)}`;
  await using bundle = await Bundle.make(scratch, "sleep 60", ({ linux }) => linux.cgroupsPath = path);
  assertEquals((await bundle.create()).code, 0);
  const changes = Array.from({ length: 5 }, (_, index) => [
    ["--memory", `${index + 40}m`],
    ["--pids-limit", `${index + 100}`],
    ["--cpu-shares", `${index + 200}`],
    ["--cpu-quota", `${index * 1000 + 5000}`],
  ]).flat();
  for (const updated of await Promise.all(changes.map((flags) => bundle.masu("update", ...flags)))) {
    assertEquals([updated.code, updated.stderr], [0, ""], updated.transcript);
  }
  const { stdout } = await bundle.masu("inspect", "--json");
  const [{ paths }] = JSON.parse(stdout);
  const { memory, pids, cpu } = JSON.parse(await Deno.readTextFile(paths.state)).masu.bundle.resources;
  const recorded = [memory.limit, pids.limit, cpu.shares, cpu.quota].map(String);
  const files = ["memory/memory.limit_in_bytes", "pids/pids.max", "cpu/cpu.shares", "cpu/cpu.cfs_quota_us"];
  const kernel = files.map((file) => {
    const [controller = "", name = ""] = file.split("/");
    return Deno.readTextFileSync(`/sys/fs/cgroup/${controller}${path}/${name}`).trim();
  });
  assertEquals(recorded, kernel);
});

kernelTest("update of a bundle's container refuses what it has no cgroup for, by the spec's word", [
  "mount",
  "busybox",
], async (scratch) => {
  await using bundle = await Bundle.make(scratch, "sleep 60", ({ linux }) => linux.resources = {});
  const created = await bundle.create(["--cgroup-manager", "disabled"]);
  assertEquals(created.code, 0, created.transcript);
  const updated = await bundle.masu("update", "--pids-limit", "7");
  assertEquals(updated.code, 1, updated.transcript);
  assertStringIncludes(updated.stderr, "linux.resources.pids.limit", updated.transcript);
});
