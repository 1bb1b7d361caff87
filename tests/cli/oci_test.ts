/** The command line of an OCI runtime: what engines pass, and what they read of the answers. Each can be tried on runc: tests/cli/caller.ts */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import { Caller, REFERENCE, RUNTIME } from "./caller.ts";

const NEEDS: Need[] = ["mount", "busybox", "cgroups"];
const SLEEP = "while :; do sleep 0.1; done";

kernelTest("a runtime does what it is told in silence", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, `trap 'exit 0' TERM; ${SLEEP}`);
  const outcomes = [await caller.create()];
  const steps = [
    ["start"],
    ["pause"],
    ["resume"],
    ["update", "--pids-limit", "50"],
    ["kill", "0"],
    ["kill", "--all", "15"],
  ];
  for (const [verb = "", ...words] of steps) {
    const flags = words.filter((word) => word.startsWith("-") || word === "50");
    const rest = words.filter((word) => !flags.includes(word));
    outcomes.push(await caller.call([verb, ...flags, caller.id, ...rest]));
  }
  await caller.until("stopped");
  outcomes.push(await caller.call(["delete", caller.id]));
  for (const { code, stdout, stderr, transcript } of outcomes) {
    assertEquals([code, stdout, stderr], [0, "", ""], transcript);
  }
});

kernelTest("a runtime's state is OCI's and runc's, in each status", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP, (config) => config.annotations = { "org.example": "x" });
  const state = async () => JSON.parse((await caller.call(["state", caller.id])).stdout);
  await caller.create();
  const created = await state();
  assertEquals([created.id, created.status, created.bundle, created.rootfs, created.annotations, created.owner], [
    caller.id,
    "created",
    caller.bundle.directory,
    caller.bundle.root,
    { "org.example": "x" },
    REFERENCE === undefined ? "root" : "",
  ]);
  assert(created.pid > 0 && !Number.isNaN(Date.parse(created.created)), JSON.stringify(created));
  await caller.call(["start", caller.id]);
  assertEquals([(await state()).status, (await state()).pid], ["running", created.pid]);
  await caller.call(["pause", caller.id]);
  assertEquals((await state()).status, "paused");
  await caller.call(["resume", caller.id]);
  await caller.call(["kill", caller.id, "KILL"]);
  await caller.until("stopped");
  assertEquals((await state()).pid, 0);
});

kernelTest(
  "a runtime lists containers as a table, as JSON, as IDs, and none where there is no root",
  NEEDS,
  async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    const none = await caller.call(["list", "--format=json"]);
    assertEquals([none.code, JSON.parse(none.stdout) ?? []], [0, []], none.transcript);
    await caller.run();
    const [listed, ...others] = JSON.parse((await caller.call(["list", "-f", "json"])).stdout);
    assertEquals([listed.id, listed.status, listed.bundle, others], [
      caller.id,
      "running",
      caller.bundle.directory,
      [],
    ]);
    assertEquals((await caller.call(["list", "-q"])).stdout, `${caller.id}\n`);
    const [title, line] = (await caller.call(["list"])).stdout.split("\n");
    assertEquals(title?.trimEnd().split(/ +/), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]);
    assertEquals(line?.split(/ +/).slice(0, 3), [caller.id, `${listed.pid}`, "running"]);
  },
);

kernelTest("a runtime prints a container's processes", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, "sleep 1000 & wait");
  await caller.run();
  const { pid } = JSON.parse((await caller.call(["state", caller.id])).stdout);
  const read = async () => (await caller.call(["ps", "--format", "json", caller.id])).stdout;
  let stdout = await read();
  // sh(1) has started its child soon.
  while (JSON.parse(stdout).length < 2) stdout = await read();
  const pids: number[] = JSON.parse(stdout);
  assert(pids.includes(pid) && /^\[\d+(,\d+)*\]\n$/.test(stdout), stdout);
  const { stdout: text, transcript } = await caller.call(["ps", caller.id]);
  const [title = "", ...lines] = text.trimEnd().split("\n");
  const column = title.trim().split(/\s+/).indexOf("PID");
  assertEquals(lines.map((line) => Number(line.trim().split(/\s+/)[column])).toSorted(), pids.toSorted(), transcript);
});

kernelTest("a runtime counts what a container uses, in runc's document", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP);
  await caller.run();
  const { stdout, transcript } = await caller.call(["events", "--stats", caller.id]);
  const { type, id, data } = JSON.parse(stdout);
  assertEquals([type, id, stdout.split("\n").length], ["stats", caller.id, 2], transcript);
  assert(data.cpu.usage.total > 0 && data.pids.current >= 1 && data.memory.usage.usage > 0, stdout);
});

kernelTest("a runtime tells of containers until they end", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP);
  await caller.run();
  const events = await scratch.spawnCommand(RUNTIME, ...caller.globals, "events", "--interval=1s", caller.id);
  await events.until(/"type":"stats".*\n/);
  await caller.call(["kill", caller.id, "KILL"]);
  await caller.until("stopped");
  if (REFERENCE === undefined) assertEquals((await events.outcome()).code, 0);
});

kernelTest("a runtime takes new limits from a document on stdin", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP);
  await caller.run();
  for (const [flags, limit] of [[["--resources=-"], 77], [["--resources", "-"], 78]] as const) {
    const stdin = JSON.stringify({ pids: { limit } });
    const { code, stdout, transcript } = await caller.call(["update", ...flags, caller.id], { stdin });
    assertEquals([code, stdout], [0, ""], transcript);
    const { data } = JSON.parse((await caller.call(["events", "--stats", caller.id])).stdout);
    assertEquals(data.pids.limit, limit);
  }
});

const VERSIONS: [name: string, first: RegExp][] = [
  ["runc", /^runc version \S+\ncommit: \S+\nspec: \d+\.\d+\.\d+/],
  ...(REFERENCE === undefined ? [["crun", /^crun version \S+\ncommit: \S+\nspec: /] as [string, RegExp]] : []),
];
for (const [name, first] of VERSIONS) {
  kernelTest(`a runtime that is called ${name} prints its version so that it can be parsed`, [], async (scratch) => {
    const link = scratch.path(name);
    await Deno.symlink(RUNTIME, link);
    for (const words of [["--version"], ["--log", "/dev/null", "--version"]]) {
      const { code, stdout, stderr, transcript } = await scratch.command(link, ...words);
      assertEquals([code, stderr], [0, ""], transcript);
      assertMatch(stdout, first);
    }
  });
}

/** What fails, with words that engines look for, and the exit status. */
const FAILURES: [name: string, words: (caller: Caller) => string[], phrase: RegExp, code: number][] = [
  ["state of a missing container", () => ["state", "nosuch"], /does not exist/, 1],
  ["kill of a missing container", () => ["kill", "nosuch", "9"], /does not exist/, 1],
  ["delete of a missing container", () => ["delete", "nosuch"], /does not exist/, 1],
  ["delete of one that runs", ({ id }) => ["delete", id], /not stopped|it runs/, 1],
  ["a second one of its ID", ({ id, bundle }) => ["create", "--bundle", bundle.directory, id], /already exists/, 1],
  ["a flag that there is none of", ({ id }) => ["state", "--no-such-flag", id], /flag/, 1],
  ["a flag of create that there is none of", ({ id }) => ["create", "--no-such-flag", id], /flag/, 1],
  ["a signal that there is none of", ({ id }) => ["kill", id, "NOPE"], /signal/, 1],
  ["exec of what is not there", ({ id }) => ["exec", id, "nosuch"], /executable file not found in \$PATH/, 255],
  ["exec of what is no program", ({ id }) => ["exec", id, "/etc/passwd"], /permission denied/i, 255],
  [
    "exec in a directory that is not there",
    ({ id }) => ["exec", "--cwd", "/no", id, "true"],
    /no such file or directory/i,
    255,
  ],
];
// runc does not know of a log by then.
if (REFERENCE === undefined) {
  FAILURES.push(["a global flag that there is none of", ({ id }) => ["--no-such-flag", "state", id], /flag/, 1]);
}
for (const [name, words, phrase, code] of FAILURES) {
  kernelTest(`a runtime says in one object, and once more on stderr, why not: ${name}`, NEEDS, async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    for (const MASU_FRONT of ["1", "0"]) {
      await Deno.remove(caller.log).catch(() => {});
      const outcome = await caller.call(words(caller), { env: { MASU_FRONT } });
      assertEquals(outcome.code, code, outcome.transcript);
      const [entry, ...more] = await caller.logged();
      assertEquals([entry?.level, more], ["error", []], outcome.transcript);
      assertMatch(entry?.msg ?? "", phrase);
      assertMatch(entry?.time ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
      // runc prints its help where a flag is wrong.
      if (REFERENCE === undefined) {
        assertEquals([outcome.stdout, outcome.stderr], ["", `${entry?.msg}\n`], outcome.transcript);
      }
    }
  });
}

kernelTest("a runtime says that a container has ended", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, "exit 0");
  await caller.run();
  await caller.until("stopped");
  const limit = ["update", "--pids-limit", "10", caller.id];
  for (const words of [["kill", caller.id, "15"], ["pause", caller.id], limit, ["exec", caller.id, "true"]]) {
    const { code, stderr, transcript } = await caller.call(words);
    assert(code === 1 || code === 255 && words[0] === "exec", transcript);
    assertMatch(stderr, /not running|cannot exec in a stopped container/, transcript);
  }
});

kernelTest("a runtime pauses what runs, and resumes what is paused", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP);
  await caller.run();
  const calls: [verb: string, code: number, cause: RegExp][] = [
    ["resume", 1, /container not paused/],
    ["pause", 0, /^$/],
    ["pause", 1, /container not running/],
    ["resume", 0, /^$/],
    ["resume", 1, /container not paused/],
  ];
  for (const [verb, code, cause] of calls) {
    const outcome = await caller.call([verb, caller.id]);
    assertEquals(outcome.code, code, outcome.transcript);
    assertMatch(outcome.stderr.trim(), cause, outcome.transcript);
  }
});

kernelTest("a runtime finds at create that there is no program", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, "", (config) => config.process.args = ["nosuch"]);
  const { code, stderr, transcript } = await caller.create("--pid-file", scratch.path("pid"));
  assertEquals(code, 1, transcript);
  assertStringIncludes(stderr, "executable file not found in $PATH");
  assertEquals(await Deno.stat(scratch.path("pid")).catch(() => null), null, "no PID of what never was");
});

kernelTest(
  "a runtime deletes by force what is not there, and what was only created without",
  NEEDS,
  async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    const missing = await caller.call(["delete", "--force", "nosuch"]);
    assertEquals([missing.code, missing.stdout, missing.stderr], [0, "", ""], missing.transcript);
    await caller.create();
    const { code, transcript } = await caller.call(["delete", caller.id]);
    assertEquals(code, 0, transcript);
  },
);

kernelTest(
  "a runtime gives up on a container whose programs nobody waits for",
  NEEDS,
  async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    // Once it has ended it is a zombie of the container's pid namespace, and this test's child.
    await caller.call(["exec", "--detach", caller.id, "true"]);
    const { code, stderr, transcript } = await caller.call(["delete", "--force", caller.id]);
    assertEquals(code, 1, transcript);
    assertMatch(stderr, /container init still running|was killed, but does not end/);
  },
);

kernelTest("a runtime ends with the status of exec's program", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP);
  await caller.run();
  for (const [script, code] of [["exit 7", 7], ["kill -9 $$", 137]] as const) {
    assertEquals((await caller.call(["exec", caller.id, "sh", "-c", script])).code, code);
  }
});

/** Writes a process document beside the bundle, and returns its path. */
async function document(caller: Caller, change: Record<string, unknown>): Promise<string> {
  const path = `${caller.bundle.directory}/process.json`;
  await Deno.writeTextFile(path, JSON.stringify({ ...caller.bundle.config.process, ...change }));
  return path;
}

for (const MASU_FRONT of REFERENCE === undefined ? ["1", "0"] : ["1"]) {
  kernelTest(
    `a runtime executes by document, detached, with PID file and streams (MASU_FRONT=${MASU_FRONT})`,
    NEEDS,
    async (scratch) => {
      await using caller = await Caller.make(scratch, SLEEP);
      await caller.run();
      const change = {
        args: ["sh", "-c", "id -u; echo $A; pwd"],
        env: ["PATH=/bin", "A=b c"],
        user: { uid: 7, gid: 7 },
        cwd: "/tmp",
      };
      const file = await document(caller, change);
      const pid = scratch.path("pid");
      const words = `exec --process '${file}' --detach --pid-file '${pid}' "$ID"`;
      const { code, stdout, transcript } = await caller.shell(`runtime ${words} </dev/null; echo $? >&2`, {
        env: { MASU_FRONT },
      });
      assertEquals([code, stdout], [0, "7\nb c\n/tmp\n"], transcript);
      assertMatch(await Deno.readTextFile(pid), /^\d+$/);
    },
  );

  kernelTest(
    `a runtime passes on descriptors, and refuses those that are closed (MASU_FRONT=${MASU_FRONT})`,
    NEEDS,
    async (scratch) => {
      await using caller = await Caller.make(scratch, SLEEP);
      await caller.run();
      const env = { MASU_FRONT };
      const passed = await caller.shell(
        `runtime exec --preserve-fds 1 "$ID" cat /proc/self/fd/3 3<"$BUNDLE/config.json"`,
        { env },
      );
      assertEquals(passed.stdout, await Deno.readTextFile(`${caller.bundle.directory}/config.json`), passed.transcript);
      const closed = await caller.shell(`runtime exec --preserve-fds 2 "$ID" true 3</dev/null 4<&-`, { env });
      // Go's runtime has opened something there by then.
      if (REFERENCE === undefined) assertEquals(closed.code, 255, closed.transcript);
    },
  );

  kernelTest(
    `a runtime writes no PID file when exec's program is not there (MASU_FRONT=${MASU_FRONT})`,
    NEEDS,
    async (scratch) => {
      await using caller = await Caller.make(scratch, SLEEP);
      await caller.run();
      const file = await document(caller, { args: ["nosuch"] });
      const pid = scratch.path("pid");
      const { code, transcript } = await caller.call([
        "exec",
        "--process",
        file,
        "--detach",
        "--pid-file",
        pid,
        caller.id,
      ], { env: { MASU_FRONT } });
      assertEquals([code, await Deno.stat(pid).catch(() => null)], [255, null], transcript);
    },
  );

  kernelTest(
    `a runtime wants a socket for a terminal, and a terminal for a socket (MASU_FRONT=${MASU_FRONT})`,
    NEEDS,
    async (scratch) => {
      await using caller = await Caller.make(scratch, SLEEP);
      await caller.run();
      const terminal = await document(caller, { terminal: true });
      const none = await caller.call(["exec", "--process", terminal, "--detach", caller.id], { env: { MASU_FRONT } });
      assertEquals(none.code, 255, none.transcript);
      const plain = await document(caller, { args: ["true"] });
      const words = ["exec", "--process", plain, "--detach", "--console-socket", scratch.path("socket"), caller.id];
      const surplus = await caller.call(words, { env: { MASU_FRONT } });
      assertEquals(surplus.code, 255, surplus.transcript);
    },
  );
}

kernelTest(
  "a runtime serves engines in an empty environment, a removed directory, without stdin",
  NEEDS,
  async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    const bare = `env -i XDG_RUNTIME_DIR= "$RUNTIME" --root '${scratch.path("oci")}'`;
    const gone = await scratch.dir("gone");
    for (const verb of ["state", "pause", "resume", "kill"]) {
      const { code, transcript } = await caller.shell(`cd '${gone}' && rm -rf '${gone}' && ${bare} ${verb} "$ID" <&-`);
      assertEquals(code, 0, transcript);
      await Deno.mkdir(gone);
    }
  },
);

const SUBCOMMANDS = [
  "checkpoint",
  "create",
  "delete",
  "events",
  "exec",
  "features",
  "kill",
  "list",
  "pause",
  "ps",
  "restore",
  "resume",
  "run",
  "spec",
  "start",
  "state",
  "update",
];
kernelTest("a runtime has help for each of its commands", [], async (scratch) => {
  for (const verb of SUBCOMMANDS) {
    const { code, transcript } = await scratch.command(RUNTIME, verb, "--help");
    assertEquals(code, 0, transcript);
  }
});

kernelTest("a runtime shows Podman which flags of restore it knows", [], async (scratch) => {
  const { stdout, stderr } = await scratch.command(RUNTIME, "restore", "--lsm-mount-context");
  assertMatch(stdout + stderr, /flag needs an argument|requires an argument/);
});

kernelTest("a runtime's features are JSON and nothing else", [], async (scratch) => {
  const { code, stdout, stderr, transcript } = await scratch.command(RUNTIME, "features");
  assertEquals([code, stderr], [0, ""], transcript);
  assert(JSON.parse(stdout).linux.namespaces.includes("mount"));
});

kernelTest("a runtime writes a config.json, and none over another", [], async (scratch) => {
  const bundle = await scratch.dir("bundle");
  assertEquals((await scratch.command(RUNTIME, "spec", "--bundle", bundle)).code, 0);
  assertEquals(JSON.parse(await Deno.readTextFile(`${bundle}/config.json`)).root.path, "rootfs");
  assertEquals((await scratch.command(RUNTIME, "spec", { cwd: bundle })).code, 1);
  assertEquals(((await Deno.stat(`${bundle}/config.json`)).mode ?? 0) & 0o022, 0, "others may not write to it");
});

if (REFERENCE === undefined) {
  kernelTest("masu refuses a checkpoint by name", NEEDS, async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    const words = ["checkpoint", "--image-path", "/tmp/x", "--leave-running", caller.id];
    const { code, stderr, transcript } = await caller.call(words);
    assertEquals(code, 1, transcript);
    assertStringIncludes(stderr, "masu does not support checkpoints yet");
  });

  kernelTest("masu acts as a runtime on a bundle's container whatever it is called as", NEEDS, async (scratch) => {
    await using caller = await Caller.make(scratch, SLEEP);
    await caller.run();
    for (const MASU_FRONT of ["1", "0"]) {
      const root = ["--root", scratch.path("oci")];
      const { code, stdout, stderr, transcript } = await scratch.command(RUNTIME, ...root, "kill", caller.id, "0x", {
        env: { MASU_FRONT },
      });
      assertEquals([code, stdout, stderr.split("\n").length], [1, "", 2], transcript);
      const silent = await scratch.command(RUNTIME, ...root, "pause", caller.id, { env: { MASU_FRONT } });
      assertEquals([silent.code, silent.stdout], [0, ""], silent.transcript);
      await caller.call(["resume", caller.id]);
    }
  });
}
