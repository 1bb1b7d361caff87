/**
 * kill -9 at every point: of the masu that makes, starts, stops or deletes a container, of its monitor, and of the stage. Whatever
 * is left, the next commands understand it and can remove it.
 */
import { assert, assertEquals } from "@std/assert";
import { exists } from "../host.ts";
import { descendants } from "../leaks.ts";
import { kernelTest } from "../needs.ts";
import type { Running, Scratch } from "../scratch.ts";
import { MASU } from "../scratch.ts";

const NEEDS = ["mount", "pidns", "netns", "overlay", "busybox", "strace"] as const;

/** Calls that change something that outlives the process, or that another process of masu's waits for. */
const CHANGES =
  "mkdir,mkdirat,rename,renameat,renameat2,symlink,symlinkat,unlink,unlinkat,rmdir,link,linkat,bind,flock," +
  "fsync,ftruncate,connect,sendmsg,sendto,recvmsg,poll,ppoll,write,pwrite64,clone,clone3,vfork,fork,execve,execveat,mount,move_mount,pivot_root,setns,unshare";

/** More than any process of masu's makes of them; the walk ends earlier, when nobody was killed any more. */
const MOST = 120;

/** The first points are all tried. Of the others one in so many, another one each time, so that a few runs try all. */
const ALL = 8;
const STRIDE = 4;

/** strace's words: whoever it follows is killed at call number `point`. */
function injection(log: string, point: number): string[] {
  return ["-f", "-q", "-o", log, "-e", `trace=${CHANGES}`, "-e", `inject=${CHANGES}:signal=KILL:when=${point}`];
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error("It did not come to hold in 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A place of its own for the containers of one walk. */
class Walk {
  readonly #scratch: Scratch;
  readonly #root: string;
  readonly #rootfs: string;

  constructor(scratch: Scratch, rootfs: string) {
    this.#scratch = scratch;
    this.#root = scratch.path("state");
    this.#rootfs = rootfs;
  }

  masu(...args: string[]) {
    return this.#scratch.masu("--root", this.#root, ...args);
  }

  /** The words that make and start the container, whose first process nobody can overlook. */
  words(verb: "run" | "create"): string[] {
    const flags = ["--name", "walked", "--net", "none", "--stop-signal", "KILL"];
    return [verb, ...(verb === "run" ? ["-d"] : []), ...flags, this.#rootfs, "sleep", "86399"];
  }

  /** A masu whose processes are each killed at their call number `point`; true: strace killed one. */
  async killedAt(point: number, args: readonly string[], env: Record<string, string>): Promise<boolean> {
    const log = this.#scratch.path("trace");
    const words = [...injection(log, point), MASU, "--root", this.#root, ...args];
    if (exists(log)) await Deno.remove(log);
    const running = await this.#scratch.spawnCommand("strace", ...words, { env });
    await this.#settled(running, log);
    return await this.#verdict(running, log, point);
  }

  /** A monitor that is killed at its call number `point` while somebody else's command `args` has it do something. */
  async monitorKilledAt(point: number, args: readonly string[]): Promise<boolean> {
    const log = this.#scratch.path("trace");
    const [id = ""] = this.#names("containers").map((path) => path.split("/").at(-1));
    const state = JSON.parse(await Deno.readTextFile(`${this.#root}/containers/${id}/state.json`));
    if (exists(log)) await Deno.remove(log);
    const running = await this.#scratch.spawnCommand("strace", ...injection(log, point), "-p", `${state.masu.monitor}`);
    // A call that it was in is begun again, so that the first point may be the attaching itself.
    const followed = /^TracerPid:\t[1-9]|^State:\tZ/m;
    await until(() => followed.test(Deno.readTextFileSync(`/proc/${state.masu.monitor}/status`)));
    // Its own outcome depends on when the monitor is gone; what it leaves is what counts.
    await this.masu(...args);
    return await this.#verdict(running, log, point);
  }

  async #verdict(running: Running, log: string, point: number): Promise<boolean> {
    const text = await Deno.readTextFile(log);
    try {
      await this.#checkAndClean();
    } catch (error) {
      throw new Error(`Killed at call ${point}: ${error instanceof Error ? error.message : error}\n${text}`, {
        cause: error,
      });
    }
    await running.outcome();
    return text.includes("+++ killed by SIGKILL +++");
  }

  /** Until the command has ended: strace itself goes on as long as the container does. */
  async #settled(running: Running, log: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const text = exists(log) ? await Deno.readTextFile(log) : "";
      const [, first] = /^(\d+) /.exec(text) ?? [];
      if (first !== undefined && new RegExp(`^${first} +\\+\\+\\+ `, "m").test(text)) return;
      if (Date.now() > deadline) throw new Error(`The command did not end\n${running.transcript()}\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** What is left can be listed, deleted and pruned, and then nothing is left. */
  async #checkAndClean(): Promise<void> {
    const list = await this.masu("list", "--all", "--json");
    assertEquals(list.code, 0, list.transcript);
    for (const { id } of JSON.parse(list.stdout)) {
      const deleted = await this.masu("delete", "--force", id);
      assertEquals(deleted.code, 0, deleted.transcript);
    }
    await this.#age();
    const pruned = await this.masu("system", "prune");
    assertEquals(pruned.code, 0, pruned.transcript);
    await this.#gone();
    // The name is free, and the place works as before.
    const again = await this.masu(...this.words("create"));
    assertEquals(again.code, 0, again.transcript);
    const removed = await this.masu("delete", "walked");
    assertEquals(removed.code, 0, removed.transcript);
  }

  /** What was made just now may be part of a container that is being made: prune leaves it alone. */
  async #age(): Promise<void> {
    const ids = ["containers", "data/containers"].flatMap((name) => this.#names(name)).map((path) =>
      path.split("/").at(-1) ?? ""
    );
    const script = `find "$1" -exec touch -h -d '1 minute ago' {} +
      shift
      for id; do find /sys/fs/cgroup -type d -name "$id" -exec touch -d '1 minute ago' {} +; done`;
    const { code, transcript } = await this.#scratch.command("sh", "-c", script, "sh", this.#root, ...new Set(ids));
    assertEquals(code, 0, transcript);
  }

  async #gone(): Promise<void> {
    const deadline = Date.now() + 5000;
    for (;;) {
      const left = [
        ...["containers", "monitors", "data/containers", "data/names"].flatMap((name) => this.#names(name)),
        ...descendants().flatMap(({ line }) => line.includes("sleep 86399") ? [line] : []),
      ];
      if (left.length === 0) return;
      if (Date.now() > deadline) assertEquals(left, []);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #names(directory: string): string[] {
    const path = `${this.#root}/${directory}`;
    return exists(path) ? [...Deno.readDirSync(path)].map(({ name }) => `${directory}/${name}`) : [];
  }
}

interface Case {
  readonly name: string;
  /** What is killed. */
  readonly args: (walk: Walk) => string[];
  /** What is done before. */
  readonly before: "nothing" | "create" | "run";
  readonly env?: Record<string, string>;
}

const CASES: readonly Case[] = [
  { name: "run -d through V8", args: (walk) => walk.words("run"), before: "nothing", env: { MASU_FRONT: "0" } },
  { name: "create", args: (walk) => walk.words("create"), before: "nothing" },
  { name: "start", args: () => ["start", "walked"], before: "create" },
  { name: "stop", args: () => ["stop", "walked"], before: "run" },
  { name: "restart", args: () => ["restart", "walked"], before: "run" },
  { name: "delete --force", args: () => ["delete", "--force", "walked"], before: "run" },
  { name: "rename", args: () => ["rename", "walked", "other"], before: "run" },
];

for (const { name, args, before, env = {} } of CASES) {
  kernelTest(`masu ${name} killed at any point leaves what the next commands can remove`, NEEDS, async (scratch) => {
    const walk = new Walk(scratch, await scratch.rootfs("busybox"));
    let killed = 0;
    const turn = Math.floor(Math.random() * STRIDE);
    for (let point = 1; point <= MOST; point++) {
      if (point > ALL && point % STRIDE !== turn) continue;
      if (before !== "nothing") {
        const prepared = await walk.masu(...walk.words(before));
        assertEquals(prepared.code, 0, prepared.transcript);
      }
      const one = await walk.killedAt(point, args(walk), env);
      if (!one) break;
      killed++;
    }
    assert(killed > 0, "nobody was killed");
  });
}

for (const args of [["stop", "walked"], ["restart", "walked"], ["delete", "--force", "walked"]]) {
  kernelTest(
    `a monitor killed at any point of masu ${args[0]} leaves what the next commands can remove`,
    NEEDS,
    async (scratch) => {
      const walk = new Walk(scratch, await scratch.rootfs("busybox"));
      let killed = 0;
      for (let point = 1; point <= MOST; point++) {
        const prepared = await walk.masu(...walk.words("run"));
        assertEquals(prepared.code, 0, prepared.transcript);
        if (!await walk.monitorKilledAt(point, args)) break;
        killed++;
      }
      assert(killed > 0, "nobody was killed");
    },
  );
}
