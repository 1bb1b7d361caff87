/** Podman with the runtime under test: its configuration, its image, and a check that nothing of its containers is left. */
import { assertEquals } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import { binary, MASU, type Outcome, type Running, type Scratch, type StartOptions } from "../scratch.ts";
import { IMAGE, rootArchive } from "./image.ts";
import { cgroupsBelow, RUNTIME, RUNTIME_NAME, Sandbox } from "./sandbox.ts";

/** What every test with Podman needs. */
const NEEDS: readonly Need[] = ["podman", "busybox", "mount", "netns"];
/** Podman's own control group, with those of its containers below it. */
const PARENT = "libpod_parent";

/** One Podman with a store of its own. */
export class Podman implements AsyncDisposable {
  readonly scratch: Scratch;
  /** The runtime's file, as this Podman's user reaches it. */
  readonly runtime: string;
  readonly #sandbox: Sandbox;
  readonly #asUser: boolean;
  readonly #configuration: string;
  #pods = false;

  private constructor(sandbox: Sandbox, asUser: boolean, runtime: string, configuration: string) {
    this.scratch = sandbox.scratch;
    this.#sandbox = sandbox;
    this.#asUser = asUser;
    this.runtime = runtime;
    this.#configuration = configuration;
  }

  /** Configures it. `asUser`: rootless, as the ordinary user of the tests. */
  static async open(scratch: Scratch, { asUser = false }: { readonly asUser?: boolean } = {}): Promise<Podman> {
    await rootArchive();
    const sandbox = await Sandbox.open(scratch);
    const runtime = RUNTIME === MASU ? await binary({ asUser }) : RUNTIME;
    return new Podman(sandbox, asUser, runtime, await scratch.write("containers.conf", configuration(runtime)));
  }

  /** Imports the image. */
  async load(): Promise<void> {
    await this.ok("import", "--quiet", "--change", "CMD=sh", await rootArchive(), IMAGE);
  }

  /** `podman WORDS`, to its end. */
  async do(...words: readonly string[] | readonly [...string[], StartOptions]): Promise<Outcome> {
    const { argv, options } = this.#prepare(words);
    return await this.#sandbox.command(argv, options);
  }

  /** What `podman WORDS` writes, without the last line's end. Fails when Podman does, or when it warns. */
  async ok(...words: readonly string[] | readonly [...string[], StartOptions]): Promise<string> {
    const outcome = await this.do(...words);
    assertEquals([outcome.code, outcome.stderr], [0, ""], outcome.transcript);
    return outcome.stdout.trimEnd();
  }

  /** Starts `podman WORDS` beside the test. */
  async spawn(...words: readonly string[] | readonly [...string[], StartOptions]): Promise<Running> {
    const { argv, options } = this.#prepare(words);
    return await this.#sandbox.spawn(argv, options);
  }

  /** Runs `podman WORDS`, as a shell reads them, in a terminal of that size, and returns what was seen there. */
  async inTerminal(
    words: readonly string[],
    size: { readonly rows: number; readonly columns: number },
  ): Promise<string> {
    const { argv, options } = this.#prepare(words);
    const command = `stty rows ${size.rows} cols ${size.columns}; ${argv.join(" ")}`;
    let seen = "";
    // Podman 4.3 now and then shows nothing of a terminal, whatever its runtime: it was attached too late.
    for (let tries = 0; tries < 3 && seen.trim() === ""; tries++) {
      const outcome = await this.#sandbox.command(["script", "--quiet", "--command", command, "/dev/null"], options);
      seen = outcome.stdout.replaceAll("\r", "");
    }
    return seen;
  }

  /** Runs a shell script in which Podman is to be called, outside of containers. */
  async shell(script: string): Promise<Outcome> {
    return await this.#sandbox.command(["sh", "-ec", script], this.#prepare([]).options);
  }

  /** Runs a shell script in a new container that is gone afterwards. */
  async inside(flags: readonly string[], script: string): Promise<Outcome> {
    return await this.do("run", "--rm", "--network=none", ...flags, IMAGE, "sh", "-c", script);
  }

  /** Starts a container in the background, with a program that waits unless another is given, and returns its name. */
  async box(flags: readonly string[] = [], script = "trap 'exit 7' TERM; sleep 1000 & wait"): Promise<string> {
    const name = `box-${crypto.randomUUID().slice(0, 8)}`;
    await this.ok("run", "--detach", "--network=none", "--name", name, ...flags, IMAGE, "sh", "-c", script);
    return name;
  }

  /** One value of `podman inspect`: `look(name, ".State.Status")`. */
  async look(name: string, field: string): Promise<string> {
    return await this.ok("inspect", "--format", `{{${field}}}`, name);
  }

  /** Asks until the answer matches; throws with the last one after ten seconds. */
  async eventually(ask: () => Promise<string>, expected: RegExp): Promise<string> {
    return await this.#sandbox.eventually(ask, expected);
  }

  /** Removes what the test left, and fails it for control groups and state that outlived their containers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _sandbox = this.#sandbox;
    if (this.#pods) await this.do("pod", "rm", "--all", "--force", "--time=0");
    const removed = await this.do("rm", "--all", "--force", "--time=0");
    assertEquals(removed.code, 0, removed.transcript);
    if (this.#asUser) await this.#endUsers();
    const left = cgroupsBelow(PARENT).filter((path) => /\/libpod-/.test(path));
    for (const path of cgroupsBelow(PARENT)) await Deno.remove(path).catch(() => {});
    assertEquals(left, [], "control groups outlived their containers");
  }

  /** Ends the process that holds the user's namespace, which Podman leaves, and removes what is in the user's home. */
  async #endUsers(): Promise<void> {
    const pause = await this.#sandbox.command(["sh", "-c", "cat /run/user/*/libpod/tmp/pause.pid"]);
    if (pause.code === 0) Deno.kill(Number(pause.stdout), "SIGKILL");
    for (const directory of ["user-home/.local", "user-home/.config", "user-home/.cache"]) {
      await this.scratch.command("rm", "-rf", this.scratch.path(directory));
    }
  }

  #prepare(words: readonly (string | StartOptions)[]): { argv: [string, ...string[]]; options: StartOptions } {
    const last = words.at(-1);
    const given: StartOptions = typeof last === "object" ? last : {};
    const args = words.filter((word) => typeof word === "string");
    const options = { ...given, asUser: this.#asUser, env: { CONTAINERS_CONF: this.#configuration, ...given.env } };
    this.#pods ||= args[0] === "pod";
    return { argv: ["podman", ...args], options };
  }
}

/** Registers a test with a Podman of root's. */
export function podmanTest(name: string, needs: readonly Need[], fn: (podman: Podman) => Promise<void>): void {
  kernelTest(`podman ${name}`, [...NEEDS, ...needs], async (scratch) => {
    await using podman = await Podman.open(scratch);
    await podman.load();
    await fn(podman);
  });
}

/** Registers a test with a Podman of the ordinary user's. */
export function rootlessPodmanTest(name: string, needs: readonly Need[], fn: (podman: Podman) => Promise<void>): void {
  kernelTest(`rootless podman ${name}`, [...NEEDS, "subuid", ...needs], async (scratch) => {
    await using podman = await Podman.open(scratch, { asUser: true });
    await podman.load();
    await fn(podman);
  });
}

/** containers.conf(5), as docs/engines.md shows it; no limits by default, for who may not raise them. */
function configuration(runtime: string): string {
  return `[containers]
default_ulimits = []

[engine]
runtime = "${RUNTIME_NAME}"
runtime_supports_json = ["crun", "runc", "masu"]
runtime_supports_nocgroup = ["crun", "masu"]
cgroup_manager = "cgroupfs"
events_logger = "file"

[engine.runtimes]
${RUNTIME_NAME} = ["${runtime}"]

[network]
network_backend = "netavark"
`;
}
