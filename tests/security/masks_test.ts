/** Attacks on what hides paths and on the container's terminal. CVE-2025-31133, CVE-2025-52565 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { attempt, image, inside } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

/** Runs its arguments in a terminal. */
const IN_TERMINAL = "import pty,sys,os;sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/** What stands where masking takes /dev/null from. */
const NULLS: [what: string, make: string][] = [
  ["a link to a setting of the kernel", "ln -s /proc/sys/kernel/core_pattern null"],
  ["a regular file", "echo fake >null"],
  ["another device", "mknod null c 1 5"],
  ["a directory", "mkdir null"],
  ["nothing", "true"],
];
for (const [what, make] of NULLS) {
  attackTest(`T11, T12: masks stay masks where /dev/null is ${what}`, ["mount", "busybox"], async (scratch) => {
    const dev = await scratch.dir("dev");
    const made = await scratch.command("sh", "-c", make, { cwd: dev });
    assertEquals(made.code, 0, made.transcript);
    const script = "echo pwned >/proc/keys; echo pwned >/proc/timer_list; cat /proc/keys /proc/timer_list";
    const outcome = await attempt(scratch, ["-v", `${dev}:/dev`], script);
    // Either it does not start, or what is masked is empty.
    if (outcome.code !== 125) assertEquals(outcome.stdout, "", outcome.transcript);
    const file = `${dev}/null`;
    if (make.startsWith("echo")) assertEquals(await Deno.readTextFile(file), "fake\n");
  });
}

attackTest("T12: the image's own /dev/null is not used", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  await Deno.symlink("/proc/sys/kernel/core_pattern", `${root}/dev/null`);
  for (const direct of [false, true]) {
    assertEquals(
      await inside(scratch, [], "cat /proc/keys /proc/timer_list; stat -c %t:%T /dev/null", { direct }),
      "1:3",
    );
  }
});

attackTest(
  "T13: -t never mounts what the image has at /dev/console and /dev/pts",
  ["mount", "busybox", "python3"],
  async (scratch) => {
    const root = await image(scratch);
    await Deno.mkdir(`${root}/dev/pts`);
    for (const name of ["console", "ptmx", "tty", ...Array.from({ length: 10 }, (_, number) => `pts/${number}`)]) {
      await Deno.symlink("/proc/sysrq-trigger", `${root}/dev/${name}`);
    }
    for (const flag of [[], ["--rootfs"]]) {
      const args = [MASU, "run", "-t", ...flag, root, "grep", "/dev/console", "/proc/self/mountinfo"];
      const { stdout, transcript } = await scratch.command("python3", "-c", IN_TERMINAL, ...args);
      assertMatch(stdout, / \/\d+ \/dev\/console [^\n]* - devpts /, transcript);
    }
  },
);

attackTest(
  "T13: -t with a /dev of the person's own puts nothing into it",
  ["mount", "busybox", "python3"],
  async (scratch) => {
    const dev = await scratch.dir("dev");
    await Deno.symlink("/proc/sysrq-trigger", `${dev}/console`);
    await Deno.mkdir(`${dev}/pts`);
    const { stdout, transcript } = await scratch.command(
      "python3",
      "-c",
      IN_TERMINAL,
      MASU,
      "run",
      "-t",
      "-v",
      `${dev}:/dev`,
      await image(scratch),
      "cat",
      "/proc/self/mountinfo",
    );
    assert(!/sysrq-trigger \/dev/.test(stdout), transcript);
    assertEquals(Deno.readLinkSync(`${dev}/console`), "/proc/sysrq-trigger");
  },
);

const UNREADABLE = [
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/timer_list",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
attackTest(
  "T30: interrupts, keys, timers, firmware and power are not to be read",
  ["mount", "busybox"],
  async (scratch) => {
    const there = UNREADABLE.filter(exists);
    const script = `for p in ${
      there.join(" ")
    }; do if [ -d $p ]; then ls -A $p; else cat $p; fi; done; umount /proc/interrupts 2>&1; mount -t proc proc /tmp 2>&1; cat /sys/devices/system/cpu/cpu*/thermal_throttle/* 2>/dev/null; true`;
    const seen = await inside(scratch, ["-u", "0"], script);
    assertMatch(seen, /^umount: .*\nmount: .*$/);
    assertStringIncludes(seen, "ermi");
  },
);

attackTest("T8: a container cannot make or change cgroups", ["cgroup1", "busybox"], async (scratch) => {
  const script =
    "cd /sys/fs/cgroup; for d in . *; do mkdir $d/pwned && echo made; echo 1 >$d/cgroup.procs && echo moved; done 2>/dev/null; true";
  for (const flags of [[], ["--cgroupns", "host"], ["--cap-add", "ALL"]]) {
    assertEquals(await inside(scratch, flags, script), "");
  }
});

attackTest("T8: an ordinary user's container cannot make or change cgroups", ["user", "busybox"], async (scratch) => {
  const script =
    "cd /sys/fs/cgroup; for d in . *; do mkdir $d/pwned && echo made; echo 1 >$d/cgroup.procs && echo moved; done 2>/dev/null; true";
  for (const flags of [[], ["--cgroupns", "host"], ["--net", "host"], ["--privileged"]]) {
    assertEquals(await inside(scratch, flags, script, { asUser: true }), "");
  }
});
