/** The library: containers of a program, without a process for each command. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Container, type ContainerOptions, Masu, MasuError } from "../../mod.ts";
import { kernelTest, type Need } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "pidns", "overlay"];
const SLEEP: ContainerOptions = { command: ["sleep", "1000"] };

/** Registers a test of one open library. What it makes it deletes. */
function libraryTest(name: string, fn: (masu: Masu, scratch: Scratch) => Promise<void>): void {
  kernelTest(`library: ${name}`, NEEDS, async (scratch) => {
    using masu = new Masu();
    await fn(masu, scratch);
  });
}

/** A container that runs until it is deleted. */
async function withBox(masu: Masu, act: (box: Container) => Promise<void>, options = SLEEP): Promise<void> {
  await using box = await masu.run(options);
  await act(box);
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => promise);
  return error instanceof MasuError ? error.code : `${error}`;
}

/** Fails unless there are as many descriptors as before, now or soon: a thread that waits no longer closes its own a little later. */
async function settle(before: number): Promise<void> {
  for (let tries = 0; descriptors() !== before && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(descriptors(), before);
}

/** What of a program's own descriptors is open. */
function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

libraryTest("exec returns all that a program wrote, and how it ended", (masu) =>
  withBox(masu, async (box) => {
    const both = await box.exec(["sh", "-c", "cat; echo err >&2; exit 3"], { stdin: "in" });
    assertEquals([both.code, both.success, both.stdout, both.stderr], [3, false, "in", "err\n"]);
    const killed = await box.exec(["sh", "-c", "kill -9 $$"]);
    assertEquals([killed.code, killed.signal], [137, 9]);
    const options = { env: { WORD: "a b" }, workdir: "/usr", user: "1234:5678" };
    const { stdout } = await box.exec(["sh", "-c", 'echo "$WORD"; pwd; id -u; id -g'], options);
    assertEquals(stdout, "a b\n/usr\n1234\n5678\n");
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    const large = await box.exec(["cat"], { stdin: bytes });
    assertEquals([large.stdoutBytes, large.truncated], [bytes, false]);
    const cut = await box.exec(["cat"], { stdin: bytes, limitBytes: 10 });
    assertEquals([cut.stdoutBytes, cut.truncated], [bytes.slice(0, 10), true]);
  }));

libraryTest(
  "exec ends with the signal's reason when it is aborted, whoever holds its output",
  (masu) =>
    withBox(masu, async (box) => {
      for (const script of ["sleep 1000", "sleep 1000 & exec sleep 1000", "sleep 1000 &"]) {
        const abort = new AbortController();
        const reason = new Error("enough");
        const ended = box.exec(["sh", "-c", script], { signal: abort.signal, stdin: "x".repeat(200_000) });
        setTimeout(() => abort.abort(reason), 100);
        assertEquals(await ended.catch((error) => error), reason, script);
      }
      const aborted = AbortSignal.abort(new Error("before"));
      await assertRejects(() => box.exec(["true"], { signal: aborted }), Error, "before");
    }),
);

libraryTest("two hundred programs leave no descriptor and no process behind", (masu) =>
  withBox(masu, async (box) => {
    await box.exec(["true"]);
    const before = [descriptors(), zombies()];
    for (let count = 0; count < 10; count++) {
      await Promise.all(Array.from({ length: 19 }, () => box.exec(["true"], { signal: new AbortController().signal })));
      await using program = box.spawn(["sleep", "1000"]);
      program.stdout.getReader();
    }
    assertEquals([descriptors(), zombies()], before);
    assertEquals(await box.exec(["sh", "-c", "echo /proc/[0-9]*"]).then(({ stdout }) => stdout.split(" ").length), 2);
  }));

/** Children that have ended and that nobody waited for. */
function zombies(): number {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => {
    if (!/^[0-9]+$/.test(name)) return false;
    try {
      const [state, parent] = (Deno.readTextFileSync(`/proc/${name}/stat`).split(") ")[1] ?? "").split(" ");
      return state === "Z" && parent === `${Deno.pid}`;
    } catch {
      return false;
    }
  }).length;
}

libraryTest("spawn connects a program by streams", (masu) =>
  withBox(masu, async (box) => {
    await using program = box.spawn(["sh", "-c", "echo ready >&2; cat; exit 4"]);
    const errors = program.stderr.getReader();
    assertEquals(new TextDecoder().decode((await errors.read()).value), "ready\n");
    const text = "line\n".repeat(100_000);
    const written = new Blob([text]).stream().pipeTo(program.stdin);
    assertEquals(await new Response(program.stdout).text(), text);
    await written;
    assertEquals(await program.status, { code: 4, signal: null, success: false });
    program.kill();
    assertEquals((await errors.read()).done, true);
  }));

libraryTest(
  "spawn's program is killed by its signal, by kill and at the end of a block",
  (masu) =>
    withBox(masu, async (box) => {
      const abort = new AbortController();
      await using aborted = box.spawn(["sleep", "1000"], { signal: abort.signal });
      abort.abort();
      assertEquals((await aborted.status).signal, 9);
      await using killed = box.spawn(["sleep", "1000"]);
      killed.kill("TERM");
      assertEquals((await killed.status).code, 143);
      const before = descriptors();
      let status: Promise<unknown> | undefined;
      {
        await using disposed = box.spawn(["sh", "-c", "sleep 1000 & exec sleep 1000"]);
        status = disposed.status;
        // Both wait for what does not come, and a grandchild holds the pipes.
        const reading = disposed.stdout.getReader().read();
        const writing = disposed.stdin.getWriter().write(new Uint8Array(200_000));
        reading.then(({ done }) => assert(done));
        writing.catch(() => {});
      }
      assertEquals(await status, { code: 137, signal: 9, success: false });
      await settle(before);
    }),
);

libraryTest("a program whose container ends is told so, and nobody has to listen", async (masu) => {
  await using box = await masu.run(SLEEP);
  await using heard = box.spawn(["cat"]);
  box.spawn(["sleep", "1000"]).stdin.close();
  await box.delete({ force: true });
  assertEquals((await heard.status).signal, 9);
  assertEquals(await new Response(heard.stdout).text(), "");
  const writer = heard.stdin.getWriter();
  await assertRejects(() => writer.write(new Uint8Array(1)), Deno.errors.BrokenPipe);
});

libraryTest(
  "a wait ends with the signal's reason and leaves nothing that waits",
  (masu) =>
    withBox(masu, async (box) => {
      await assertRejects(() => box.wait({ signal: AbortSignal.timeout(50) }), DOMException, "timed out");
      const before = descriptors();
      for (let count = 0; count < 20; count++) {
        await assertRejects(() => box.wait({ signal: AbortSignal.timeout(5) }), DOMException, "timed out");
        await assertRejects(() => box.output({ signal: AbortSignal.timeout(5) }), DOMException, "timed out");
      }
      assertEquals(descriptors(), before);
      const ended = box.wait();
      await box.kill("KILL");
      assertEquals([(await ended).status, (await ended).signal], [137, 9]);
    }),
);

libraryTest("stop asks, waits as long as it is told, and can be left to itself", async (masu) => {
  const deaf = { command: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"] };
  await withBox(masu, async (box) => {
    for await (const _ of box.logs({ follow: true })) break;
    const left = box.stop({ timeoutSeconds: 1, abort: AbortSignal.timeout(50) });
    await assertRejects(() => left, DOMException, "timed out");
    assertEquals((await box.view()).status, "running");
    assertEquals((await box.wait()).signal, 9);
    assertEquals((await box.stop())?.status, 137);
  }, deaf);
  await using box = await masu.create(SLEEP);
  assertEquals(await box.stop(), null);
});

libraryTest("a container is made, started, frozen, renamed, changed and deleted", async (masu) => {
  const name = `library-${crypto.randomUUID().slice(0, 8)}`;
  await using box = await masu.create({ ...SLEEP, name, labels: { purpose: "test" } });
  const status = async () => (await box.view()).status;
  assertEquals([await status(), (await masu.get(name)).id], ["created", box.id]);
  await box.start();
  await box.start();
  assertEquals(await status(), "running");
  await box.pause();
  assertEquals([await status(), await codeOf(box.exec(["true"]))], ["paused", "failed"]);
  await box.resume();
  const { record } = await box.view();
  await box.restart({ timeoutSeconds: 0 });
  assert((await box.view()).record?.pid !== record?.pid);
  await box.rename(`${name}-2`);
  await box.update({ restart: "on-failure:2" });
  const { view, document } = await box.inspect();
  assertEquals([view.name, view.restart, view.labels], [`${name}-2`, { kind: "on_failure", maximum: 2 }, {
    purpose: "test",
  }]);
  assertEquals(document?.name, `${name}-2`);
  assertEquals(await codeOf(box.delete()), "failed");
  await box.delete({ force: true });
  await box.delete();
  assertEquals(await codeOf(box.view()), "not_found");
});

libraryTest("logs, streams and output are what a container wrote", async (masu) => {
  const script = "echo one; echo two >&2; while [ ! -e /tmp/go ]; do sleep 0.05; done; printf three; exit 5";
  await using box = await masu.run({ command: ["sh", "-c", script] });
  const lines: string[] = [];
  for await (const { stream, log } of box.logs({ follow: true })) {
    lines.push(`${stream} ${log}`);
    if (lines.length === 2) await box.exec(["touch", "/tmp/go"]);
  }
  assertEquals(lines.toSorted(), ["stderr two\n", "stdout one\n", "stdout three"]);
  assertEquals(await box.output(), { code: 5, stdout: "one\nthree", stderr: "two\n" });
  assertEquals(await new Response(box.stdout).text(), "one\nthree");
  assertEquals(await Array.fromAsync(box.logs({ tail: 1 }), ({ log }) => log), ["three"]);
  assertEquals(await Array.fromAsync(box.logs({ since: new Date(Date.now() + 60_000) })), []);
  assertEquals((await Array.fromAsync(box.logs({ since: "1h", until: new Date() }))).length, 3);
  assertEquals(await codeOf(Array.fromAsync(box.logs({ since: "never" }))), "invalid_config");
});

libraryTest("what follows a log ends when it is aborted or cancelled", (masu) =>
  withBox(masu, async (box) => {
    const before = descriptors();
    const follow = async () => {
      for await (const _ of box.logs({ follow: true, signal: AbortSignal.timeout(50) })) assert(false);
    };
    await assertRejects(follow, DOMException, "timed out");
    const reader = box.stdout.getReader();
    const reading = reader.read();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await reader.cancel();
    assertEquals((await reading).done, true);
    await settle(before);
  }));

libraryTest("output has all of a container that removes itself", async (masu) => {
  await using box = await masu.run({ command: ["sh", "-c", "sleep 0.3; seq 3"], remove: true });
  assertEquals(await box.output(), { code: 0, stdout: "1\n2\n3\n", stderr: "" });
});

libraryTest("stats are read once, or until the container is deleted", async (masu) => {
  await using box = await masu.run(SLEEP);
  const stats = await box.stats();
  assertEquals([stats.id, stats.status], [box.id, "running"]);
  let count = 0;
  for await (const { id } of box.watchStats({ intervalMs: 10 })) {
    assertEquals(id, box.id);
    if (++count === 3) await box.delete({ force: true });
  }
  assertEquals(count, 3);
  await assertRejects(() => box.stats({ signal: AbortSignal.abort(new Error("no")) }));
});

libraryTest("events tell what happens, until they are aborted", async (masu) => {
  const since = new Date();
  await using box = await masu.run({ command: ["true"] });
  await box.wait();
  await box.delete();
  const filters = [{ key: "container", value: box.id }] as const;
  const past = await Array.fromAsync(masu.events({ since, past: true, filters }), ({ action }) => action);
  assertEquals(past, ["create", "start", "die", "destroy"]);
  const later = (async () => {
    for await (const event of masu.events({ since, filters, signal: AbortSignal.timeout(100) })) {
      past.push(event.action);
    }
  })();
  await assertRejects(() => later, DOMException, "timed out");
  assertEquals(past.length, 8);
});

libraryTest("a container is deleted at the end of its block, also after a throw", async (masu) => {
  let id = "";
  const fail = async () => {
    await using box = await masu.run(SLEEP);
    id = box.id;
    throw new Error("on the way");
  };
  await assertRejects(fail, Error, "on the way");
  assertEquals(await codeOf(masu.get(id)), "not_found");
});

libraryTest("files are copied into a container and out of it", (masu, scratch) =>
  withBox(masu, async (box) => {
    const source = await scratch.write("file", "content\n");
    assertEquals((await box.copyIn(source, "/tmp/there")).entries, 1);
    assertEquals((await box.exec(["cat", "/tmp/there"])).stdout, "content\n");
    await box.copyOut("/tmp/there", scratch.path("back"));
    assertEquals(await Deno.readTextFile(scratch.path("back")), "content\n");
    assertEquals(await codeOf(box.copyOut("/tmp/absent", scratch.path("back"))), "not_found");
  }));

libraryTest("mistakes and failures have codes, and nothing is left of the container", async (masu) => {
  await using box = await masu.create({ ...SLEEP, name: `library-${crypto.randomUUID().slice(0, 8)}` });
  const { name } = await box.view();
  const labels = { test: crypto.randomUUID() };
  const cases: [string, ContainerOptions][] = [
    ["invalid_config", { memory: "much" }],
    ["invalid_config", { name: "no name" }],
    ["invalid_config", { volumes: ["relative"] }],
    ["invalid_config", { user: "" }],
    ["not_found", { rootfs: "/absent" }],
    ["already_exists", { ...SLEEP, name: name ?? "" }],
    ["program_not_found", { command: ["absent"] }],
    ["program_not_executable", { command: ["/etc/passwd"] }],
  ];
  for (const [code, options] of cases) {
    assertEquals(await codeOf(masu.run({ ...options, labels })), code, JSON.stringify(options));
  }
  assertEquals((await masu.list()).filter((view) => view.labels["test"] === labels.test), []);
  assertEquals(await codeOf(masu.get("absent")), "not_found");
  assertEquals(await codeOf(box.wait()), "failed");
  assertEquals(await codeOf(box.kill()), "failed");
  assertEquals(await codeOf(box.exec(["true"])), "failed");
  await box.start();
  const program = (command: string[], options = {}) => codeOf(box.exec(command, options));
  assertEquals(await program(["absent"]), "program_not_found");
  assertEquals(await program(["true"], { user: "nobody-here" }), "invalid_config");
  assertEquals(await codeOf(box.kill("SIGNONE")), "invalid_config");
});

libraryTest("several are open at once, and one is closed while it waits", async (masu) => {
  const other = new Masu();
  const box = await other.run(SLEEP);
  await using same = await masu.get(box.id);
  const waiting = box.wait();
  other[Symbol.dispose]();
  other[Symbol.dispose]();
  await same.kill();
  assertEquals((await waiting).signal, 9);
  assertEquals((await same.view()).status, "stopped");
  assertEquals(await codeOf(other.list()), "failed");
});

/** Runs Deno as somebody does who has no compiled masu. */
async function deno(...args: string[]): Promise<{ code: number; text: string }> {
  const cwd = new URL("../..", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), { args, cwd, stdin: "null", env: { MASU_BIN: "", NO_COLOR: "1" } });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

kernelTest("library: needs no more permissions than it says", NEEDS, async (scratch) => {
  const door = new URL("../../mod.ts", import.meta.url).href;
  const program = await scratch.write(
    "program.ts",
    `import { run } from ${JSON.stringify(door)};
     await using box = await run({ command: ["sleep", "1000"] });
     console.log((await box.exec(["echo", "hello"])).stdout);`,
  );
  const permissions = ["--no-prompt", "--allow-ffi", "--allow-env", "--allow-read=build/masu_core.so"];
  const { code, text } = await deno("run", "--no-check", "--quiet", ...permissions, program);
  assertEquals([code, text.trim()], [0, "hello"]);
});

kernelTest("library: all examples run", NEEDS, async () => {
  const sources = [...Deno.readDirSync(new URL("../../lib/container", import.meta.url))]
    .map(({ name }) => `lib/container/${name}`);
  // As this was started: where packages come from.
  const resolve = (Deno.env.get("RESOLVE") ?? "").split(" ").filter(Boolean);
  const preload = "--preload=tests/fixtures/library_loaded.ts";
  const { code, text } = await deno("test", "--doc", "--allow-all", ...resolve, preload, "mod.ts", ...sources);
  assertEquals(code, 0, text);
  assertStringIncludes(text, "container.ts$");
});
