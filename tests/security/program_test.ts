/** Attacks on masu as a program: its environment, temporary files, threads and what it opens. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { testUser } from "../host.ts";
import { image } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const SAYS = ["sh", "-c", "echo ran"] as const;

attackTest("T31: masu runs with an empty environment", ["mount", "busybox"], async (scratch) => {
  const outcome = await scratch.command("env", "-i", MASU, "run", await image(scratch), ...SAYS);
  assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "ran\n", ""], outcome.transcript);
});

/** What /tmp is like, as a script of a mount namespace of its own. */
const TMPS: [what: string, prepare: string][] = [
  ["read-only", "mount -t tmpfs -o ro none /tmp"],
  ["noexec", "mount -t tmpfs -o noexec,nosuid,nodev none /tmp"],
  ["full", "mount -t tmpfs -o size=4k none /tmp; head -c 8192 /dev/zero >/tmp/full || true"],
  ["absent", "mount -t tmpfs -o mode=0 none /tmp"],
];
for (const [what, prepare] of TMPS) {
  attackTest(`T31: masu runs where /tmp is ${what}`, ["mount", "overlay", "busybox"], async (scratch) => {
    const script =
      `mount --bind "$1" /srv; mount --bind "$2" /mnt; { ${prepare}; } 2>/dev/null; cd /; exec env -i /mnt/masu run /srv sh -c 'echo ran'`;
    const place = await scratch.dir("place");
    const copied = await scratch.command("cp", MASU, `${place}/masu`);
    assertEquals(copied.code, 0, copied.transcript);
    const outcome = await scratch.command("unshare", "--mount", "sh", "-ec", script, "sh", await image(scratch), place);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "ran\n", ""], outcome.transcript);
  });
}

attackTest(
  "T31: variables that Deno and the loader know change nothing and load nothing",
  ["mount", "busybox"],
  async (scratch) => {
    const evil = await scratch.dir("evil", 0o777);
    const script = await scratch.write("evil/evil.js", "console.log('pwned'); Deno.exit(3);", 0o755);
    const env = {
      TMPDIR: evil,
      DENO_DIR: evil,
      DENO_INSTALL_ROOT: evil,
      DENO_AUTH_TOKENS: "x@example.net",
      DENO_COMPILE_PRELOAD: script,
      DENO_V8_FLAGS: "--help",
      DENO_EXTRA_FLAGS: "--preload",
      DENO_UNSTABLE: "1",
      NODE_OPTIONS: `--require ${script}`,
      NODE_EXTRA_CA_CERTS: script,
      HTTP_PROXY: "http://192.0.2.1",
      XDG_CACHE_HOME: evil,
    };
    const outcome = await scratch.masu("run", await image(scratch), ...SAYS, { env });
    assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "ran\n", ""], outcome.transcript);
    assertEquals([...Deno.readDirSync(evil)].map(({ name }) => name), ["evil.js"]);
  },
);

attackTest(
  "T31: files that another user planted in /tmp are neither read nor written",
  ["mount", "busybox", "strace"],
  async (scratch) => {
    const log = scratch.path("trace");
    const traced = await scratch.command(
      "strace",
      "-f",
      "-qq",
      "-e",
      "trace=open,openat,openat2,execve",
      "-o",
      log,
      MASU,
      "run",
      await image(scratch),
      "true",
    );
    assertEquals(traced.code, 0, traced.transcript);
    const lines = (await Deno.readTextFile(log)).split("\n").filter((line) =>
      line.includes('"/tmp') && !line.includes("ENOENT")
    );
    assertEquals(lines.filter((line) => !line.includes(scratch.path()) && !line.includes(MASU)), []);
  },
);

attackTest("T31: masu opens for writing what is its own, its cgroups, and kernel files of its process", [
  "mount",
  "busybox",
  "strace",
], async (scratch) => {
  const log = scratch.path("trace");
  const traced = await scratch.command(
    "strace",
    "-f",
    "-qq",
    "-y",
    "-e",
    "trace=open,openat,openat2,creat",
    "-o",
    log,
    MASU,
    "run",
    await image(scratch),
    "true",
  );
  assertEquals(traced.code, 0, traced.transcript);
  const lines = (await Deno.readTextFile(log)).split("\n").filter((line) =>
    /O_WRONLY|O_RDWR|O_CREAT|creat\(/.test(line) && !/ = -1 E/.test(line)
  );
  const own =
    /"\/run\/masu\/|"\/var\/lib\/masu\/|"\/sys\/fs\/cgroup\/|"\/dev\/null"|"\/proc\/(self|thread-self|\d+)\/|O_TMPFILE|<\/proc\/|<\/sys\/fs\/cgroup|<\/run\/masu\/|<\/var\/lib\/masu\/|containers\/[0-9a-f]{12}/;
  // Inside of the container all is relative to its root: a descriptor whose path is /, or of a mount that is not attached.
  const inside = /openat2?\(\d+<\/?[^>]*>, "[^/]/;
  assertEquals(lines.filter((line) => !own.test(line) && !inside.test(line)), []);
  assert(lines.length > 3, "strace saw nothing");
});

attackTest(
  "T32: no thread of the program itself enters or leaves a namespace",
  ["mount", "busybox", "strace"],
  async (scratch) => {
    const log = scratch.path("trace");
    const flags = ["--hostname", "box", "--userns", "private"];
    const traced = await scratch.command(
      "strace",
      "-f",
      "-qq",
      "-e",
      "trace=unshare,setns,execve,execveat,clone,clone3",
      "-o",
      log,
      MASU,
      "run",
      ...flags,
      await image(scratch),
      "true",
    );
    assertEquals(traced.code, 0, traced.transcript);
    const text = await Deno.readTextFile(log);
    const starts = new Map<string, number>();
    text.split("\n").forEach((line, index) => {
      const [, pid, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
      if (pid === undefined) return;
      if (call === "execve" || call === "execveat") starts.set(pid, index);
      // A thread has executed nothing; the program is the first process, which executes masu and, at the end, its monitor.
      if (call === "unshare" || call === "setns") assert(starts.has(pid) && pid !== text.split(" ")[0], line);
    });
    assertMatch(text, /unshare\(/);
  },
);

attackTest("T31: an ordinary user's masu leaves nothing in a hostile TMPDIR", ["user", "busybox"], async (scratch) => {
  const evil = await scratch.dir("evil", 0o777);
  const user = testUser();
  const env = { TMPDIR: evil };
  const outcome = await scratch.masu("run", await image(scratch, { asUser: true }), ...SAYS, { asUser: true, env });
  assertEquals([outcome.code, outcome.stdout], [0, "ran\n"], outcome.transcript);
  assert(user !== null);
  assertEquals([...Deno.readDirSync(evil)], []);
});
