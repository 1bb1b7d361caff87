/** The check for leaks itself: it must see what it is there for. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { leftOver, othersContainers, takeStock } from "./leaks.ts";
import { kernelTest } from "./needs.ts";
import { Scratch } from "./scratch.ts";

Deno.test("leftOver() returns nothing when nothing was left", async () => {
  assertEquals(await leftOver(takeStock(), 0), []);
});

Deno.test("Scratch names a process that lost its parent, and ends it", async () => {
  const scratch = await Scratch.create();
  const { stdout } = await scratch.command("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!");
  const error = await assertRejects(() => scratch[Symbol.asyncDispose](), Error);
  assertStringIncludes(error.message, `process ${stdout.trim()} (sleep): sleep 1000`);
  assertEquals(await leftOver(takeStock()), []);
});

Deno.test("Scratch names a state file in the ordinary user's home", async () => {
  const scratch = await Scratch.create();
  await scratch.dir("user-home/.local/share/masu/containers/abc");
  const error = await assertRejects(() => scratch[Symbol.asyncDispose](), Error);
  assertStringIncludes(error.message, "user-home/.local/share/masu/containers/abc");
});

kernelTest("Scratch names a mount below it, and unmounts it", ["mount"], async () => {
  const scratch = await Scratch.create();
  const directory = await scratch.dir("mounted");
  await scratch.command("mount", "-t", "tmpfs", "none", directory);
  const error = await assertRejects(() => scratch[Symbol.asyncDispose](), Error);
  assertStringIncludes(error.message, `mount ${directory}`);
  assertEquals((await Deno.readTextFile("/proc/self/mountinfo")).includes(directory), false);
});

kernelTest("Scratch names a cgroup of masu's", ["cgroup1"], async () => {
  const before = takeStock();
  const cgroup = "/sys/fs/cgroup/pids/masu/left-by-a-test";
  await Deno.mkdir(cgroup, { recursive: true });
  try {
    assertStringIncludes((await leftOver(before, 0)).join("\n"), `cgroup ${cgroup}`);
  } finally {
    await Deno.remove(cgroup);
    await Deno.remove("/sys/fs/cgroup/pids/masu").catch((error) => {
      if (!String(error).includes("EBUSY") && !String(error).includes("busy")) throw error; // others run masu beside this test
    });
  }
});

kernelTest("othersContainers() names a container whose processes are not ours", ["cgroup1"], async (scratch) => {
  const cgroup = "/sys/fs/cgroup/pids/masu/of-somebody-else";
  await Deno.mkdir(cgroup, { recursive: true });
  const sleep = await scratch.spawnCommand("sh", "-c", `echo 0 >${cgroup}/tasks; echo joined; exec sleep 100`);
  await sleep.until(/joined/);
  assertEquals(othersContainers(new Set()).includes("of-somebody-else"), true);
  assertEquals(othersContainers(new Set([sleep.pid])).includes("of-somebody-else"), false);
  await sleep[Symbol.asyncDispose]();
  await Deno.remove(cgroup);
  // Somebody else may be in it.
  await Deno.remove("/sys/fs/cgroup/pids/masu").catch(() => {});
});

kernelTest("Scratch.command() runs as the ordinary user without other groups", ["user"], async (scratch) => {
  const { stdout, transcript } = await scratch.command(
    "sh",
    "-c",
    "id -u; id -G | wc -w; touch $HOME/x $XDG_RUNTIME_DIR/y && rm $HOME/x $XDG_RUNTIME_DIR/y",
    { asUser: true },
  );
  assertEquals(/^[1-9]\d*\n1\n$/.test(stdout), true, transcript);
});

Deno.test("Running.until() sees output as it comes and outcome() the end", async () => {
  await using scratch = await Scratch.create();
  const cat = await scratch.spawnCommand("sh", "-c", 'echo ready; read line; echo "got $line" >&2; exit 3');
  await cat.until(/ready/);
  await cat.write("hello\n");
  const outcome = await cat.outcome();
  assertEquals([outcome.code, outcome.stderr], [3, "got hello\n"], outcome.transcript);
});

kernelTest("Scratch.rootfs() makes a root that works", ["mount", "busybox"], async (scratch) => {
  const rootfs = await scratch.rootfs("busybox");
  const { stdout, transcript } = await scratch.command("chroot", rootfs, "/bin/sh", "-c", "id ada; stat -c %a /tmp");
  assertEquals(stdout, "uid=1000(ada) gid=1000(ada) groups=1000(ada),29(audio),50(staff)\n1777\n", transcript);
});
