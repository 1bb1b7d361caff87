import { assertEquals } from "@std/assert";
import { exampleRecord, exampleView } from "./example_view.ts";
import { networkTraffic, statsOf } from "./stats.ts";

const DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
  eth0:    2000      20    0    0    0     0          0         0      300       3    0    0    0     0       0          0
  eth1:5 1 0 0 0 0 0 0 6 1 0 0 0 0 0 0
`;
const FILES: Record<string, string> = {
  "/u/cpu.stat": "usage_usec 3000000\n",
  "/u/memory.current": "1024\n",
  "/u/memory.max": "max\n",
  "/u/pids.current": "2\n",
  "/u/io.stat": "",
  "/proc/meminfo": "MemTotal:       4 kB\n",
  "/proc/42/net/dev": DEV,
};
const LOOK = { read: (path: string) => FILES[path] ?? null, time: "2026-01-01T00:02:00.000Z", atMs: 5000 };

Deno.test("statsOf() says what a container used since the look before", () => {
  const stats = statsOf(exampleView(), { ...LOOK, before: { atMs: 3000, cpuNs: 2_000_000_000 } });
  assertEquals(stats, {
    time: LOOK.time,
    id: "0123456789ab",
    name: "web",
    status: "running",
    cpuPercent: 50,
    cpuNs: 3_000_000_000,
    memoryBytes: 1024,
    memoryLimitBytes: 4096,
    memoryPercent: 25,
    oomKills: null,
    networkReceivedBytes: 2005,
    networkSentBytes: 306,
    blockReadBytes: 0,
    blockWrittenBytes: 0,
    pids: 2,
  });
});
Deno.test("statsOf() knows no CPU share at the first look, and none below zero", () => {
  assertEquals(statsOf(exampleView(), LOOK).cpuPercent, null);
  assertEquals(statsOf(exampleView(), { ...LOOK, before: { atMs: 0, cpuNs: 9e12 } }).cpuPercent, 0);
});
Deno.test("statsOf() does not count the host's network as a container's", () => {
  const exec = { namespaces: ["pid" as const], cgroup: null, cgroupTasks: [], steps: [] };
  const stats = statsOf(exampleView({ record: exampleRecord({ exec }) }), LOOK);
  assertEquals([stats.networkReceivedBytes, stats.networkSentBytes], [null, null]);
});
Deno.test("statsOf() says nothing of a container that does not run", () => {
  const { cpuNs, memoryBytes, memoryLimitBytes, pids } = statsOf(
    exampleView({ record: null, status: "stopped" }),
    LOOK,
  );
  assertEquals([cpuNs, memoryBytes, memoryLimitBytes, pids], [null, null, null, null]);
});
Deno.test("networkTraffic() sums up all interfaces but the loopback", () => {
  assertEquals(networkTraffic(DEV), { receivedBytes: 2005, sentBytes: 306 });
  assertEquals(networkTraffic(null), null);
});
