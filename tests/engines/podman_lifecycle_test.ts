/** What is done to containers of Podman's while they live, and what it hears of their ends. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { IMAGE } from "./image.ts";
import { type Podman, podmanTest } from "./podman.ts";

const QUIET = ["run", "--rm", "--network=none"] as const;

/** Exit statuses: [what, words after `run` and its quiet flags, status, what stderr has]. */
const STATUSES: readonly [string, readonly string[], number, RegExp][] = [
  ["0", [IMAGE, "true"], 0, /^$/],
  ["the program's own", [IMAGE, "sh", "-c", "exit 42"], 42, /^$/],
  ["128 + the signal that ended it", ["--pid=host", IMAGE, "sh", "-c", "kill -KILL $$"], 137, /^$/],
  // Podman 4.3: 125 is what start gives for it.
  ["126 when it cannot be made", ["--sysctl=kernel.msgmax=none", IMAGE, "true"], 126, /msgmax.*invalid argument/i],
  ["127 when there is no such program", [IMAGE, "no-such-program"], 127, /executable file.*not found in \$PATH/],
  ["127 when there is no such path", [IMAGE, "/no/such/path"], 127, /no such file or directory/i],
  ["126 when it may not be executed", [IMAGE, "/etc/not-executable"], 126, /permission denied/i],
  ["126 when it is a directory", [IMAGE, "/etc"], 126, /permission denied|is a directory/i],
  ["126 when the working directory is a file", ["--workdir=/etc/passwd", IMAGE, "true"], 126, /not a directory/i],
];

for (const [name, words, status, message] of STATUSES) {
  podmanTest(`run ends with ${name}`, [], async (podman) => {
    const outcome = await podman.do(...QUIET, ...words);
    assertEquals(outcome.code, status, outcome.transcript);
    assertMatch(outcome.stderr, message, outcome.transcript);
    assertEquals(outcome.stderr.trimEnd().split("\n").length, 1, outcome.transcript);
  });
}

podmanTest("start ends with 125 when the container cannot be made, and can be tried again", [], async (podman) => {
  await podman.ok("create", "--network=none", "--name=box", "--sysctl=kernel.msgmax=none", IMAGE, "true");
  for (const _ of ["first", "again"]) {
    const failed = await podman.do("start", "box");
    assertEquals(failed.code, 125, failed.transcript);
    assertMatch(failed.stderr, /msgmax.*invalid argument/i, failed.transcript);
  }
});

podmanTest("run passes on what the program reads and writes", [], async (podman) => {
  const outcome = await podman.do("run", "--rm", "-i", "--network=none", IMAGE, "sh", "-c", "cat; echo error >&2", {
    stdin: "one\ntwo\n",
  });
  assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "one\ntwo\n", "error\n"], outcome.transcript);
});

podmanTest("create, init, start, wait, inspect and rm go through the statuses", [], async (podman) => {
  await podman.ok("create", "--network=none", "--name=box", IMAGE, "sh", "-c", "echo started; exit 5");
  assertEquals(await podman.look("box", ".State.Status"), "created");
  await podman.ok("init", "box");
  assertEquals(await podman.look("box", ".State.Status"), "initialized");
  const pid = await podman.look("box", ".State.Pid");
  // The program has not been executed: the process is the runtime's.
  assert(exists(`/proc/${pid}`), pid);
  assertEquals(await podman.ok("logs", "box"), "");
  const attached = await podman.do("start", "--attach", "box");
  assertEquals([attached.code, attached.stdout], [5, "started\n"], attached.transcript);
  assertEquals(await podman.ok("wait", "box"), "5");
  assertEquals(await podman.look("box", ".State.Status"), "exited");
  assertEquals(await podman.look("box", ".State.ExitCode"), "5");
  assertEquals(await podman.ok("logs", "box"), "started");
  assertEquals(await podman.look("box", ".OCIRuntime") !== "", true);
  assertEquals(await podman.ok("rm", "box"), "box");
});

podmanTest("inspect knows a running container's process, and ps its status", [], async (podman) => {
  const box = await podman.box([], "exec sleep 1000");
  const pid = await podman.look(box, ".State.Pid");
  assertEquals((await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0")[0], "sleep");
  assertMatch(await podman.ok("ps", "--format", "{{.Status}}"), /^Up /);
  assertMatch(await podman.look(box, ".State.ConmonPid"), /^\d+$/);
});

podmanTest("stop lets the program end itself", [], async (podman) => {
  const box = await podman.box([], "trap 'echo goodbye; exit 7' TERM; echo ready; sleep 1000 & wait");
  await podman.eventually(() => podman.ok("logs", box), /ready/);
  assertEquals(await podman.ok("stop", box), box);
  assertEquals(await podman.look(box, ".State.ExitCode"), "7");
  assertEquals(await podman.ok("logs", box), "ready\ngoodbye");
});

podmanTest("stop kills the one that does not", [], async (podman) => {
  const box = await podman.box([], "trap '' TERM; while :; do sleep 1; done");
  const { code, stderr } = await podman.do("stop", "--time=1", box);
  assertEquals(code, 0);
  assertStringIncludes(stderr, "SIGKILL");
  assertEquals(await podman.look(box, ".State.ExitCode"), "137");
});

podmanTest("kill sends any signal", [], async (podman) => {
  const box = await podman.box([], "trap 'echo usr1' USR1; echo ready; while :; do sleep 0.1; done");
  await podman.eventually(() => podman.ok("logs", box), /ready/);
  await podman.ok("kill", "--signal=USR1", box);
  await podman.eventually(() => podman.ok("logs", box), /usr1/);
  await podman.ok("kill", box);
  assertEquals(await podman.ok("wait", box), "137");
  const again = await podman.do("kill", box);
  assertEquals(again.code, 125, again.transcript);
});

podmanTest("kill of all processes reaches those beside the first", [], async (podman) => {
  const box = await podman.box(["--pid=host"], "sleep 1001 & exec sleep 1002");
  await podman.ok("rm", "--force", "--time=0", box);
  const running = await podman.scratch.command(
    "sh",
    "-c",
    "pidof sleep | xargs -r ps -o args= -p | grep -E 'sleep 100[12]'",
  );
  assertEquals(running.stdout, "");
});

podmanTest("pause stops all processes until unpause", [], async (podman) => {
  const box = await podman.box([], "while :; do echo tick; sleep 0.05; done");
  await podman.eventually(() => podman.ok("logs", box), /tick/);
  await podman.ok("pause", box);
  assertEquals(await podman.look(box, ".State.Status"), "paused");
  const count = async () => (await podman.ok("logs", box)).split("\n").length;
  const before = await count();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertEquals(await count(), before);
  const refused = await podman.do("exec", box, "true");
  assertEquals(refused.code, 255, refused.transcript);
  await podman.ok("unpause", box);
  assertEquals(await podman.look(box, ".State.Status"), "running");
  await podman.eventually(async () => `${await count() > before}`, /true/);
});

podmanTest("rm removes a paused container by force", [], async (podman) => {
  const box = await podman.box();
  await podman.ok("pause", box);
  const refused = await podman.do("rm", box);
  assertEquals(refused.code, 2, refused.transcript);
  await podman.ok("rm", "--force", "--time=0", box);
  assertEquals(await podman.ok("ps", "--all", "--quiet"), "");
});

podmanTest("top and stats show what runs", ["memory", "cgroups"], async (podman) => {
  const box = await podman.box(["--memory=64m"], "sleep 1000 & sleep 1001");
  const top = await podman.eventually(() => podman.ok("top", box, "pid", "args"), /sleep 1001/);
  assertMatch(top, /^1 +sleep 1001/m);
  assertMatch(top, /sleep 1000 *$/m);
  const [stats] = JSON.parse(await podman.ok("stats", "--no-stream", "--format=json", box));
  assertEquals([stats.name, stats.pids], [box, "2"]);
  assertMatch(stats.mem_usage, /kB \/ 67.11MB|MB \/ 67.11MB/);
});

podmanTest("update changes limits of a running container", ["cgroup1", "memory", "cpu"], async (podman) => {
  const box = await podman.box(["--memory=64m"]);
  await podman.ok("update", "--memory=128m", "--cpus=0.25", "--cpu-shares=100", box);
  const files = ["memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us", "cpu/cpu.shares"];
  const seen = await podman.ok("exec", box, "cat", ...files.map((file) => `/sys/fs/cgroup/${file}`));
  assertEquals(seen, "134217728\n25000\n100");
});

podmanTest("restart starts the program anew in the same root", [], async (podman) => {
  const box = await podman.box([], "echo start >>/starts; sleep 1000");
  await podman.eventually(() => podman.ok("exec", box, "cat", "/starts"), /start/);
  await podman.ok("restart", "--time=0", box);
  await podman.eventually(() => podman.ok("exec", box, "cat", "/starts"), /start\nstart/);
});

podmanTest("a restart policy restarts what fails", [], async (podman) => {
  const box = await podman.box(["--restart=on-failure:2"], "echo try; exit 3");
  const tries = await podman.eventually(() => podman.ok("logs", box), /(try\n?){3}/);
  assertEquals(tries, "try\ntry\ntry");
  await podman.eventually(() => podman.look(box, ".RestartCount"), /^2$/);
});

podmanTest("a healthcheck is an exec", [], async (podman) => {
  const box = await podman.box(["--health-cmd=test -e /healthy", "--health-interval=disable", "--health-retries=1"]);
  const ill = await podman.do("healthcheck", "run", box);
  assertEquals([ill.code, ill.stdout.trim()], [1, "unhealthy"], ill.transcript);
  await podman.ok("exec", box, "touch", "/healthy");
  await podman.ok("healthcheck", "run", box);
  assertEquals(await podman.look(box, ".State.Health.Status"), "healthy");
});

podmanTest("the monitor hears of what is killed for its memory", ["memory"], async (podman) => {
  const box = await podman.box(["--memory=16m", "--memory-swap=16m"], "tail /dev/zero");
  assertEquals(await podman.ok("wait", box), "137");
  // Debian's conmon puts the mark where Podman was started; this Podman looks for it in the bundle.
  const marked = exists(podman.scratch.path("oom"));
  assert(marked || await podman.look(box, ".State.OOMKilled") === "true");
});

podmanTest("attach shows what the program writes from then on", [], async (podman) => {
  const box = await podman.box(["-i"], "while read line; do echo got $line; done");
  const attached = await podman.spawn("attach", box);
  await attached.write("one\n");
  await attached.until(/got one/);
  await attached.closeStdin();
  assertEquals((await attached.outcome()).code, 0);
});

podmanTest("a checkpoint is refused, and the container runs on", [], async (podman) => {
  const box = await podman.box();
  const refused = await podman.do("container", "checkpoint", box);
  assertEquals(refused.code, 125, refused.transcript);
  assertMatch(refused.stderr, /checkpoint|criu/i, refused.transcript);
  assertEquals(await podman.look(box, ".State.Status"), "running");
  assertEquals(await podman.ok("exec", box, "echo", "alive"), "alive");
});

podmanTest("cp, diff and export see the container's files", [], async (podman) => {
  const box = await podman.box();
  const file = await podman.scratch.write("file", "copied\n");
  await podman.ok("cp", file, `${box}:/file`);
  assertEquals(await podman.ok("exec", box, "cat", "/file"), "copied");
  await podman.ok("cp", `${box}:/etc/passwd`, podman.scratch.path("passwd"));
  assertStringIncludes(await Deno.readTextFile(podman.scratch.path("passwd")), "ada");
  assertStringIncludes(await podman.ok("diff", box), "A /file");
  await podman.ok("export", "--output", podman.scratch.path("export.tar"), box);
});

podmanTest("events tell of what happened", [], async (podman) => {
  const box = await podman.box([], "exit 3");
  await podman.ok("wait", box);
  const events = await told(podman);
  for (const status of ["create", "start", "died"]) assert(events.includes(status), events.join(" "));
});

async function told(podman: Podman): Promise<string[]> {
  const lines = await podman.ok("events", "--stream=false", "--format={{.Status}}", "--filter=type=container");
  return lines.split("\n");
}
