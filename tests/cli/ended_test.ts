/** A run that ends in any way leaves nothing behind: the check is that of each test's own place. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { image } from "../inside.ts";
import { descendants } from "../leaks.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Running, type Scratch } from "../scratch.ts";
import { type Family, familyOf, fileOf, nameOf, stateOf, until } from "./family.ts";

const CONTAINER: Need[] = ["mount", "pidns", "overlay", "busybox"];

/** Everything that a run can make, so that everything can be left. */
const FLAGS = ["--name", "everything", "--memory", "64m", "--hostname", "h", "--tmpfs", "/t"];

for (const asUser of [false, true]) {
  const who = asUser ? ", as an ordinary user" : "";
  // An ordinary user has no cgroups here.
  const flags = asUser ? FLAGS.filter((word) => !/memory|64m/.test(word)) : FLAGS;

  kernelTest(`masu run killed at any moment of its start leaves nothing${who}`, needs(asUser), async (scratch) => {
    const rootfs = await image(scratch, { asUser });
    for (let delay = 0; delay < 120; delay += 4) {
      const masu = await scratch.spawn("run", ...flags, rootfs, "sleep", "100", { asUser });
      await new Promise((resolve) => setTimeout(resolve, delay + Math.random() * 4));
      masu.kill("SIGKILL");
      const { code, transcript } = await masu.outcome(5_000);
      assertEquals(code, 137, transcript);
      await until("the guard and the container have ended", () => descendants().length === 0);
    }
  });

  kernelTest(`masu run killed while its program runs leaves nothing${who}`, needs(asUser), async (scratch) => {
    const { masu, first, guard } = await running(scratch, flags, asUser);
    masu.kill("SIGKILL");
    await masu.outcome(5_000);
    await until("the container and the guard have ended", () => hasEnded(first) && hasEnded(guard));
  });

  kernelTest(`masu run whose guard was killed cleans up itself${who}`, needs(asUser), async (scratch) => {
    const { masu, guard } = await running(scratch, flags, asUser);
    Deno.kill(guard, "SIGKILL");
    await until("the guard has ended", () => hasEnded(guard));
    await masu.write("\n");
    const { code, stderr, transcript } = await masu.outcome(5_000);
    assertEquals([code, stderr], [5, ""], transcript);
  });

  kernelTest(`masu run whose container was killed cleans up${who}`, needs(asUser), async (scratch) => {
    const { masu, first, guard } = await running(scratch, flags, asUser);
    Deno.kill(first, "SIGKILL");
    const { code, stderr, transcript } = await masu.outcome(5_000);
    assertEquals([code, stderr, hasEnded(guard)], [137, "", true], transcript);
  });

  kernelTest(`masu run killed right after its container leaves nothing${who}`, needs(asUser), async (scratch) => {
    const { masu, first, guard } = await running(scratch, flags, asUser);
    Deno.kill(first, "SIGKILL");
    masu.kill("SIGKILL");
    await masu.outcome(5_000);
    await until("the guard has ended", () => hasEnded(guard));
  });

  kernelTest(
    `masu run leaves nothing that its program left in the background${who}`,
    needs(asUser),
    async (scratch) => {
      const rootfs = await image(scratch, { asUser });
      const script = "setsid sleep 1000 >/dev/null 2>&1 & mkdir -p /a/b; mount -t tmpfs none /a/b 2>/dev/null; exit 5";
      const { code, transcript } = await scratch.masu("run", ...flags, rootfs, "sh", "-c", script, { asUser });
      assertEquals(code, 5, transcript);
    },
  );

  kernelTest(
    `masu run in the host's pid namespace ends what was left in its cgroup${who}`,
    needs(asUser),
    async (scratch) => {
      if (asUser) return; // without a cgroup nothing tells whose process it is
      const rootfs = await image(scratch, { asUser });
      const script = "setsid sleep 1000 >/dev/null 2>&1 & exit 5";
      const { code, transcript } = await scratch.masu("run", "--pid", "host", rootfs, "sh", "-c", script, { asUser });
      assertEquals(code, 5, transcript);
    },
  );

  for (const [name, args, stderr] of failures(asUser)) {
    kernelTest(`masu run that fails at ${name} leaves nothing${who}`, needs(asUser), async (scratch) => {
      const rootfs = await image(scratch, { asUser });
      const { code, stdout, stderr: said, transcript } = await scratch.masu("run", ...flags, ...args(rootfs), {
        asUser,
      });
      assertEquals(stdout, "", transcript);
      assert(code >= 125 && code <= 127, transcript);
      assertMatch(said, stderr, transcript);
    });
  }

  kernelTest(
    `masu and its guard stay below a mebibyte each while a container runs${who}`,
    needs(asUser),
    async (scratch) => {
      const { masu, monitor, guard } = await running(scratch, flags, asUser);
      for (const pid of [monitor, guard]) {
        const kilobytes = Number(/^Pss:\s+(\d+) kB/m.exec(fileOf(pid, "smaps_rollup"))?.[1]);
        assert(kilobytes > 0 && kilobytes < 1024, `${nameOf(pid)}: ${kilobytes} KiB\n${fileOf(pid, "smaps_rollup")}`);
        assertEquals(fileOf(pid, "status").match(/^Threads:\s+(\d+)/m)?.[1], "1");
      }
      await masu.write("\n");
      assertEquals((await masu.outcome(5_000)).code, 5);
    },
  );
}

/** Where a run writes: the flags that name the directory, the directory, and how many files it can have at most. */
type Full = [name: string, flags: (small: string) => string[], directory: (small: string) => string, most: number];
const FULL: Full[] = [
  ["runtime directory", (small) => ["--root", small], (small) => small, 10],
  ["data directory", () => [], () => "/var/lib/masu", 6],
];
for (const [name, flags, directory, most] of FULL) {
  kernelTest(`masu run with a full ${name} says so and leaves nothing there`, CONTAINER, async (scratch) => {
    const rootfs = await image(scratch);
    const small = await scratch.dir("small");
    await scratch.masu("run", rootfs, "true"); // makes /var/lib/masu
    for (let inodes = 2; inodes <= most; inodes++) {
      // In a mount namespace of its own, with which the small file system goes.
      const found = 'find "$0" -mindepth 2 ! -name containers';
      const script = `mount -t tmpfs -o nr_inodes=$1 none "$0"; shift; set +e; "$@"; s=$?; ${found}; exit $s`;
      const masu = [MASU, ...flags(small), "run", rootfs, "true"];
      const inside = ["unshare", "--mount", "sh", "-ec", script, directory(small), `${inodes}`, ...masu] as const;
      const { code, stdout, stderr, transcript } = await scratch.command(...inside);
      assertEquals([code, stdout], [125, ""], transcript);
      assertMatch(
        stderr,
        /^masu: .*\((ENOSPC|EROFS) from \w+\(2\)\)\nstep: \w+ \d+ of the plan\nhint: free space/,
        transcript,
      );
    }
  });
}

kernelTest("masu run leaves the containers of others alone", CONTAINER, async (scratch) => {
  const rootfs = await image(scratch);
  const other = await scratch.spawn(
    "run",
    "--name",
    "other",
    rootfs,
    "sh",
    "-c",
    "echo up; read line; hostname; exit 5",
  );
  await other.until(/up/);
  const masu = await scratch.spawn("run", rootfs, "sleep", "100");
  const { first } = await familyOf(masu.pid);
  masu.kill("SIGKILL");
  await masu.outcome();
  await until("the killed one's container has ended", () => hasEnded(first));
  await scratch.masu("run", "--tmpfs", "/x:size=wrong", rootfs, "true");
  await other.write("\n");
  const { code, stdout, transcript } = await other.outcome(5_000);
  assertEquals(code, 5, transcript);
  assertMatch(stdout, /^up\n[0-9a-f]{12}\n$/);
});

kernelTest("masu run --rootfs removes the mount points that it made, and nothing else", CONTAINER, async (scratch) => {
  const rootfs = await image(scratch);
  const list = async () =>
    (await scratch.command("find", rootfs, "-printf", "%P %y %m %U %s\n")).stdout.split("\n").sort();
  await Deno.remove(`${rootfs}/proc`);
  const before = await list();
  const script = "echo kept > /kept; mount | wc -l";
  const args = ["--tmpfs", "/new/deep", "-v", `${rootfs}/etc/passwd:/file/there`];
  const { code, transcript } = await scratch.masu("run", ...args, "--rootfs", rootfs, "sh", "-c", script);
  assertEquals(code, 0, transcript);
  const kept = (await list()).filter((line) => !before.includes(line) && !/^ d /.test(line));
  assertEquals(kept, ["kept f 644 0 5"]);
});

type Failure = [name: string, args: (rootfs: string) => string[], stderr: RegExp];

/** A mistake at each part of a plan. */
function failures(asUser: boolean): Failure[] {
  const all: Failure[] = [
    ["a mount on a file", (rootfs) => ["--tmpfs", "/etc/passwd", rootfs, "true"], /step: inside \d+/],
    ["a volume on a directory", (rootfs) => ["-v", "/etc/passwd:/etc", rootfs, "true"], /step: inside \d+/],
    ["a sysctl", (rootfs) => ["--sysctl", "net.ipv4.ip_forward=many", rootfs, "true"], /step: inside \d+/],
    ["a limit", (rootfs) => ["--ulimit", "nofile=2000000000", rootfs, "true"], /step: exec \d+/],
    ["the working directory", (rootfs) => ["-w", "/etc/passwd", rootfs, "true"], /step: exec \d+/],
    ["a descriptor", (rootfs) => ["--preserve-fds", "2", rootfs, "true"], /step: exec \d+/],
    ["the program", (rootfs) => [rootfs, "/missing"], /step: exec \d+/],
    ["the program below --init", (rootfs) => ["--init", rootfs, "/missing"], /step: exec \d+/],
    ["the pidfile", (rootfs) => ["--pidfile", "/proc/none", rootfs, "true"], /step: clone \d+/],
  ];
  const cgroup: Failure = [
    "a cgroup's limit",
    (rootfs) => ["--cpuset-cpus", "4095", rootfs, "true"],
    /step: before \d+/,
  ];
  return asUser ? all : [...all, cgroup];
}

/** A container that waits for a line, and all of its processes. */
async function running(
  scratch: Scratch,
  flags: readonly string[],
  asUser: boolean,
): Promise<Family & { masu: Running }> {
  const script = "echo up; read line; exit 5";
  const masu = await scratch.spawn("run", ...flags, await image(scratch, { asUser }), "sh", "-c", script, { asUser });
  await masu.until(/up/);
  const family = await familyOf(masu.pid);
  // The program may say something before masu has become its monitor.
  await until("masu is the monitor", () => fileOf(masu.pid, "cmdline").startsWith("masu\0monitor\0"));
  return { masu, ...family };
}

function hasEnded(pid: number): boolean {
  return /^Z?$/.test(stateOf(pid));
}

function needs(asUser: boolean): Need[] {
  return asUser ? [...CONTAINER, "user"] : CONTAINER;
}
