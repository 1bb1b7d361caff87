/** A bundle's plan that is kept for others of its kind changes nothing but the time that `create` takes. */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config } from "../bundle.ts";
import { exists, testUser } from "../host.ts";
import { keptPlans, recordOf } from "../kept_bundles.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Outcome, type Scratch, type StartOptions } from "../scratch.ts";

const NEEDS: readonly Need[] = ["mount", "busybox"];
const THROUGH_THE_PROGRAM = { env: { MASU_FRONT: "0" } };

/** One directory for containers, and for the plans that are kept there. */
class Place {
  readonly root: string;

  constructor(scratch: Scratch) {
    this.root = scratch.path("state");
  }

  plans(): string[] {
    return keptPlans(this.root);
  }

  /** Makes and starts a bundle's container, and waits for its end. `decided`: no kept plan was used. */
  async ran(bundle: Bundle, flags: readonly string[] = [], options: StartOptions = {}) {
    const before = this.plans();
    const created = await this.create(bundle, flags, options);
    const decided = before.length === 0 || before.join() !== this.plans().join() || options.env?.MASU_FRONT === "0";
    const started = created.code === 0 ? await this.masu("start", bundle) : created;
    if (started.code === 0) await this.ended(bundle);
    const { stdout, stderr } = await bundle.output();
    await this.masu("delete", bundle, "--force");
    return { decided, said: { code: [created.code, started.code], stdout, stderr }, transcript: created.transcript };
  }

  create(bundle: Bundle, flags: readonly string[] = [], options: StartOptions = {}): Promise<Outcome> {
    return bundle.create(["--root", this.root, ...flags], options);
  }

  masu(command: string, bundle: Bundle, ...flags: string[]): Promise<Outcome> {
    return bundle.masu(command, "--root", this.root, ...flags);
  }

  async state(bundle: Bundle): Promise<{ status: string; pid: number }> {
    const { code, stdout, transcript } = await this.masu("state", bundle);
    assertEquals(code, 0, transcript);
    return JSON.parse(stdout);
  }

  async ended(bundle: Bundle): Promise<void> {
    while ((await this.state(bundle)).status !== "stopped") await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What engines write anew for each container. */
interface Values {
  readonly name: string;
  readonly words: readonly string[];
}

/** Shows all of it from inside. */
const SHOWN = 'echo "$* | $NAME $(hostname) $(cat /data/name)"; grep -o masu-kept-.* /proc/self/cgroup | sort -u';

/** The cgroup of one of them, unlike any other test's. */
function group(name: string): string {
  return `masu-kept-${Deno.pid}-${name}`;
}

async function named(scratch: Scratch, { name, words }: Values, change: (config: Config) => void = () => {}) {
  const data = await scratch.dir(`data-${name}`);
  await Deno.writeTextFile(`${data}/name`, `data of ${name}`);
  const bundle = await Bundle.make(scratch, SHOWN, (config) => {
    config.process.args.push("program", ...words);
    config.process.env.push(`NAME=${name}`);
    config.hostname = `host-${name}`;
    config.annotations = { "org.example/name": name };
    config.mounts.push({ destination: "/data", type: "bind", source: data, options: ["bind", "ro"] });
    config.linux.cgroupsPath = `/${group(name)}`;
    change(config);
  });
  return bundle;
}

kernelTest("another bundle of the same kind is made by the kept plan, with values of its own", [
  ...NEEDS,
  "cgroups",
], async (scratch) => {
  const place = new Place(scratch);
  const kinds: Values[] = [
    { name: "one", words: ["a"] },
    { name: "two", words: ["b", "c  d", '"$(false)', "${pid}"] },
    { name: "three", words: [] },
  ];
  for (const { name, words } of kinds) {
    await using bundle = await named(scratch, { name, words });
    const { decided, said: { code, stdout }, transcript } = await place.ran(bundle);
    assertEquals([code, decided], [[0, 0], name === "one"], transcript);
    assertEquals(stdout, `${words.join(" ")} | ${name} host-${name} data of ${name}\n${group(name)}\n`);
  }
});

kernelTest("the container of a kept plan has the record of a decided one", [...NEEDS, "cgroups"], async (scratch) => {
  const place = new Place(scratch);
  await using bundle = await named(scratch, { name: "same", words: ["x"] }, (config) => {
    config.hooks = { poststop: [{ path: "/bin/sh", args: ["sh", "-c", "true", "same"] }] };
  });
  const records = [];
  for (const options of [{}, {}, THROUGH_THE_PROGRAM]) {
    const { code, transcript } = await place.create(bundle, [], options);
    assertEquals(code, 0, transcript);
    records.push(recordOf(place.root, bundle.id));
    await place.masu("delete", bundle, "--force");
  }
  assertEquals(records[1], records[0]);
  assertEquals(records[2], records[0]);
});

kernelTest("a second program, a signal and the end of a kept plan's container are as ever", NEEDS, async (scratch) => {
  const place = new Place(scratch);
  const plans = [];
  for (const name of ["one", "two"]) {
    await using bundle = await Bundle.make(
      scratch,
      'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done',
      (config) => {
        config.process.env.push(`NAME=${name}`);
      },
    );
    assertEquals((await place.create(bundle, ["--pid-file", `${bundle.directory}/pid`])).code, 0);
    const { pid } = await place.state(bundle);
    assertEquals(Deno.readTextFileSync(`${bundle.directory}/pid`), `${pid}`);
    assertEquals((await place.masu("start", bundle)).code, 0);
    await bundle.said("ready");
    const file = `${bundle.directory}/process.json`;
    await Deno.writeTextFile(file, JSON.stringify({ ...bundle.config.process, args: ["sh", "-c", "echo $NAME"] }));
    const executed = await place.masu("exec", bundle, "--process", file);
    assertEquals(executed.stdout, `${name}\n`, executed.transcript);
    assertEquals((await bundle.masu("kill", "--root", place.root)).code, 0);
    await place.ended(bundle);
    assertEquals((await place.masu("delete", bundle)).code, 0);
    assert(!exists(`${place.root}/containers/${bundle.id}`));
    plans.push(...place.plans());
  }
  assertEquals(plans[1], plans[0]);
});

kernelTest("making another container of the same kind starts no V8", [...NEEDS, "strace"], async (scratch) => {
  const place = new Place(scratch);
  const threads = async (name: string) => {
    await using bundle = await named(scratch, { name, words: [] });
    const log = scratch.path("trace");
    // Without -f: what waits for the start would be followed for ever.
    const words = ["-q", "-o", log, "-e", "trace=clone,clone3", MASU, "--root", place.root];
    const script = 'exec "$@" </dev/null >/dev/null 2>&1';
    const create = ["create", "--bundle", bundle.directory, bundle.id];
    const { code, transcript } = await scratch.command("sh", "-c", script, "sh", "strace", ...words, ...create);
    assertEquals(code, 0, transcript);
    await place.masu("delete", bundle, "--force");
    return (await Deno.readTextFile(log)).split("\n").filter((line) => line.includes("CLONE_THREAD")).length;
  };
  assert(await threads("one") > 0);
  assertEquals(await threads("two"), 0);
});

kernelTest(
  "the caller may be in a cgroup that is named after the container",
  [...NEEDS, "cgroup1"],
  async (scratch) => {
    const place = new Place(scratch);
    const plans = [];
    for (const digit of ["a", "b"]) {
      await using bundle = await Bundle.make(scratch, "true");
      const id = digit.repeat(56) + `${Deno.pid}`.padStart(8, "0");
      const group = `/sys/fs/cgroup/pids/masu-kept-${id}`;
      await Deno.mkdir(group);
      try {
        const script = 'echo $$ >"$1/tasks"; shift; exec "$@" </dev/null >/dev/null 2>&1';
        const words = [MASU, "--root", place.root, "create", "--bundle", bundle.directory, id];
        const { code, transcript } = await scratch.command("sh", "-c", script, "sh", group, ...words);
        assertEquals(code, 0, transcript);
        const deleted = await scratch.masu("--root", place.root, "delete", "--force", id);
        assertEquals(deleted.code, 0, deleted.transcript);
      } finally {
        await Deno.remove(group);
      }
      plans.push(place.plans().join());
    }
    assertEquals(plans[1], plans[0]);
  },
);

kernelTest(
  "a rootless engine's container has the cgroup that it names below the one that was delegated",
  [...NEEDS, "user", "userns", "cgroup1"],
  async (scratch) => {
    const place = new Place(scratch);
    const { uid, gid } = testUser() ?? { uid: 0, gid: 0 };
    const delegated = group("delegated");
    const directory = `/sys/fs/cgroup/pids/${delegated}`;
    const ids = [`--map-users=0:${uid}:1`, "--map-users=1:200000:65535", `--map-groups=0:${gid}:1`];
    const inside = [MASU, "ns", "run", ...ids, "--map-groups=1:200000:65535", "-S", "0", "-G", "0", "--mount", "--"];
    const script = 'echo $$ >"$1/tasks"; shift; exec "$@" </dev/null >"$OUT" 2>&1';
    const life = `"$@" create --bundle "$BUNDLE" "$ID" && "$@" start "$ID" || exit
      until "$@" state "$ID" | grep -q stopped; do sleep 0.02; done
      "$@" delete --force "$ID"`;
    await scratch.dir("state", 0o777);
    await Deno.mkdir(directory);
    try {
      for (const file of [".", "tasks", "cgroup.procs"]) await Deno.chown(`${directory}/${file}`, uid, gid);
      for (const name of ["one", "two"]) {
        await using bundle = await Bundle.make(scratch, "grep pids: /proc/self/cgroup", (config) => {
          config.linux.cgroupsPath = `/${delegated}/${name}`;
          // With limits, to have no cgroup would be an error.
          config.linux.resources = {};
          // In another user namespace's pseudoterminals belong to nobody.
          config.mounts = config.mounts.filter(({ type }) => type === "proc" || type === "tmpfs");
        });
        const out = await scratch.write(`out-${name}`, "", 0o666);
        const masu = [MASU, "--root", place.root];
        const { transcript } = await scratch.command(
          ...["sh", "-c", script, "sh", directory, ...inside, "sh", "-c", life, "sh", ...masu],
          { env: { OUT: out, BUNDLE: bundle.directory, ID: bundle.id } },
        );
        assertStringIncludes(await Deno.readTextFile(out), `pids:/${delegated}/${name}\n`, transcript);
      }
      assertEquals(place.plans(), []);
    } finally {
      await Deno.remove(directory);
    }
  },
);

kernelTest("what is no ID is told of as ever, whether a plan was kept or not", NEEDS, async (scratch) => {
  const place = new Place(scratch);
  await using bundle = await Bundle.make(scratch, "true");
  assertEquals((await place.ran(bundle)).said.code, [0, 0]);
  for (const id of ["", "..", "a/b", "a b", "n\u00e9e", "x".repeat(100), "x".repeat(201)]) {
    const words = ["--root", place.root, "create", "--bundle", bundle.directory, id];
    const kept = await scratch.masu(...words);
    const anew = await scratch.masu(...words, THROUGH_THE_PROGRAM);
    assertEquals([kept.code, kept.stderr], [anew.code, anew.stderr], kept.transcript);
    assertEquals(kept.code, 1, kept.transcript);
  }
});

kernelTest("a kept plan holds no values of the bundle that it was made for", NEEDS, async (scratch) => {
  const place = new Place(scratch);
  await using bundle = await named(scratch, { name: "hidden", words: ["hidden-argument"] });
  assertEquals((await place.ran(bundle)).said.code, [0, 0]);
  const [plan = ""] = place.plans();
  const path = `${place.root}/plans/bundles/${plan.split(" ")[0]}`;
  assertEquals((Deno.lstatSync(path).mode ?? 0) & 0o777, 0o600);
  const text = Deno.readTextFileSync(path);
  for (const value of ["hidden", bundle.id, bundle.directory]) assert(!text.includes(value), value);
});

/** What makes another plan of the same bundle, or of one that only looks the same. */
const CHANGED: [name: string, change: (config: Config, scratch: Scratch) => void, flags?: string[]][] = [
  ["key of the document", (config) => config.root.readonly = true],
  ["variable's name", (config) => config.process.env.push("OTHER=two")],
  ["argument list that names no program", (config) => config.process.args = []],
  ["kind of what is bound", ({ mounts }, scratch) => {
    const directory = scratch.path("directory");
    if (!exists(directory)) Deno.mkdirSync(directory);
    const last = mounts.at(-1);
    if (last !== undefined) Object.assign(last, { source: directory, destination: "/data" });
  }],
  [
    "source that is not there",
    ({ mounts }, scratch) => Object.assign(mounts.at(-1) ?? {}, { source: scratch.path("nosuch") }),
  ],
  ["flag", () => {}, ["--no-new-keyring"]],
];

for (const [name, change, flags = []] of CHANGED) {
  kernelTest(`a bundle is decided anew for another ${name}`, NEEDS, async (scratch) => {
    const place = new Place(scratch);
    const file = await scratch.write("file", "");
    const withFile = (config: Config) =>
      config.mounts.push({ destination: "/data", type: "bind", source: file, options: ["bind"] });
    const script = "touch /x 2>/dev/null && echo writable; test -d /data && echo directory; echo $OTHER; exit 0";
    await using first = await Bundle.make(scratch, script, withFile);
    const before = await place.ran(first);
    assertEquals([before.said.code, before.decided], [[0, 0], true], before.transcript);
    const changed = (config: Config) => {
      withFile(config);
      change(config, scratch);
    };
    await using second = await Bundle.make(scratch, script, changed);
    const after = await place.ran(second, flags);
    const anew = await place.ran(second, flags, THROUGH_THE_PROGRAM);
    assertEquals(after.said, anew.said);
    assert(after.decided || after.said.code[0] !== 0, after.transcript);
    if (flags.length === 0) assertNotEquals(after.said, before.said);
  });
}

kernelTest("what a kept plan cannot do is told as ever, and nothing is left", NEEDS, async (scratch) => {
  const place = new Place(scratch);
  await using first = await Bundle.make(scratch, "true");
  assertEquals((await place.ran(first)).said.code, [0, 0]);
  const plans = place.plans();
  await using second = await Bundle.make(scratch, "true", (config) => config.process.args = ["/nosuch"]);
  const kept = await place.ran(second);
  const anew = await place.ran(second, [], THROUGH_THE_PROGRAM);
  assertEquals(kept.said, anew.said);
  assertNotEquals(kept.said.code[0], 0);
  assertStringIncludes(kept.said.stderr, "/nosuch");
  assertEquals(place.plans(), plans);
  await using third = await Bundle.make(scratch, "sleep 60");
  assertEquals((await place.create(third)).code, 0);
  const again = await place.create(third);
  assertEquals(again.code, 1);
  assertStringIncludes(again.stderr, "container with given ID already exists");
  await place.masu("delete", third, "--force");
  assertEquals([...Deno.readDirSync(`${place.root}/containers`)].map(({ name }) => name), []);
});

/** What depends on more than can be looked at again. */
const UNKEPT: [name: string, change: (config: Config) => void, flags: string[], options: StartOptions][] = [
  ["sockets that are passed on", () => {}, [], { env: { LISTEN_FDS: "0" } }],
  [
    "settings in a namespace that is joined",
    (config) => {
      config.linux.sysctl = { "net.ipv4.ip_forward": "1" };
      for (const namespace of config.linux.namespaces) {
        if (namespace.type === "network") namespace.path = `/proc/${Deno.pid}/ns/net`;
      }
    },
    [],
    {},
  ],
  ["a variable that can be no blank", (config) => config.process.env.push('SECRET=a"$b'), [], {}],
  ["a plan that is only shown", () => {}, ["--explain"], {}],
];

for (const [name, change, flags, options] of UNKEPT) {
  kernelTest(`nothing is kept of a bundle with ${name}`, NEEDS, async (scratch) => {
    const place = new Place(scratch);
    await using bundle = await Bundle.make(scratch, "true", change);
    await place.ran(bundle, flags, options);
    assertEquals(place.plans(), []);
  });
}
