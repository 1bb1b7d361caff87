import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { becameOf, hierarchiesWith, parseAssignment } from "./files.ts";
import { hierarchiesOf } from "./group.ts";
import { HYBRID_ROOT, V2_ROOT } from "./layout_fixtures.ts";

const WRITTEN: [text: string, file: string, value: string][] = [
  ["memory.limit_in_bytes=30M", "memory.limit_in_bytes", "31457280"],
  ["memory.max=max", "memory.max", "max"],
  ["memory.limit_in_bytes=-1", "memory.limit_in_bytes", "-1"],
  ["cpu.max=10000 100000", "cpu.max", "10000 100000"],
  ["blkio.throttle.write_bps_device=8:0 1m", "blkio.throttle.write_bps_device", "8:0 1048576"],
  ["hugetlb.2MB.limit_in_bytes=2m", "hugetlb.2MB.limit_in_bytes", "2097152"],
  ["pids.max=50", "pids.max", "50"],
  ["cpuset.cpus=", "cpuset.cpus", ""],
];
for (const [text, file, value] of WRITTEN) {
  Deno.test(`parseAssignment() reads ${text}`, () => assertEquals(parseAssignment(text), { file, value }));
}

for (const text of ["memory.max", "=1", "a/b=1", "../x.y=1", "memory.max=lots"]) {
  Deno.test(`parseAssignment() refuses ${text}`, () => {
    assertThrows(() => parseAssignment(text), MasuError);
  });
}

const BECAME: [file: string, written: string, read: string, became: string | null][] = [
  ["memory.limit_in_bytes", "31457280", "31457280\n", null],
  ["memory.limit_in_bytes", "31457281", "31457280\n", "31457280"],
  ["memory.limit_in_bytes", "-1", "9223372036854771712\n", null],
  ["cpu.max", "10000", "10000 100000\n", null],
  ["net_cls.classid", "0x100001", "1048577\n", null],
  ["cpu.shares", "1", "2\n", "2"],
  ["cpuset.cpus", "0,1,2", "0-2\n", null],
  ["memory.oom_control", "1", "oom_kill_disable 1\nunder_oom 0\n", null],
  ["io.max", "8:0 wbps=1048576", "8:0 rbps=max wbps=1048576 riops=max wiops=max\n", null],
  ["blkio.throttle.write_bps_device", "8:0 0", "", null],
  ["io.weight", "50", "default 50\n", null],
];
for (const [file, value, read, became] of BECAME) {
  Deno.test(`becameOf() compares ${file} "${value}" with ${JSON.stringify(read)}`, () => {
    assertEquals(becameOf({ file, value }, read), became);
  });
}

const OWNERS: [file: string, hybrid: string[], v2: string[]][] = [
  ["memory.max", ["memory"], ["unified"]],
  ["cgroup.freeze", ["unified"], ["unified"]],
  ["freezer.state", ["freezer"], ["unified"]],
  ["hugetlb.2MB.max", ["unified"], ["unified"]],
];
for (const [file, hybrid, v2] of OWNERS) {
  Deno.test(`hierarchiesWith() finds ${file}`, () => {
    assertEquals(hierarchiesWith(file, hierarchiesOf(HYBRID_ROOT)).map(({ name }) => name), hybrid);
    assertEquals(hierarchiesWith(file, hierarchiesOf(V2_ROOT)).map(({ name }) => name), v2);
  });
}
