import { assertEquals } from "@std/assert";
import { type CgroupStats, cgroupStats, NO_STATS, statsPaths } from "./stats.ts";

const V1 = { cpuacct: "/c/cpuacct", memory: "/c/memory", blkio: "/c/blkio", pids: "/c/pids" };
const V2 = { unified: "/u" };

const CASES: [name: string, directories: Record<string, string>, files: Record<string, string>, stats: CgroupStats][] =
  [
    ["nothing where there are no cgroups", {}, {}, NO_STATS],
    ["nothing where files are missing", { ...V1, ...V2 }, {}, NO_STATS],
    [
      "v1",
      V1,
      {
        "/c/cpuacct/cpuacct.usage": "123456789\n",
        "/c/memory/memory.usage_in_bytes": "1000\n",
        "/c/memory/memory.limit_in_bytes": "4096\n",
        "/c/memory/memory.stat": "cache 900\ninactive_file 1\ntotal_inactive_file 300\n",
        "/c/blkio/blkio.throttle.io_service_bytes_recursive":
          "8:0 Read 10\n8:0 Write 1\n8:0 Total 11\n8:16 Read 5\nTotal 16\n",
        "/c/blkio/blkio.throttle.io_service_bytes": "8:0 Read 99\n",
        "/c/pids/pids.current": "3\n",
      },
      {
        cpuNs: 123456789,
        memoryBytes: 700,
        memoryLimitBytes: 4096,
        oomKills: null,
        blockReadBytes: 15,
        blockWrittenBytes: 1,
        pids: 3,
      },
    ],
    [
      "v1 without limits, on an idle disk",
      V1,
      {
        "/c/memory/memory.usage_in_bytes": "1000\n",
        "/c/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "/c/memory/memory.stat": "total_inactive_file 2000\n",
        "/c/blkio/blkio.throttle.io_service_bytes": "Total 0\n",
      },
      { ...NO_STATS, memoryBytes: 1000, blockReadBytes: 0, blockWrittenBytes: 0 },
    ],
    [
      "v2",
      V2,
      {
        "/u/cpu.stat": "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n",
        "/u/memory.current": "5000\n",
        "/u/memory.max": "max\n",
        "/u/memory.stat": "anon 1\nfile 2\ninactive_file 1000\nactive_file 1\n",
        "/u/io.stat": "8:0 rbytes=4096 wbytes=512 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=4 wbytes=0\n",
        "/u/pids.current": "7\n",
      },
      {
        cpuNs: 1_500_000,
        memoryBytes: 4000,
        memoryLimitBytes: null,
        oomKills: null,
        blockReadBytes: 4100,
        blockWrittenBytes: 512,
        pids: 7,
      },
    ],
    [
      "v1's controllers on a hybrid host, and v2 for the rest",
      { memory: "/c/memory", unified: "/u" },
      {
        "/c/memory/memory.usage_in_bytes": "10\n",
        "/u/memory.current": "99\n",
        "/u/pids.current": "2\n",
      },
      { ...NO_STATS, memoryBytes: 10, pids: 2 },
    ],
  ];
for (const [name, directories, files, stats] of CASES) {
  Deno.test(`cgroupStats() reads ${name}`, () => {
    assertEquals(cgroupStats(directories, (path) => files[path] ?? null), stats);
    const paths = statsPaths(directories);
    assertEquals(Object.keys(files).filter((path) => !paths.includes(path)), []);
  });
}
