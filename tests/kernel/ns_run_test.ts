/** masu ns run: namespaces and rights alone, and the same outcomes as with unshare(1) and setpriv(1). */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists, firstSubordinateID, succeeds } from "../host.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Outcome, type StartOptions } from "../scratch.ts";

const KINDS = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] as const;
const LINKS = `for kind in ${KINDS.join(" ")}; do readlink /proc/self/ns/$kind; done`;

/** Which of its namespaces are not the test's own. */
function changed({ stdout, transcript }: Outcome): string[] {
  const links = stdout.trim().split("\n");
  assertEquals(links.length, KINDS.length, transcript);
  return KINDS.filter((kind, index) => links[index] !== Deno.readLinkSync(`/proc/self/ns/${kind}`));
}

const ALONE: [flag: string, kind: string][] = [
  ["--mount", "mnt"],
  ["--uts", "uts"],
  ["--ipc", "ipc"],
  ["--net", "net"],
  ["--user", "user"],
  ["--cgroup", "cgroup"],
  ["--time", "time"],
];
for (const [flag, kind] of ALONE) {
  kernelTest(`ns run ${flag} makes that namespace and no other`, ["userns", "mount", "timens"], async (scratch) => {
    assertEquals(changed(await scratch.masu("ns", "run", flag, "--", "sh", "-c", LINKS)), [kind]);
  });
}

kernelTest("ns run --pid --mount-proc shows its own processes alone", ["pidns", "mount"], async (scratch) => {
  const run = await scratch.masu("ns", "run", "--pid", "--mount-proc", "--", "sh", "-c", `${LINKS}; :`);
  assertEquals(changed(run), ["mnt", "pid"]);
});

kernelTest("ns run does what the talk shows", ["pidns", "mount"], async (scratch) => {
  const before = Deno.hostname();
  const demo = "hostname inside; hostname; ps ax";
  const run = await scratch.masu("ns", "run", "--pid", "--uts", "--mount", "--mount-proc", "--", "sh", "-c", demo);
  const [name, title, first, second, ...more] = run.stdout.trimEnd().split("\n");
  assertEquals([run.code, name], [0, "inside"], run.transcript);
  assertMatch(title ?? "", /^ +PID +TTY/);
  assertMatch(first ?? "", /^ +1 .*sh -c hostname inside/);
  assertMatch(second ?? "", /ps ax$/);
  assertEquals(more, []);
  assertEquals(Deno.hostname(), before);
});

kernelTest("ns run makes all of them together", ["userns", "pidns", "mount", "timens"], async (scratch) => {
  const flags = ["-m", "-u", "-i", "-n", "-p", "-U", "-C", "-T", "-r", "--mount-proc"];
  const run = await scratch.masu("ns", "run", ...flags, "--", "sh", "-c", LINKS);
  assertEquals(changed(run), [...KINDS]);
});

kernelTest("ns run without a namespace is the program alone", [], async (scratch) => {
  assertEquals(changed(await scratch.masu("ns", "run", "--", "sh", "-c", LINKS)), []);
});

/** The same words for both, or those that unshare(1) of util-linux 2.38 has for it. */
interface Comparison {
  readonly name: string;
  readonly flags: readonly string[];
  readonly unshare?: readonly string[];
  readonly script: string;
  readonly needs?: readonly Need[];
  readonly asUser?: boolean;
}

const MAPS = "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups | tr -s ' '; id";
const COMPARISONS: readonly Comparison[] = [
  { name: "unmapped ids", flags: ["--user"], script: MAPS },
  { name: "--map-root-user", flags: ["-r"], script: MAPS },
  { name: "--map-current-user", flags: ["-c"], script: MAPS },
  { name: "--map-user and --map-group", flags: ["--map-user=7", "--map-group=8"], script: MAPS },
  { name: "--map-user of a name", flags: ["--map-user=daemon"], script: MAPS },
  { name: "--setgroups deny", flags: ["--user", "--setgroups", "deny"], script: MAPS },
  { name: "-S and -G", flags: ["-S", "12", "-G", "34"], script: "id; grep Cap /proc/self/status" },
  { name: "--keep-caps", flags: ["-c", "--keep-caps"], script: "grep Cap /proc/self/status" },
  { name: "capabilities of -r", flags: ["-r"], script: "grep Cap /proc/self/status" },
  {
    name: "--monotonic and --boottime",
    flags: ["-T", "--monotonic=1000", "--boottime=-5"],
    unshare: ["-T", "-f", "--monotonic=1000", "--boottime=-5"],
    script: "cat /proc/self/timens_offsets",
  },
  {
    name: "--propagation slave",
    flags: ["-m", "--propagation", "slave"],
    script: "grep -c master: /proc/self/mountinfo",
  },
  { name: "--propagation private", flags: ["-m"], script: "grep -c shared: /proc/self/mountinfo" },
  { name: "--wd", flags: ["-m", "--wd=/usr"], script: "pwd" },
  { name: "a directory that is kept", flags: ["-m"], script: "pwd" },
  { name: "loopback is down", flags: ["-n"], script: "cat /sys/class/net/lo/operstate /proc/net/dev | tail -1" },
  { name: "an ordinary user's -r", flags: ["-r"], script: MAPS, asUser: true, needs: ["user"] },
  { name: "an ordinary user's -c", flags: ["-c"], script: MAPS, asUser: true, needs: ["user"] },
  { name: "an ordinary user's --map-auto", flags: ["--map-auto"], script: MAPS, asUser: true, needs: ["subuid"] },
  {
    name: "an ordinary user's -r --map-auto",
    flags: ["-r", "--map-auto"],
    script: MAPS,
    asUser: true,
    needs: ["subuid"],
  },
  {
    name: "an ordinary user's -r --map-users",
    flags: ["-r", `--map-users=10:${firstSubordinateID()}:5`],
    unshare: ["-r", `--map-users=${firstSubordinateID()},10,5`],
    script: MAPS,
    asUser: true,
    needs: ["subuid"],
  },
  {
    name: "an ordinary user's mounts",
    flags: ["-r", "-m"],
    script: "mount -t tmpfs none /mnt && echo mounted",
    asUser: true,
    needs: ["user"],
  },
  {
    name: "an ordinary user's processes",
    flags: ["-r", "-p", "-f", "--mount-proc"],
    script: "echo $$; ls -d /proc/[0-9]*",
    asUser: true,
    needs: ["user"],
  },
];
for (const { name, flags, unshare = flags, script, needs = [], asUser = false } of COMPARISONS) {
  kernelTest(`ns run agrees with unshare(1): ${name}`, ["userns", "mount", ...needs], async (scratch) => {
    const options: StartOptions = { asUser };
    const ours = await scratch.masu("ns", "run", ...flags, "--", "sh", "-c", script, options);
    const theirs = await scratch.command("unshare", ...unshare, "--", "sh", "-c", script, options);
    assertEquals([ours.code, ours.stdout], [theirs.code, theirs.stdout], `${ours.transcript}\n${theirs.transcript}`);
  });
}

const STATUS = "grep -E '^(Cap|NoNewPrivs|Uid|Gid|Groups)' /proc/self/status";
const RIGHTS: [name: string, flags: string[]][] = [
  ["--reuid --regid --clear-groups", ["--reuid=12", "--regid=34", "--clear-groups"]],
  ["--ruid and --euid apart", ["--ruid=12", "--euid=13"]],
  ["--groups", ["--groups=1,2,daemon"]],
  ["--init-groups", ["--reuid=daemon", "--regid=daemon", "--init-groups"]],
  ["--keep-groups", ["--regid=34", "--keep-groups"]],
  ["--bounding-set", ["--bounding-set=-all,+chown,+net_admin"]],
  ["--inh-caps", ["--inh-caps=+chown,+kill"]],
  ["--ambient-caps for another user", [
    "--reuid=12",
    "--regid=34",
    "--clear-groups",
    "--inh-caps=+net_admin",
    "--ambient-caps=+net_admin",
  ]],
  ["--no-new-privs", ["--nnp"]],
];
for (const [name, flags] of RIGHTS) {
  kernelTest(`ns run agrees with setpriv(1): ${name}`, ["userns"], async (scratch) => {
    const ours = await scratch.masu("ns", "run", ...flags, "--", "sh", "-c", STATUS);
    const theirs = await scratch.command("setpriv", ...flags, "--", "sh", "-c", STATUS);
    assertEquals([ours.code, ours.stdout], [theirs.code, theirs.stdout], `${ours.transcript}\n${theirs.transcript}`);
  });
}

kernelTest(
  "ns run --cap-drop ALL --cap-add leaves what is added, to others than root too",
  ["userns"],
  async (scratch) => {
    const flags = ["--cap-drop", "ALL", "--cap-add", "net_admin", "-S", "12", "-G", "34"];
    const run = await scratch.masu("ns", "run", ...flags, "grep", "Cap", "/proc/self/status");
    assertEquals(run.stdout.match(/[0-9a-f]{16}/g), Array(5).fill("0000000000001000"), run.transcript);
  },
);

kernelTest(
  "ns run --map-users and -S need no newuidmap(1) and no setgroups(2) where there are the rights",
  ["userns"],
  async (scratch) => {
    const ranges = ["--map-users=0:200000:10", "--map-users=20,15,2", "--map-groups=5:300000:3"];
    const mapped = await scratch.masu("ns", "run", ...ranges, "--", "sh", "-c", MAPS);
    assertEquals(
      mapped.stdout.split("\n").slice(0, 4),
      [" 0 200000 10", " 15 20 2", " 5 300000 3", "allow"],
      mapped.transcript,
    );
    const become = await scratch.masu("ns", "run", "-r", "-S", "0", "-G", "0", "id");
    assertEquals(become.stdout, "uid=0(root) gid=0(root) groups=0(root)\n", become.transcript);
  },
);

kernelTest("ns run --rootfs --bind makes another root of it", ["mount", "pidns", "busybox"], async (scratch) => {
  const root = await scratch.rootfs("busybox");
  const file = await scratch.write("there", "bound\n");
  await scratch.write("rootfs/tmp/here", "");
  const flags = ["--rootfs", root, "--bind", `${file}:/tmp/here:ro`, "-p", "--mount-proc", "--wd", "/tmp"];
  const script =
    "pwd; cat here; echo x > here || echo read-only; ls /proc | grep -c '^[0-9]'; ls /work 2>/dev/null; stat -c %i / >/dev/null";
  const run = await scratch.masu("ns", "run", ...flags, "/bin/sh", "-c", script);
  assertEquals(run.stdout.split("\n").slice(0, 3), ["/tmp", "bound", "read-only"], run.transcript);
  assertEquals(run.code, 0, run.transcript);
  assertEquals(await Deno.readTextFile(scratch.path("rootfs/tmp/here")), "");
});

kernelTest("ns run --rootfs needs no root", ["user", "busybox"], async (scratch) => {
  const root = await scratch.rootfs("busybox");
  const run = await scratch.masu("ns", "run", "-r", "--rootfs", root, "/bin/ls", "/", { asUser: true });
  assertStringIncludes(run.stdout, "bin\n", run.transcript);
  assert(!run.stdout.includes("boot"), run.transcript);
});

const ENDS: [flags: string[], program: string[], code: number][] = [
  [["--uts"], ["sh", "-c", "exit 7"], 7],
  [["--pid"], ["sh", "-c", "exit 7"], 7],
  [["--uts"], ["sh", "-c", "kill -TERM $$"], 143],
  [["--uts"], ["no-such-program"], 127],
  [["--pid", "-r"], ["no-such-program"], 127],
  [["--uts"], ["/etc"], 126],
  [["--uts"], ["/etc/passwd"], 126],
];
for (const [flags, program, code] of ENDS) {
  kernelTest(`ns run ${flags.join(" ")} ${program.join(" ")} ends with ${code}`, ["pidns"], async (scratch) => {
    const run = await scratch.masu("ns", "run", ...flags, "--", ...program);
    assertEquals(run.code, code, run.transcript);
  });
}

kernelTest("ns run hands on environment, descriptors and umask", ["mount"], async (scratch) => {
  const file = await scratch.write("read", "by descriptor\n");
  const script = `umask 027; A=b exec "$0" ns run -m -- sh -c 'cat <&5; echo $A; umask; pwd' 5<"$1"`;
  const run = await scratch.command("sh", "-c", script, MASU, file, { cwd: "/usr" });
  assertEquals(run.stdout, "by descriptor\nb\n0027\n/usr\n", run.transcript);
});

kernelTest(
  "ns run --keep: a namespace stays, is entered again, and is removed",
  ["netns", "timens"],
  async (scratch) => {
    const [net, uts, time, cgroup] = ["net", "uts", "time", "cgroup"].map((name) => scratch.path(name));
    const keeps = [`net=${net}`, `uts=${uts}`, `time=${time}`, `cgroup=${cgroup}`].flatMap((keep) => ["--keep", keep]);
    try {
      const made = await scratch.masu(
        "ns",
        "run",
        ...keeps,
        "--monotonic",
        "5",
        "--",
        "sh",
        "-c",
        `hostname kept; ${LINKS}`,
      );
      assertEquals(made.code, 0, made.transcript);
      const script = `hostname; ${LINKS}; cat /proc/self/timens_offsets | head -1 | tr -s ' '`;
      const entered = await scratch.masu(
        "ns",
        "enter",
        `${net}`,
        `${uts}`,
        `${time}`,
        `${cgroup}`,
        "--",
        "sh",
        "-c",
        script,
      );
      assertEquals(entered.stdout.split("\n")[0], "kept", entered.transcript);
      assertEquals(entered.stdout.split("\n").slice(1, 9), made.stdout.split("\n").slice(0, 8), entered.transcript);
      assertStringIncludes(entered.stdout, "monotonic 5 0", entered.transcript);
      const theirs = await scratch.command("nsenter", `--net=${net}`, `--uts=${uts}`, "hostname");
      assertEquals(theirs.stdout, "kept\n", theirs.transcript);
      const again = await scratch.masu("ns", "run", "--keep", `net=${net}`, "true");
      assertEquals(again.code, 125, again.transcript);
      assertStringIncludes(again.stderr, "one is kept there\nhint: masu ns enter", again.transcript);
      const listed = JSON.parse((await scratch.masu("ns", "list", "--json")).stdout);
      const kept = listed.filter(({ files }: { files: string[] }) =>
        files.some((file) => file.startsWith(scratch.path()))
      );
      assertEquals(
        kept.map(({ type, processes }: { type: string; processes: number }) => `${type} ${processes}`).sort(),
        [
          "cgroup 0",
          "net 0",
          "time 0",
          "uts 0",
        ],
      );
    } finally {
      for (const file of [net, uts, time, cgroup]) if (file !== undefined && exists(file)) succeeds("umount", file);
    }
  },
);

kernelTest("ns run --keep leaves nothing when the program cannot be executed", ["netns"], async (scratch) => {
  const run = await scratch.masu("ns", "run", `--net=${scratch.path("net")}`, "no-such-program");
  assertEquals(run.code, 127, run.transcript);
  assert(!exists(scratch.path("net")), run.transcript);
});

kernelTest("ns run --keep says what a mount namespace needs", ["mount"], async (scratch) => {
  const run = await scratch.masu("ns", "run", "--keep", `mount=${scratch.path("mnt")}`, "true");
  // Where the test's directory is on a private mount it simply works.
  if (run.code === 0) assert(succeeds("umount", scratch.path("mnt")));
  else assertStringIncludes(run.stderr, "--make-private", run.transcript);
});
