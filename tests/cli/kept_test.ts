/** A plan that is kept changes nothing but the time that the same command takes again. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { exists } from "../host.ts";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import type { Outcome, Scratch, StartOptions } from "../scratch.ts";
import { MASU } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];
const THROUGH_THE_PROGRAM = { MASU_FRONT: "0" };

/** One place for containers, and the plans that are kept there. */
class Place implements AsyncDisposable {
  readonly #scratch: Scratch;
  readonly root: string;

  constructor(scratch: Scratch) {
    [this.#scratch, this.root] = [scratch, scratch.path("state")];
  }

  masu(words: readonly string[], options: StartOptions = {}): Promise<Outcome> {
    return this.#scratch.masu("--root", this.root, ...words, options);
  }

  /** Each kept plan's file, which is another one whenever something was decided. */
  plans(): string[] {
    const directory = `${this.root}/plans`;
    if (!exists(directory)) return [];
    return [...Deno.readDirSync(directory)].map(({ name }) => `${name} ${Deno.lstatSync(`${directory}/${name}`).ino}`)
      .sort();
  }

  /** How it ended and what it said; IDs apart. `decided`: nothing that was kept was used. */
  async seen(words: readonly string[], options: StartOptions = {}): Promise<{ said: unknown; decided: boolean }> {
    const before = this.plans();
    const { code, stdout, stderr } = await this.masu(words, options);
    const plain = (text: string) => text.replaceAll(/\b[0-9a-f]{12}\b/g, "ID");
    const decided = before.length === 0 || before.join() !== this.plans().join();
    return { said: { code, stdout: plain(stdout), stderr: plain(stderr) }, decided };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = (await this.masu(["list", "--all", "--quiet"])).stdout.split("\n").filter(Boolean);
    if (left.length > 0) await this.masu(["delete", "--force", ...left]);
  }
}

const SAME: [name: string, words: (root: string) => string[], code: number][] = [
  [
    "a run in the foreground",
    (root) => ["run", "--rm", root, "sh", "-c", "echo out; echo err >&2; pwd; id -u; exit 3"],
    3,
  ],
  ["a run that lives on", (root) => ["run", "-d", root, "true"], 0],
  ["one that lives on and is removed", (root) => ["run", "-d", "--rm", "--net", "none", root, "true"], 0],
  ["a program that is not there", (root) => ["run", "--rm", root, "/nosuch"], 127],
  ["one that is not there, of a container that lives on", (root) => ["run", "-d", root, "nosuch"], 127],
  ["a program that is none", (root) => ["run", "--rm", root, "/etc"], 126],
  ["one that is none, of a container that lives on", (root) => ["run", "-d", root, "/etc"], 126],
];

for (const [name, words, code] of SAME) {
  kernelTest(`${name} is the same by a kept plan`, NEEDS, async (scratch) => {
    await using place = new Place(scratch);
    const command = words(await image(scratch));
    // A foreground plan is kept once its program runs; what failed is decided anew.
    const kept = code < 126 || command.includes("-d");
    const first = await place.seen(command);
    const second = await place.seen(command);
    const third = await place.seen(command, { env: THROUGH_THE_PROGRAM });
    assertEquals([first.decided, second.decided, third.decided], [true, !kept, true]);
    assertEquals((first.said as { code: number }).code, code, JSON.stringify(first.said));
    assertEquals(second.said, first.said);
    assertEquals(third.said, first.said);
  });
}

kernelTest("a container by a kept plan has the document and the record of a decided one", NEEDS, async (scratch) => {
  await using place = new Place(scratch);
  const words = [
    "run",
    "-d",
    "--label",
    "a=b",
    "-e",
    "X=y",
    "--stop-timeout",
    "0",
    await image(scratch),
    "sleep",
    "1000",
  ];
  const documents = [];
  for (const env of [{}, {}, THROUGH_THE_PROGRAM]) {
    const { stdout, transcript } = await place.masu(words, { env });
    const id = stdout.trim();
    assertMatch(id, /^[0-9a-f]{12}$/, transcript);
    const paths = [`data/containers/${id}/container.json`, `containers/${id}/state.json`];
    const texts = paths.map((path) => Deno.readTextFileSync(`${place.root}/${path}`));
    documents.push(texts.map((text) =>
      text.replaceAll(id, "ID")
        .replaceAll(/"(created|started)":"[^"]*"/g, '"$1":"TIME"')
        .replaceAll(/"(pid|start|monitor|monitorStart)":"?\d+"?/g, '"$1":0')
    ));
  }
  assertEquals(documents[1], documents[0]);
  assertEquals(documents[2], documents[0]);
});

kernelTest("the same run again starts no V8", [...NEEDS, "strace"], async (scratch) => {
  await using place = new Place(scratch);
  const words = ["run", "-d", "--rm", "--net", "none", await image(scratch), "true"];
  const threads = async () => {
    const log = scratch.path("trace");
    const trace = ["-f", "-q", "-o", log, "-e", "trace=clone,clone3", MASU, "--root", place.root, ...words];
    const { code, transcript } = await scratch.command("strace", ...trace);
    assertEquals(code, 0, transcript);
    return (await Deno.readTextFile(log)).split("\n").filter((line) => line.includes("CLONE_THREAD")).length;
  };
  assert(await threads() > 0);
  assertEquals(await threads(), 0);
});

/** A change of something that a plan is made of, between two runs of the same words. */
const CHANGED: [
  name: string,
  words: (scratch: Scratch, root: string) => string[],
  change: (scratch: Scratch, root: string) => Promise<StartOptions>,
][] = [
  [
    "the account in the container's passwd",
    (_, root) => ["run", "--rm", "-u", "app", root, "id", "-u"],
    async (_, root) => {
      await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/:/bin/sh\napp:x:4321:4321::/:/bin/sh\n");
      return {};
    },
  ],
  [
    "a variable that is passed on",
    (_, root) => ["run", "--rm", "-e", "HOME", root, "sh", "-c", "echo $HOME"],
    () => Promise.resolve({ env: { HOME: "/elsewhere" } }),
  ],
  [
    "the directory that it is typed in",
    (_, root) => ["run", "--rm", "-v", "./here:/here", root, "cat", "/here/name"],
    (scratch) => Promise.resolve({ cwd: scratch.path("two") }),
  ],
  [
    "a file with its environment",
    (scratch, root) => ["run", "--rm", "--env-file", scratch.path("env"), root, "sh", "-c", "echo $WORD"],
    async (scratch) => {
      await scratch.write("env", "WORD=changed\n");
      return {};
    },
  ],
  [
    "a volume's kind",
    (
      scratch,
      root,
    ) => ["run", "--rm", "-v", `${scratch.path("volume")}:/volume`, root, "sh", "-c", "test -d /volume; echo $?"],
    async (scratch) => {
      await Deno.remove(scratch.path("volume"));
      await scratch.write("volume", "");
      return {};
    },
  ],
];

for (const [name, words, change] of CHANGED) {
  kernelTest(`a run is decided anew when another is ${name}`, NEEDS, async (scratch) => {
    await using place = new Place(scratch);
    const root = await image(scratch);
    await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/:/bin/sh\napp:x:1234:1234::/:/bin/sh\n");
    await scratch.write("env", "WORD=first\n");
    await scratch.dir("volume");
    for (const directory of ["one", "two"]) {
      await scratch.dir(`${directory}/here`);
      await scratch.write(`${directory}/here/name`, `${directory}\n`);
    }
    const options = { cwd: scratch.path("one") };
    const command = words(scratch, root);
    const first = await place.seen(command, options);
    assertEquals(await place.seen(command, options), { said: first.said, decided: false });
    const changed = { ...options, ...await change(scratch, root) };
    const after = await place.seen(command, changed);
    const anew = await place.seen(command, { ...changed, env: { ...changed.env, ...THROUGH_THE_PROGRAM } });
    assert(after.decided);
    assertEquals(after.said, anew.said);
    assertNotEquals(after.said, first.said);
  });
}

kernelTest("what is mounted on a volume since a plan was kept is seen", NEEDS, async (scratch) => {
  await using place = new Place(scratch);
  const volume = await scratch.dir("volume");
  const words = ["run", "--rm", "-v", `${volume}:/volume`, await image(scratch), "sh", "-c", "ls /volume; echo done"];
  for (const expected of ["done\n", "done\n"]) assertEquals((await place.masu(words)).stdout, expected);
  const mounted = await scratch.command("mount", "-t", "tmpfs", "none", volume);
  assertEquals(mounted.code, 0, mounted.transcript);
  try {
    await scratch.write("volume/file", "");
    const after = await place.masu(words);
    assertEquals(after.stdout, "file\ndone\n", after.transcript);
  } finally {
    await scratch.command("umount", volume);
  }
});

const UNKEPT: [name: string, globals: string[], flags: (scratch: Scratch) => string[]][] = [
  ["--name", [], () => ["--name", "once"]],
  ["--cidfile", [], (scratch) => ["--cidfile", scratch.path("cid")]],
  ["--pidfile", [], (scratch) => ["--pidfile", scratch.path("pid")]],
  ["--preserve-fds", [], () => ["--preserve-fds", "1"]],
  ["another container's namespaces", [], () => ["--net", "container:other"]],
  ["--debug", ["--debug"], () => []],
  ["--json", ["--json"], () => ["-d"]],
];

for (const [name, globals, flags] of UNKEPT) {
  kernelTest(`nothing is kept of a run with ${name}`, NEEDS, async (scratch) => {
    await using place = new Place(scratch);
    const root = await image(scratch);
    const other = await place.masu(["create", "--name", "other", root, "sleep", "1000"]);
    assertEquals(other.code, 0, other.transcript);
    await place.masu(["start", "other"]);
    const words = [...globals, "run", "--rm", ...flags(scratch), root, "true"];
    // A descriptor more, for those that are passed on.
    const script = 'exec 3</dev/null; exec "$@"';
    const ran = await scratch.command("sh", "-c", script, "sh", MASU, "--root", place.root, ...words);
    assertEquals(ran.code, 0, ran.transcript);
    assertEquals(place.plans(), []);
  });
}
