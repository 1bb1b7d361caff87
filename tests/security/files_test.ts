/** Files of an image or of the person that are links, endless, or wait for ever; and state directories that lead elsewhere. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists, testUser } from "../host.ts";
import { attempt, image, inside } from "../inside.ts";
import { MASU, type Scratch } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

/** Unlike id(1) it reads no file of the image. */
const UID = "grep Uid /proc/self/status | cut -f2";

/** What an image has instead of a list of its users. */
const PASSWDS: [what: string, make: string][] = [
  ["a link to the host's", "ln -s /etc/shadow passwd && ln -s ../../../../../../../../etc/shadow group"],
  ["a FIFO", "mkfifo passwd group"],
  ["an endless device", "mknod passwd c 1 5 && mknod group c 1 5"],
  ["ten gigabytes", "truncate -s 10G passwd group"],
  ["a directory", "mkdir passwd group"],
  ["a loop of links", "ln -s group passwd && ln -s passwd group"],
  ["a socket", 'python3 -c \'import socket; [socket.socket(socket.AF_UNIX).bind(n) for n in ("passwd", "group")]\''],
  ["a link to a process's file", "ln -s /proc/self/environ passwd && ln -s /proc/1/environ group"],
];
for (const [what, make] of PASSWDS) {
  attackTest(
    `T25: an image whose /etc/passwd is ${what} neither tells nor delays`,
    ["mount", "busybox", "python3"],
    async (scratch) => {
      const root = await image(scratch);
      const made = await scratch.command("sh", "-c", `rm passwd group && ${make}`, { cwd: `${root}/etc` });
      assertEquals(made.code, 0, made.transcript);
      const options = { timeoutMs: 10_000 };
      assertEquals(await inside(scratch, ["-u", "1000:1000"], UID, options), "1000");
      // It is a name of the host.
      const outcome = await attempt(scratch, ["-u", "daemon"], UID, options);
      assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, '"daemon"');
    },
  );
}

/** Files that a person names, which must be read in bounded time and memory. */
const ENDLESS = ["/dev/zero", "/dev/tty", "/proc/kmsg", "FIFO", "BIG", "/", "/no/such/file"];
for (const file of ENDLESS) {
  attackTest(`T23: --env-file and seccomp= with ${file} end in a clean error`, ["busybox"], async (scratch) => {
    const path = file === "FIFO" || file === "BIG" ? scratch.path(file) : file;
    if (file === "FIFO") await scratch.command("mkfifo", path);
    if (file === "BIG") await scratch.command("truncate", "-s", "1G", path);
    for (const flags of [["--env-file", path], ["--security-opt", `seccomp=${path}`]]) {
      const outcome = await attempt(scratch, flags, "echo ran", { timeoutMs: 10_000 });
      assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, path);
    }
  });
}

attackTest(
  "T23: an env-file of one long line without an end is passed or refused, not cut",
  ["mount", "busybox"],
  async (scratch) => {
    const file = await scratch.write("variables", `A=${"x".repeat(60_000)}`);
    assertEquals(await inside(scratch, ["--env-file", file], "printf %s $A | wc -c"), "60000");
  },
);

attackTest(
  "T20: an ordinary user is told the same of what is not there and of what is not theirs",
  ["user", "busybox"],
  async (scratch) => {
    const secret = await scratch.dir("secret", 0o700);
    await scratch.write("secret/known", "told");
    await Deno.mkdir(`${secret}/root`);
    const uses: ((path: string) => string[])[] = [
      (path) => ["--mount", `type=bind,source=${path},destination=/x`],
      (path) => ["--env-file", path],
      (path) => ["--security-opt", `seccomp=${path}`],
      (path) => ["--device", path],
    ];
    for (const use of uses) {
      const [there, missing] = [
        await told(scratch, use(`${secret}/known`)),
        await told(scratch, use(`${secret}/other`)),
      ];
      assertEquals(there.replaceAll("known", "other"), missing);
      assert(!there.includes("told"));
    }
    const root = await scratch.masu("run", `${secret}/root`, "true", { asUser: true });
    const gone = await scratch.masu("run", `${secret}/gone`, "true", { asUser: true });
    assertEquals(root.stderr.replaceAll("/root", "/gone"), gone.stderr);
  },
);

async function told(scratch: Scratch, flags: string[]): Promise<string> {
  const { code, stderr, transcript } = await attempt(scratch, flags, "cat /x", { asUser: true });
  assertEquals(code, 125, transcript);
  return stderr;
}

attackTest("T20: nothing that masu ships is set-user-ID", [], (): Promise<void> => {
  assertEquals((Deno.statSync(MASU).mode ?? 0) & 0o6000, 0);
  return Promise.resolve();
});

/** Parts of a state directory that an attacker replaced by a link. */
const LINKED = ["containers", "data/containers", "data/names"];
for (const part of LINKED) {
  attackTest(
    `T22: a state directory whose ${part} is a link to elsewhere is not followed`,
    ["mount", "busybox"],
    async (scratch) => {
      const state = await scratch.dir("state");
      const elsewhere = await scratch.dir("elsewhere");
      await Deno.mkdir(`${state}/data`);
      await Deno.symlink(elsewhere, `${state}/${part}`);
      const outcome = await scratch.masu("--root", state, "run", "--name", "x", await image(scratch), "true");
      assertEquals([...Deno.readDirSync(elsewhere)], [], outcome.transcript);
    },
  );
}

attackTest("T22: --cidfile and --pidfile follow no link", ["mount", "busybox"], async (scratch) => {
  const victim = await scratch.write("victim", "kept");
  for (const flag of ["--cidfile", "--pidfile"]) {
    const link = scratch.path(flag.slice(2));
    await Deno.symlink(victim, link);
    await attempt(scratch, [flag, link], "true");
    assertEquals(await Deno.readTextFile(victim), "kept");
  }
});

attackTest(
  "T22: what a container puts where its mount points were is not removed as masu's",
  ["mount", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    const host = await scratch.dir("host");
    await scratch.write("host/kept", "kept");
    // The container replaces a directory above the mount point by a link while it runs.
    const script = `mkdir /other && mv /made /moved 2>/dev/null; ln -s ${host} /made; true`;
    await attempt(scratch, ["--tmpfs", "/made/kept", "--cap-add", "ALL"], script, { direct: true });
    assertEquals(await Deno.readTextFile(`${host}/kept`), "kept");
    assert(exists(`${root}/other`));
  },
);

attackTest(
  "T22: removal of what a container wrote follows no link and crosses no mount",
  ["mount", "busybox"],
  async (scratch) => {
    const host = await scratch.dir("host");
    await scratch.write("host/kept", "kept");
    const script =
      `ln -s ${host} /link; mkdir -p /deep/$(printf 'a/%.0s' $(seq 1 200)); ln -s / /deep/root; ln ${"/bin/busybox"} /hard`;
    for (const asUser of testUser() === null ? [false] : [false, true]) {
      await attempt(scratch, [], script, { asUser });
      assertEquals(await Deno.readTextFile(`${host}/kept`), "kept");
    }
  },
);
