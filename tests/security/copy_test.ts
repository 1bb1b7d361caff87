/** Containers that change paths while files are copied, and tar streams that were made to do harm. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists, testUser } from "../host.ts";
import { image } from "../inside.ts";
import type { Need } from "../needs.ts";
import { MASU, type Scratch, type StartOptions } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

/** How many copies are made while a container swaps what they go through. */
const COPIES = 100;

/** Starts a container whose program attacks, and waits until it does. */
async function attacker(scratch: Scratch, script: string, options: StartOptions, flags: readonly string[] = []) {
  const { asUser = false } = options;
  const root = await image(scratch, { asUser, probe: true });
  const words = ["run", "-d", ...flags, root, "sh", "-c", script];
  const id = await scratch.container(...words, options);
  for (let tries = 0; tries < 200; tries++) {
    if ((await scratch.masu("exec", id, "test", "-e", "/ready", options)).code === 0) return id;
  }
  throw new Error("it never began");
}

const WHO: [who: string, options: StartOptions, needs: Need[]][] = [
  ["root's", {}, []],
  ["an ordinary user's", { asUser: true }, ["user", "subuid"]],
];

for (const [who, options, needs] of WHO) {
  attackTest(
    `T26: cp through a directory that ${who} container swaps for a link to / never leads to the host`,
    ["mount", "overlay", "busybox", "cc", ...needs],
    async (scratch) => {
      const host = await scratch.dir("host", 0o777);
      await scratch.write("host/file", "the host's", 0o666);
      if (options.asUser === true) await scratch.command("chown", "-R", `${testUser()?.uid}`, host);
      // Below the link the same path leads to the host's file if it is followed there, and to the container's own otherwise.
      const script = `mkdir -p /target${host} ${host}; echo mine >/target${host}/file; echo mine >${host}/file
        ln -s / /link; touch /ready; sleep 1000 | probe exchange /target /link`;
      const id = await attacker(scratch, script, options);
      const out = await scratch.dir("out", 0o777);
      const file = await scratch.write("file", "copied");
      let [copied, read] = [0, 0];
      for (let turn = 0; turn < COPIES; turn++) {
        const into = await scratch.masu("cp", file, `${id}:/target${host}/file`, options);
        if (into.code === 0) copied++;
        assertEquals(await Deno.readTextFile(`${host}/file`), "the host's", into.transcript);
        const back = await scratch.masu("cp", `${id}:/target${host}/file`, `${out}/file`, options);
        if (back.code !== 0) continue;
        read++;
        const text = await Deno.readTextFile(`${out}/file`);
        assert(text === "mine\n" || text === "copied", `${text}\n${back.transcript}`);
      }
      assert(copied > COPIES / 2 && read > COPIES / 2, `${copied} and ${read} of ${COPIES}`);
      assertEquals([...Deno.readDirSync(host)].map(({ name }) => name), ["file"]);
    },
  );

  attackTest(
    `T26: a tree that ${who} container swaps while it is copied brings nothing of the host's and writes nowhere else`,
    ["mount", "overlay", "busybox", "cc", ...needs],
    async (scratch) => {
      const secret = await scratch.dir("secret", 0o777);
      await scratch.write("secret/file", "the host's", 0o666);
      const script = `mkdir -p /tree/a${secret} /tree/b; echo mine >/tree/a/file; ln -s ${secret} /tree/b/link
        ln -s / /link; mv /link /tree/link; touch /ready; sleep 1000 | probe exchange /tree/a /tree/link`;
      const id = await attacker(scratch, script, options);
      for (let turn = 0; turn < COPIES / 2; turn++) {
        const out = await scratch.dir(`out-${turn}`, 0o777);
        const { transcript } = await scratch.masu("cp", `${id}:/tree`, out, options);
        const found = await scratch.command("grep", "-rl", "the host's", out);
        assertEquals(found.stdout, "", transcript);
        assertEquals([...Deno.readDirSync(secret)].map(({ name }) => name), ["file"], transcript);
      }
      const exported = await scratch.masu("export", "-o", scratch.path("out-0/root.tar"), id, options);
      assertEquals(exported.code, 0, exported.transcript);
      assertEquals((await scratch.command("grep", "-c", "the host's", scratch.path("out-0/root.tar"))).stdout, "0\n");
    },
  );

  attackTest(
    `T26: cp from a path that ${who} container leads round by procfs, and out of it, finds nothing of the host`,
    ["mount", "overlay", "busybox", "cc", ...needs],
    async (scratch) => {
      const script =
        `ln -s /proc/self/root/etc/passwd /a; ln -s /proc/1/root /b; ln -s ../../../../../../etc/hostname /c
        ln -s /proc/self/fd /d; ln -s /proc/self/exe /e; echo mine >/etc/passwd; touch /ready; exec sleep 1000`;
      for (const flags of [[], ["--pid", "host"]]) {
        const id = await attacker(scratch, script, options, flags);
        for (const path of ["/a", "/b/etc/passwd", "/d/0", "/d/.", "/e", "/proc/self/environ", "/proc/1/environ"]) {
          const out = await scratch.dir("out", 0o777);
          const { code, transcript } = await scratch.masu("cp", "-L", `${id}:${path}`, `${out}/got`, options);
          assertEquals(code, 1, transcript);
          assertEquals(exists(`${out}/got`), false, transcript);
        }
      }
    },
  );
}

attackTest(
  "T26: cp executes and loads nothing of a container",
  ["mount", "overlay", "busybox", "strace"],
  async (scratch) => {
    const id = await attacker(scratch, "touch /ready; exec sleep 1000", {});
    const file = await scratch.write("file", "x");
    const log = scratch.path("strace");
    for (const words of [[file, `${id}:/x`], [`${id}:/x`, scratch.path("y")]]) {
      const traced = await scratch.command(
        "strace",
        "-f",
        "-o",
        log,
        "-e",
        "trace=execve,execveat,mmap,openat2",
        MASU,
        "cp",
        ...words,
      );
      assertEquals(traced.code, 0, traced.transcript);
      const calls = (await Deno.readTextFile(log)).split("\n");
      const executed = calls.filter((line) => /execve(at)?\(/.test(line) && !/ENOENT/.test(line));
      // masu itself, and init in the tree's role from memory for the looks and the copy.
      assert(
        executed.length >= 3 && executed.slice(1).every((line) => /execveat\(\d+, ""/.test(line)),
        executed.join("\n"),
      );
    }
  },
);

/** Commands that look at a container, whose own programs and libraries could be hostile. */
const LOOKS: readonly (readonly string[])[] = [
  ["top", "ID"],
  ["top", "ID", "-o", "pid,args"],
  ["ps"],
  ["stats", "--no-stream", "ID"],
  ["logs", "ID"],
  ["inspect", "ID"],
];
attackTest(
  "T26: commands that look at a container execute and open nothing of it",
  ["mount", "overlay", "busybox", "strace"],
  async (scratch) => {
    const id = await attacker(scratch, "touch /ready; exec sleep 1000", {});
    const { stdout } = await scratch.masu("inspect", id);
    const pid = /"[Pp]id": *(\d+)/.exec(stdout)?.[1];
    const log = scratch.path("strace");
    for (const words of LOOKS) {
      const command = words.map((word) => word === "ID" ? id : word);
      const calls = "trace=execve,execveat,open,openat,openat2";
      const traced = await scratch.command("strace", "-f", "-y", "-o", log, "-e", calls, MASU, ...command);
      assertEquals(traced.code, 0, traced.transcript);
      const lines = (await Deno.readTextFile(log)).split("\n").filter((line) => !/ = -1 E/.test(line));
      const executed = lines.filter((line) => /execve(at)?\(/.test(line));
      // masu itself, and then init from memory.
      const foreign = executed.slice(1).filter((line) => !/execveat\(\d+<\/memfd:masu>[^,]*, ""/.test(line));
      assertEquals(foreign, [], executed.join("\n"));
      const opened = lines.filter((line) =>
        line.includes(`/proc/${pid}/root`) || line.includes(scratch.path("image/"))
      );
      assertEquals(opened, []);
    }
  },
);

attackTest(
  "T26: a container finds no process of masu's to trace while files are copied",
  ["mount", "overlay", "busybox", "cc"],
  async (scratch) => {
    // With the host's processes in sight and all capabilities but those that belong to the host's namespaces.
    const script = `touch /ready; while :; do
        for p in /proc/[0-9]*; do
          read -r line <$p/comm 2>/dev/null || continue
          [ "$line" = masu ] && ls -l $p/fd/ $p/root/ >>/seen 2>/dev/null
        done
      done`;
    const id = await attacker(scratch, script, {}, ["--pid", "host", "--userns", "private", "--cap-add", "SYS_PTRACE"]);
    const file = await scratch.write("file", "x".repeat(1 << 20));
    for (let turn = 0; turn < 10; turn++) {
      const { code, transcript } = await scratch.masu("cp", file, `${id}:/file`);
      assertEquals(code, 0, transcript);
    }
    const seen = await scratch.masu("exec", id, "cat", "/seen");
    assertEquals(seen.stdout.includes("->"), false, seen.transcript);
  },
);

/** What a tar stream holds, as Python's tarfile makes it: `add(name, type=b"0", data=b"", linkname="", mode=0o644, **fields)`. */
const STREAMS: [name: string, code: string, expected: string][] = [
  ["T23: ..", 'add("../pwned", data=b"x")', "leads out of the directory"],
  ["T23: .. inside", 'add("a/../../pwned", data=b"x")', "leads out of the directory"],
  ["T23: a link and what lies behind it", 'add("l", b"2", linkname="HOST"); add("l/pwned", data=b"x")', "No such file"],
  ["T23: a link to above", 'add("l", b"2", linkname=".."); add("l/pwned", data=b"x")', "in the container"],
  ["T23: a hard link above", 'add("l", b"1", linkname="../secret")', "leads out of the directory"],
  ["T23: a hard link to /etc/shadow", 'add("l", b"1", linkname="/etc/shadow")', "is not there"],
  ["T23: a file over a link", 'add("l", b"2", linkname="HOST/secret"); add("l", data=b"x")', ""],
  ["T23: a sparse bomb", 'add("l", b"S", size=1 << 60)', "sparse"],
  ["T23: a sparse bomb of pax", 'add("l", data=b"x", pax={"GNU.sparse.size": str(1 << 60)})', "sparse"],
  ["T23: a size beyond the stream", 'add("l", size=1 << 40)', "cut off"],
  ["T23: a name of a gigabyte", 'raw("l", b"L", 1 << 30)', "more than 65536"],
  ["T23: an extended header of a gigabyte", 'raw("l", b"x", 1 << 30)', "more than 1048576"],
  ["T23: a name with a NUL", 'add("l", data=b"x", pax={"path": "a\\0b"})', "NUL"],
  ["T23: a type that nobody knows", 'add("l", b"Z")', "is not known"],
  ["T23: 500 directories, one in another", 'add("/".join(["d"] * 500), b"5")', "too deep"],
];

const WRITER = `
import io, sys, tarfile
out = sys.stdout.buffer
def add(name, type=b"0", data=b"", linkname="", mode=0o644, size=None, pax=None, **fields):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = type, linkname, mode
    info.size = len(data) if size is None else size
    info.pax_headers = pax or {}
    for key, value in fields.items(): setattr(info, key, value)
    out.write(info.tobuf(tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT))
    out.write(data + b"\\0" * (-len(data) % 512))
def raw(name, type, size):
    info = tarfile.TarInfo(name)
    info.type, info.size = type, size
    out.write(info.tobuf(tarfile.GNU_FORMAT))
exec(sys.argv[1])
out.write(b"\\0" * 1024)
`;

/** Sends what a script writes to a container's directory. */
async function send(scratch: Scratch, code: string, to: string) {
  const script = 'python3 -c "$1" "$2" | "$3" cp - "$4"';
  return await scratch.command("bash", "-c", script, "bash", WRITER, code, MASU, to);
}

for (const [name, code, expected] of STREAMS) {
  attackTest(
    `${name} in a tar stream stays in the container`,
    ["mount", "overlay", "busybox", "python3"],
    async (scratch) => {
      const host = await scratch.dir("host");
      await scratch.write("host/secret", "the host's");
      // The directory itself is a place of the host that the container's root is.
      const id = await scratch.container("create", "--rootfs", await image(scratch), "true");
      await Deno.mkdir(scratch.path("image/into"));
      const made = await send(scratch, code.replaceAll("HOST", host), `${id}:/into`);
      // What leads through a link stays below the container's root, where the host's directory is not.
      const refused = expected !== "" && expected !== "in the container";
      assertEquals(made.code, refused ? 1 : 0, made.transcript);
      if (refused) assertStringIncludes(made.stderr, expected);
      assertEquals(
        [...Deno.readDirSync(host)].map(({ name }) => name),
        ["secret"],
      );
      assertEquals(await Deno.readTextFile(`${host}/secret`), "the host's");
      assertEquals(exists(scratch.path("pwned")), false);
    },
  );
}

attackTest("T23: what a container packs makes no device, no set-user-ID file and no link out on the host", [
  "mount",
  "overlay",
  "busybox",
], async (scratch) => {
  const script =
    `mkdir /tree; cp /bin/busybox /tree/root; chmod 6755 /tree/root; mknod /tree/null c 1 3; mkfifo /tree/fifo
    ln -s /etc/shadow /tree/link; touch /ready; exec sleep 1000`;
  const id = await attacker(scratch, script, {}, ["--cap-add", "MKNOD"]);
  const { code, stderr, transcript } = await scratch.masu("cp", `${id}:/tree`, scratch.path("out"));
  assertEquals(code, 1, transcript);
  assertStringIncludes(stderr, "device files are not made outside of containers");
  assertEquals([...Deno.readDirSync(scratch.path("out"))].map(({ name }) => name).sort(), ["fifo", "link", "root"]);
  assertEquals(((await Deno.stat(scratch.path("out/root"))).mode ?? 0) & 0o7777, 0o755);
  assertEquals(await Deno.readLink(scratch.path("out/link")), "/etc/shadow");
});

attackTest(
  "T22: cp into a container follows no link of its layers to the host",
  ["mount", "overlay", "busybox"],
  async (scratch) => {
    const host = await scratch.dir("host");
    await Deno.mkdir(`${host}/etc`);
    const id = await scratch.container("create", await image(scratch), "true");
    const file = await scratch.write("file", "x");
    const made = await scratch.masu("cp", file, `${id}:/etc/pwned`);
    assertEquals(made.code, 0, made.transcript);
    assertEquals([...Deno.readDirSync(`${host}/etc`)], []);
    // What the container itself can make of its root: links in place of directories that masu's own steps go through.
    const script = `ln -s ${host}/etc /srv; touch /ready; exec sleep 1000`;
    const hostile = await attacker(scratch, script, {});
    const into = await scratch.masu("cp", file, `${hostile}:/srv/pwned`);
    assertEquals(into.code, 1, into.transcript);
    assertEquals([...Deno.readDirSync(`${host}/etc`)], []);
  },
);
