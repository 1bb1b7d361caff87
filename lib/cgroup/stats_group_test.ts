import { assertEquals } from "@std/assert";
import { hierarchiesOf } from "./group.ts";
import { HYBRID_ROOT, V2_ROOT } from "./layout_fixtures.ts";
import { countingFiles, groupStats } from "./stats_group.ts";

const V2 = hierarchiesOf(V2_ROOT).map((hierarchy) => ({ hierarchy, directory: "/u/a" }));
const V1 = hierarchiesOf(HYBRID_ROOT).filter(({ version }) => version === 1)
  .map((hierarchy) => ({ hierarchy, directory: `/${hierarchy.name}/a` }));

function reader(files: Readonly<Record<string, string>>): (path: string) => string | null {
  return (path) => files[path] ?? null;
}

Deno.test("groupStats() reads all that v2 counts", () => {
  const stats = groupStats(
    "a",
    V2,
    reader({
      "/u/a/cpu.stat":
        "usage_usec 300\nuser_usec 200\nsystem_usec 100\nnr_periods 9\nnr_throttled 4\nthrottled_usec 50\n",
      "/u/a/memory.current": "4096\n",
      "/u/a/memory.peak": "8192\n",
      "/u/a/memory.max": "max\n",
      "/u/a/memory.swap.current": "1\n",
      "/u/a/memory.stat": "anon 1\nkernel 2\nsock 3\n",
      "/u/a/memory.events": "low 0\noom 2\noom_kill 1\n",
      "/u/a/pids.current": "3\n",
      "/u/a/pids.max": "50\n",
      "/u/a/pids.events": "max 7\n",
      "/u/a/io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n",
      "/u/a/hugetlb.2MB.current": "0\n",
      "/u/a/hugetlb.2MB.max": "max\n",
      "/u/a/hugetlb.2MB.events": "max 5\n",
      "/u/a/memory.pressure":
        "some avg10=0.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
      "/u/a/rdma.current": "mlx4_0 hca_handle=2 hca_object=20\n",
    }),
  );
  assertEquals(stats.cpu, {
    usageNs: 300_000,
    userNs: 200_000,
    systemNs: 100_000,
    perCpuNs: null,
    periods: 9,
    throttledPeriods: 4,
    throttledNs: 50_000,
  });
  assertEquals([stats.memory?.peakBytes, stats.memory?.limitBytes, stats.memory?.swapBytes], [8192, null, 1]);
  assertEquals([stats.memory?.oom, stats.memory?.oomKills, stats.memory?.kernelBytes], [2, 1, 2]);
  assertEquals(stats.tasks, { current: 3, max: 50, refused: 7 });
  assertEquals(stats.io, { "8:0": { readBytes: 1, writtenBytes: 2, reads: 3, writes: 4 } });
  assertEquals(stats.hugetlb, { "2MB": { usageBytes: 0, limitBytes: null, failures: 5 } });
  assertEquals([stats.pressure.memory?.some.avg10, stats.pressure.memory?.full.total], [0.5, 1]);
  assertEquals(stats.rdma, { mlx4_0: { hca_handle: 2, hca_object: 20 } });
});

Deno.test("groupStats() reads what v1 counts, and null where nothing does", () => {
  const stats = groupStats(
    "a",
    V1,
    reader({
      "/cpu/a/cpu.stat": "nr_periods 2\nnr_throttled 1\nthrottled_time 77\n",
      "/memory/a/memory.usage_in_bytes": "4096\n",
      "/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
      "/memory/a/memory.failcnt": "6\n",
      "/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
    }),
  );
  assertEquals([stats.cpu?.usageNs, stats.cpu?.throttledPeriods, stats.cpu?.throttledNs], [null, 1, 77]);
  assertEquals([stats.memory?.limitBytes, stats.memory?.failures, stats.memory?.oomKills], [null, 6, 3]);
  assertEquals([stats.tasks, stats.io, stats.hugetlb], [null, {}, {}]);
});

Deno.test("countingFiles() leaves out what sets and what does", () => {
  assertEquals(
    countingFiles(["cpu.stat", "memory.force_empty", "cgroup.procs", "memory.pressure", "hugetlb.2MB.max"]),
    ["cpu.stat", "memory.pressure", "hugetlb.2MB.max"],
  );
});
