import { assert, assertEquals } from "@std/assert";
import { hugePageSizes, runtimeStats, runtimeStatsPaths, runtimeStatsText } from "./runtime_stats.ts";

const V2: Readonly<Record<string, string>> = {
  "/u/cpu.stat": "usage_usec 3\nuser_usec 2\nsystem_usec 1\nnr_periods 5\nnr_throttled 4\nthrottled_usec 7\n",
  "/u/memory.current": "4096\n",
  "/u/memory.max": "max\n",
  "/u/memory.swap.current": "10\n",
  "/u/memory.swap.max": "max\n",
  "/u/memory.stat": "anon 1\nfile 2\n",
  "/u/memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n",
  "/u/memory.pressure":
    "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\nfull avg10=0.00 avg60=0.00 avg300=0.25 total=8\n",
  "/u/io.stat": "8:0 rbytes=1 wbytes=0 rios=3 wios=0 dbytes=0 dios=0\n",
  "/u/pids.current": "2\n",
  "/u/pids.max": "max\n",
  "/u/hugetlb.2MB.current": "0\n",
  "/u/hugetlb.2MB.events": "max 6\n",
};

const V1: Readonly<Record<string, string>> = {
  "/cpu/cpu.stat": "nr_periods 5\nnr_throttled 4\nthrottled_time 7\n",
  "/cpuacct/cpuacct.usage": "30\n",
  "/cpuacct/cpuacct.usage_percpu": "10 20 \n",
  "/cpuacct/cpuacct.stat": "user 2\nsystem 1\n",
  "/cpuset/cpuset.cpus": "0-2,5\n",
  "/cpuset/cpuset.mems": "0\n",
  "/cpuset/cpuset.sched_relax_domain_level": "-1\n",
  "/memory/memory.usage_in_bytes": "4096\n",
  "/memory/memory.limit_in_bytes": "9223372036854771712\n",
  "/memory/memory.max_usage_in_bytes": "8192\n",
  "/memory/memory.failcnt": "3\n",
  "/memory/memory.stat": "cache 2\nrss 1\n",
  "/pids/pids.current": "2\n",
  "/pids/pids.max": "7\n",
  "/blkio/blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\n8:0 Write 0\nTotal 4096\n",
};

const of = (files: Readonly<Record<string, string>>) => (path: string) => files[path] ?? null;

Deno.test("runtimeStats() reads v2's files in the words of v1's", () => {
  const { cpu, memory, pids, blkio, hugetlb } = runtimeStats({ directories: { unified: "/u" } }, ["2MB"], of(V2));
  assertEquals(cpu, {
    usage: { total: 3000n, kernel: 1000n, user: 2000n },
    throttling: { periods: 5n, throttledPeriods: 4n, throttledTime: 7000n },
  });
  assertEquals(memory.usage, { limit: 2n ** 64n - 1n, usage: 4096n, failcnt: 0n });
  assertEquals(memory.swap, { limit: 2n ** 64n - 1n, usage: 4106n, failcnt: 0n });
  assertEquals(memory.cache, 2n);
  assertEquals(memory.event_count, { max: 3n, oom: 1n, oom_kill: 1n });
  assertEquals(memory.psi, {
    some: { avg10: 1.5, avg60: 0, avg300: 0, total: 9n },
    full: { avg10: 0, avg60: 0, avg300: 0.25, total: 8n },
  });
  assertEquals(pids, { current: 2n });
  assertEquals(blkio.ioServiceBytesRecursive, [
    { major: 8n, op: "Read", value: 1n },
    { major: 8n, op: "Write" },
    { major: 8n, op: "Discard" },
  ]);
  assertEquals(hugetlb, { "2MB": { failcnt: 6n } });
});

Deno.test("runtimeStats() reads v1's files", () => {
  const names = ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio"];
  const directories = Object.fromEntries(names.map((name) => [name, `/${name}`]));
  const { cpu, cpuset, memory, pids, blkio } = runtimeStats({ directories }, [], of(V1));
  assertEquals(cpu, {
    usage: { total: 30n, percpu: [10n, 20n], kernel: 10_000_000n, user: 20_000_000n },
    throttling: { periods: 5n, throttledPeriods: 4n, throttledTime: 7n },
  });
  assertEquals(cpuset.cpus, [0n, 1n, 2n, 5n]);
  assertEquals(cpuset.sched_relax_domain_level, -1n);
  assertEquals(memory.usage, { limit: 9223372036854771712n, usage: 4096n, max: 8192n, failcnt: 3n });
  assertEquals(memory.raw, { cache: 2n, rss: 1n });
  assertEquals(pids, { current: 2n, limit: 7n });
  assertEquals(blkio.ioServiceBytesRecursive, [{ major: 8n, op: "Read", value: 4096n }, { major: 8n, op: "Write" }]);
});

Deno.test("runtimeStats() takes v1's count where a host has both", () => {
  const files = { ...V2, "/pids/pids.current": "9\n" };
  const { pids, memory } = runtimeStats({ directories: { unified: "/u", pids: "/pids" } }, [], of(files));
  assertEquals(pids, { current: 9n });
  assertEquals(memory.usage.usage, 4096n);
});

Deno.test("runtimeStats() asks for no file that runtimeStatsPaths() does not name", () => {
  const directories = {
    ...Object.fromEntries(["cpu", "cpuacct", "memory"].map((name) => [name, `/${name}`])),
    unified: "/u",
  };
  const paths = new Set(runtimeStatsPaths({ directories }, ["2MB"]));
  runtimeStats({ directories }, ["2MB"], (path) => {
    assert(paths.has(path), path);
    return null;
  });
});

Deno.test("runtimeStatsText() writes numbers of 64 bits as they are", () => {
  const text = runtimeStatsText(runtimeStats({ directories: { unified: "/u" } }, [], of(V2)));
  assert(text.includes('"limit":18446744073709551615'), text);
  assertEquals(JSON.parse(text).cpu.usage, { total: 3000, kernel: 1000, user: 2000 });
  assertEquals(JSON.parse(text).network_interfaces, null);
});

Deno.test("hugePageSizes() names sizes as cgroups do", () => {
  const names = ["hugepages-64kB", "hugepages-2048kB", "hugepages-1048576kB", "something"];
  assertEquals(hugePageSizes(names), ["64KB", "2MB", "1GB"]);
});
