/** A place for one engine: directories of state, a mount table and a network of its own, so that it works with its default paths. */
import { releaseHierarchies, TEST_USER, testUser } from "../host.ts";
import { descendants } from "../leaks.ts";
import type { Outcome, Running, Scratch, StartOptions } from "../scratch.ts";
import { MASU } from "../scratch.ts";

/** The runtime that the engines are given: MASU_ENGINE_RUNTIME, to see what another one does, or the masu under test. */
export const RUNTIME = Deno.env.get("MASU_ENGINE_RUNTIME") ?? MASU;

/** Its name in the engines' configuration, as its file is called. */
export const RUNTIME_NAME = RUNTIME.replace(/^.*\//, "");

const CGROUPS = "/sys/fs/cgroup";
/** Directories of the host that the engines write to, whatever their configuration says. */
const STATE = [
  "/var/lib/containers",
  "/var/lib/containerd",
  "/var/lib/cni",
  "/etc/containers/networks",
  "/etc/docker",
  "/opt/containerd",
];

/** Shell words that wait, ten seconds at most, until the terminal has the size that is passed on to it, and print that. */
export function awaitSize({ rows, columns }: { readonly rows: number; readonly columns: number }): string {
  const isSet = `stty size 2>/dev/null | grep -x "${rows} ${columns}"`;
  return `n=0; until ${isSet} || [ $n -ge 200 ]; do n=$((n + 1)); sleep 0.05; done`;
}

/** Namespaces of mounts and the network that last as long as the test. */
export class Sandbox implements AsyncDisposable {
  readonly scratch: Scratch;
  readonly #holder: Running;
  /** Engines wait until their monitors are gone, and orphans are given to the test: it has to reap them meanwhile. */
  readonly #reaping = setInterval(() => descendants(), 50);

  private constructor(scratch: Scratch, holder: Running) {
    this.scratch = scratch;
    this.#holder = holder;
  }

  /** Makes the namespaces; /run and the engines' directories in them are empty, and gone with the test. */
  static async open(scratch: Scratch): Promise<Sandbox> {
    // containerd takes the hierarchies of /proc/self/cgroup for those that are mounted, and measures nothing where one is not.
    releaseHierarchies();
    await scratch.dir("state");
    const user = testUser();
    const subordinate = await scratch.write("subid", `containers:2000000:1000000\n${TEST_USER}:300000:65536\n`);
    // Shared, as systemd has the mounts of a host; and here nobody shares them but what is started in here.
    const script = `mount --make-rshared /
      mount -t tmpfs -o mode=755 run /run
      mount -t tmpfs -o mode=1777 shm /dev/shm
      mkdir -p /run/lock /run/user
      ${user === null ? "" : `install -d -m 700 -o ${user.uid} -g ${user.gid} /run/user/${user.uid}`}
      for directory in ${STATE.join(" ")}; do
        mkdir -p "${scratch.path("state")}$directory" "$directory"
        mount --bind "${scratch.path("state")}$directory" "$directory"
      done
      mount --bind ${subordinate} /etc/subuid
      mount --bind ${subordinate} /etc/subgid
      # What an ordinary user's network is made with, as distributions have it: for everybody.
      [ ! -e /dev/net/tun ] || { mknod -m 666 /run/tun c 10 200; mount --bind /run/tun /dev/net/tun; }
      ip link set lo up
      echo ready
      exec sleep 1000000`;
    const holder = await scratch.spawnCommand("unshare", "--mount", "--net", "sh", "-ec", script);
    await holder.until(/^ready$/m);
    return new Sandbox(scratch, holder);
  }

  /** Runs a command in here to its end; `asUser` as the ordinary user of the tests. */
  async command(argv: readonly [string, ...string[]], options: StartOptions = {}): Promise<Outcome> {
    return await this.scratch.command(...this.#enter(argv, options));
  }

  /** Starts a command in here beside the test. */
  async spawn(argv: readonly [string, ...string[]], options: StartOptions = {}): Promise<Running> {
    return await this.scratch.spawnCommand(...this.#enter(argv, options));
  }

  /** Asks until the answer matches; throws with the last one after ten seconds. */
  async eventually(ask: () => Promise<string>, expected: RegExp): Promise<string> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const answer = await ask();
      if (expected.test(answer)) return answer;
      if (Date.now() > deadline) throw new Error(`It never matched ${expected}; at last it was:\n${answer}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Removes the control groups that the engine keeps for itself, and fails the test for those that the runtime left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { stdout } = await this.command(["find", "/run", "-path", `*/${RUNTIME_NAME}/*`, "-name", "state.json"]);
    clearInterval(this.#reaping);
    this.#holder.kill("SIGKILL");
    if (stdout !== "") throw new Error(`The runtime left state behind:\n${stdout}`);
  }

  #enter(
    argv: readonly [string, ...string[]],
    { asUser = false, env = {}, ...options }: StartOptions,
  ): [command: string, ...args: string[], options: StartOptions] {
    const user = asUser ? testUser() : null;
    const [become, theirs] = user === null ? [[], {}] : [
      ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", "--"],
      {
        HOME: this.scratch.path("user-home"),
        TMPDIR: this.scratch.path("user-tmp"),
        XDG_RUNTIME_DIR: `/run/user/${user.uid}`,
      },
    ];
    const enter = ["--target", `${this.#holder.pid}`, "--mount", "--net", `--wdns=${this.scratch.path()}`, "--"];
    return ["nsenter", ...enter, ...become, ...argv, { ...options, env: { ...theirs, ...env } }];
  }
}

/** Control groups below one of that name, of any hierarchy, children first. */
export function cgroupsBelow(name: string): string[] {
  const found: string[] = [];
  const walk = (directory: string) => {
    for (const entry of Deno.readDirSync(directory)) if (entry.isDirectory) walk(`${directory}/${entry.name}`);
    found.push(directory);
  };
  for (
    const hierarchy of [
      "",
      ...[...Deno.readDirSync(CGROUPS)].filter((one) => one.isDirectory).map((one) => `/${one.name}`),
    ]
  ) {
    try {
      walk(`${CGROUPS}${hierarchy}/${name}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found;
}
