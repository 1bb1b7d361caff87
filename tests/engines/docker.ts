/** Docker with the runtime under test: a daemon of its own, its image, and a check that nothing of its containers is left. */
import { assertEquals } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import type { Outcome, Running, Scratch } from "../scratch.ts";
import { IMAGE, rootArchive } from "./image.ts";
import { cgroupsBelow, RUNTIME, Sandbox } from "./sandbox.ts";

/** What every test with Docker needs. */
const NEEDS: readonly Need[] = ["docker", "busybox", "mount", "netns"];
/** The parent of its containers' control groups. */
const PARENT = "masu-test-docker";
const SOCKET = "unix:///run/docker.sock";

/** One Docker daemon with a store of its own, whose containers are of the runtime under test. */
export class Docker implements AsyncDisposable {
  readonly scratch: Scratch;
  readonly #sandbox: Sandbox;
  readonly #daemon: Running;

  private constructor(sandbox: Sandbox, daemon: Running) {
    this.scratch = sandbox.scratch;
    this.#sandbox = sandbox;
    this.#daemon = daemon;
  }

  /** Starts the daemon and waits until it answers. */
  static async open(scratch: Scratch): Promise<Docker> {
    await rootArchive();
    const sandbox = await Sandbox.open(scratch);
    // As docs/engines.md shows it.
    const configuration = { runtimes: { masu: { path: RUNTIME } }, "default-runtime": "masu" };
    const file = await scratch.write("daemon.json", JSON.stringify(configuration));
    const own = [`--data-root=${scratch.path("docker")}`, "--exec-root=/run/docker", "--pidfile=/run/docker.pid"];
    const cgroups = ["--exec-opt=native.cgroupdriver=cgroupfs", `--cgroup-parent=/${PARENT}`];
    const daemon = await sandbox.spawn(["dockerd", `--config-file=${file}`, `--host=${SOCKET}`, ...own, ...cgroups]);
    const docker = new Docker(sandbox, daemon);
    await docker.eventually(async () => `${(await docker.do("version")).code}`, /^0$/);
    return docker;
  }

  /** Imports the image. */
  async load(): Promise<void> {
    await this.ok("import", await rootArchive(), IMAGE);
  }

  /** `docker WORDS`, to its end. */
  async do(...words: readonly string[]): Promise<Outcome> {
    return await this.#sandbox.command(["docker", `--host=${SOCKET}`, ...words]);
  }

  /** What `docker WORDS` writes, without the last line's end. Fails when it does. */
  async ok(...words: readonly string[]): Promise<string> {
    const outcome = await this.do(...words);
    assertEquals([outcome.code, outcome.stderr], [0, ""], outcome.transcript);
    return outcome.stdout.trimEnd();
  }

  /** Runs `docker WORDS`, as a shell reads them, in a terminal of that size, and returns what was seen there. */
  async inTerminal(
    words: readonly string[],
    size: { readonly rows: number; readonly columns: number },
  ): Promise<string> {
    const command = `stty rows ${size.rows} cols ${size.columns}; docker --host=${SOCKET} ${words.join(" ")}`;
    const outcome = await this.#sandbox.command(["script", "--quiet", "--command", command, "/dev/null"]);
    return outcome.stdout.replaceAll("\r", "");
  }

  /** Asks until the answer matches; throws with the last one after ten seconds. */
  async eventually(ask: () => Promise<string>, expected: RegExp): Promise<string> {
    return await this.#sandbox.eventually(ask, expected);
  }

  /** Removes what the test left, ends the daemon, and fails the test for control groups that outlived their containers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _sandbox = this.#sandbox;
    const ids = (await this.do("ps", "--all", "--quiet")).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await this.do("rm", "--force", ...ids);
    this.#daemon.kill("SIGTERM");
    await this.#daemon.outcome();
    const left = cgroupsBelow(PARENT).filter((path) => !path.endsWith(`/${PARENT}`));
    for (const path of cgroupsBelow(PARENT)) await Deno.remove(path).catch(() => {});
    assertEquals(left, [], "control groups outlived their containers");
  }
}

/** Registers a test with a Docker daemon. */
export function dockerTest(name: string, needs: readonly Need[], fn: (docker: Docker) => Promise<void>): void {
  kernelTest(`docker ${name}`, [...NEEDS, ...needs], async (scratch) => {
    await using docker = await Docker.open(scratch);
    await docker.load();
    await fn(docker);
  });
}
