/** Docker's containers, made by the runtime. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dockerTest } from "./docker.ts";
import { IMAGE } from "./image.ts";
import { awaitSize, RUNTIME_NAME } from "./sandbox.ts";

const QUIET = ["run", "--rm", "--network=none"] as const;

/** [what, flags, script, expected]. */
// deno-fmt-ignore
const ROWS: readonly (readonly [string, readonly string[], string, string | RegExp])[] = [
  ["a program", [], "echo $$ $(id -u)", "1 0\n"],
  ["--memory, --cpus and --pids-limit", ["--memory=64m", "--cpus=0.5", "--pids-limit=50"], "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max", "67108864\n50000\n50\n"],
  ["--read-only and --tmpfs", ["--read-only", "--tmpfs=/t:size=1m"], "touch /x 2>&1; grep -c ' /t .*size=1024k' /proc/mounts", "touch: /x: Read-only file system\n1\n"],
  ["--user", ["--user=ada"], "id -u; id -G", "1000\n1000 29 50\n"],
  ["capabilities and the filter by default", [], "grep -E '^(CapEff|Seccomp):' /proc/self/status | cut -f2", "00000000a80425fb\n2\n"],
  ["--cap-drop and --security-opt", ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--security-opt=seccomp=unconfined"], "grep -E '^(CapEff|Seccomp|NoNewPrivs):' /proc/self/status | cut -f2", "0000000000000000\n1\n0\n"],
  ["--sysctl and --hostname", ["--sysctl=kernel.msgmax=4096", "--hostname=box"], "hostname; cat /proc/sys/kernel/msgmax", "box\n4096\n"],
  ["--device", ["--device=/dev/fuse:/dev/own:r"], "exec 3</dev/own && echo opened; echo x 2>&1 >/dev/own", /^opened\n.*Operation not permitted\n$/],
  ["--init", ["--init"], "cat /proc/1/comm", "docker-init\n"],
  ["masked and read-only paths", [], "cat /proc/keys | wc -c; echo x 2>&1 >/proc/sys/kernel/domainname", /^0\n.*Read-only file system\n$/],
  ["a volume", ["--volume=kept:/etc"], "grep -c ada /etc/passwd", "1\n"],
];

dockerTest("run gives the program what its flags say", ["cgroup1", "memory", "cpu"], async (docker) => {
  for (const [name, flags, script, expected] of ROWS) {
    const { stdout, stderr, transcript } = await docker.do(...QUIET, ...flags, IMAGE, "sh", "-c", script);
    const message = `${name}\n${transcript}`;
    assertEquals(stderr, "", message);
    if (typeof expected === "string") assertEquals(stdout, expected, message);
    else assertMatch(stdout, expected, message);
  }
});

// runc cannot: it gives a program no fewer capabilities than Docker asks for, also where the host has fewer.
dockerTest("run --privileged gives what the host has", RUNTIME_NAME === "runc" ? ["resource"] : [], async (docker) => {
  const script = "mkdir /m && mount -t tmpfs none /m && echo mounted";
  assertEquals(await docker.ok(...QUIET, "--privileged", IMAGE, "sh", "-c", script), "mounted");
});

dockerTest("run ends with the program's status, 125, 126 or 127", [], async (docker) => {
  const cases: readonly [readonly string[], number, RegExp][] = [
    [["sh", "-c", "exit 42"], 42, /^$/],
    [["no-such-program"], 127, /executable file not found in \$PATH/],
    [["/no/such/path"], 127, /no such file or directory/i],
    [["/etc/not-executable"], 126, /permission denied/i],
  ];
  for (const [words, status, message] of cases) {
    const outcome = await docker.do(...QUIET, IMAGE, ...words);
    assertEquals(outcome.code, status, outcome.transcript);
    assertMatch(outcome.stderr, message, outcome.transcript);
  }
  const refused = await docker.do(...QUIET, "--sysctl=kernel.msgmax=none", IMAGE, "true");
  assertEquals(refused.code, 125, refused.transcript);
  assertMatch(refused.stderr, /msgmax.*invalid argument/i, refused.transcript);
});

dockerTest("a container goes through its life", ["memory"], async (docker) => {
  const script = "trap 'exit 7' TERM; echo ready; sleep 1000 & wait";
  await docker.ok("run", "--detach", "--network=none", "--memory=64m", "--name=box", IMAGE, "sh", "-c", script);
  await docker.eventually(() => docker.ok("logs", "box"), /ready/);
  const failing = await docker.do("exec", "box", "sh", "-c", "echo in; exit 3");
  assertEquals([failing.code, failing.stdout], [3, "in\n"], failing.transcript);
  const missing = await docker.do("exec", "box", "no-such-program");
  assertMatch(missing.stdout + missing.stderr, /executable file not found in \$PATH/, missing.transcript);
  assertMatch(await docker.ok("top", "box"), /sleep 1000/);
  assertMatch(await docker.ok("stats", "--no-stream", "--format={{.PIDs}} {{.MemUsage}}", "box"), /^2 .* \/ 64MiB$/);
  await docker.ok("pause", "box");
  assertMatch(await docker.ok("ps", "--format={{.Status}}"), /Paused/);
  await docker.ok("unpause", "box");
  await docker.ok("update", "--memory=128m", "--memory-swap=128m", "box");
  assertEquals(await docker.ok("exec", "box", "cat", "/sys/fs/cgroup/memory/memory.limit_in_bytes"), "134217728");
  await docker.ok("stop", "box");
  assertEquals(await docker.ok("inspect", "--format={{.State.ExitCode}} {{.HostConfig.Runtime}}", "box"), "7 masu");
  await docker.ok("start", "box");
  await docker.ok("restart", "--time=0", "box");
  await docker.ok("kill", "box");
  await docker.ok("rm", "box");
});

dockerTest("what is killed for its memory is said to be", ["memory"], async (docker) => {
  await docker.do(
    "run",
    "--network=none",
    "--name=full",
    "--memory=16m",
    "--memory-swap=16m",
    IMAGE,
    "tail",
    "/dev/zero",
  );
  assertEquals(await docker.ok("inspect", "--format={{.State.ExitCode}} {{.State.OOMKilled}}", "full"), "137 true");
});

dockerTest("run has a terminal, and a network", ["script"], async (docker) => {
  const size = { rows: 23, columns: 67 };
  const script = `'tty; ${awaitSize(size)}'`;
  const seen = await docker.inTerminal(["run", "--rm", "-it", "--network=none", IMAGE, "sh", "-c", script], size);
  assert(seen.includes("/dev/pts/0") && seen.includes("23 67"), seen);
  assertMatch(await docker.ok("run", "--rm", IMAGE, "ip", "-o", "-4", "addr"), /eth0 +inet 172\.17\.0\.\d+\/16/);
});
