/** masu cp, diff, export: files out of containers and into them, whether they run or not. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openBox } from "../boxes.ts";
import { exists, testUser } from "../host.ts";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch, type StartOptions } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];

/** Whose container it is, and whether it runs. */
interface Situation {
  readonly who: string;
  readonly flags: readonly string[];
  readonly options: StartOptions;
  readonly runs: boolean;
}

const SITUATIONS: [who: string, flags: string[], options: StartOptions, needs: Need[]][] = [
  ["root's", [], {}, NEEDS],
  ["a user namespace's", ["--userns", "private"], {}, [...NEEDS, "userns"]],
  ["an ordinary user's", [], { asUser: true }, [...NEEDS, "user", "subuid"]],
];

/** Registers a test for each kind of container, running and stopped. */
function everywhere(name: string, test: (scratch: Scratch, situation: Situation) => Promise<void>): void {
  for (const [who, flags, options, needs] of SITUATIONS) {
    for (const runs of [true, false]) {
      const title = `${name}: ${who} container that ${runs ? "runs" : "does not run"}`;
      kernelTest(title, needs, (scratch) => test(scratch, { who, flags, options, runs }));
    }
  }
}

/** Makes one that did something before, and now runs or does not. */
async function container(
  scratch: Scratch,
  { flags, options, runs }: Situation,
  script = "true",
  more: readonly string[] = [],
): Promise<string> {
  const { asUser = false } = options;
  const words = [...flags, ...more, await image(scratch, { asUser }), "sh", "-c", `${script}; echo ready >/ready`];
  if (!runs) {
    const id = await scratch.container("create", ...words, options);
    await ok(scratch, ["start", "-a", id], options);
    return id;
  }
  const last = words.pop();
  const id = await scratch.container("run", "-d", ...words, `${last}; exec sleep 1000`, options);
  for (let tries = 0; tries < 200; tries++) {
    const { code } = await scratch.masu("exec", id, "test", "-e", "/ready", options);
    if (code === 0) return id;
  }
  throw new Error("it never got ready");
}

async function ok(scratch: Scratch, words: readonly string[], options: StartOptions = {}): Promise<string> {
  const { code, stdout, stderr, transcript } = await scratch.masu(...words, options);
  assertEquals([code, stderr], [0, ""], transcript);
  return stdout;
}

/** A tree with what trees have, that whoever the test runs masu as may read. */
async function tree(scratch: Scratch, name = "tree"): Promise<string> {
  const top = await scratch.dir(name);
  await Deno.mkdir(`${top}/sub/deep`, { recursive: true });
  await scratch.write(`${name}/file`, "one\n", 0o640);
  await scratch.write(`${name}/program`, "#!/bin/sh\n", 0o755);
  await Deno.link(`${top}/file`, `${top}/sub/same`);
  await Deno.symlink("../file", `${top}/sub/link`);
  await Deno.symlink("/nowhere", `${top}/dangling`);
  await scratch.write(`${name}/sub/deep/${"long".repeat(40)}`, "x".repeat(100_000));
  await Deno.utime(`${top}/sub`, 1_000_000_000, 1_000_000_000);
  await scratch.command("chown", "-R", `${testUser()?.uid ?? 0}`, top);
  return top;
}

/** What there is: kind, mode, size or target, time and content of each name; hard links as such. */
async function told(scratch: Scratch, path: string): Promise<string> {
  const script = `cd "$1" && find . -mindepth 1 -printf '%P %y %m %n %l %T@\\n' | sed 's/\\.[0-9]*$//' | sort
    find . -type f -exec sha256sum {} + | sort -k2`;
  const { code, stdout, transcript } = await scratch.command("sh", "-c", script, "sh", path);
  assertEquals(code, 0, transcript);
  return stdout;
}

everywhere("cp brings a tree in and out again as it was", async (scratch, situation) => {
  const id = await container(scratch, situation);
  const from = await tree(scratch);
  const back = await scratch.dir("back", 0o777);
  await ok(scratch, ["cp", from, `${id}:/new`], situation.options);
  await ok(scratch, ["cp", `${id}:/new`, `${back}/tree`], situation.options);
  assertEquals(await told(scratch, `${back}/tree`), await told(scratch, from));
});

everywhere("diff tells what was added, changed and deleted", async (scratch, situation) => {
  const root = await image(scratch, { asUser: situation.options.asUser === true });
  for (const path of ["etc/old", "etc/gone", "etc/rewritten/a", "etc/rewritten/b"]) {
    await Deno.mkdir(`${root}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeTextFile(`${root}/${path}`, "x");
  }
  const user = situation.options.asUser === true ? testUser() : null;
  if (user !== null) await scratch.command("chown", "-R", `${user.uid}:${user.gid}`, root);
  const script = "echo x >/etc/new; echo y >>/etc/old; rm /etc/gone; rm -r /etc/rewritten; mkdir /etc/rewritten; " +
    "echo z >/etc/rewritten/a; touch /tmpfile; rm /tmpfile; chmod 700 /usr 2>/dev/null; true";
  const id = await container(scratch, situation, script, ["--volume", `${await scratch.dir("volume", 0o777)}:/made`]);
  const lines = (await ok(scratch, ["diff", id], situation.options)).split("\n").filter((line) => !/usr$/.test(line));
  assertEquals(lines, [
    "C /etc",
    "D /etc/gone",
    "A /etc/new",
    "C /etc/old",
    "C /etc/rewritten",
    "C /etc/rewritten/a",
    "D /etc/rewritten/b",
    "A /ready",
    "",
  ]);
  const [first] = JSON.parse(await ok(scratch, ["diff", "--json", id], situation.options));
  assertEquals(first, { kind: "changed", path: "/etc" });
});

everywhere("export writes the whole root, sorted, and nothing that is mounted in it", async (scratch, situation) => {
  const volume = await scratch.dir("volume", 0o777);
  await scratch.write("volume/outside", "x");
  const id = await container(scratch, situation, "echo x >/made", ["--volume", `${volume}:/volume`]);
  const out = await scratch.dir("out", 0o777);
  await ok(scratch, ["export", "-o", `${out}/root.tar`, id], situation.options);
  assertEquals([...Deno.readDirSync(out)].map(({ name }) => name), ["root.tar"]);
  const listed = await scratch.command("tar", "tf", `${out}/root.tar`);
  assertEquals([listed.code, listed.stderr], [0, ""], listed.transcript);
  const names = listed.stdout.split("\n").filter(Boolean);
  for (const name of ["bin/busybox", "made", "proc/", "dev/", "volume/"]) assert(names.includes(name), listed.stdout);
  const strays = names.filter((name) => /^(proc|sys|dev|volume)\/./.test(name));
  assertEquals(strays, [], "only the mount points are there");
  const top = names.filter((name) => /^[^/]*\/?$/.test(name)).map((name) => name.replace(/\/$/, ""));
  assertEquals(top, top.toSorted());
});

everywhere("cp gives everything to the container's root, and with -a keeps owners", async (scratch, situation) => {
  const file = await scratch.write("file", "x", 0o644);
  await scratch.command(
    "tar",
    "cf",
    scratch.path("owned.tar"),
    "--owner=:12",
    "--group=:34",
    "-C",
    scratch.path(),
    "file",
  );
  await Deno.chmod(scratch.path("owned.tar"), 0o644);
  const id = await container(scratch, situation);
  await ok(scratch, ["cp", file, `${id}:/plain`], situation.options);
  const stdin = await Deno.readTextFile(scratch.path("owned.tar"));
  for (const [flags, directory] of [[[], "/plain-tar"], [["-a"], "/kept-tar"]] as const) {
    await scratch.dir("empty");
    await ok(scratch, ["cp", `${await scratch.dir("empty")}`, `${id}:${directory}`], situation.options);
    await ok(scratch, ["cp", ...flags, "-", `${id}:${directory}`], { ...situation.options, stdin });
  }
  if (!situation.runs) await ok(scratch, ["start", id], situation.options);
  const script = "stat -c '%u:%g' /plain /plain-tar/file /kept-tar/file";
  const seen = situation.runs
    ? await scratch.masu("exec", id, "sh", "-c", script, situation.options)
    : await scratch.masu("cp", "-a", `${id}:/kept-tar/file`, "-", situation.options);
  if (situation.runs) assertEquals(seen.stdout, "0:0\n0:0\n12:34\n", seen.transcript);
  else assert(seen.stdout.includes("0000014\0"), "12 in octal is in the header");
});

/** What cp(1) leaves, for arguments that both know. `S` is the source tree, `D` a directory with a file `old` and a directory `sub`. */
const LIKE_CP: [from: string, to: string][] = [
  ["file", "new"],
  ["file", "old"],
  ["file", "."],
  ["file", "sub"],
  ["file", "sub/"],
  ["sub", "new"],
  ["sub", "new/"],
  ["sub", "sub"],
  ["sub/", "."],
  ["sub/.", "sub"],
  ["sub/.", "new"],
  ["dangling", "new"],
  ["sub/link", "sub"],
  [".", "sub"],
];
kernelTest("cp leaves what cp(1) leaves, in both directions", NEEDS, async (scratch) => {
  const from = await tree(scratch);
  const id = await container(scratch, { who: "", flags: [], options: {}, runs: true });
  await ok(scratch, ["cp", from, `${id}:/tree`]);
  for (const [index, [source, destination]] of LIKE_CP.entries()) {
    const places: string[] = [];
    for (const which of ["cp", "out", "in"]) {
      const place = await scratch.dir(`${which}-${index}`);
      await Deno.mkdir(`${place}/sub`);
      await Deno.writeTextFile(`${place}/old`, "old");
      places.push(place);
    }
    const [real = "", out = "", inside = ""] = places;
    // cp(1) keeps a slash's meaning, but not that a directory follows one.
    const made = await scratch.command("cp", "-rPp", `${from}/${source}`, `${real}/${destination}`);
    assertEquals(made.code, 0, made.transcript);
    await ok(scratch, ["cp", `${id}:/tree/${source}`, `${out}/${destination}`]);
    await ok(scratch, ["cp", `${inside}/.`, `${id}:/in-${index}`]);
    await ok(scratch, ["cp", `${from}/${source}`, `${id}:/in-${index}/${destination}`]);
    await ok(scratch, ["cp", `${id}:/in-${index}/.`, await scratch.dir(`again-${index}`)]);
    const expected = (await names(scratch, real)).join("\n");
    assertEquals((await names(scratch, out)).join("\n"), expected, `${source} to ${destination}, out`);
    assertEquals((await names(scratch, scratch.path(`again-${index}`))).join("\n"), expected, `${source}, in`);
  }
});

async function names(scratch: Scratch, path: string): Promise<string[]> {
  const { stdout } = await scratch.command("find", path, "-mindepth", "1", "-printf", "%P %y %l %s\\n");
  return stdout.split("\n").map((line) => line.replace(/( d.*) \d+$/, "$1")).sort();
}

const REFUSED: [why: string, from: string, to: string, expected: string][] = [
  ["a source that is not there", "ID:/none", "TMP/x", "there is no such file or directory"],
  ["a parent that is not there", "ID:/bin/busybox", "TMP/none/x", "No such file or directory"],
  ["a file written as a directory", "ID:/bin/busybox/", "TMP/x", "the source is no directory"],
  ["a directory onto a file", "ID:/bin", "TMP/file", "what is there is no directory"],
  ["a file into a directory that is not there", "ID:/bin/busybox", "TMP/none/", "there is no such directory"],
  ["a device as destination", "ID:/bin/busybox", "/dev/null", "what is there is a character device"],
  ["the kernel's files", "ID:/proc/version", "TMP/x", "a file system of the kernel's own"],
  ["no container", "TMP/file", "TMP/x", "neither side is a container"],
  ["a container that is not there", "none:/x", "TMP/x", "none"],
  ["a compressed stream", "-", "ID:/", "it is compressed with gzip"],
  ["a stream that is none", "-", "ID:/", "it does not begin with a header"],
];
kernelTest("cp refuses what does not fit and says why", NEEDS, async (scratch) => {
  const id = await container(scratch, { who: "", flags: [], options: {}, runs: true });
  await scratch.write("file", "x");
  for (const [why, from, to, expected] of REFUSED) {
    const words = [from, to].map((word) => word.replace(/^ID/, id).replace(/^TMP/, scratch.path()));
    const stdin = why.includes("compressed") ? "\x1f\x8b" + "x".repeat(600) : "x".repeat(600);
    const { code, stdout, stderr, transcript } = await scratch.masu("cp", ...words, { stdin });
    assert(code === 1 || code === 2, transcript);
    assertEquals(stdout, "", transcript);
    // 0x8b is two bytes in UTF-8: no gzip then.
    if (!why.includes("compressed")) assertStringIncludes(stderr, expected, `${why}: ${transcript}`);
    assertEquals(exists(scratch.path("x")), false, why);
  }
});

kernelTest("cp speaks tar with GNU tar", NEEDS, async (scratch) => {
  const from = await tree(scratch);
  const id = await container(scratch, { who: "", flags: [], options: {}, runs: true });
  for (const format of ["gnu", "pax", "ustar"]) {
    const exclude = format === "ustar" ? ["--exclude=deep"] : [];
    const script = `tar c --format=${format} ${exclude.join(" ")} -C "$1" . | "$2" cp -a - ${id}:/${format} &&
      "$2" cp -a ${id}:/${format}/. - | tar x -C "$3"`;
    await ok(scratch, ["exec", id, "mkdir", `/${format}`]);
    const out = await scratch.dir(`out-${format}`);
    const piped = await scratch.command("sh", "-c", script, "sh", from, MASU, out);
    assertEquals([piped.code, piped.stderr], [0, ""], piped.transcript);
    const hidden = (text: string) => text.split("\n").filter((line) => !/deep/.test(line)).join("\n");
    const told2 = await told(scratch, out);
    if (format === "ustar") assertEquals(hidden(told2).length > 0, true);
    else assertEquals(told2, await told(scratch, from), format);
  }
});

/** A capability of a file, as the kernel keeps it: version 2, CAP_NET_BIND_SERVICE, effective. */
const CAPABILITY = "0100000200040000000000000000000000000000";

kernelTest("cp -a keeps extended attributes and capabilities of files", [...NEEDS, "python3"], async (scratch) => {
  const id = await container(scratch, { who: "", flags: [], options: {}, runs: true });
  const file = await scratch.write("file", "x", 0o755);
  const set = "import os, sys; os.setxattr(sys.argv[1], 'user.note', b'kept'); " +
    "os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex(sys.argv[2]))";
  const made = await scratch.command("python3", "-c", set, file, CAPABILITY);
  assertEquals(made.code, 0, made.transcript);
  const get =
    "import os, sys; print([os.getxattr(sys.argv[1], name).hex() for name in sorted(os.listxattr(sys.argv[1]))])";
  for (const [flags, expected] of [[["-a"], `['${CAPABILITY}', '6b657074']\n`], [[], "[]\n"]] as const) {
    await ok(scratch, ["cp", ...flags, file, `${id}:/kept`]);
    await ok(scratch, ["cp", ...flags, `${id}:/kept`, scratch.path("back")]);
    const { stdout, transcript } = await scratch.command("python3", "-c", get, scratch.path("back"));
    assertEquals(stdout, expected, transcript);
  }
});

kernelTest(
  "cp -a gives no capabilities to files where the container may not",
  [...NEEDS, "python3"],
  async (scratch) => {
    const flags = ["--cap-drop", "SETFCAP", "--cap-drop", "MKNOD"];
    const id = await container(scratch, { who: "", flags, options: {}, runs: true });
    const file = await scratch.write("file", "x", 0o755);
    const set = "import os, sys; os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex(sys.argv[2]))";
    await scratch.command("python3", "-c", set, file, CAPABILITY);
    await scratch.command("mknod", scratch.path("device"), "c", "1", "3");
    for (const name of ["file", "device"]) {
      const { code, stderr, transcript } = await scratch.masu("cp", "-a", scratch.path(name), `${id}:/`);
      assertEquals(code, 1, transcript);
      assertStringIncludes(stderr, "EPERM");
    }
  },
);

kernelTest("cp -L copies what a link leads to, in the container", NEEDS, async (scratch) => {
  const id = await container(
    scratch,
    { who: "", flags: [], options: {}, runs: true },
    "ln -s /etc/own /link; echo inside >/etc/own",
  );
  await ok(scratch, ["cp", `${id}:/link`, scratch.path("link")]);
  assertEquals(await Deno.readLink(scratch.path("link")), "/etc/own");
  await ok(scratch, ["cp", "-L", `${id}:/link`, scratch.path("followed")]);
  assertEquals(await Deno.readTextFile(scratch.path("followed")), "inside\n");
});

kernelTest("cp copies in one container that runs, and between two that do not", NEEDS, async (scratch) => {
  const situation = { who: "", flags: [], options: {}, runs: true };
  const id = await container(scratch, situation);
  await ok(scratch, ["cp", `${id}:/bin/busybox`, `${id}:/copy`]);
  const [one, other] = [
    await container(scratch, { ...situation, runs: false }),
    await container(scratch, { ...situation, runs: false }),
  ];
  const copies = [[one, other], [other, one]].map(([from, to]) => scratch.masu("cp", `${from}:/ready`, `${to}:/from`));
  for (const { code, transcript } of await Promise.all(copies)) assertEquals(code, 0, transcript);
  const refused = await scratch.masu("cp", `${one}:/ready`, `${one}:/other`);
  assertEquals(refused.code, 1, refused.transcript);
  assertStringIncludes(refused.stderr, "cannot be mounted twice");
});

kernelTest("cp reaches a paused container", NEEDS, async (scratch) => {
  const id = await container(scratch, { who: "", flags: [], options: {}, runs: true });
  await ok(scratch, ["pause", id]);
  await ok(scratch, ["cp", await scratch.write("file", "x"), `${id}:/file`]);
  await ok(scratch, ["cp", `${id}:/file`, scratch.path("back")]);
  assertEquals(await Deno.readTextFile(scratch.path("back")), "x");
});

for (const runs of [true, false]) {
  const how = runs ? "runs" : "does not run";
  kernelTest(
    `cp reaches volumes and leaves what is read-only alone, where a container ${how}`,
    NEEDS,
    async (scratch) => {
      const volume = await scratch.dir("volume");
      const flags = ["--read-only", "--volume", `${volume}:/volume`, "--tmpfs", "/scratch"];
      const words = [...flags, await image(scratch), "sleep", "1000"];
      const id = runs ? await scratch.container("run", "-d", ...words) : await scratch.container("create", ...words);
      const file = await scratch.write("file", "x");
      await ok(scratch, ["cp", file, `${id}:/volume/file`]);
      assertEquals(await Deno.readTextFile(`${volume}/file`), "x");
      const refused = await scratch.masu("cp", file, `${id}:/file`);
      assertEquals(refused.code, 1, refused.transcript);
      assertStringIncludes(refused.stderr, "EROFS");
      const temporary = await scratch.masu("cp", file, `${id}:/scratch/file`);
      assertEquals(temporary.code, runs ? 0 : 1, temporary.transcript);
    },
  );
}

kernelTest("cp and export reach a container in the foreground, diff says that it cannot", NEEDS, async (scratch) => {
  await using box = await openBox(scratch);
  await ok(scratch, ["cp", await scratch.write("file", "x"), `${box.name}:/file`]);
  const exported = await scratch.command("sh", "-c", `"$1" export "$2" | tar xO file`, "sh", MASU, box.name);
  assertEquals([exported.code, exported.stdout], [0, "x"], exported.transcript);
  const refused = await scratch.masu("diff", box.name);
  assertEquals(refused.code, 1, refused.transcript);
  assertStringIncludes(refused.stderr, "it runs in the foreground");
});

kernelTest("cp goes right into a --rootfs, and diff says that nothing records its changes", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const id = await scratch.container("create", "--rootfs", root, "true");
  await ok(scratch, ["cp", await scratch.write("file", "x"), `${id}:/file`]);
  assertEquals(await Deno.readTextFile(`${root}/file`), "x");
  const refused = await scratch.masu("diff", id);
  assertStringIncludes(refused.stderr, "nothing records changes", refused.transcript);
});

kernelTest("export leaves no file when it fails, and ends with nobody reading", NEEDS, async (scratch) => {
  const id = await container(scratch, { who: "", flags: [], options: {}, runs: true });
  const refused = await scratch.masu("export", "-o", scratch.path("none/x.tar"), id);
  assertEquals(refused.code, 1, refused.transcript);
  const broken = await scratch.command(
    "bash",
    "-c",
    `"$1" export ${id} | head -c 1 >/dev/null; echo "\${PIPESTATUS[0]}"`,
    "sh",
    MASU,
  );
  assertEquals([broken.stdout, broken.stderr], ["141\n", ""], broken.transcript);
});

kernelTest("two at once on one that does not run do not meet", NEEDS, async (scratch) => {
  const id = await scratch.container("create", await image(scratch), "sleep", "1000");
  const file = await scratch.write("file", "x");
  const copies = ["a", "b", "c", "d"].map((name) => scratch.masu("cp", file, `${id}:/${name}`));
  for (const { code, transcript } of await Promise.all(copies)) assertEquals(code, 0, transcript);
  assertEquals(await ok(scratch, ["diff", id]), "A /a\nA /b\nA /c\nA /d\n");
});
