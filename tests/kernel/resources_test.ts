/** Limits: what the container's cgroup says, and that they hold. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { attempt, image, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

const FILES: [flags: string[], file: string, value: string][] = [
  [["--memory", "64m"], "memory/memory.limit_in_bytes", `${64 << 20}`],
  [["--memory", "64m"], "memory/memory.memsw.limit_in_bytes", `${128 << 20}`],
  [["--memory", "64m", "--memory-swap", "96m"], "memory/memory.memsw.limit_in_bytes", `${96 << 20}`],
  [["--memory", "64m", "--memory-swap", "64m"], "memory/memory.memsw.limit_in_bytes", `${64 << 20}`],
  [["--memory", "64m", "--memory-swap", "-1"], "memory/memory.memsw.limit_in_bytes", "9223372036854771712"],
  [["--cpus", "0.5"], "cpu/cpu.cfs_quota_us", "50000"],
  [["--cpus", "1.25"], "cpu/cpu.cfs_quota_us", "125000"],
  [["--cpu-shares", "512"], "cpu/cpu.shares", "512"],
  [["--cpuset-cpus", "0"], "cpuset/cpuset.cpus", "0"],
  [["--memory", "64m", "--memory-reservation", "32m"], "memory/memory.soft_limit_in_bytes", `${32 << 20}`],
  [["--memory-swappiness", "7"], "memory/memory.swappiness", "7"],
  [["--kernel-memory-tcp", "8m"], "memory/memory.kmem.tcp.limit_in_bytes", `${8 << 20}`],
  [["--cpu-period", "50000", "--cpu-quota", "10000"], "cpu/cpu.cfs_period_us", "50000"],
  [["--cpu-period", "50000", "--cpu-quota", "10000"], "cpu/cpu.cfs_quota_us", "10000"],
  [["--cpus", "0.5", "--cpu-burst", "20000"], "cpu/cpu.cfs_burst_us", "20000"],
  [["--cpuset-mems", "0"], "cpuset/cpuset.mems", "0"],
  [["--pids-limit", "17"], "pids/pids.max", "17"],
  [["--pids-limit", "-1"], "pids/pids.max", "max"],
  [[], "pids/pids.max", "2048"],
];
for (const [flags, file, value] of FILES) {
  kernelTest(`run ${flags.join(" ")} has ${value} in ${file}`, ["cgroup1", "busybox"], async (scratch) => {
    assertEquals(await inside(scratch, flags, `cat /sys/fs/cgroup/${file}`), value);
  });
}

kernelTest("run --memory ends a program that takes more", ["cgroup1", "busybox"], async (scratch) => {
  const use = (megabytes: number) => ["dd", "if=/dev/zero", "of=/dev/null", `bs=${megabytes}M`, "count=1"];
  const flags = ["--memory", "32m", "--memory-swap", "32m"];
  const root = await image(scratch);
  const fits = await scratch.masu("run", ...flags, root, ...use(8));
  assertEquals(fits.code, 0, fits.transcript);
  const more = await scratch.masu("run", ...flags, root, ...use(64));
  assertEquals([more.code, more.signal], [137, null], more.transcript);
});

kernelTest("run --pids-limit stops a fork bomb", ["cgroup1", "busybox"], async (scratch) => {
  const bomb = "bomb() { bomb & bomb & wait; }; bomb";
  const outcome = await attempt(
    scratch,
    ["--pids-limit", "32"],
    `( ${bomb} ) 2>&1 | head -n1; cat /sys/fs/cgroup/pids/pids.max`,
    { timeoutMs: 10_000 },
  );
  assertStringIncludes(outcome.stdout, "can't fork", outcome.transcript);
});

kernelTest("run --cpus holds a busy program back", ["cgroup1", "busybox"], async (scratch) => {
  const script = "timeout 1 sh -c 'while :; do :; done' 2>/dev/null; cat /sys/fs/cgroup/cpuacct/cpuacct.usage";
  const usedMs = Number(await inside(scratch, ["--cpus", "0.1"], script)) / 1e6;
  assert(usedMs > 20 && usedMs < 400, `${usedMs} ms of processor time in a second`);
});

kernelTest("run --cpuset-cpus leaves the program these processors", ["cgroup1", "busybox"], async (scratch) => {
  const script = "grep Cpus_allowed_list /proc/self/status | cut -f2";
  assertEquals(await inside(scratch, ["--cpuset-cpus", "0"], script), "0");
});

kernelTest(
  "run puts the program into its own cgroups of every hierarchy used",
  ["cgroup1", "busybox"],
  async (scratch) => {
    const cidfile = scratch.path("id");
    const cgroups = await inside(scratch, ["--cgroupns", "host", "--cidfile", cidfile], "cat /proc/self/cgroup");
    const id = await Deno.readTextFile(cidfile);
    for (const controller of ["cpu", "cpuacct", "memory", "pids", "devices", "blkio"]) {
      const line = cgroups.split("\n").find((line) => line.split(":")[1]?.split(",").includes(controller));
      if (line !== undefined) assert(line.endsWith(`/masu/${id}`), line);
    }
  },
);

const REFUSED: [flags: string[], named: string][] = [
  [["--memory", "1k"], "--memory"],
  [["--memory", "64m", "--memory-swap", "32m"], "--memory-swap"],
  [["--cpus", "half"], "--cpus"],
  [["--cpuset-cpus", "4096"], "cpuset"],
  [["--pids-limit", "0x10"], "--pids-limit"],
];
for (const [flags, named] of REFUSED) {
  kernelTest(`run ${flags.join(" ")} is refused by name`, ["cgroup1", "busybox"], async (scratch) => {
    const outcome = await attempt(scratch, flags, "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, named);
  });
}

kernelTest(
  "--cgroup-manager disabled makes no cgroups and refuses limits by name",
  ["cgroup1", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    const plain = await scratch.masu("--cgroup-manager", "disabled", "run", root, "cat", "/proc/self/cgroup");
    assertEquals([plain.code, plain.stdout.includes("masu")], [0, false], plain.transcript);
    const limited = await scratch.masu("--cgroup-manager", "disabled", "run", "--memory", "64m", root, "true");
    assertEquals(limited.code, 125, limited.transcript);
    assertStringIncludes(limited.stderr, "memory");
  },
);
