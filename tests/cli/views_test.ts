/** Looking at containers: lists, processes, documents, figures and events of real ones. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { ContainerEvent } from "../../lib/engine/events.ts";
import type { ListedProcess } from "../../lib/engine/processes.ts";
import type { ContainerStats } from "../../lib/engine/stats.ts";
import type { ContainerSummary } from "../../lib/engine/views.ts";
import { image } from "../inside.ts";
import { has, kernelTest, type Need } from "../needs.ts";
import { MASU } from "../scratch.ts";
import { nameOf, until } from "./family.ts";
import { Terminal } from "./tmux.ts";

const NEEDS: Need[] = ["mount", "pidns", "overlay", "busybox"];

/** Only this test's containers: others run beside it. */
function labelled(): { label: string; filter: string } {
  const label = `test=${crypto.randomUUID()}`;
  return { label, filter: `label=${label}` };
}

kernelTest("list shows what runs, --all the rest, and -n and -l the latest", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const { label, filter } = labelled();
  const running = await scratch.container("run", "-d", "-l", label, "--name", `up-${Deno.pid}`, root, "sleep", "1000");
  const created = await scratch.container("create", "-l", label, root, "true");
  const ended = await scratch.container("run", "-d", "-l", label, root, "sh", "-c", "exit 3");
  await scratch.masu("wait", ended);
  const ids = async (...flags: string[]) => {
    const { code, stdout, transcript } = await scratch.masu("list", "-q", "--filter", filter, ...flags);
    assertEquals(code, 0, transcript);
    return stdout.split("\n").filter((line) => line !== "");
  };
  assertEquals(await ids(), [running]);
  assertEquals(await ids("-a"), [ended, created, running]);
  assertEquals(await ids("-n", "2"), [ended, created]);
  assertEquals(await ids("-l"), [ended]);
  assertEquals(await ids("-f", "status=exited"), [ended]);
  assertEquals(await ids("-f", "exited=3"), [ended]);
  assertEquals(await ids("-a", "-f", `before=${ended}`), [created, running]);
  const { stdout, transcript } = await scratch.masu("ls", "-a", "--filter", filter);
  const [titles = "", ...lines] = stdout.trimEnd().split("\n");
  assertMatch(titles, /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +NAMES$/, transcript);
  assertMatch(lines[0] ?? "", / Exited \(3\) /, transcript);
  assertMatch(lines[1] ?? "", / Created$/, transcript);
  assertMatch(lines[2] ?? "", new RegExp(`^${running} .* Up .* up-${Deno.pid}$`), transcript);
  assertEquals((await scratch.masu("ps", "-a", "--filter", filter)).stdout.split("\n").length, 5);
});

kernelTest("list --json has stable keys, and a template its fields", NEEDS, async (scratch) => {
  const { label, filter } = labelled();
  const id = await scratch.container("run", "-d", "-l", label, await image(scratch), "sleep", "1000");
  const all: ContainerSummary[] = JSON.parse((await scratch.masu("list", "--json", "-f", filter)).stdout);
  const [found] = all;
  assertEquals([all.length, found?.id, found?.status, found?.command], [1, id, "running", ["sleep", "1000"]]);
  assertEquals(Object.keys(found ?? {}), [
    "id",
    "name",
    "status",
    "pid",
    "image",
    "command",
    "created",
    "started",
    "finished",
    "exitCode",
    "outOfMemory",
    "oomKills",
    "health",
    "labels",
    "restart",
    "lasting",
    "watched",
    "bundle",
    "error",
  ]);
  assertEquals(nameOf(found?.pid ?? 0), "sleep");
  const template = '{{.ID}} {{.State}} {{.Label "test"}} {{.Pid}}';
  const printed = await scratch.masu("list", "-f", filter, "--format", template);
  assertEquals(printed.stdout, `${id} running ${label.slice(5)} ${found?.pid}\n`, printed.transcript);
  const wrong = await scratch.masu("list", "-f", filter, "--format", "{{.Naems}}");
  assertEquals([wrong.code, wrong.stdout], [2, ""], wrong.transcript);
  assertStringIncludes(wrong.stderr, "hint: did you mean .Names?");
});

kernelTest("list shows one in the foreground while it runs", NEEDS, async (scratch) => {
  const { label, filter } = labelled();
  const running = await scratch.spawn("run", "-l", label, await image(scratch), "sh", "-c", "echo up; read x");
  await running.until(/up/);
  const [found]: ContainerSummary[] = JSON.parse((await scratch.masu("list", "--json", "-f", filter)).stdout);
  assertEquals([found?.status, found?.lasting, found?.watched], ["running", false, true]);
  await running.write("\n");
  await running.outcome();
  assertEquals((await scratch.masu("list", "-aq", "-f", filter)).stdout, "");
});

kernelTest("a container cannot steer the terminal that lists it", NEEDS, async (scratch) => {
  const { label, filter } = labelled();
  const hostile = "\u001b]0;pwned\u0007\u009b2J";
  await scratch.container("create", "-l", label, await image(scratch), "echo", hostile);
  for (
    const flags of [["--no-trunc"], ["--json"], ["--format", "{{.Labels}} {{.Command}}"], ["--format", "{{json .}}"]]
  ) {
    const { stdout, transcript } = await scratch.masu("list", "-a", "-f", filter, ...flags);
    assertEquals(/[^\P{Cc}\n]/u.test(stdout), false, transcript);
  }
  const documents = JSON.parse((await scratch.masu("list", "-a", "-f", filter, "--json")).stdout);
  assertEquals(documents[0].command, ["echo", hostile]);
});

kernelTest("ps shows the processes of a container, by both of their pids", NEEDS, async (scratch) => {
  const id = await scratch.container("run", "-d", await image(scratch), "sh", "-c", "sleep 1000 & wait");
  const read = async (): Promise<ListedProcess[]> => JSON.parse((await scratch.masu("ps", id, "--json")).stdout);
  let processes = await read();
  for (let tries = 0; processes.length < 2 && tries < 50; tries++) processes = await read();
  assertEquals(processes.map(({ innerPid, name }) => [innerPid, name]), [[1, "sh"], [2, "sleep"]]);
  for (const { pid, name } of processes) assertEquals(nameOf(pid), name);
  assertEquals(processes[1]?.parent, processes[0]?.pid);
  assertEquals(processes[1]?.command, "sleep 1000");
  assert((processes[0]?.rssBytes ?? 0) > 4096, JSON.stringify(processes));
  assert(Math.abs(Date.parse(processes[0]?.started ?? "") - Date.now()) < 60_000, JSON.stringify(processes));
  const pids = processes.map(({ pid }) => `${pid}\n`).join("");
  assertEquals((await scratch.masu("ps", id, "-q")).stdout, pids);
  assertEquals((await scratch.masu("ps", id, "--format", "{{.Pid}}")).stdout, pids);
  for (const [options, titles] of PS_FORMS) {
    const { code, stdout, transcript } = await scratch.masu("ps", id, ...options);
    assertEquals([code, stdout.split("\n")[0]?.split(/ +/).filter(Boolean)], [0, titles], transcript);
  }
  const wrong = await scratch.masu("ps", id, "-o", "pdi");
  assertEquals(wrong.code, 2, wrong.transcript);
  assertStringIncludes(wrong.stderr, 'hint: did you mean "pid"?');
});

const PS_FORMS: [options: string[], titles: string[]][] = [
  [[], ["PID", "INNER", "USER", "%CPU", "RSS", "START", "TTY", "TIME", "COMMAND"]],
  [["-ef"], ["USER", "PID", "PPID", "C", "START", "TTY", "TIME", "COMMAND"]],
  [["aux"], ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]],
  [["-o", "pid,comm=NAME"], ["PID", "NAME"]],
];

kernelTest("ps finds processes without cgroups, too", NEEDS, async (scratch) => {
  const args = ["--cgroup-manager", "disabled", "run", "-d", await image(scratch), "sh", "-c", "sleep 1000 & wait"];
  const id = await scratch.container(...args);
  const names = async () => {
    const { stdout } = await scratch.masu("ps", id, "--json");
    return (JSON.parse(stdout) as ListedProcess[]).map(({ name }) => name);
  };
  let found = await names();
  for (let tries = 0; found.length < 2 && tries < 50; tries++) found = await names();
  assertEquals(found, ["sh", "sleep"]);
});

kernelTest("an ordinary user sees what their containers do", [...NEEDS, "user", "subuid"], async (scratch) => {
  const who = { asUser: true };
  const { label, filter } = labelled();
  const args = ["-d", "-l", label, await image(scratch, who), "sh", "-c", "sleep 1000 & wait"];
  const id = await scratch.container("run", ...args, who);
  assertEquals((await scratch.masu("list", "-q", "-f", filter, who)).stdout, `${id}\n`);
  const read = async (): Promise<ListedProcess[]> => JSON.parse((await scratch.masu("ps", id, "--json", who)).stdout);
  let processes = await read();
  for (let tries = 0; processes.length < 2 && tries < 50; tries++) processes = await read();
  assertEquals(processes.map(({ innerPid, name }) => [innerPid, name]), [[1, "sh"], [2, "sleep"]]);
  const stats = await scratch.masu("stats", "--no-stream", "--json", id, who);
  assertEquals([stats.code, JSON.parse(stats.stdout).id], [0, id], stats.transcript);
  const inspected = await scratch.masu("inspect", "-f", "{{.State.Status}} {{.Id}}", id, who);
  assertEquals(inspected.stdout, `running ${id}\n`, inspected.transcript);
});

kernelTest("ps and top execute nothing of the container", [...NEEDS, "strace"], async (scratch) => {
  const root = await scratch.rootfs("busybox");
  // Whatever is called ps in there says so, and whatever is read of passwd is the host's.
  await Deno.remove(`${root}/bin/ps`);
  await Deno.writeTextFile(`${root}/bin/ps`, "#!/bin/sh\ntouch /executed\n", { mode: 0o755 });
  await Deno.mkdir(`${root}/etc`, { recursive: true });
  await Deno.writeTextFile(`${root}/etc/passwd`, "evil:x:0:0::/:/bin/sh\n");
  const id = await scratch.container("run", "-d", "--rootfs", root, "sleep", "1000");
  const log = scratch.path("calls");
  for (const verb of ["ps", "top"]) {
    const { code, stdout, transcript } = await scratch.command("strace", "-f", "-o", log, MASU, verb, id);
    assertEquals(code, 0, transcript);
    assert(!stdout.includes("evil"), transcript);
    const calls = (await Deno.readTextFile(log)).split("\n");
    assertEquals(calls.filter((line) => /\b(setns|chroot|unshare)\(/.test(line)), []);
    const executed = calls.filter((line) => /\bexecve(at)?\(/.test(line) && !line.includes(MASU));
    assertEquals(executed, [], transcript);
  }
  assertEquals([...Deno.readDirSync(root)].some(({ name }) => name === "executed"), false);
});

kernelTest("state prints OCI's state while a container runs and after", NEEDS, async (scratch) => {
  const args = ["--annotation", "a=b", await image(scratch), "sleep", "1000"];
  const id = await scratch.container("run", "-d", ...args);
  const state = async () => JSON.parse((await scratch.masu("state", id)).stdout);
  const running = await state();
  assertEquals([running.id, running.status, running.annotations?.a], [id, "running", "b"]);
  assertEquals(nameOf(running.pid), "sleep");
  await scratch.masu("pause", id);
  assertEquals((await state()).status, "paused");
  await scratch.masu("resume", id);
  await scratch.masu("stop", "-t", "0", id);
  const stopped = await state();
  assertEquals([stopped.status, stopped.pid, stopped.annotations?.a], ["stopped", 0, "b"]);
});

kernelTest("inspect prints docker's keys, and those that it finds beside an error", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const flags = ["--name", `look-${Deno.pid}`, "-e", "A=${id}", "-m", "64m", "-l", "x=1", "-v", "/usr:/host-usr:ro"];
  const id = await scratch.container("run", "-d", ...flags, root, "sleep", "1000");
  const { code, stdout, stderr, transcript } = await scratch.masu("inspect", id, "nosuch");
  assertEquals(code, 1, transcript);
  assertStringIncludes(stderr, '"nosuch"', transcript);
  const documents = JSON.parse(stdout);
  const [found] = documents;
  assertEquals([documents.length, found.Id, found.Name], [1, id, `look-${Deno.pid}`]);
  assertEquals([found.State.Status, found.State.Running, nameOf(found.State.Pid)], ["running", true, "sleep"]);
  assertEquals([found.HostConfig.Memory, found.Config.Labels.x], [64 * 1024 * 1024, "1"]);
  assertEquals(found.Mounts.map((mount: Record<string, unknown>) => [mount.Source, mount.Destination, mount.RW]), [
    ["/usr", "/host-usr", false],
  ]);
  // The spec's own blanks are filled in, and what looks like one is left alone.
  assert(found.spec.process.env.includes("A=${id}"), transcript);
  assertEquals(found.spec.process.args, ["sleep", "1000"]);
  assertEquals([found.spec.hostname, found.spec.linux.cgroupsPath], [id, `/masu/${id}`]);
  for (const path of [found.paths.document, found.paths.state, found.paths.log]) await Deno.stat(path);
  const format = await scratch.masu("inspect", "-f", "{{.State.Pid}} {{.Config.Image}}", id);
  assertEquals(format.stdout, `${found.State.Pid} ${found.Image}\n`, format.transcript);
});

kernelTest("stats counts what a container uses", NEEDS, async (scratch) => {
  const { label } = labelled();
  const args = ["-d", "-l", label, "-m", "64m", await image(scratch), "sh", "-c", "sleep 1000 & while :; do :; done"];
  const id = await scratch.container("run", ...args);
  const { code, stdout, transcript } = await scratch.masu("stats", "--no-stream", "--json", id);
  assertEquals(code, 0, transcript);
  const stats: ContainerStats = JSON.parse(stdout);
  assertEquals([stats.id, stats.status], [id, "running"]);
  if (!has("cgroup1") && !has("cgroup2")) return;
  assertEquals([stats.pids, stats.memoryLimitBytes], [2, 64 * 1024 * 1024], transcript);
  assert((stats.cpuPercent ?? 0) > 5, transcript);
  assert((stats.memoryBytes ?? 0) > 4096 && (stats.memoryBytes ?? 0) < 64 * 1024 * 1024, transcript);
  assertEquals([stats.networkReceivedBytes, stats.networkSentBytes], [0, 0]);
  const table = await scratch.masu("stats", "--no-stream", id);
  assertMatch(table.stdout, new RegExp(`^CONTAINER ID .*PIDS\n${id} .*% +.* / 64MiB .* 2\n$`), table.transcript);
});

kernelTest("stats goes on where no terminal is, and ends with its reader", NEEDS, async (scratch) => {
  const id = await scratch.container("run", "-d", await image(scratch), "sleep", "1000");
  const script = '"$0" stats -d 0.05 --format "{{.ID}}" "$1" | head -n 3; echo ${PIPESTATUS[0]}';
  const { stdout, transcript } = await scratch.command("bash", "-c", script, MASU, id, { timeoutMs: 10_000 });
  assertEquals(stdout, `${id}\n${id}\n${id}\n141\n`, transcript);
});

kernelTest("stats --all shows what does not run, without figures", NEEDS, async (scratch) => {
  const id = await scratch.container("create", await image(scratch), "true");
  const { stdout, transcript } = await scratch.masu("stats", "--no-stream", "--all", "--format", "{{.ID}} {{.PIDs}}");
  assert(stdout.split("\n").includes(`${id} --`), transcript);
});

kernelTest("events tells what happened, and what happens", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const id = await scratch.container("create", root, "sh", "-c", "exit 3");
  const watching = await scratch.spawn("events", "--json", "--filter", `container=${id}`);
  await until("it watches", () => openFiles(watching.pid).some((link) => link.includes("inotify")));
  await scratch.masu("start", id);
  await scratch.masu("wait", id);
  await watching.until(/"die"/);
  const lines = watching.stdout.trimEnd().split("\n").map((line): ContainerEvent => JSON.parse(line));
  assertEquals(lines.map(({ action }) => action), ["start", "die"]);
  assertEquals([lines[1]?.id, lines[1]?.attributes.exitCode], [id, "3"]);
  watching.kill("SIGTERM");
  const past = await scratch.masu("events", "--since", "1m", "--no-stream", "-f", `container=${id}`);
  assertEquals(past.stdout.split("\n").map((line) => line.split(" ").slice(1, 4).join(" ")), [
    `container create ${id}`,
    `container start ${id}`,
    `container die ${id}`,
    "",
  ]);
  const died = await scratch.masu(
    "events",
    "--since",
    "1m",
    "--until",
    "0s",
    "-f",
    "event=die",
    "-f",
    `container=${id}`,
    "--format",
    "{{.Action}} {{.Actor.Attributes.exitCode}}",
  );
  assertEquals(died.stdout, "die 3\n", died.transcript);
});

kernelTest("port says nothing of a container that publishes nothing", NEEDS, async (scratch) => {
  const id = await scratch.container("create", await image(scratch), "true");
  const none = await scratch.masu("port", id);
  assertEquals([none.code, none.stdout, none.stderr], [0, "", ""], none.transcript);
  assertEquals((await scratch.masu("port", "--json", id)).stdout, "[]\n");
  assertEquals((await scratch.masu("port", "nosuch")).code, 1);
});

kernelTest("list, state, ps and inspect refuse what they do not know", [], async (scratch) => {
  for (const [args, message] of REFUSALS) {
    const { code, stdout, stderr, transcript } = await scratch.masu(...args);
    assertEquals([code, stdout], [2, ""], transcript);
    assertStringIncludes(stderr, message, transcript);
  }
});

const REFUSALS: [args: string[], message: string][] = [
  [["list", "web"], 'Read operand "web" of "masu list": it takes none'],
  [["list", "--size"], 'Read flag "--size" of "masu list": masu does not support it'],
  [["list", "-f", "statsu=x"], 'did you mean "status"?'],
  [["list", "-n", "1", "-l"], "it contradicts --latest"],
  [["list", "--format", "{{.ID"], "{{ without }}"],
  [["ps", "web", "-x"], 'Read flag "-x" of "masu ps": no such flag'],
  [["ps", "web", "nosuch"], 'Read operand "nosuch" after CONTAINER'],
  [["inspect"], 'Read operands of "masu inspect": no CONTAINER'],
  [["inspect", "--type", "image", "x"], 'Read --type "image"'],
  [["state"], 'Read operands of "masu state": no CONTAINER'],
  [["stats", "-d", "0.01"], "shorter than 50 ms"],
  [["top", "--format", "{{.ID}}"], "masu top prints by no template"],
  [["events", "-f", "type=image"], "masu has events of containers only"],
  [["port", "web", "http"], 'Read operand "http": not a port'],
  [["completion", "csh"], 'Read operand "csh": masu knows no such shell'],
];

kernelTest("events names the filter for a container of no bundle", NEEDS, async (scratch) => {
  const name = `events-${Deno.pid}`;
  await scratch.container("create", "--name", name, await image(scratch), "true");
  const { code, stdout, stderr, transcript } = await scratch.masu("events", name);
  assertEquals([code, stdout], [2, ""], transcript);
  assertStringIncludes(stderr, `hint: --filter container=${name}`, transcript);
});

kernelTest("top draws live, ends with q, and gives the terminal back", [...NEEDS, "tmux"], async (scratch) => {
  const name = `top-${Deno.pid}`;
  await scratch.container("run", "-d", "--name", name, await image(scratch), "sleep", "1000");
  await using terminal = await Terminal.open(scratch);
  await terminal.line("stty -a > before");
  for (const [command, title, keys, status] of LIVE) {
    await terminal.line(`${MASU} ${command.replace("NAME", name)}; echo "status $?"`);
    await terminal.until(title);
    assert((await terminal.screen()).includes(command.startsWith("top NAME") ? "sleep 1000" : name));
    await terminal.keys(keys);
    await terminal.until(new RegExp(`^status ${status}`, "m"));
    await terminal.run("clear; tmux -S tmux clear-history");
  }
  assertEquals(await terminal.run("stty -a | diff before - && echo same"), "same\n");
});

const LIVE: [command: string, title: RegExp, keys: string, status: number][] = [
  ["top -d 0.1", /CPU %.*HISTORY/, "q", 0],
  ["stats -d 0.1", /CONTAINER ID.*HISTORY/, "C-c", 130],
  ["top NAME -d 0.1", /INNER/, "q", 0],
];

kernelTest("top gives the terminal back when it is killed", [...NEEDS, "tmux"], async (scratch) => {
  const id = await scratch.container("run", "-d", await image(scratch), "sleep", "1000");
  await using terminal = await Terminal.open(scratch);
  // A shell that does not set modes of its own: what is there is what masu has left.
  await terminal.line("exec env PS1='$ ' sh");
  await terminal.run("stty -a > before");
  await terminal.line(`${MASU} top -d 0.1 ${id} & echo "pid $!"; fg`);
  const [, pid] = await terminal.until(/^pid (\d+)/m);
  await terminal.until(/INNER/);
  Deno.kill(Number(pid), "SIGKILL");
  await terminal.until(/Killed/);
  await terminal.run("true");
  assertEquals(await terminal.run("stty -a | diff before - && echo same"), "same\n");
});

kernelTest("bash completes names of containers on Tab", [...NEEDS, "tmux"], async (scratch) => {
  const name = `completed-${Deno.pid}`;
  await scratch.container("run", "-d", "--name", name, await image(scratch), "sleep", "1000");
  await using terminal = await Terminal.open(scratch);
  await terminal.run(`masu() { ${MASU} "$@"; }; source <(masu completion bash)`);
  await terminal.keys("m", "a", "s", "u", "Space", "i", "n", "s", "p", "Tab");
  await terminal.until(/masu inspect$/m);
  for (const letter of name.slice(0, -1)) await terminal.keys(letter);
  await terminal.keys("Tab");
  await terminal.until(new RegExp(`masu inspect ${name}`));
});

/** What a process's descriptors are. */
function openFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(directory)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`${directory}/${name}`);
    } catch {
      return ""; // closed meanwhile
    }
  });
}
