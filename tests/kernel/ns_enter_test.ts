/** masu ns enter and masu ns list, and what becomes of a part's program when masu is told to end. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { kernelTest } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";

const WHO = "hostname; readlink /proc/self/ns/uts /proc/self/ns/net /proc/self/ns/mnt; pwd; id";

/** A program of unshare(1) in namespaces of its own, and its pid. */
async function target(scratch: Scratch, flags: readonly string[], options: { asUser?: boolean } = {}) {
  const script = "hostname target 2>/dev/null; echo $$ up; exec sleep 100";
  const running = await scratch.spawnCommand("unshare", ...flags, "--", "sh", "-c", script, options);
  const match = await running.until(/^(\d+) up$/m);
  const pid = flags.includes("--fork") ? childOf(running.pid) : Number(match[1]);
  return { running, pid };
}

function childOf(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ")[0]);
}

/** It is there, and no zombie that nobody has reaped yet. */
function lives(pid: string): boolean {
  return exists(`/proc/${pid}/stat`) && !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
}

const COMPARISONS: [name: string, made: string[], flags: string[]][] = [
  ["--uts alone", ["-u"], ["--uts"]],
  ["--net and --mount", ["-u", "-n", "-m"], ["-n", "-m"]],
  ["--pid", ["-p", "--fork", "-u", "-m", "--mount-proc", "--kill-child"], ["-p", "-m", "-u"]],
  ["--all", ["-u", "-n", "-i", "-m"], ["--all"]],
  ["--root and --wd", ["-m"], ["-m", "--root", "--wd"]],
  ["--root=DIR", ["-u"], ["-u", "--root=/", "--wd=/usr"]],
  ["a user namespace", ["-r", "-u", "-n"], ["-U", "-u", "-n"]],
  ["--preserve-credentials", ["-r", "-u"], ["-U", "-u", "--preserve-credentials"]],
  ["--setuid and --setgid", ["-u"], ["-u", "-S", "12", "-G", "34"]],
];
for (const [name, made, flags] of COMPARISONS) {
  kernelTest(`ns enter agrees with nsenter(1): ${name}`, ["userns", "mount", "netns", "pidns"], async (scratch) => {
    const { running, pid } = await target(scratch, made);
    await using _ = running;
    const words = ["--target", `${pid}`, ...flags, "--", "sh", "-c", WHO];
    const ours = await scratch.masu("ns", "enter", ...words);
    const theirs = await scratch.command("nsenter", ...words);
    assertEquals([ours.code, ours.stdout], [theirs.code, theirs.stdout], `${ours.transcript}\n${theirs.transcript}`);
  });
}

kernelTest("ns enter enters all that differ when none is named", ["mount", "pidns"], async (scratch) => {
  const { running, pid } = await target(scratch, ["-u", "-p", "--fork", "--mount-proc", "--kill-child"]);
  await using _ = running;
  const run = await scratch.masu("ns", "enter", "-t", `${pid}`, "--", "sh", "-c", "hostname; echo /proc/[0-9]*");
  assertMatch(run.stdout, /^target\n\/proc\/1 \/proc\/\d+\n$/, run.transcript);
});

kernelTest("ns enter enters an ordinary user's own namespaces", ["user"], async (scratch) => {
  const { running, pid } = await target(scratch, ["-r", "-u", "-m"], { asUser: true });
  await using _ = running;
  const run = await scratch.masu("ns", "enter", "-t", `${pid}`, "--", "sh", "-c", "hostname; id -u", { asUser: true });
  assertEquals(run.stdout, "target\n0\n", run.transcript);
  const other = await scratch.masu("ns", "enter", "-t", "1", "true", { asUser: true });
  assertEquals(other.code, 125, other.transcript);
  assertStringIncludes(other.stderr, "it cannot be seen", other.transcript);
});

kernelTest(
  "ns enter enters a container, and ns list names it",
  ["mount", "pidns", "netns", "busybox"],
  async (scratch) => {
    const root = await scratch.rootfs("busybox");
    const id = await scratch.container("run", "-d", "--name", "inn", "--hostname", "inn", root, "sleep", "100");
    const run = await scratch.masu("ns", "enter", "inn", "--", "/bin/sh", "-c", "hostname; ls /proc/1/exe");
    assertEquals(run.stdout, "inn\n/proc/1/exe\n", run.transcript);
    const net = await scratch.masu("ns", "enter", "--net", id, "readlink", "/proc/self/ns/net");
    const listed = await scratch.masu("ns", "list", "--json");
    const own = JSON.parse(listed.stdout).filter(({ containers }: { containers: string[] }) =>
      containers.includes("inn")
    );
    const types = own.map(({ type }: { type: string }) => type);
    assert(["pid", "uts", "ipc", "net", "mnt"].every((type) => types.includes(type)), listed.transcript);
    const network = own.find(({ type }: { type: string }) => type === "net");
    assertEquals(net.stdout, `net:[${network.namespace}]\n`, net.transcript);
  },
);

kernelTest("ns list agrees with lsns(8)", ["mount", "netns"], async (scratch) => {
  const { running, pid } = await target(scratch, ["-u", "-n", "-m"]);
  await using _ = running;
  const ours = await scratch.masu("ns", "list", "--task", `${pid}`, "--json");
  const theirs = await scratch.command("lsns", "--task", `${pid}`, "--json");
  const known = JSON.parse(theirs.stdout).namespaces.map(({ ns, type }: { ns: number; type: string }) =>
    `${ns} ${type}`
  );
  const listed: { namespace: number; type: string; pid: number }[] = JSON.parse(ours.stdout);
  assertEquals(listed.map(({ namespace, type }) => `${namespace} ${type}`), known.sort(), ours.transcript);
  assertEquals(listed.filter((one) => one.pid === pid).map(({ type }) => type).sort(), ["mnt", "net", "uts"]);
  const quiet = await scratch.masu("ns", "list", "-q", "-t", "net", "--task", `${pid}`);
  assertEquals(quiet.stdout, Deno.readLinkSync(`/proc/${pid}/ns/net`).replace(/\D/g, "") + "\n", quiet.transcript);
});

for (
  const [flags, keeps] of [[["--uts"], true], [[], true], [["--mount", "--net"], true], [["--pid"], false]] as const
) {
  kernelTest(
    `exec masu ns run ${flags.join(" ")} ${keeps ? "keeps" : "needs another"} pid`,
    ["mount", "pidns"],
    async (scratch) => {
      const script = 'echo $$; exec "$0" ns run "$@" -- sh -c "read pid rest < /proc/self/stat; echo \\$pid"';
      const run = await scratch.command("sh", "-c", script, MASU, ...flags);
      const [before, after] = run.stdout.trim().split("\n");
      assertEquals(before === after, keeps, run.transcript);
    },
  );
}

kernelTest("ns run --pid: the program ends with masu, also by kill -9", ["pidns"], async (scratch) => {
  const file = scratch.path("pid");
  const script = `read pid rest < /proc/self/stat; echo $pid > ${file}; echo up; exec sleep 100`;
  const running = await scratch.spawn("ns", "run", "--pid", "--", "sh", "-c", script);
  await running.until(/up/);
  const pid = (await Deno.readTextFile(file)).trim();
  assert(lives(pid));
  running.kill("SIGKILL");
  const deadline = Date.now() + 5000;
  while (lives(pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert(!lives(pid));
});

for (const flags of [["--uts"], ["--pid"], ["-r"]]) {
  kernelTest(`ns run ${flags.join(" ")} passes signals on`, ["pidns", "userns"], async (scratch) => {
    const script = 'trap "echo got; exit 3" INT; echo up; while :; do sleep 0.02; done';
    const running = await scratch.spawn("ns", "run", ...flags, "--", "sh", "-c", script);
    await running.until(/up/);
    running.kill("SIGINT");
    const ended = await running.outcome();
    assertEquals([ended.code, ended.stdout], [3, "up\ngot\n"], ended.transcript);
  });
}

kernelTest("ns enter refuses a process that is not there any more", [], async (scratch) => {
  const ended = await new Deno.Command("sh", { args: ["-c", "echo $$"] }).output();
  const pid = new TextDecoder().decode(ended.stdout).trim();
  const run = await scratch.masu("ns", "enter", "-t", pid, "true");
  assertEquals(run.code, 125, run.transcript);
  assertStringIncludes(run.stderr, `process ${pid}: there is no such process`, run.transcript);
});
