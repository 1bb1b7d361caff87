/** Podman of an ordinary user: containers in the user namespace that Podman made, without control groups. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { testUser } from "../host.ts";
import { IMAGE } from "./image.ts";
import { rootlessPodmanTest } from "./podman.ts";
import { awaitSize, RUNTIME_NAME } from "./sandbox.ts";

const account = testUser() ?? { uid: 0, gid: 0 };
const MAPS = "cat /proc/self/uid_map | tr -s ' '";

/** [what, flags, script, expected]. */
const ROWS: readonly (readonly [string, readonly string[], string, string | RegExp])[] = [
  [
    "root of its own user namespace",
    [],
    `id -u; ${MAPS}; touch /f; stat -c %u:%g /f`,
    `0\n 0 ${account.uid} 1\n 1 300000 65536\n0:0\n`,
  ],
  ["--user", ["--user=1000:50"], "id -u; id -g; cat /etc/passwd | wc -l", /^1000\n50\n/],
  [
    "--userns=keep-id",
    ["--userns=keep-id"],
    "id -u; touch /tmp/f; stat -c %u /tmp/f",
    `${account.uid}\n${account.uid}\n`,
  ],
  ["--uidmap", ["--uidmap=0:1:1000"], MAPS, " 0 1 1000\n"],
  [
    "--read-only and --tmpfs",
    ["--read-only", "--tmpfs=/t:size=1m"],
    "touch /x 2>&1; df -k /t | tail -n 1 | tr -s ' ' | cut -d' ' -f2",
    "touch: /x: Read-only file system\n1024\n",
  ],
  ["--cap-drop=all", ["--cap-drop=all"], "grep CapEff /proc/self/status | cut -f2", "0000000000000000\n"],
  [
    "--security-opt no-new-privileges and the default filter",
    ["--security-opt=no-new-privileges"],
    "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status",
    "NoNewPrivs:\t1\nSeccomp:\t2\n",
  ],
  ["--privileged", ["--privileged"], "mkdir /m && mount -t tmpfs none /m && echo mounted", "mounted\n"],
  [
    "--hostname and --sysctl",
    ["--hostname=box", "--sysctl=kernel.msgmax=4096"],
    "hostname; cat /proc/sys/kernel/msgmax",
    "box\n4096\n",
  ],
  ["--ulimit", ["--ulimit=nofile=100:200", "--ulimit=nproc=500:500"], "ulimit -n; ulimit -Hn", "100\n200\n"],
  ["--device", ["--device=/dev/zero:/dev/nought"], "head -c 3 /dev/nought | wc -c", "3\n"],
  [
    "/dev, /proc and /sys",
    [],
    "ls -d /dev/pts/ptmx /dev/fd /dev/null; cat /proc/keys 2>&1 | wc -c; ls /sys/class | grep -c net",
    /^\/dev\/fd\n\/dev\/null\n\/dev\/pts\/ptmx\n0\n1\n$/,
  ],
  [
    "control groups that it cannot change",
    ["--cgroupns=host"],
    "cd /sys/fs/cgroup; for d in . * */*; do [ -e $d/cgroup.procs ] || continue; mkdir $d/made && echo made; echo $$ >$d/cgroup.procs && echo moved; done 2>/dev/null; :",
    "",
  ],
  ["--pid=host", ["--pid=host"], "[ $$ -gt 1 ] && echo seen", "seen\n"],
  ["--uts=host", ["--uts=host"], "hostname", `${Deno.hostname()}\n`],
];

rootlessPodmanTest("run gives the program what its flags say", [], async (podman) => {
  for (const [name, flags, script, expected] of ROWS) {
    const { stdout, stderr, transcript } = await podman.inside(flags, script);
    const message = `${name}\n${transcript}`;
    assertEquals(stderr, "", message);
    if (typeof expected === "string") assertEquals(stdout, expected, message);
    else assertMatch(stdout, expected, message);
  }
});

rootlessPodmanTest("run -v shows the user's files, and makes them theirs", [], async (podman) => {
  const data = await podman.scratch.dir("data");
  await Deno.chown(data, account.uid, account.gid);
  const { stdout, transcript } = await podman.inside(
    [`-v=${data}:/d`, `-v=${data}:/ro:ro`],
    "touch /d/f && stat -c %u /d/f; touch /ro/x 2>&1",
  );
  assertEquals(stdout, "0\ntouch: /ro/x: Read-only file system\n", transcript);
  assertEquals((await Deno.stat(`${data}/f`)).uid, account.uid);
});

rootlessPodmanTest("a container lives, is entered, is stopped and removed", [], async (podman) => {
  const box = await podman.box([], "trap 'exit 7' TERM; echo ready; sleep 1000 & wait");
  await podman.eventually(() => podman.ok("logs", box), /ready/);
  assertEquals(await podman.ok("exec", box, "id", "-u"), "0");
  assertEquals(await podman.ok("exec", "--user=1000", box, "id", "-u"), "1000");
  const failed = await podman.do("exec", box, "no-such-program");
  assertEquals(failed.code, 127, failed.transcript);
  assertMatch(await podman.ok("top", box, "args"), /sleep 1000/);
  await podman.ok("stop", box);
  assertEquals(await podman.look(box, ".State.ExitCode"), "7");
  await podman.ok("start", box);
  await podman.ok("kill", box);
  assertEquals(await podman.ok("wait", box), "137");
  await podman.ok("rm", box);
});

rootlessPodmanTest("run ends with 125, 126 and 127 as root's does", [], async (podman) => {
  const words: readonly [string, number][] = [["no-such-program", 127], ["/etc/not-executable", 126]];
  for (const [program, status] of words) {
    const outcome = await podman.do("run", "--rm", "--network=none", IMAGE, program);
    assertEquals(outcome.code, status, outcome.transcript);
  }
});

// Podman itself refuses it with runc.
rootlessPodmanTest("run without control groups", RUNTIME_NAME === "runc" ? ["cgroup2"] : [], async (podman) => {
  const { stdout, transcript } = await podman.inside(["--cgroups=disabled"], "echo runs");
  assertEquals(stdout, "runs\n", transcript);
});

rootlessPodmanTest("run has a terminal", ["script"], async (podman) => {
  const size = { rows: 21, columns: 61 };
  const words = ["run", "--rm", "-it", "--network=none", IMAGE, "sh", "-c", `'tty; ${awaitSize(size)}; id -u'`];
  const seen = await podman.inTerminal(words, size);
  assert(seen.includes("/dev/pts/0") && seen.includes("21 61"), seen);
});

rootlessPodmanTest("run uses the user's network, or one by slirp4netns", ["slirp4netns"], async (podman) => {
  const run = (flag: string) => podman.ok("run", "--rm", flag, IMAGE, "ip", "-o", "-4", "addr");
  assertMatch(await run("--network=host"), /^1: lo/);
  assertMatch(await run("--network=slirp4netns"), /tap0 +inet 10\.0\.2\.100\/24/);
});

rootlessPodmanTest("a pod's containers share its namespaces", ["catatonit"], async (podman) => {
  await podman.ok("pod", "create", "--name=pod", "--network=none", "--hostname=podded");
  const words = ["run", "--rm", "--pod=pod", IMAGE, "hostname"];
  assertEquals(await podman.ok(...words), "podded");
});
