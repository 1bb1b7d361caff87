/** containerd with the runtime under test: its configuration, its image, and a check that nothing of its containers is left. */
import { assertEquals } from "@std/assert";
import { CRICTL, kernelTest, type Need } from "../needs.ts";
import type { Outcome, Running, Scratch, StartOptions } from "../scratch.ts";
import { IMAGE, imageArchive, PAUSE_IMAGE } from "./image.ts";
import { cgroupsBelow, RUNTIME, Sandbox } from "./sandbox.ts";

/** What every test with containerd needs. */
const NEEDS: readonly Need[] = ["containerd", "busybox", "mount", "netns"];
const SOCKET = "/run/containerd/containerd.sock";
const ADDRESS = `unix://${SOCKET}`;
/** crictl, and how it reaches this containerd. */
const CRICTL_WORDS = [CRICTL, "--runtime-endpoint", ADDRESS, "--image-endpoint", ADDRESS, "--timeout=20s"] as const;
/** containerd's namespace of the tests, which is the parent of its containers' control groups too. */
const NAMESPACE = "masu-test";

/** One containerd with a store of its own. */
export class Containerd implements AsyncDisposable {
  readonly scratch: Scratch;
  /** What makes `ctr run` use the runtime under test. */
  readonly runtimeFlags = ["--runtime=io.containerd.runc.v2", `--runc-binary=${RUNTIME}`] as const;
  readonly #sandbox: Sandbox;
  readonly #daemon: Running;
  readonly #cri: boolean;

  private constructor(sandbox: Sandbox, daemon: Running, cri: boolean) {
    this.scratch = sandbox.scratch;
    this.#sandbox = sandbox;
    this.#daemon = daemon;
    this.#cri = cri;
  }

  /** Starts it and waits until it answers. `cri`: with the service that Kubernetes talks to. */
  static async open(scratch: Scratch, { cri }: { readonly cri: boolean }): Promise<Containerd> {
    await imageArchive();
    const sandbox = await Sandbox.open(scratch);
    const config = await scratch.write("config.toml", configuration(scratch, cri));
    // Some of ctr's flags (--uidmap) make it forget its --runc-binary: no other runtime must be found then.
    await Deno.symlink(RUNTIME, `${await scratch.dir("bin")}/runc`);
    const env = { PATH: `${scratch.path("bin")}:${Deno.env.get("PATH")}` };
    const containerd = new Containerd(sandbox, await sandbox.spawn(["containerd", "--config", config], { env }), cri);
    await containerd.#answers();
    return containerd;
  }

  /** Imports the images, into the namespace that is Kubernetes' or the tests'. */
  async load(namespace = NAMESPACE): Promise<void> {
    const imported = await this.#sandbox.command(["ctr", "-n", namespace, "image", "import", await imageArchive()]);
    assertEquals(imported.code, 0, imported.transcript);
  }

  /** `ctr WORDS`, to its end. */
  async do(...words: readonly string[] | readonly [...string[], StartOptions]): Promise<Outcome> {
    const { args, options } = split(words);
    return await this.#sandbox.command(["ctr", "-n", NAMESPACE, ...args], options);
  }

  /** What `ctr WORDS` writes, without the last line's end. Fails when it does. */
  async ok(...words: readonly string[] | readonly [...string[], StartOptions]): Promise<string> {
    const outcome = await this.do(...words);
    assertEquals([outcome.code, outcome.stderr], [0, ""], outcome.transcript);
    return outcome.stdout.trimEnd();
  }

  /** Starts `ctr WORDS` beside the test. */
  async spawn(...words: readonly string[]): Promise<Running> {
    return await this.#sandbox.spawn(["ctr", "-n", NAMESPACE, ...words]);
  }

  /** Runs a shell script in a new container that is gone afterwards. */
  async inside(flags: readonly string[], script: string): Promise<Outcome> {
    return await this.do("run", "--rm", ...this.runtimeFlags, ...flags, IMAGE, fresh(), "sh", "-c", script);
  }

  /** Starts a container in the background, and returns its ID. */
  async box(flags: readonly string[] = [], script = "sleep 1000 & wait"): Promise<string> {
    const id = fresh();
    await this.ok("run", "--detach", ...this.runtimeFlags, ...flags, IMAGE, id, "sh", "-c", script);
    return id;
  }

  /** What `ctr task exec` writes of a shell script. */
  async script(id: string, script: string): Promise<string> {
    return await this.ok("task", "exec", "--exec-id", fresh(), id, "sh", "-c", script);
  }

  /** Runs `ctr WORDS`, as a shell reads them, in a terminal of that size, and returns what was seen there. */
  async inTerminal(
    words: readonly string[],
    size: { readonly rows: number; readonly columns: number },
  ): Promise<string> {
    const command = `stty rows ${size.rows} cols ${size.columns}; ctr -n ${NAMESPACE} ${words.join(" ")}`;
    const outcome = await this.#sandbox.command(["script", "--quiet", "--command", command, "/dev/null"]);
    return outcome.stdout.replaceAll("\r", "");
  }

  /** What `crictl WORDS` writes, without the last line's end. Fails when it does. */
  async crictl(...words: readonly string[] | readonly [...string[], StartOptions]): Promise<string> {
    const outcome = await this.tryCrictl(...words);
    assertEquals(outcome.code, 0, outcome.transcript);
    return outcome.stdout.trimEnd();
  }

  /** `crictl WORDS`, to its end. */
  async tryCrictl(...words: readonly string[] | readonly [...string[], StartOptions]): Promise<Outcome> {
    const { args, options } = split(words);
    return await this.#sandbox.command([...CRICTL_WORDS, ...args], options);
  }

  /** Starts `crictl WORDS` beside the test. */
  async spawnCrictl(...words: readonly string[]): Promise<Running> {
    return await this.#sandbox.spawn([...CRICTL_WORDS, ...words]);
  }

  /** Runs a shell script where containerd is, outside of containers. */
  async shell(script: string): Promise<Outcome> {
    return await this.#sandbox.command(["sh", "-ec", script]);
  }

  /** Asks until the answer matches; throws with the last one after ten seconds. */
  async eventually(ask: () => Promise<string>, expected: RegExp): Promise<string> {
    return await this.#sandbox.eventually(ask, expected);
  }

  /** Removes what the test left, ends containerd, and fails the test for control groups that outlived their containers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _sandbox = this.#sandbox;
    if (this.#cri) await this.tryCrictl("rmp", "--all", "--force");
    const ids = (await this.do("task", "ls", "--quiet")).stdout.split("\n").filter(Boolean);
    for (const id of ids) await this.do("task", "delete", "--force", id);
    const containers = (await this.do("container", "ls", "--quiet")).stdout.split("\n").filter(Boolean);
    for (const id of containers) await this.do("container", "delete", id);
    this.#daemon.kill("SIGTERM");
    await this.#daemon.outcome();
    const left = cgroupsBelow(NAMESPACE).filter((path) => !path.endsWith(`/${NAMESPACE}`));
    for (const path of cgroupsBelow(NAMESPACE)) await Deno.remove(path).catch(() => {});
    assertEquals(left, [], "control groups outlived their containers");
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + 20_000;
    while ((await this.do("version")).code !== 0) {
      if (Date.now() > deadline) throw new Error(`containerd does not answer\n${this.#daemon.transcript()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Registers a test with a containerd. */
export function containerdTest(
  name: string,
  needs: readonly Need[],
  fn: (containerd: Containerd) => Promise<void>,
): void {
  kernelTest(`containerd ${name}`, [...NEEDS, ...needs], async (scratch) => {
    await using containerd = await Containerd.open(scratch, { cri: false });
    await containerd.load();
    await fn(containerd);
  });
}

/** Registers a test with a containerd as Kubernetes drives it. */
export function criTest(name: string, needs: readonly Need[], fn: (containerd: Containerd) => Promise<void>): void {
  kernelTest(`CRI ${name}`, [...NEEDS, "crictl", "cni", ...needs], async (scratch) => {
    await using containerd = await Containerd.open(scratch, { cri: true });
    await containerd.load("k8s.io");
    await fn(containerd);
  });
}

/** A name for a container or a program in one. */
export function fresh(): string {
  return `box-${crypto.randomUUID().slice(0, 8)}`;
}

function split(words: readonly (string | StartOptions)[]): { args: string[]; options: StartOptions } {
  const last = words.at(-1);
  return { args: words.filter((word) => typeof word === "string"), options: typeof last === "object" ? last : {} };
}

/** containerd-config.toml(5), version 2, as docs/engines.md shows it. */
function configuration(scratch: Scratch, cri: boolean): string {
  const snapshotters = ["btrfs", "devmapper", "aufs", "zfs"].map((name) => `"io.containerd.snapshotter.v1.${name}"`);
  const disabled = [
    ...snapshotters,
    '"io.containerd.internal.v1.opt"',
    ...(cri ? [] : ['"io.containerd.grpc.v1.cri"']),
  ];
  return `version = 2
disabled_plugins = [${disabled.join(", ")}]

[grpc]
  address = "${SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${scratch.path("cni")}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "masu"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.masu]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.masu.options]
        BinaryName = "${RUNTIME}"
`;
}
