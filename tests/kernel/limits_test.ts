/** Limits beside memory and processor time: what they do, where they are, and how they change while a container runs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { attempt, image, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

const V1 = "/sys/fs/cgroup";

/** The disk below a directory, as `major:minor`. */
async function diskOf(scratch: Scratch): Promise<string> {
  const seen = await scratch.command("stat", "--format", "%Hd:%Ld", scratch.path("."));
  return seen.stdout.trim();
}

/** A container that sleeps. */
async function sleeping(scratch: Scratch, ...flags: string[]): Promise<string> {
  const run = await scratch.masu("run", "--detach", ...flags, await image(scratch), "sleep", "1000");
  assertEquals(run.code, 0, run.transcript);
  return run.stdout.trim();
}

const THROTTLES: [flag: string, file: string][] = [
  ["--device-read-bps", "blkio.throttle.read_bps_device"],
  ["--device-write-bps", "blkio.throttle.write_bps_device"],
  ["--device-read-iops", "blkio.throttle.read_iops_device"],
  ["--device-write-iops", "blkio.throttle.write_iops_device"],
];
for (const [flag, file] of THROTTLES) {
  kernelTest(`run ${flag} is in ${file}`, ["cgroup1", "busybox"], async (scratch) => {
    const disk = await diskOf(scratch);
    assertEquals(await inside(scratch, [flag, `${disk}:1048576`], `cat ${V1}/blkio/${file}`), `${disk} 1048576`);
  });
}

kernelTest("run --device-write-bps holds writes to the disk back", ["cgroup1", "busybox"], async (scratch) => {
  const disk = await diskOf(scratch);
  const data = scratch.path("data");
  await Deno.mkdir(data);
  // v1 throttles what a process itself writes to the disk: not what the kernel writes back later.
  const write = `dd if=/dev/zero of=/data/file bs=1M count=3 oflag=direct 2>/dev/null`;
  const volume = ["--volume", `${data}:/data`];
  const tookMs = async (flags: string[]) => {
    const before = performance.now();
    await inside(scratch, [...volume, ...flags], write);
    return performance.now() - before;
  };
  const [free, held] = [await tookMs([]), await tookMs(["--device-write-bps", `${disk}:2m`])];
  assert(held > 900 && held > free, `3 MiB at 2 MiB a second took ${held} ms, and ${free} ms without a limit`);
});

kernelTest("run --device-cgroup-rule lets a device be opened", ["cgroup1", "busybox"], async (scratch) => {
  const script = "mknod /tmp/full c 1 7; mknod /tmp/loop c 10 237; head -c1 /tmp/loop";
  const closed = await attempt(scratch, ["--cap-add", "mknod"], script);
  assertStringIncludes(closed.stderr, "Operation not permitted", closed.transcript);
  const open = await attempt(scratch, ["--cap-add", "mknod", "--device-cgroup-rule", "c 10:237 rwm"], script);
  assert(!open.stderr.includes("not permitted"), open.transcript);
});

kernelTest(
  "run --cgroup-parent makes the cgroups below it, in every hierarchy",
  ["cgroup1", "busybox"],
  async (scratch) => {
    const parent = `masu-test-${crypto.randomUUID().slice(0, 8)}`;
    try {
      const cgroups = await inside(
        scratch,
        ["--cgroupns", "host", "--cgroup-parent", `/${parent}/web`],
        "cat /proc/self/cgroup",
      );
      for (const controller of ["memory", "pids"]) {
        const line = cgroups.split("\n").find((line) => line.split(":")[1] === controller) ?? "";
        assertStringIncludes(line, `/${parent}/web/`);
      }
      assert(!cgroups.includes("/masu/"), cgroups);
    } finally {
      await removeParents(parent);
    }
  },
);

/** They are whoever named them's, and masu leaves them. */
async function removeParents(parent: string): Promise<void> {
  const own = (await Deno.readTextFile("/proc/self/cgroup")).split("\n").map((line) =>
    line.split(":").slice(2).join(":")
  );
  for (const { name } of Deno.readDirSync(V1)) {
    for (const place of new Set(["", ...own])) {
      for (const path of [`${parent}/web`, parent]) await Deno.remove(`${V1}/${name}${place}/${path}`).catch(() => {});
    }
  }
}

const CHANGES: [flags: string[], controller: string, file: string, value: string][] = [
  [["--cpus", "0.25"], "cpu", "cpu.cfs_quota_us", "25000"],
  [["--cpu-quota", "30000"], "cpu", "cpu.cfs_quota_us", "30000"],
  [["--cpu-shares", "300"], "cpu", "cpu.shares", "300"],
  [["--pids-limit", "9"], "pids", "pids.max", "9"],
  [["-m", "48m"], "memory", "memory.limit_in_bytes", `${48 << 20}`],
  [["--memory-reservation", "24m"], "memory", "memory.soft_limit_in_bytes", `${24 << 20}`],
  [["--memory-swappiness", "11"], "memory", "memory.swappiness", "11"],
];
kernelTest("update changes every limit where the container runs", ["cgroup1", "busybox"], async (scratch) => {
  const id = await sleeping(scratch, "-m", "64m", "--cpus", "0.5");
  const document = async () => JSON.parse((await scratch.masu("inspect", id)).stdout)[0];
  for (const [flags, controller, file, value] of CHANGES) {
    const updated = await scratch.masu("update", ...flags, id);
    assertEquals(updated.code, 0, updated.transcript);
    const directory = (await document()).masu.cgroups.directories[controller];
    assertEquals((await Deno.readTextFile(`${directory}/${file}`)).trim(), value, flags.join(" "));
  }
  const { HostConfig: host } = await document();
  await scratch.masu("delete", "--force", id);
  assertEquals([host.CpuQuota, host.CpuShares, host.PidsLimit, host.MemorySwappiness], [30_000, 300, 9, 11]);
});

kernelTest("update keeps nothing of what the kernel refuses", ["cgroup1", "busybox"], async (scratch) => {
  const id = await sleeping(scratch, "--cpuset-cpus", "0");
  const refused = await scratch.masu("update", "--cpuset-cpus", "4000", id);
  assertEquals(refused.code, 1, refused.transcript);
  assertStringIncludes(refused.stderr, "cpuset.cpus");
  const seen = JSON.parse((await scratch.masu("inspect", id)).stdout)[0];
  await scratch.masu("delete", "--force", id);
  assertEquals(seen.HostConfig.CpusetCpus, "0");
});

const REFUSED: [flags: string[], named: string][] = [
  [["--cgroup-parent", "web.slice"], "slices are systemd's"],
  [["--cgroup-parent", "../web"], "--cgroup-parent"],
  [["--device-cgroup-rule", "c 1:3 x"], "no device rule"],
  [["--device-read-bps", "/dev/none:1m"], "no such file"],
  [["--device-read-bps", "/dev/null:1m"], "block device"],
  [["--blkio-weight", "5"], "--blkio-weight"],
  [["--cgroup-conf", "memory.high=64m"], "on cgroup v1"],
  [["--kernel-memory", "64m"], "does nothing with it"],
  [["--oom-kill-disable"], "needs --memory"],
  [["--memory", "64m", "--memory-reservation", "65m"], "more than --memory"],
  [["--cpus", "1", "--cpu-quota", "1000"], "--cpu"],
];
for (const [flags, named] of REFUSED) {
  kernelTest(`run ${flags.join(" ")} is refused by name`, ["cgroup1", "busybox"], async (scratch) => {
    const outcome = await attempt(scratch, flags, "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, named);
  });
}
