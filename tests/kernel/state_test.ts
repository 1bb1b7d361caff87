/**
 * State that cannot be written or read: a full disk, a read-only directory, damaged files and those of another masu. Each is an error
 * that says what to do, and nothing is lost by it.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists, testUser } from "../host.ts";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import type { Outcome, Scratch } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];
/** Enough for the monitors' executable and a few containers. */
const SIZE = "size=4m";

/** A place of its own for containers, on a file system of its own where the test has it so. */
class State implements AsyncDisposable {
  readonly root: string;
  readonly #scratch: Scratch;
  readonly #asUser: boolean;
  #mounted = 0;

  private constructor(scratch: Scratch, root: string, asUser: boolean) {
    [this.#scratch, this.root, this.#asUser] = [scratch, root, asUser];
  }

  static async open(scratch: Scratch, { asUser = false, disk = false } = {}): Promise<State> {
    const root = await scratch.dir("state");
    const user = asUser ? testUser() : null;
    if (user !== null) await Deno.chown(root, user.uid, user.gid);
    const state = new State(scratch, root, asUser);
    if (disk) await state.mount("-t", "tmpfs", "-o", SIZE, "none");
    return state;
  }

  async mount(...args: string[]): Promise<void> {
    const { code, transcript } = await this.#scratch.command("mount", ...args, this.root);
    assertEquals(code, 0, transcript);
    if (!args.includes("-o") || args.includes("-t")) this.#mounted++;
  }

  async unmount(): Promise<void> {
    this.#mounted--;
    const { code, transcript } = await this.#scratch.command("umount", this.root);
    assertEquals(code, 0, transcript);
  }

  masu(...args: string[]): Promise<Outcome> {
    return this.#scratch.masu("--root", this.root, ...args, { asUser: this.#asUser });
  }

  /** What a command said that has to work. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, transcript } = await this.masu(...args);
    assertEquals(code, 0, transcript);
    return stdout.trim();
  }

  /** The error of a command that has to fail, as `masu batch` tells it. */
  async refusal(...args: string[]): Promise<{ code: string; message: string; hint?: string }> {
    const batch = await this.#scratch.masu("--root", this.root, "batch", {
      asUser: this.#asUser,
      stdin: `${JSON.stringify(args)}\n`,
    });
    const { status, error, result } = JSON.parse(batch.stdout);
    assert(status !== 0, batch.transcript);
    return error ?? result.find((one: { error: unknown }) => one.error !== null).error;
  }

  async status(name: string): Promise<string> {
    const { id, status } = JSON.parse(await this.ok("list", "--all", "--json")).find((
      one: { id: string; name: string | null },
    ) => one.name === name || one.id === name) ?? { id: "", status: "gone" };
    return id === "" ? "gone" : status;
  }

  /** Takes all that is left of the disk. */
  async fill(): Promise<void> {
    await this.#scratch.command("dd", "if=/dev/zero", `of=${this.root}/fill`, "bs=1k");
  }

  /** What is there, but the filling. */
  files(): string[] {
    return [...walk(this.root)].filter((path) => !path.endsWith("/fill")).sort();
  }

  /** Where a container's documents are. */
  data(id: string): string {
    return `${this.root}/data/containers/${id}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#mounted > 1) await this.unmount();
    const left = (await this.masu("list", "--all", "--quiet")).stdout.split("\n").filter(Boolean);
    if (left.length > 0) await this.masu("delete", "--force", ...left);
    while (this.#mounted > 0) await this.unmount();
  }
}

function* walk(directory: string): Iterable<string> {
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    yield `${directory}/${name}`;
    if (isDirectory) yield* walk(`${directory}/${name}`);
  }
}

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not in 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

kernelTest(
  "a full disk refuses what has to be written, and leaves all that is there as it is",
  NEEDS,
  async (scratch) => {
    const root = await image(scratch);
    await using state = await State.open(scratch, { disk: true });
    await state.ok("create", "--name", "there", root, "sleep", "1000");
    await state.ok("create", "--name", "other", root, "true");
    await state.fill();
    const before = state.files().filter((path) => path.includes("/data/"));
    for (
      const words of [
        ["create", "--name", "new", root, "true"],
        ["run", "-d", "--name", "new", root, "true"],
        ["start", "there"],
        ["rename", "there", "elsewhere"],
        ["update", "--pids-limit", "10", "there"],
      ]
    ) {
      const { code, message, hint } = await state.refusal(...words);
      assertEquals(code, "no_resources", message);
      assertStringIncludes(message, "No space left on device (ENOSPC from ");
      assertStringIncludes(hint ?? "", "free space or inodes on the file system of");
      assertEquals(state.files().filter((path) => path.includes("/data/")), before, words.join(" "));
    }
    assertEquals([await state.status("there"), await state.status("new")], ["created", "gone"]);
    assertEquals(await state.ok("inspect", "-f", "{{.Name}}", "there"), "there");
    await state.ok("delete", "--force", "there", "other");
    assertEquals(await state.ok("list", "-aq"), "");
  },
);

kernelTest("a disk that fills up under a container neither ends nor loses it", NEEDS, async (scratch) => {
  const root = await image(scratch);
  await using state = await State.open(scratch, { disk: true });
  const script = "trap 'exit 5' TERM; echo before; while :; do echo again; sleep 0.02; done";
  const id = await state.ok("run", "-d", "--name", "loud", "--tmpfs", "/tmp", root, "sh", "-c", script);
  await until("it writes", async () => (await state.ok("logs", "loud")).startsWith("before"));
  await state.fill();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assertEquals(await state.status("loud"), "running");
  assertEquals(await state.ok("exec", "loud", "echo", "here"), "here");
  assertEquals(await state.ok("stop", "-t", "5", "loud"), "loud");
  assertEquals(await state.status("loud"), "stopped");
  assert((await state.ok("logs", "loud")).startsWith("before"));
  await state.ok("system", "prune", "--force");
  assertEquals(await state.status("loud"), "stopped");
  await Deno.remove(`${state.root}/fill`);
  // What the disk had no room for is there again.
  await state.ok("start", "loud");
  assertEquals(await state.status("loud"), "running");
  await state.ok("delete", "--force", "loud");
  assertEquals(state.files().filter((path) => path.includes(id)), []);
});

kernelTest("a container on a full disk can be deleted by force while it runs", NEEDS, async (scratch) => {
  const root = await image(scratch);
  await using state = await State.open(scratch, { disk: true });
  const id = await state.ok("run", "-d", root, "sleep", "1000");
  await state.fill();
  await state.ok("delete", "--force", id);
  assertEquals(state.files().filter((path) => path.includes(id)), []);
});

kernelTest("a read-only state directory refuses every change and loses nothing", NEEDS, async (scratch) => {
  const root = await image(scratch);
  await using state = await State.open(scratch, { disk: true });
  await state.ok("create", "--name", "made", root, "sleep", "1000");
  await state.ok("run", "-d", "--name", "up", root, "sleep", "1000");
  await state.mount("--bind", state.root);
  await state.mount("-o", "remount,bind,ro");
  const before = state.files();
  for (
    const words of [
      ["create", "--name", "new", root, "true"],
      ["run", "-d", root, "true"],
      ["start", "made"],
      ["rename", "made", "elsewhere"],
      ["update", "--pids-limit", "10", "made"],
      ["delete", "made"],
    ]
  ) {
    const { code, message, hint } = await state.refusal(...words);
    assertEquals(code, "denied", message);
    assertStringIncludes(message, "Read-only file system (EROFS from ");
    assertStringIncludes(hint ?? "", "is on a read-only file system", words.join(" "));
    assertEquals(state.files(), before, words.join(" "));
  }
  assertEquals([await state.status("made"), await state.status("up")], ["created", "running"]);
  assertEquals(await state.ok("exec", "up", "echo", "here"), "here");
  await state.ok("stop", "-t", "0", "up");
  assertEquals(await state.status("up"), "stopped");
  await state.unmount();
  await state.ok("start", "made", "up");
  assertEquals([await state.status("made"), await state.status("up")], ["running", "running"]);
});

/** A container's document, end or record, as it must not be; and how its container still is. */
const DAMAGED: [name: string, text: string][] = [
  ["empty", ""],
  ["cut off", '{"version":1,"id":"'],
  ["no JSON", "\0\0\0\0"],
  ["another document", "[]"],
];

for (const [name, text] of DAMAGED) {
  kernelTest(
    `a container.json that is ${name} makes the container broken, until it is deleted by force`,
    NEEDS,
    async (scratch) => {
      await using state = await State.open(scratch);
      const [rootfs, whole] = [await image(scratch), "whole"];
      await state.ok("create", "--name", whole, rootfs, "true");
      const id = await state.ok("create", "--name", "bad", rootfs, "true");
      const file = `${state.data(id)}/container.json`;
      await Deno.writeTextFile(file, text);
      assertEquals([await state.status(id), await state.status(whole)], ["broken", "created"]);
      for (
        const words of [["start", "bad"], ["delete", "bad"], ["rename", "bad", "good"], [
          "update",
          "--pids-limit",
          "9",
          id,
        ]]
      ) {
        const { message, hint } = await state.refusal(...words);
        assertStringIncludes(message, `Read "${file}": it is damaged`, words.join(" "));
        assertStringIncludes(hint ?? "", "delete --force", words.join(" "));
        assertEquals(await Deno.readTextFile(file), text);
      }
      await state.ok("delete", "--force", "bad");
      assertEquals([await state.status(id), await state.status(whole)], ["gone", "created"]);
      assert(!exists(`${state.root}/data/names/bad`));
    },
  );

  kernelTest(`a state.json that is ${name} does not keep its container from being stopped`, NEEDS, async (scratch) => {
    await using state = await State.open(scratch);
    const id = await state.ok("run", "-d", "--name", "bad", await image(scratch), "sleep", "1000");
    await Deno.writeTextFile(`${state.root}/containers/${id}/state.json`, text);
    assertEquals(await state.status(id), "broken");
    await state.ok("stop", "-t", "0", "bad");
    assertEquals(await state.status(id), "stopped");
    await state.ok("start", "bad");
    assertEquals(await state.status(id), "running");
  });

  kernelTest(`an end.json that is ${name} does not keep its container from being started`, NEEDS, async (scratch) => {
    await using state = await State.open(scratch);
    const id = await state.ok("run", "-d", "--name", "bad", await image(scratch), "true");
    await state.ok("wait", "bad");
    await Deno.writeTextFile(`${state.data(id)}/end.json`, text);
    assertEquals(await state.status(id), "stopped");
    const { message, hint } = await state.refusal("wait", "bad");
    assertStringIncludes(message, "end.json");
    assert(hint !== undefined, message);
    await state.ok("start", "bad");
    assertEquals(await state.ok("wait", "bad"), "0");
  });
}

kernelTest(
  "an end that could not be written down is told from a start that never was",
  [...NEEDS, "user", "subuid"],
  async (scratch) => {
    const asUser = true;
    await using state = await State.open(scratch, { asUser });
    const script = "echo up; exec sleep 1000";
    const id = await state.ok("run", "-d", "--stop-timeout", "0", await image(scratch, { asUser }), "sh", "-c", script);
    await until("it is up", async () => await state.ok("logs", id) === "up");
    await Deno.chmod(state.data(id), 0o500);
    await state.ok("stop", id);
    assertEquals(await state.status(id), "stopped");
    assertEquals(await state.ok("logs", id), "up");
    assertStringIncludes((await state.refusal("wait", id)).message, "it has ended; how could not be written down");
    await Deno.chmod(state.data(id), 0o700);
    await state.ok("start", id);
    assertEquals(await state.status(id), "running");
  },
);

const VERSIONS: [version: number, age: string][] = [[0, "an older"], [2, "a newer"]];

for (const [version, age] of VERSIONS) {
  kernelTest(`a container of ${age} masu is not touched by this one`, NEEDS, async (scratch) => {
    await using state = await State.open(scratch);
    const id = await state.ok("create", "--name", "theirs", await image(scratch), "true");
    const file = `${state.data(id)}/container.json`;
    const theirs = (await Deno.readTextFile(file)).replace('"version":1', `"version":${version}`);
    await Deno.writeTextFile(file, theirs);
    for (const words of [["start", "theirs"], ["delete", "theirs"], ["rename", "theirs", "mine"]]) {
      const { message, hint } = await state.refusal(...words);
      assertStringIncludes(message, `it is of version ${version}, of ${age} masu; this one knows version 1`);
      assertStringIncludes(hint ?? "", "use the masu that made the container", words.join(" "));
    }
    await state.ok("system", "prune", "--force");
    assertEquals(await Deno.readTextFile(file), theirs);
    await state.ok("delete", "--force", "theirs");
    assertEquals(await state.status(id), "gone");
  });
}
