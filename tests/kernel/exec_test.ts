/** masu exec: another program in a running container has what the container's own has, unless a flag says otherwise. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../lib/spec/capabilities.ts";
import { openBox } from "../boxes.ts";
import { fields, image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import { probe } from "../probe.ts";
import { MASU } from "../scratch.ts";
import { Terminal } from "../cli/tmux.ts";

const BOX: Need[] = ["mount", "pidns", "overlay", "busybox"];

/** The files of /proc/PID/ns, as links. */
const NAMESPACES = "for n in cgroup ipc mnt net pid uts user; do readlink /proc/$p/ns/$n; done";

for (
  const [who, flags, options] of [
    ["root's", [], {}],
    ["a user namespace's", ["--userns", "private"], {}],
    ["an ordinary user's", [], { asUser: true }],
    ["the host's network's", ["--network", "host", "--ipc", "host"], {}],
  ] as const
) {
  const needs: Need[] = "asUser" in options ? [...BOX, "user"] : BOX;
  kernelTest(`exec is in all namespaces and cgroups of ${who} container`, needs, async (scratch) => {
    await using box = await openBox(scratch, flags, options);
    const script = (p: string) => `p=${p}; ${NAMESPACES}; cat /proc/$p/cgroup; cat /proc/$p/uid_map; hostname; ls /`;
    const own = await box.script([], script("1"));
    const other = await box.script([], script("self"));
    assertEquals([own.code, own.stderr], [0, ""], own.transcript);
    assertEquals(other.stdout, own.stdout, other.transcript);
  });

  kernelTest(`exec has the rights of ${who} container's own program`, needs, async (scratch) => {
    await using box = await openBox(scratch, flags, options);
    const names = ["Uid", "Gid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"];
    const status = async (process: string) => {
      const { stdout } = await box.script([], `cat /proc/${process}/status`);
      return fields(stdout, ...names, "Seccomp_filters");
    };
    const own = await status("1");
    assertEquals(own.includes("none"), false, own.join(" "));
    assertEquals(await status("self"), own);
  });
}

for (const [number, what] of [[434, "pidfd_open(2)"], [435, "clone3(2)"]] as const) {
  kernelTest(`exec enters a container without ${what}`, [...BOX, "cc"], async (scratch) => {
    await using box = await openBox(scratch, ["--userns", "private"]);
    const script = (p: string) => `p=${p}; ${NAMESPACES}; cat /proc/$p/cgroup; id -u`;
    const own = await box.script([], script("1"));
    const words = ["without", `${number}`, MASU, "exec", box.name, "sh", "-c", script("self")];
    const other = await scratch.command(await probe(), ...words);
    assertEquals([other.code, other.stdout], [0, own.stdout], other.transcript);
    const failed = await scratch.command(await probe(), "without", `${number}`, MASU, "exec", box.name, "absent");
    assertEquals(failed.code, 127, failed.transcript);
  });
}

kernelTest("exec is in the clocks of a time namespace", [...BOX, "timens"], async (scratch) => {
  await using box = await openBox(scratch, ["--time-offset", "boottime=86400000"]);
  const { stdout, transcript } = await box.script(
    [],
    "cat /proc/uptime; readlink /proc/1/ns/time; readlink /proc/self/ns/time",
  );
  const [uptime = "", own, other] = stdout.split("\n");
  assert(Number.parseFloat(uptime) > 86_400_000, transcript);
  assertEquals(other, own, transcript);
});

kernelTest("exec has the container's limits, umask and OOM preference", BOX, async (scratch) => {
  for (const userns of [[], ["--userns", "private"]]) {
    await using box = await openBox(scratch, [...userns, "--ulimit", "nofile=77:99", "--oom-score-adj", "321"]);
    const script = "ulimit -n; ulimit -Hn; umask; cat /proc/self/oom_score_adj";
    const { stdout, transcript } = await box.script([], script);
    assertEquals(stdout, "77\n99\n0022\n321\n", transcript);
  }
});

kernelTest("exec ends with its cgroup's limit of processes in force", [...BOX], async (scratch) => {
  await using box = await openBox(scratch, ["--pids-limit", "6"]);
  const { stderr, transcript } = await box.script([], "for i in 1 2 3 4 5 6 7; do sleep 0.3 & done; wait");
  assertMatch(stderr, /can't fork/, transcript);
});

const STATUSES: [words: string[], code: number, stderr: RegExp][] = [
  [["true"], 0, /^$/],
  [["sh", "-c", "exit 42"], 42, /^$/],
  [["sh", "-c", "kill -9 $$"], 137, /^$/],
  [["sh", "-c", "kill -TERM $$"], 143, /^$/],
  [["absent"], 127, /Execute "absent": .*ENOENT/],
  [["/etc/passwd"], 126, /Execute "\/etc\/passwd": .*EACCES/],
];
kernelTest("exec ends with the program's status", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  for (const [words, code, stderr] of STATUSES) {
    const outcome = await box.exec([], words);
    assertEquals(outcome.code, code, outcome.transcript);
    assertMatch(outcome.stderr, stderr, outcome.transcript);
  }
});

kernelTest("exec hands stdin, stdout and stderr on", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  const outcome = await box.script(["-i"], "cat; echo error >&2", { stdin: "in\n" });
  assertEquals([outcome.stdout, outcome.stderr], ["in\n", "error\n"], outcome.transcript);
});

kernelTest("exec forwards signals, and what it leaves to its default ends the program", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  const trap = "trap 'echo got; exit 9' TERM; echo ready; while :; do sleep 0.02; done";
  const caught = await scratch.spawn("exec", box.name, "sh", "-c", trap);
  await caught.until(/^ready$/m);
  caught.kill("SIGTERM");
  assertEquals((await caught.outcome()).code, 9, caught.transcript());
  const left = await scratch.spawn("exec", box.name, "sh", "-c", "echo ready; exec sleep 100");
  await left.until(/^ready$/m);
  left.kill("SIGINT");
  assertEquals((await left.outcome()).code, 130, left.transcript());
});

kernelTest("exec's program ends with a masu that is killed, and the container does not", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  const masu = await scratch.spawn("exec", box.name, "sh", "-c", "echo ready; exec sleep 7777");
  await masu.until(/^ready$/m);
  masu.kill("SIGKILL");
  await masu.outcome();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { code, stdout, transcript } = await box.script([], "ps");
  assertEquals(code, 0, transcript);
  assert(!stdout.includes("7777"), transcript);
});

kernelTest("exec ends when its container does", BOX, async (scratch) => {
  const box = await openBox(scratch);
  const masu = await scratch.spawn("exec", box.name, "sh", "-c", "echo ready; exec sleep 100");
  await masu.until(/^ready$/m);
  await box[Symbol.asyncDispose]();
  assertEquals((await masu.outcome()).code, 137, masu.transcript());
});

kernelTest("exec -d returns at once, says nothing, and its program runs on", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  const outcome = await box.script(
    ["-d"],
    "readlink /proc/self/fd/0 >/tmp/in; echo out; echo $$ >/tmp/pid; exec sleep 100",
  );
  assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "", ""], outcome.transcript);
  const seen = await box.script([], "sleep 0.1; cat /tmp/in; kill -0 $(cat /tmp/pid) && echo alive");
  assertEquals(seen.stdout, "/dev/null\nalive\n", seen.transcript);
  const absent = await box.exec(["-d"], ["absent"]);
  assertEquals(absent.code, 127, absent.transcript);
});

const USERS: [flags: string[], expected: string][] = [
  [[], "0 0 0 /root"],
  [["-u", "ada"], "1000 1000 1000 29 50 /home/ada"],
  [["-u", "ada:7"], "1000 7 7 /home/ada"],
  [["-u", "4242"], "4242 0 0 /"],
  [["-u", "4242:4243"], "4242 4243 4243 /"],
  [["-g", "777"], "0 0 0 777 /root"],
  [["-u", "ada", "-g", "daemon", "-e", "HOME=/x"], "1000 1000 1000 1 29 50 /x"],
];
kernelTest("exec -u takes the container's names", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  for (const [flags, expected] of USERS) {
    const { stdout, transcript } = await box.script(flags, "echo $(id -u) $(id -g) $(id -G) $HOME");
    const [uid, gid, ...rest] = stdout.trim().split(" ");
    const groups = rest.slice(0, -1).sort((one, other) => Number(one) - Number(other));
    const [, , ...wanted] = expected.split(" ");
    assertEquals([uid, gid, rest.at(-1)], [...expected.split(" ").slice(0, 2), wanted.at(-1)], transcript);
    assertEquals(groups, wanted.slice(0, -1).sort((one, other) => Number(one) - Number(other)), transcript);
  }
  const nobody = await box.exec(["-u", "carol"], ["true"]);
  assertEquals(nobody.code, 125, nobody.transcript);
  assertStringIncludes(nobody.stderr, '"carol"');
});

/** Capabilities as /proc/PID/status has them. */
function mask(names: readonly string[]): string {
  const bits = names.map((name) => 1n << BigInt(CAPABILITIES.indexOf(name)));
  return bits.reduce((all, bit) => all | bit, 0n).toString(16).padStart(16, "0");
}
const DEFAULT = mask(DEFAULT_CAPABILITIES);
const WITH_RAW = mask([...DEFAULT_CAPABILITIES, "CAP_NET_RAW"]);
const NONE = mask([]);

const SETS: [flags: string[], bounding: string, effective: string][] = [
  [[], DEFAULT, DEFAULT],
  [["--cap", "net_raw"], WITH_RAW, WITH_RAW],
  [["-u", "ada"], DEFAULT, NONE],
  [["-u", "ada", "--cap", "net_raw"], WITH_RAW, NONE],
];
kernelTest("exec --cap adds to the bounding set, and nothing is inheritable", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  for (const [flags, bounding, effective] of SETS) {
    const { stdout, transcript } = await box.exec(flags, ["cat", "/proc/self/status"]);
    const seen = fields(stdout, "CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb");
    assertEquals(seen, [bounding, effective, effective, NONE, NONE], transcript);
  }
  const { stdout } = await box.exec(["--privileged"], ["cat", "/proc/self/status"]);
  const own = fields(await Deno.readTextFile("/proc/self/status"), "CapPrm");
  assertEquals(fields(stdout, "CapEff", "CapInh", "Seccomp"), [...own, NONE, "2"]);
});

kernelTest("exec --no-new-privs forbids what the container allows", BOX, async (scratch) => {
  await using box = await openBox(scratch, ["--security-opt", "no-new-privileges=false"]);
  for (const [flags, expected] of [[[], ["0", "2"]], [["--no-new-privs"], ["1", "2"]]] as const) {
    const { stdout, transcript } = await box.exec(flags, ["cat", "/proc/self/status"]);
    assertEquals(fields(stdout, "NoNewPrivs", "Seccomp"), [...expected], transcript);
  }
});

kernelTest("exec -w, -e and --env-file change directory and environment", BOX, async (scratch) => {
  const file = await scratch.write("variables", "A=file\nB=file\n");
  await using box = await openBox(scratch, ["-e", "A=box", "-e", "X=${id}", "-w", "/tmp"]);
  const script = "pwd; echo $A $B $X $CALLER; echo ${TERM-none}";
  const plain = await box.script([], script);
  assertEquals(plain.stdout, "/tmp\nbox ${id}\nnone\n", plain.transcript);
  const flags = ["-w", "/etc", "--env-file", file, "-e", "B=word", "-e", "CALLER"];
  const changed = await box.script(flags, script, { env: { CALLER: "mine" } });
  assertEquals(changed.stdout, "/etc\nfile word ${id} mine\nnone\n", changed.transcript);
  const absent = await box.exec(["-w", "/absent"], ["true"]);
  assertEquals(absent.code, 125, absent.transcript);
  assertStringIncludes(absent.stderr, 'Change directory to "/absent"');
});

kernelTest("exec gives the program its arguments as they are", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  const words = ["${id}", "$${pid}", "", "-x", 'a"b', "\\"];
  const outcome = await box.exec([], ["printf", "%s|", ...words]);
  assertEquals(outcome.stdout, words.map((word) => `${word}|`).join(""), outcome.transcript);
});

kernelTest("exec --process takes everything from a document", BOX, async (scratch) => {
  await using box = await openBox(scratch, ["-e", "OWN=1"]);
  const script = "id -u; id -g; id -G; pwd; umask; ulimit -n; echo ${OWN-none} $X; cat /proc/self/status";
  const document = {
    args: ["sh", "-c", script],
    env: ["PATH=/bin", "X=${id}"],
    cwd: "/tmp",
    user: { uid: 3, gid: 4, additionalGids: [7], umask: 0o077 },
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }],
    capabilities: { bounding: ["CAP_CHOWN"] },
  };
  const outcome = await box.exec(["-p", await scratch.write("process.json", JSON.stringify(document))], []);
  const [uid, gid, groups, directory, umask, files, variables, ...status] = outcome.stdout.split("\n");
  assertEquals(
    [uid, gid, groups, directory, umask, files, variables],
    ["3", "4", "4 7", "/tmp", "0077", "100", "none ${id}"],
    outcome.transcript,
  );
  assertEquals(fields(status.join("\n"), "CapBnd", "CapEff"), [mask(["CAP_CHOWN"]), NONE], outcome.transcript);
  const wrong = await box.exec([
    "-p",
    await scratch.write("wrong.json", '{"args":["true"],"cwd":"/","user":{"uid":""}}'),
  ], []);
  assertStringIncludes(wrong.stderr, 'Read process document: key "user.uid": invalid type: string "", expected u32');
});

kernelTest("exec --preserve-fds passes on what it names, and nothing else", [...BOX, "cc"], async (scratch) => {
  await using box = await openBox(scratch, [], { probe: true });
  const script = `exec 3</dev/zero 4</dev/zero 5</dev/zero; exec "$@"`;
  for (const [flags, expected] of [[[], "0 1 2"], [["--preserve-fds", "2"], "0 1 2 3 4"]] as const) {
    const words = [MASU, "exec", ...flags, box.name, "probe", "descriptors"];
    const outcome = await scratch.command("sh", "-c", script, "sh", ...words);
    assertEquals(outcome.stdout.trim(), expected, outcome.transcript);
  }
});

kernelTest("exec --pid-file names the program's process, and goes with it", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  const file = scratch.path("pid");
  const masu = await scratch.spawn("exec", "--pid-file", file, box.name, "sh", "-c", "echo ready; cat; exit 3");
  await masu.until(/^ready$/m);
  const pid = await written(file);
  assertStringIncludes(await Deno.readTextFile(`/proc/${pid}/cmdline`), "exit 3");
  await masu.closeStdin();
  assertEquals((await masu.outcome()).code, 3);
  assertEquals(await Deno.stat(file).catch(() => null), null);
});

kernelTest("exec -t gives the program a terminal of the container's own", [...BOX, "tmux"], async (scratch) => {
  await using box = await openBox(scratch);
  await using terminal = await Terminal.open(scratch);
  const script = 'tty; stty size; cut -d" " -f5-8 </proc/$$/stat; echo $TERM; exit 5';
  const shown = await terminal.run(`${MASU} exec -it ${box.name} sh -c '${script}'; echo status $?`);
  const [name, size, session = "", type, status] = shown.split("\n");
  assertEquals([name, size, type, status], ["/dev/pts/0", "24 80", "xterm", "status 5"], shown);
  const [group, leader, device, foreground] = session.split(" ");
  assertEquals([leader, foreground, device], [group, group, "34816"], shown);
  await terminal.line(
    `${MASU} exec -it ${box.name} sh -c 'trap "stty size" WINCH; echo up; while :; do sleep 0.02; done'`,
  );
  await terminal.until(/^up$/m);
  await terminal.resize(100, 30);
  await terminal.until(/^30 100$/m);
  await terminal.keys("C-c");
  await terminal.until(/\$$/);
});

/** A file's text once there is any: it is written when the program runs already. */
async function written(path: string): Promise<string> {
  for (;;) {
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text !== "") return text;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const REFUSED: [flags: string[], words: string[], stderr: string][] = [
  [["--detach-keys", "ctrl-a"], ["true"], '"--detach-keys"'],
  [["--cgroup", "../.."], ["true"], 'Join cgroup "../..": ".." leads out of the container\'s cgroup'],
  [["-d", "-t"], ["true"], '"--tty"'],
  [["-w", "tmp"], ["true"], '--workdir "tmp"'],
  [["-u", "1:2:3"], ["true"], '--user "1:2:3"'],
  [["--cap", "none"], ["true"], '--cap "none"'],
  [["--preserve-fds", "3"], ["true"], 'descriptor "3"'],
  [[], [], "no PROGRAM"],
  [["-p", "x", "-u", "1"], [], '"--user"'],
];
kernelTest("exec refuses what it does not do, by name", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  for (const [flags, words, stderr] of REFUSED) {
    const outcome = await box.exec(flags, words);
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, stderr, outcome.transcript);
  }
});

kernelTest("exec says that there is no such container, and that one has ended", BOX, async (scratch) => {
  const box = await openBox(scratch);
  await box[Symbol.asyncDispose]();
  const outcome = await box.exec([], ["true"]);
  assertEquals(outcome.code, 125, outcome.transcript);
  assertStringIncludes(outcome.stderr, `container "${box.name}"`);
});

kernelTest("exec says that a container is paused, and goes on when it is resumed", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  const paused = await scratch.masu("pause", box.name);
  assertEquals(paused.code, 0, paused.transcript);
  const refused = await box.exec([], ["true"]);
  const resumed = await scratch.masu("resume", box.name);
  assertEquals(refused.code, 125, refused.transcript);
  assertStringIncludes(refused.stderr, `"${box.name}": it is paused\nhint: masu resume ${box.name}`);
  assertEquals(resumed.code, 0, resumed.transcript);
  assertEquals((await box.exec([], ["true"])).code, 0);
});

kernelTest("exec runs in a container that lives on, each time it was started", BOX, async (scratch) => {
  const name = `box-${crypto.randomUUID().slice(0, 8)}`;
  const root = await image(scratch);
  const made = await scratch.masu("run", "-d", "--name", name, "-e", "A=${x}", root, "sleep", "1000");
  try {
    assertEquals(made.code, 0, made.transcript);
    for (const command of [["restart", "-t", "0"], null]) {
      const outcome = await scratch.masu("exec", name, "sh", "-c", "echo $A $(cat /proc/1/comm); exit 4");
      assertEquals([outcome.code, outcome.stdout], [4, "${x} sleep\n"], outcome.transcript);
      if (command !== null) await scratch.masu(...command, name);
    }
  } finally {
    await scratch.masu("delete", "--force", name);
  }
});

kernelTest("exec is told among what happens to containers", BOX, async (scratch) => {
  await using box = await openBox(scratch);
  await box.exec([], ["echo", "a b"]);
  const lines = (await Deno.readTextFile("/run/masu/events")).trim().split("\n").filter((line) =>
    line.includes(box.name)
  );
  const { action, name, attributes } = JSON.parse(lines.at(-1) ?? "{}");
  assertEquals([action, name, attributes], ["exec_start", box.name, { command: "echo a b" }]);
});

kernelTest("exec -h shows examples", [], async (scratch) => {
  const { code, stdout, transcript } = await scratch.masu("exec", "--help");
  assertEquals(code, 0, transcript);
  assertMatch(stdout, /masu exec -it web sh/);
});
