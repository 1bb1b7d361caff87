import { assertEquals } from "@std/assert";
import { portableValue } from "./portable.ts";

const CASES: [word: string, version: 1 | 2, files: Record<string, string>, value: string | null][] = [
  ["memory", 1, { "memory.limit_in_bytes": "31457280\n" }, "31457280"],
  ["memory", 1, { "memory.limit_in_bytes": "9223372036854771712\n" }, "max"],
  ["memory", 2, { "memory.max": "max\n" }, "max"],
  ["memory-swap", 2, { "memory.max": "1000\n", "memory.swap.max": "500\n" }, "1500"],
  ["memory-swap", 2, { "memory.max": "1000\n" }, null],
  ["cpus", 1, { "cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n" }, "max"],
  ["cpus", 2, { "cpu.max": "10000 100000\n" }, "0.1"],
  ["cpu-shares", 2, {}, null],
  ["pids", 1, { "pids.max": "50\n" }, "50"],
];
for (const [word, version, files, value] of CASES) {
  Deno.test(`portableValue() reads ${word} of v${version} as ${value}`, () => {
    assertEquals(portableValue(word, version, (file) => files[file] ?? null), value);
  });
}
