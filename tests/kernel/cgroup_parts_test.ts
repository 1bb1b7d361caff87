/** The library's control groups on this host's own hierarchies: each test in a group of its own, which it deletes. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { cgroups, MasuError } from "../../mod.ts";
import { usualCore } from "../../lib/container/core.ts";
import { kernelTest } from "../needs.ts";

usualCore(); // loaded once, and not by the first test

async function withGroup(test: (group: string) => Promise<void>): Promise<void> {
  const group = `masu-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    await test(group);
  } finally {
    await cgroups.delete(group, { recursive: true, kill: true }).catch((error) => {
      if (!(error instanceof MasuError) || error.code !== "not_found") throw error;
    });
  }
}

kernelTest("cgroups.create() sets limits and leaves nothing of a group when one is refused", ["cgroup1"], async () => {
  await withGroup(async (group) => {
    const { values, directories } = await cgroups.create(group, { memory: "30M", pids: 50 });
    assertEquals(values.map(({ file, value }) => [file, value]), [
      ["memory.limit_in_bytes", "31457280"],
      ["pids.max", "50"],
    ]);
    assert(Object.keys(directories).length > 2);
    const refused = cgroups.create(`${group}/a`, { files: { "cpu.cfs_period_us": "1" } });
    const error = await assertRejects(() => refused, MasuError);
    assertEquals(error.errno, 22);
    assertEquals((await cgroups.list({ group })).map((one) => one.group), [`/${group}`]);
  });
});

kernelTest("cgroups.run() counts in the group what the program used", ["cgroup1"], async () => {
  await withGroup(async (group) => {
    await cgroups.create(group);
    const { code } = await cgroups.run(["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done"], { group });
    const [stats] = await cgroups.stats([group]);
    assertEquals(code, 0);
    assert(stats !== undefined && (stats.cpuNs ?? 0) > 1e6);
    assert((stats.memory?.peakBytes ?? 0) > 0);
    assertEquals(stats.tasks?.current, 0);
  });
});

kernelTest("cgroups.run() ends a program that takes more memory than it may", ["cgroup1"], async () => {
  await withGroup(async (group) => {
    await cgroups.create(group, { memory: "30M", memorySwap: "30M" });
    // A line without an end is kept whole.
    const { code } = await cgroups.run(["sh", "-c", "head -c 90M /dev/zero | tail -n 1 >/dev/null"], { group });
    assertEquals(code, 137);
    const [stats] = await cgroups.stats([group]);
    assertEquals(stats?.memory?.oomKills, 1);
  });
});

kernelTest("cgroups.move() moves single threads of a process", ["cgroup1"], async () => {
  await withGroup(async (group) => {
    const choice = { controllers: ["cpu"] };
    await cgroups.create(group, choice);
    const threads = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => Number(name)).filter((id) =>
      id !== Deno.pid
    );
    const [thread] = threads;
    assert(thread !== undefined);
    await cgroups.move(group, [thread], { ...choice, threads: true });
    const [listed] = await cgroups.list({ group, threads: true, ...choice });
    assertEquals(listed?.processes.map(({ pid }) => pid), [thread]);
    await cgroups.move("/", [thread], { ...choice, threads: true });
  });
});

kernelTest("cgroups.stats() of 200 groups is two looks at the kernel", ["cgroup1"], async () => {
  await withGroup(async (group) => {
    const names = Array.from({ length: 200 }, (_, index) => `${group}/${index}`);
    for (const name of names) await cgroups.create(name, { controllers: ["pids"] });
    const stats = await cgroups.stats(names, { controllers: ["pids"] });
    assertEquals(stats.map(({ pids }) => pids), names.map(() => 0));
  });
});

kernelTest("cgroups.create() gives a group to a user", ["cgroup1", "user"], async (scratch) => {
  await withGroup(async (group) => {
    const { uid, gid } = Deno.statSync(scratch.path("user-home"));
    assert(uid !== null && gid !== null);
    await cgroups.create(group, { controllers: ["pids"], owner: { uid, gid } });
    const script = 'mkdir "$1/below" && echo $$ > "$1/below/cgroup.procs" && cat /proc/self/cgroup; true';
    const directory = `/sys/fs/cgroup/pids/${group}`;
    const { stdout, transcript } = await scratch.command("sh", "-c", script, "sh", directory, { asUser: true });
    assert(stdout.includes(`:pids:/${group}/below`), transcript);
  });
});
