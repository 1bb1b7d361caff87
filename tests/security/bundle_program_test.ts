/** Attacks on masu as an engine's runtime: its environment, temporary files, threads and what it opens. */
import { assert, assertEquals } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { descendants } from "../leaks.ts";
import { image } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const NEEDS = ["mount", "pidns", "busybox"] as const;

/** The whole life of a container; its program says `ran`. */
const LIFE =
  `"$0" create --bundle "$1" "$2" >"$1/stdout" 2>"$1/stderr" </dev/null && "$0" start "$2" && "$0" state "$2" >/dev/null &&
  { n=0; until grep -q . "$1/stdout" || [ $n -ge 100 ]; do n=$((n + 1)); sleep 0.1; done; } &&
  { "$0" kill "$2" 9 || true; } && sleep 0.2 && "$0" delete --force "$2"`;

attackTest(
  "T31: a bundle's container is created, started and deleted with an empty environment",
  NEEDS,
  async (scratch) => {
    for (const env of [[], ["XDG_RUNTIME_DIR="], ["PATH=/usr/bin:/bin"]]) {
      await using bundle = await Bundle.make(scratch, "echo ran; exec sleep 100");
      const words = ["-i", ...env, "/bin/sh", "-c", LIFE, MASU, bundle.directory, bundle.id];
      const outcome = await scratch.command("env", ...words);
      assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "", ""], outcome.transcript);
      assertEquals(await bundle.output(), { stdout: "ran\n", stderr: "" });
    }
  },
);

/** What /tmp is like, as a script of a mount namespace of its own. */
const TMPS: [what: string, prepare: string][] = [
  ["read-only", "mount -t tmpfs -o ro none /tmp"],
  ["noexec", "mount -t tmpfs -o noexec,nosuid,nodev none /tmp"],
  ["full", "mount -t tmpfs -o size=4k none /tmp; head -c 8192 /dev/zero >/tmp/full || true"],
  ["closed", "mount -t tmpfs -o mode=0 none /tmp"],
];
for (const [what, prepare] of TMPS) {
  attackTest(`T31: a bundle's container lives where /tmp is ${what}`, NEEDS, async (scratch) => {
    const place = await scratch.dir("place");
    const copied = await scratch.command("cp", MASU, `${place}/masu`);
    assertEquals(copied.code, 0, copied.transcript);
    await using bundle = await Bundle.make(scratch, "echo ran; exec sleep 100", (config) => config.root.path = "/srv");
    const script =
      `mount --bind "$1" /srv; mount --bind "$2" /mnt; mount --bind "$3" /media; { ${prepare}; } 2>/dev/null; cd /
      exec env -i PATH=/usr/bin:/bin /bin/sh -c "$4" /mnt/masu /media "$5"`;
    const words = [await image(scratch), place, bundle.directory, LIFE, bundle.id];
    const outcome = await scratch.command("unshare", "--mount", "sh", "-ec", script, "sh", ...words);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "", ""], outcome.transcript);
    assertEquals(await bundle.output(), { stdout: "ran\n", stderr: "" });
  });
}

attackTest(
  "T31: variables that Deno and the loader know change nothing of create and load nothing",
  NEEDS,
  async (scratch) => {
    const evil = await scratch.dir("evil", 0o777);
    const script = await scratch.write("evil/evil.js", "console.log('pwned'); Deno.exit(3);", 0o755);
    await using bundle = await Bundle.make(scratch, "echo ran");
    const env = {
      TMPDIR: evil,
      DENO_DIR: evil,
      DENO_COMPILE_PRELOAD: script,
      DENO_V8_FLAGS: "--help",
      NODE_OPTIONS: `--require ${script}`,
      XDG_CACHE_HOME: evil,
      HOME: evil,
      NOTIFY_SOCKET: "/no/such/socket",
    };
    const outcome = await bundle.attempt("create", { env });
    assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "ran\n", ""], outcome.transcript);
    assertEquals([...Deno.readDirSync(evil)].map(({ name }) => name), ["evil.js"]);
  },
);

attackTest("T31: create opens for writing what is its own, its cgroups, and kernel files of its process", [
  ...NEEDS,
  "strace",
], async (scratch) => {
  const log = scratch.path("trace");
  await using bundle = await Bundle.make(scratch, "true");
  const calls = "trace=open,openat,openat2,creat";
  const script =
    'strace -f -qq -y -e "$0" -o "$1" "$2" create --bundle "$3" "$4" >"$3/stdout" 2>"$3/stderr" </dev/null & wait $!';
  // strace follows the container's process, which outlives create, until that is started and has ended.
  const traced = scratch.command("sh", "-c", script, calls, log, MASU, bundle.directory, bundle.id);
  for (let tries = 0; tries < 250 && await bundle.status() !== "created"; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const started = await bundle.masu("start");
  assertEquals(started.code, 0, started.transcript);
  await traced;
  const lines = (await Deno.readTextFile(log)).split("\n").filter((line) =>
    /O_WRONLY|O_RDWR|O_CREAT|creat\(/.test(line) && !/ = -1 E/.test(line)
  );
  const own =
    /"\/run\/masu\/|"\/var\/lib\/masu\/|"\/sys\/fs\/cgroup\/|"\/dev\/null"|"\/proc\/(self|thread-self|\d+)\/|O_TMPFILE|<\/proc\/|<\/sys\/fs\/cgroup|<\/run\/masu\/|bundle-[0-9a-f]{8}/;
  // Inside of the container all is relative to its root: a descriptor whose path is /, or of a mount that is not attached.
  const inside = /openat2?\(\d+<\/?[^>]*>, "[^/]/;
  assertEquals(lines.filter((line) => !own.test(line) && !inside.test(line)), []);
  assert(lines.length > 3, "strace saw nothing");
});

attackTest("T32: no thread of the program that creates a container enters or leaves a namespace", [
  ...NEEDS,
  "strace",
], async (scratch) => {
  const log = scratch.path("trace");
  await using bundle = await Bundle.make(scratch, "true");
  const calls = "trace=unshare,setns,execve,execveat";
  const traced = await scratch.command(
    "strace",
    "-f",
    "-qq",
    "-e",
    calls,
    "-o",
    log,
    MASU,
    "run",
    "--bundle",
    bundle.directory,
    bundle.id,
  );
  assertEquals(traced.code, 0, traced.transcript);
  const text = await Deno.readTextFile(log);
  const executed = new Set<string>();
  for (const line of text.split("\n")) {
    const [, pid, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (pid === undefined) continue;
    if (call === "execve" || call === "execveat") executed.add(pid);
    if (call === "unshare" || call === "setns") assert(executed.has(pid) && pid !== text.split(" ")[0], line);
  }
});

attackTest("T29: a program of exec that nobody reads fills no memory of masu's", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "exec sleep 1000");
  await bundle.create();
  await bundle.masu("start");
  const document = await scratch.write("process.json", JSON.stringify({ ...bundle.config.process, args: ["yes"] }));
  const running = await scratch.spawnCommand(
    "sh",
    "-c",
    '"$@" | sleep 3',
    "sh",
    MASU,
    "exec",
    "--process",
    document,
    bundle.id,
  );
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const peaks = descendants().flatMap(({ pid, line }) => line.includes("yes") ? [] : peakKb(pid));
  assert(peaks.length > 0 && peaks.every((kb) => kb < 64 << 10), `${peaks}`);
  await running.outcome();
});

/** The most memory that a process had since it was executed; empty: it has gone. proc_pid_status(5) */
function peakKb(pid: number): number[] {
  try {
    const [, kb] = /^VmHWM:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return kb === undefined ? [] : [Number(kb)];
  } catch {
    return [];
  }
}
