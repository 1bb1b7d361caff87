/** Links in place of what masu keeps of a container that lives on: every command leaves what they lead to as it is, and does not tell it. */
import { assert, assertEquals } from "@std/assert";
import { exists } from "../host.ts";
import { image } from "../inside.ts";
import type { Outcome, Scratch } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const NEEDS = ["mount", "overlay", "busybox"] as const;
const SECRET = "the host's secret";

/** Commands on the container `ID`; `FILE` and `OUT` are files of the test's. */
const COMMANDS: readonly (readonly string[])[] = [
  ["list", "--all"],
  ["inspect", "ID"],
  ["state", "ID"],
  ["logs", "ID"],
  ["stats", "--no-stream", "ID"],
  ["top", "ID"],
  ["diff", "ID"],
  ["export", "-o", "OUT", "ID"],
  ["cp", "ID:/etc/passwd", "OUT"],
  ["cp", "FILE", "ID:/copied"],
  ["update", "--pids-limit", "50", "ID"],
  ["rename", "ID", "other"],
  ["exec", "ID", "true"],
  ["pause", "ID"],
  ["resume", "ID"],
  ["kill", "ID"],
  ["start", "ID"],
  ["stop", "-t", "0", "ID"],
  ["restart", "-t", "0", "ID"],
];

/** A state directory of its own, with one container, and what links in it will lead to. */
class Planted {
  readonly root: string;
  readonly file: string;
  readonly directory: string;

  private constructor(readonly scratch: Scratch, readonly id: string) {
    this.root = scratch.path("state");
    this.file = scratch.path("victim-file");
    this.directory = scratch.path("victim");
  }

  static async make(scratch: Scratch, script: string): Promise<Planted> {
    await scratch.dir("state");
    for (const name of ["", "/upper", "/work", "/rootfs", "/etc"]) {
      await scratch.dir(`victim${name}`);
      await scratch.write(`victim${name}/file`, SECRET);
    }
    await scratch.write("victim-file", SECRET);
    await scratch.write("file", "mine");
    const words = ["--root", scratch.path("state"), "run", "-d", await image(scratch), "sh", "-c", script];
    const { code, stdout, transcript } = await scratch.masu(...words);
    assertEquals(code, 0, transcript);
    return new Planted(scratch, stdout.trim());
  }

  async masu(...words: readonly string[]): Promise<Outcome> {
    return await this.scratch.masu("--root", this.root, ...words, { timeoutMs: 15_000 });
  }

  /** Where something of the container is: `data/` or `run/`, and a name. */
  path(part: string): string {
    const [where, name] = part.split("/");
    return `${this.root}${where === "data" ? "/data" : ""}/containers/${this.id}/${name}`;
  }

  /** Puts a link to a file, or a directory, in the place of what is there. */
  async plant(part: string, target: string): Promise<void> {
    const path = this.path(part);
    if (exists(path)) await Deno.remove(path, { recursive: true });
    await Deno.symlink(target, path);
  }

  /** Runs every command; none may have told or changed anything of what the links lead to. */
  async tryAll(): Promise<void> {
    const before = await this.#victims();
    const out = this.scratch.path("out");
    const replaced: Record<string, string> = { FILE: this.scratch.path("file"), OUT: out };
    for (const words of COMMANDS) {
      const command = words.map((word) => replaced[word] ?? word.replace("ID", this.id));
      const { stdout, transcript } = await this.masu(...command);
      assert(!stdout.includes(SECRET), transcript);
      if (exists(out)) assert(!(await Deno.readTextFile(out)).includes(SECRET), transcript);
      await Deno.remove(out).catch(() => {});
      assertEquals(await this.#victims(), before, transcript);
    }
    const deleted = await this.masu("delete", "--force", this.id);
    assertEquals(await this.#victims(), before, deleted.transcript);
    assertEquals([deleted.code, exists(`${this.root}/data/containers/${this.id}`)], [0, false], deleted.transcript);
  }

  async #victims(): Promise<string> {
    const look = 'find "$1" "$2" -printf "%p %y %m %U %T@ %s\\n" | sort; grep -r . "$1" "$2"';
    return (await this.scratch.command("sh", "-c", look, "sh", this.file, this.directory)).stdout;
  }
}

const STOPPED = ["container.json", "end.json", "log.json", "started"];
for (const name of STOPPED) {
  attackTest(
    `T22: a stopped container's ${name} that is a link is neither read nor written through`,
    NEEDS,
    async (scratch) => {
      const planted = await Planted.make(scratch, "echo said; touch /mine; exit 3");
      await planted.masu("wait", planted.id);
      await planted.plant(`data/${name}`, planted.file);
      await planted.tryAll();
    },
  );
}

for (const [name, target] of [["state.json", "file"], ["rootfs", "directory"], ["etc", "directory"]] as const) {
  attackTest(`T22: a running container's ${name} that is a link leads no command elsewhere`, NEEDS, async (scratch) => {
    const planted = await Planted.make(scratch, "trap 'exit 0' TERM; echo said; sleep 1000 & wait");
    await planted.plant(`run/${name}`, planted[target]);
    await planted.tryAll();
  });
}
