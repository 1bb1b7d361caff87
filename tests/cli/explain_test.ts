/** masu run --explain: what would be done, in words, as JSON, and as a script that really does the same. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Outcome, type Scratch } from "../scratch.ts";
import { trace } from "./calls.ts";
import { childrenOf, fileOf, until } from "./family.ts";

const CONTAINER: Need[] = ["mount", "pidns", "overlay", "busybox"];

for (const form of ["text", "json", "sh"]) {
  kernelTest(`masu run --explain=${form} touches nothing`, [...CONTAINER, "strace"], async (scratch) => {
    const flags = ["--name", "n", "--cidfile", scratch.path("cid"), "-v", `${scratch.path("made")}:/x`, "-m", "64m"];
    const { code, stdout, stderr, changes } = await trace(scratch, [
      ...[MASU, "run", `--explain=${form}`, ...flags, await image(scratch), "true"],
    ]);
    assertEquals([code, stderr], [0, ""], stdout);
    assertEquals(changes.filter((line) => !/"\/dev\/(null|tty)"|\/memfd:/.test(line)), []);
    assertStringIncludes(stdout, "/containers/");
  });
}

kernelTest("masu run --explain numbers steps as errors do", CONTAINER, async (scratch) => {
  const args = ["--tmpfs", "/etc/passwd", await image(scratch), "true"];
  const { code, stderr, transcript } = await scratch.masu("run", ...args);
  assertEquals(code, 125, transcript);
  const [, group = "", index = ""] = /^step: (\w+) (\d+) of the plan$/m.exec(stderr) ?? [];
  const { stdout } = await scratch.masu("run", "--explain", ...args);
  const [section = ""] = stdout.split("\n\n").filter((text) => text.startsWith(`${group}:`));
  const [line] = section.split("\n").filter((line) => line.trimStart().startsWith(`${index} `));
  assertMatch(line ?? "", /Mount tmpfs on "\/etc\/passwd".*mount\(2\)/, `${stderr}\n${stdout}`);
});

kernelTest("masu run --explain=json prints one plan, its blanks open", CONTAINER, async (scratch) => {
  for (const words of [["run", "--explain=json"], ["--json", "run", "--dry-run"]]) {
    const { stdout, transcript } = await scratch.masu(...words, await image(scratch), "echo", "a b");
    const plan = JSON.parse(stdout);
    assertEquals(Object.keys(plan), [
      ...["version", "facts", "create", "before", "clone", "network", "inside", "created", "exec", "started"],
      ...["afterwards", "delete"],
    ], transcript);
    assertEquals(plan.exec.at(-1).arguments, ["${arguments}"]);
    assert(JSON.stringify(plan.before).includes("/containers/${id}"));
  }
});

kernelTest("masu run --explain fails as the run would", CONTAINER, async (scratch) => {
  for (const form of ["text", "json", "sh"]) {
    const missing = ["--mount", "type=bind,src=/missing,dst=/x", await image(scratch), "true"];
    const { code, stdout, stderr, transcript } = await scratch.masu("run", `--explain=${form}`, ...missing);
    assertEquals([code, stdout], [125, ""], transcript);
    assertStringIncludes(stderr, 'Mount "/missing" on "/x": there is no such file or directory');
  }
});

/** What a container sees, by headings. Mounts are listed in the order of their making, and masu makes some of them early. */
const LOOK = `
h() { echo "== $1"; }
h names; hostname; cat /proc/sys/kernel/domainname
h processes; set -- /proc/[0-9]*; echo $#; tr '\\0' ' ' </proc/1/cmdline | head -c 8; echo
h ids; id -u; id -g; id -G; cat /proc/self/uid_map /proc/self/gid_map; cat /proc/self/setgroups
h status; grep -E '^(Groups|Cap...|NoNewPrivs|Umask):' /proc/self/status
h limits; ulimit -a; ulimit -Hn; cat /proc/self/oom_score_adj
h directory; pwd
h environment; env | grep -vE '^(SHLVL|OLDPWD|PWD)=' | sort
h cgroups; cat /proc/self/cgroup
for file in memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us cpu/cpu.shares devices/devices.list; do
  [ ! -e /sys/fs/cgroup/$file ] || { echo $file; cat /sys/fs/cgroup/$file; }
done
h settings; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ping_group_range; cat /proc/self/timens_offsets
h links; cat /proc/net/dev | cut -d: -f1 | sort
h mounts; cut -d' ' -f4- /proc/self/mountinfo | sort
list() { ls -ln "$@" | sed -E 's/ +[A-Z][a-z]+ +[0-9]+ +[0-9:]+ / /;s/^([^ ]+) +[0-9]+ /\\1 /;/^d/s/ +[0-9]+ ([^ ]+)$/ \\1/'; }
h devices; list /dev /dev/pts
h files; list /; cat /etc/hosts /etc/hostname /etc/resolv.conf
`;

/** Flags, then the image: "root" is the test's own. */
const CASES: [name: string, words: string[]][] = [
  ["the defaults", ["root"]],
  ["a network of its own", ["--net", "none", "root"]],
  ["the host's network and names", ["--net", "host", "--ipc", "host", "--uts", "host", "root"]],
  ["the host's processes", ["--pid", "host", "root"]],
  ["the host's cgroups", ["--cgroupns", "host", "root"]],
  ["a root itself", ["--rootfs", "root"]],
  ["the running system", ["host"]],
  ["the running system, read-only", ["--read-only", "host"]],
  ["all privileges", ["--privileged", "root"]],
  ["names, a directory and variables", [
    ...["--hostname", "web", "--domainname", "example", "-w", "/usr/bin"],
    ...["-e", "A=b 'c' \"d\" $e", "-e", "EMPTY=", "-e", "LINES=1\n2", "root"],
  ]],
  ["few capabilities", ["--cap-drop", "all", "--cap-add", "net_raw", "--cap-add", "chown", "root"]],
  ["no capabilities and a directory", ["--cap-drop", "all", "-w", "/usr", "root"]],
  ["more capabilities and privileges", [
    "--cap-add",
    "sys_ptrace",
    "--security-opt",
    "no-new-privileges=false",
    "root",
  ]],
  ["another user", ["-u", "7:8", "-w", "/tmp", "root"]],
  ["a named user with groups", ["-u", "ada", "--group-add", "7", "-w", "/home/ada", "root"]],
  ["a named user without capabilities", ["-u", "ada", "--cap-drop", "all", "root"]],
  ["mounts of all kinds", [
    ...["--read-only", "--tmpfs", "/t:size=1m,mode=1777", "-v", "/etc/passwd:/pw:ro", "-v", "/usr/share:/us:ro"],
    ...["--shm-size", "2m", "--mount", "type=bind,src=/usr/lib,dst=/a/b/c,readonly", "root"],
  ]],
  ["limits and settings", [
    ...["--ulimit", "nofile=100:200", "--ulimit", "core=0", "--oom-score-adj", "500"],
    ...["--sysctl", "net.ipv4.ip_forward=1", "--time-offset", "monotonic=100", "root"],
  ]],
];
/** What an ordinary user cannot have here, or has only of the script and not of the run. */
const OF_ROOT: [name: string, words: string[]][] = [
  ["limits of cgroups", ["--memory", "64m", "--cpus", "0.5", "--cpu-shares", "512", "--pids-limit", "50", "root"]],
  ["no cgroups", ["--cgroup-manager", "disabled", "root"]],
];
for (const asUser of [false, true]) {
  for (const [name, words] of asUser ? CASES : [...CASES, ...OF_ROOT]) {
    const title = `The script of masu run --explain=sh makes the same container${
      asUser ? " for an ordinary user" : ""
    }: ${name}`;
    kernelTest(title, asUser ? [...CONTAINER, "user", "capsh"] : [...CONTAINER, "capsh"], async (scratch) => {
      const rootfs = await image(scratch, { asUser });
      const flags = words.map((word) => word === "root" ? rootfs : word);
      const real = await scratch.masu("run", ...flags, "sh", "-c", LOOK, { asUser });
      const same = await script(scratch, [...flags, "sh", "-c", LOOK], asUser);
      assertEquals([real.code, same.code], [0, 0], `${real.transcript}\n${same.transcript}`);
      assertEquals(seen(same, words), seen(real, words));
    });
  }
}

kernelTest("The script of masu run --explain=sh ends with the program's status", CONTAINER, async (scratch) => {
  const { code, stdout, transcript } = await script(
    scratch,
    [await image(scratch), "sh", "-c", "cat; exit 7"],
    false,
    "in",
  );
  assertEquals([code, stdout], [7, "in"], transcript);
});

kernelTest("The script of masu run --explain=sh cleans up when it is ended", CONTAINER, async (scratch) => {
  const file = await written(scratch, [await image(scratch), "sleep", "100"], false);
  const shell = await scratch.spawnCommand("sh", file);
  const all = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(all)];
  await until(
    "sleep runs",
    () => all(shell.pid).some((pid) => fileOf(pid, "cmdline").startsWith("sleep\0")),
  );
  for (const pid of childrenOf(shell.pid)) Deno.kill(pid, "SIGTERM");
  shell.kill("SIGTERM");
  const { code, transcript } = await shell.outcome(5_000);
  assertEquals(code, 143, transcript);
});

kernelTest("The script of masu run --explain=sh keeps every word as it was typed", CONTAINER, async (scratch) => {
  const words = ["$HOME", "`id`", "it's", '"', "\\", "a\nb", "*", "", "${id}", "$${id}", "ü"];
  const { code, stdout, transcript } = await script(
    scratch,
    [await image(scratch), "sh", "-c", 'for word; do echo "<$word>"; done', "sh", ...words],
    false,
  );
  assertEquals([code, stdout], [0, words.map((word) => `<${word}>\n`).join("")], transcript);
});

/** Writes the script for `masu run ...args`. */
async function written(scratch: Scratch, args: readonly string[], asUser: boolean): Promise<string> {
  const { code, stdout, transcript } = await scratch.masu("run", "--explain=sh", ...args, { asUser });
  if (code !== 0) throw new Error(transcript);
  return await scratch.write("run.sh", stdout, 0o755);
}

async function script(scratch: Scratch, args: readonly string[], asUser: boolean, stdin = ""): Promise<Outcome> {
  return await scratch.command("sh", await written(scratch, args, asUser), { asUser, stdin });
}

/** What was seen by headings, without what differs between any two runs. */
function seen({ stdout }: Outcome, words: readonly string[]): Record<string, string> {
  const parts = stdout.split(/^== /m).slice(1).map((part) => {
    const end = part.indexOf("\n");
    const text = part.slice(end + 1)
      .replaceAll(/(?<=\/(containers|masu)\/)[0-9a-f]{12}/g, "ID")
      .replaceAll(/^(HOSTNAME=|127\.0\.1\.1\t|)[0-9a-f]{12}$/gm, "$1ID");
    return [part.slice(0, end), text];
  });
  const { processes = "", ...others } = Object.fromEntries(parts);
  // Of the host's processes there are more now, or fewer.
  return words.includes("--pid") ? others : { ...others, processes };
}
