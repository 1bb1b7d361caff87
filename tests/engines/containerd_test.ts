/** What containerd's own tool does to containers of the runtime's. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exists } from "../host.ts";
import { containerdTest, fresh } from "./containerd.ts";
import { awaitSize } from "./sandbox.ts";

/** [what, flags of `ctr run`, script, expected]. */
// deno-fmt-ignore
const ROWS: readonly (readonly [string, readonly string[], string, string | RegExp])[] = [
  ["a program in a root of its own", [], "echo $$ $(id -u); ls / | wc -l", /^1 0\n\d+\n$/],
  ["--env and --cwd", ["--env=A=b", "--cwd=/home/ada"], "echo $A; pwd", "b\n/home/ada\n"],
  ["--read-only", ["--read-only"], "touch /x 2>&1", "touch: /x: Read-only file system\n"],
  ["--cap-add and --cap-drop", ["--cap-add=CAP_SYS_TIME", "--cap-drop=CAP_KILL"], "grep CapEff /proc/self/status | cut -f2", "00000000aa0425db\n"],
  ["--privileged", ["--privileged"], "mkdir /m && mount -t tmpfs none /m && echo mounted", "mounted\n"],
  ["--seccomp", ["--seccomp"], "grep ^Seccomp: /proc/self/status", "Seccomp:\t2\n"],
  ["--net-host", ["--net-host"], "ls /sys/class/net | grep -c lo", "1\n"],
  ["no network of its own", [], "ls /sys/class/net | grep -x lo; ip -o addr show lo | grep -c 127", "lo\n1\n"],
  ["--device", ["--device=/dev/fuse"], "exec 3<>/dev/fuse && echo opened", "opened\n"],
  ["no device that was not asked for", ["--cap-add=CAP_MKNOD"], "mknod /fuse c 10 229; (exec 3</fuse) 2>&1", /Operation not permitted\n$/],
  ["--mount", ["--mount=type=tmpfs,src=tmpfs,dst=/t,options=size=1m:noexec"], "grep ' /t ' /proc/mounts | cut -d' ' -f4", /noexec.*size=1024k/],
  ["masked and read-only paths", [], "cat /proc/keys | wc -c; echo 1 2>&1 >/proc/sys/kernel/domainname", /^0\n.*Read-only file system\n$/],
  ["--uidmap and --gidmap", ["--uidmap=0:2000000:1000", "--gidmap=0:2000000:1000"], "cat /proc/self/uid_map | tr -s ' '", " 0 2000000 1000\n"],
];

/** ctr mounts none by itself. */
const CGROUPS = "--mount=type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro";

containerdTest("run gives the program what its flags say", ["cgroups"], async (containerd) => {
  for (const [name, flags, script, expected] of ROWS) {
    const { stdout, stderr, transcript } = await containerd.inside(flags, script);
    const message = `${name}\n${transcript}`;
    assertEquals(stderr, "", message);
    if (typeof expected === "string") assertEquals(stdout, expected, message);
    else assertMatch(stdout, expected, message);
  }
});

containerdTest(
  "run gives its control group the limits of its flags",
  ["cgroup1", "memory", "cpu"],
  async (containerd) => {
    const files = ["memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us", "cpu/cpu.shares"];
    const script = `cd /sys/fs/cgroup; cat ${files.join(" ")}; grep -c /masu-test/ /proc/self/cgroup`;
    const { stdout, transcript } = await containerd.inside(
      ["--memory-limit=67108864", "--cpus=0.5", "--cpu-shares=512", CGROUPS],
      script,
    );
    assertMatch(stdout, /^67108864\n50000\n512\n[1-9]\d*\n$/, transcript);
  },
);

containerdTest("run --config gives the program what ctr has no flags for", ["cgroup1"], async (containerd) => {
  const id = fresh();
  const spec = JSON.parse(await containerd.ok("oci", "spec"));
  const script = `id -u; id -G; umask; ulimit -n; ulimit -Hn; cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward
    cat /sys/fs/cgroup/pids/pids.max; grep -o size=1024k /proc/mounts; cat /proc/self/oom_score_adj; hostname`;
  spec.process = {
    ...spec.process,
    terminal: false,
    args: ["sh", "-c", script],
    env: ["PATH=/usr/bin:/bin"],
    user: { uid: 1000, gid: 50, additionalGids: [7], umask: 0o77 },
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }],
    oomScoreAdj: 500,
  };
  spec.root = { path: await containerd.scratch.rootfs("busybox", "own") };
  spec.hostname = "box";
  spec.mounts.push({ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"] });
  spec.mounts.push({ destination: "/t", type: "tmpfs", source: "tmpfs", options: ["size=1m"] });
  spec.linux.cgroupsPath = `/masu-test/${id}`;
  spec.linux.resources.pids = { limit: 20 };
  spec.linux.sysctl = { "kernel.msgmax": "4096", "net.ipv4.ip_forward": "1" };
  const file = await containerd.scratch.write("spec.json", JSON.stringify(spec));
  const said = await containerd.ok("run", "--rm", ...containerd.runtimeFlags, `--config=${file}`, id);
  assertEquals(said.split("\n"), ["1000", "50 7", "0077", "100", "200", "4096", "1", "20", "size=1024k", "500", "box"]);
});

containerdTest("run ends with the program's status, and says why there is none", [], async (containerd) => {
  const status = await containerd.inside([], "exit 42");
  assertEquals(status.code, 42, status.transcript);
  const flags = ["run", "--rm", ...containerd.runtimeFlags];
  for (
    const [program, message] of [
      ["no-such-program", /executable file not found in \$PATH/],
      ["/no/such/path", /no such file or directory/i],
      ["/etc/not-executable", /permission denied/i],
    ] as const
  ) {
    const failed = await containerd.do(...flags, "localhost/masu-test:1", fresh(), program);
    assertEquals(failed.code, 1, failed.transcript);
    assertMatch(failed.stderr, message, failed.transcript);
    assertMatch(failed.stderr, /failed to create shim task: OCI runtime create failed/, failed.transcript);
  }
});

containerdTest("run binds directories, and writes its pid file", [], async (containerd) => {
  const data = await containerd.scratch.dir("data");
  const pidFile = containerd.scratch.path("pid");
  const mount = `--mount=type=bind,src=${data},dst=/d,options=rbind:rw`;
  const id = await containerd.box([mount, `--pid-file=${pidFile}`], "touch /d/file; sleep 1000");
  const pid = (await Deno.readTextFile(pidFile)).trim();
  assertEquals((await containerd.ok("task", "ls")).split("\n")[1]?.trim().split(/ +/), [id, pid, "RUNNING"]);
  await containerd.eventually(() => Promise.resolve(`${exists(`${data}/file`)}`), /true/);
});

containerdTest("exec runs programs in it, with their own status", [], async (containerd) => {
  const id = await containerd.box(["--env=A=b"]);
  assertEquals(await containerd.script(id, "echo $A; id -u"), "b\n0");
  const failing = await containerd.do("task", "exec", "--exec-id=one", id, "sh", "-c", "echo error >&2; exit 9");
  assertEquals([failing.code, failing.stderr], [9, "error\n"], failing.transcript);
  const missing = await containerd.do("task", "exec", "--exec-id=two", id, "no-such-program");
  assertEquals(missing.code, 1, missing.transcript);
  assertMatch(missing.stderr, /executable file not found in \$PATH/, missing.transcript);
  const user = await containerd.ok(
    "task",
    "exec",
    "--exec-id=three",
    "--user=1000",
    "--cwd=/etc",
    id,
    "sh",
    "-c",
    "id -u; pwd",
  );
  assertEquals(user, "1000\n/etc");
});

containerdTest("pause, resume, ps and metrics", ["cgroups", "memory"], async (containerd) => {
  const data = await containerd.scratch.dir("data");
  const flags = ["--memory-limit=67108864", `--mount=type=bind,src=${data},dst=/d,options=rbind:rw`];
  const id = await containerd.box(flags, "sleep 1000 & while :; do echo >>/d/ticks; sleep 0.05; done");
  const ticks = async () => (await Deno.stat(`${data}/ticks`).catch(() => ({ size: 0 }))).size;
  await containerd.eventually(async () => `${await ticks() > 0}`, /true/);
  const status = async () => (await containerd.ok("task", "ls")).split("\n")[1]?.trim().split(/ +/)[2] ?? "";
  await containerd.ok("task", "pause", id);
  assertEquals(await status(), "PAUSED");
  const before = await ticks();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals(await ticks(), before);
  await containerd.ok("task", "resume", id);
  await containerd.eventually(async () => `${await ticks() > before}`, /true/);
  assertEquals(await status(), "RUNNING");
  const processes = (await containerd.ok("task", "ps", id)).split("\n").slice(1);
  assert(processes.length >= 2, processes.join("\n"));
  for (const line of processes) assert(exists(`/proc/${line.trim().split(/ +/)[0]}`), line);
  assertMatch(
    await containerd.ok("task", "metrics", id),
    /memory\.limit_in_bytes +67108864 *\n[^]*pids\.current +[23] *\n/,
  );
});

containerdTest("kill and delete end it", [], async (containerd) => {
  const id = await containerd.box([], "trap 'exit 7' TERM; touch /ready; sleep 1000 & wait");
  await containerd.eventually(() => containerd.script(id, "ls /"), /^ready$/m);
  const refused = await containerd.do("task", "delete", id);
  assertEquals(refused.code, 1, refused.transcript);
  await containerd.ok("task", "kill", "--signal=SIGTERM", id);
  await containerd.eventually(() => containerd.ok("task", "ls"), /STOPPED/);
  const deleted = await containerd.do("task", "delete", id);
  assertMatch(deleted.stderr, /non-zero exit code 7/, deleted.transcript);
  await containerd.ok("container", "delete", id);
  const again = await containerd.do("task", "kill", id);
  assertEquals(again.code, 1, again.transcript);
});

containerdTest(
  "kill --all ends what shares no pid namespace with its first process",
  ["cgroups"],
  async (containerd) => {
    const id = await containerd.box([], "sleep 1004 & sleep 1005 & wait");
    await containerd.ok("task", "kill", "--all", "--signal=SIGKILL", id);
    await containerd.eventually(() => containerd.ok("task", "ls"), /STOPPED/);
    await containerd.do("task", "delete", id);
  },
);

containerdTest("run and exec have terminals", ["script"], async (containerd) => {
  const size = { rows: 22, columns: 66 };
  const program = `'tty; ${awaitSize(size)}; sleep 0.2; exit 3'; echo status $?`;
  const run = [
    "run",
    "--rm",
    "--tty",
    ...containerd.runtimeFlags,
    "localhost/masu-test:1",
    fresh(),
    "sh",
    "-c",
    program,
  ];
  const seen = await containerd.inTerminal(run, size);
  for (const line of ["/dev/pts/0", "22 66", "status 3"]) assert(seen.includes(line), seen);
  const id = await containerd.box();
  const exec = await containerd.inTerminal(["task", "exec", "--tty", "--exec-id=one", id, "sh", "-c", program], size);
  for (const line of ["/dev/pts/0", "22 66", "status 3"]) assert(exec.includes(line), exec);
});

containerdTest("attach shows what the program writes, and ends with its status", [], async (containerd) => {
  const id = await containerd.box([], "while ! [ -e /end ]; do echo tick; sleep 0.1; done; exit 5");
  const attached = await containerd.spawn("task", "attach", id);
  await attached.until(/tick/);
  await containerd.script(id, "touch /end");
  assertEquals((await attached.outcome()).code, 5, attached.transcript());
});

containerdTest("its events tell of the start, an end for memory, and the exit", ["memory"], async (containerd) => {
  const events = await containerd.spawn("events");
  const id = await containerd.box(["--memory-limit=16777216"], "tail /dev/zero; exit 3");
  await events.until(/\/tasks\/start /);
  await events.until(/\/tasks\/oom /);
  await events.until(/\/tasks\/exit .*"exit_status":3/);
  await containerd.do("task", "delete", id);
});

containerdTest("a checkpoint is refused, and the container runs on", [], async (containerd) => {
  const id = await containerd.box();
  const refused = await containerd.do("task", "checkpoint", id);
  assertEquals(refused.code, 1, refused.transcript);
  assertMatch(refused.stderr, /checkpoint|criu/i, refused.transcript);
  assertEquals(await containerd.script(id, "echo alive"), "alive");
});
