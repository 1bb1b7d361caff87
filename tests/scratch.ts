/** A place for one test: directories, root file systems and masu itself, with a check at the end that nothing was left behind. */
import { succeeds, testUser } from "./host.ts";
import { descendants, leftOver, stateFiles, takeStock } from "./leaks.ts";
import { finish, type Outcome, type Prepared, Running, type StartOptions } from "./process.ts";
import { debianRoot, makeBusyboxRoot, type RootfsKind } from "./rootfs.ts";

export type { Outcome, StartOptions } from "./process.ts";
export { Running } from "./process.ts";

/** Arguments, then how to start it, if that matters. */
type Arguments = readonly string[] | readonly [...string[], StartOptions];

/** The file under test: MASU_BIN, or dist/masu. */
export const MASU = Deno.env.get("MASU_BIN") ?? new URL("../dist/masu", import.meta.url).pathname;

/** One test's place. Disposing of it fails the test for everything that it left on the host. */
export class Scratch implements AsyncDisposable {
  readonly #directory: string;
  readonly #before: ReadonlySet<string>;
  readonly #running: Running[] = [];
  readonly #containers: { readonly id: string; readonly options: StartOptions }[] = [];
  #last: { outcome: Outcome; args: readonly string[]; options: StartOptions } | null = null;

  private constructor(directory: string, before: ReadonlySet<string>) {
    this.#directory = directory;
    this.#before = before;
  }

  /** Makes a directory for the test and takes stock of the host. */
  static async create(): Promise<Scratch> {
    const before = takeStock();
    const scratch = new Scratch(await Deno.makeTempDir({ prefix: "masu-test-" }), before);
    await Deno.chmod(scratch.#directory, 0o755);
    for (const name of ["home", "runtime", "tmp"]) await scratch.dir(name, 0o700);
    const user = testUser();
    for (const name of ["user-home", "user-runtime", "user-tmp"]) {
      await scratch.dir(name, 0o700);
      if (user !== null) await Deno.chown(scratch.path(name), user.uid, user.gid);
    }
    return scratch;
  }

  /** The absolute path of something in here, or of this place itself. */
  path(name = ""): string {
    return name === "" ? this.#directory : `${this.#directory}/${name}`;
  }

  /** Makes a directory, its parents included, and returns its path. */
  async dir(name: string, mode = 0o755): Promise<string> {
    const path = this.path(name);
    await Deno.mkdir(path, { recursive: true });
    await Deno.chmod(path, mode);
    return path;
  }

  /** Writes a file and returns its path. */
  async write(name: string, text: string, mode = 0o644): Promise<string> {
    const path = this.path(name);
    await Deno.writeTextFile(path, text);
    await Deno.chmod(path, mode);
    return path;
  }

  /** Makes a root file system, to be changed at will if it is busybox's, and returns its path. */
  async rootfs(kind: RootfsKind, name = "rootfs"): Promise<string> {
    if (kind !== "busybox") return await debianRoot(kind);
    const directory = await this.dir(name);
    await makeBusyboxRoot(directory);
    return directory;
  }

  /** Runs masu to its end: `await scratch.masu("run", "host", "true", { asUser: true })`. */
  async masu(...all: Arguments): Promise<Outcome> {
    const { args, options } = split(all);
    const outcome = await finish(await this.#prepare([await binary(options), ...args], options), options);
    this.#last = { outcome, args, options };
    return outcome;
  }

  /**
   * Makes a container that lives on, `await scratch.container("run", "-d", image, "sleep", "100")`, and returns its ID. It is
   * deleted at the test's end, whatever it does then.
   */
  async container(...all: Arguments): Promise<string> {
    const { options } = split(all);
    const { code, stdout, transcript } = await this.masu(...all);
    const id = stdout.trim();
    if (code !== 0 || !/^[0-9a-f]{12}$/.test(id)) throw new Error(`It made no container\n${transcript}`);
    this.#containers.push({ id, options });
    return id;
  }

  /** Starts masu beside the test. It is killed at the test's end, if it still runs then. */
  async spawn(...all: Arguments): Promise<Running> {
    const { args, options } = split(all);
    return this.#start(await this.#prepare([await binary(options), ...args], options));
  }

  /** Runs another command as masu would be run: same environment, same users. */
  async command(command: string, ...all: Arguments): Promise<Outcome> {
    const { args, options } = split(all);
    return await finish(await this.#prepare([command, ...args], options), options);
  }

  /** Starts another command beside the test. */
  async spawnCommand(command: string, ...all: Arguments): Promise<Running> {
    const { args, options } = split(all);
    return this.#start(await this.#prepare([command, ...args], options));
  }

  /** The failure, with what masu did last and the plan that it followed. */
  async explain(failure: unknown): Promise<Error> {
    const text = failure instanceof Error ? failure.stack ?? failure.message : String(failure);
    if (this.#last === null) return failure instanceof Error ? failure : new Error(text);
    const { outcome, args: [verb, ...rest], options } = this.#last;
    const parts = [text, "", "The last masu of this test:", outcome.transcript];
    if (verb === "run" || verb === "create") {
      const { stdout, stderr } = await this.masu(verb, "--explain", ...rest, { ...options, stdin: "" });
      parts.push("Its plan:", stdout, stderr);
    }
    const explained = new Error(parts.join("\n"));
    explained.stack = explained.message;
    return explained;
  }

  /** Ends what still runs, checks for leaks, cleans up after them, and fails the test if there were any. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) await running[Symbol.asyncDispose]();
    const failures = await this.#deleteContainers();
    const left = await leftOver(this.#before);
    for (const name of ["tmp", "user-tmp", "home", "runtime", "user-home", "user-runtime"]) {
      for (const path of stateFiles(this.path(name))) left.push(`file ${path}`);
    }
    left.push(...failures);
    if (left.length > 0) await this.#cleanUp();
    await Deno.remove(this.#directory, { recursive: true });
    if (left.length > 0) throw new Error(`The test left behind:\n${left.join("\n")}`);
  }

  /** Deletes those that live on, and says which could not be. */
  async #deleteContainers(): Promise<string[]> {
    const failures: string[] = [];
    for (const { id, options: { asUser = false } } of this.#containers) {
      const { code, transcript } = await this.masu("delete", "--force", "--ignore", id, { asUser });
      if (code !== 0) failures.push(`container ${id}: ${transcript}`);
    }
    return failures;
  }

  #start(prepared: Prepared): Running {
    const running = new Running(prepared);
    this.#running.push(running);
    return running;
  }

  async #prepare(argv: readonly [string, ...string[]], options: StartOptions): Promise<Prepared> {
    const who = options.asUser === true ? "user-" : "";
    const env: Record<string, string> = {
      PATH: Deno.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: this.path(`${who}home`),
      TMPDIR: this.path(`${who}tmp`),
      LANG: "C.UTF-8",
      ...(options.asUser === true ? { XDG_RUNTIME_DIR: this.path("user-runtime") } : {}),
    };
    for (const [name, value] of Object.entries(options.env ?? {})) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
    const cwd = options.cwd ?? this.path();
    if (options.asUser !== true) return { argv, env, cwd };
    const user = testUser();
    if (user === null) throw new Error('asUser: there is no ordinary user for tests; the test must need "user"');
    return await Promise.resolve({
      argv: ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--", ...argv],
      env,
      cwd,
    });
  }

  /** Kills the processes below this one and unmounts what is mounted in here: nothing else is known to be ours. */
  async #cleanUp(): Promise<void> {
    for (const { pid } of descendants()) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    const mounts = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n").map((line) =>
      line.split(" ")[4] ?? ""
    );
    for (const mount of mounts.filter((mount) => mount.startsWith(this.#directory)).reverse()) {
      succeeds("umount", "--lazy", mount);
    }
  }
}

function split(all: Arguments): { args: string[]; options: StartOptions } {
  const last = all.at(-1);
  const options = typeof last === "object" ? last : {};
  return { args: all.flatMap((one) => typeof one === "string" ? [one] : []), options };
}

let reachable: string | null = null;

/** The file under test, or for the ordinary user a copy, when its directory is closed to them. */
export async function binary(options: StartOptions): Promise<string> {
  const user = options.asUser === true ? testUser() : null;
  if (user === null) return MASU;
  const may = succeeds("setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "test", "-x", MASU);
  if (may) return MASU;
  if (reachable === null) {
    const directory = await Deno.makeTempDir({ prefix: "masu-test-bin-" });
    await Deno.chmod(directory, 0o755);
    reachable = `${directory}/masu`;
    await Deno.copyFile(MASU, reachable);
    await Deno.chmod(reachable, 0o755);
    globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  }
  return reachable;
}
