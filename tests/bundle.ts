/** OCI bundles for tests: a root of busybox, a config.json as engines write it, and masu called on it as they call it. */
import { image, type InsideOptions } from "./inside.ts";
import { descendants } from "./leaks.ts";
import { MASU, type Outcome, type Scratch, type StartOptions } from "./scratch.ts";

/** config.json, as far as tests change it. OCI runtime-spec, config.md */
export interface Config {
  ociVersion: string;
  process: ProcessConfig;
  root: { path: string; readonly?: boolean };
  hostname?: string;
  mounts: { destination: string; type?: string; source?: string; options?: string[] }[];
  hooks?: Record<string, { path: string; args?: string[]; env?: string[]; timeout?: number }[]>;
  annotations?: Record<string, string>;
  linux: LinuxConfig;
  [more: string]: unknown;
}

/** `process`, which is `exec --process`'s document too. */
export interface ProcessConfig {
  terminal?: boolean;
  user: { uid: number; gid: number; additionalGids?: number[]; umask?: number };
  args: string[];
  env: string[];
  cwd: string;
  capabilities?: Record<string, string[]>;
  noNewPrivileges?: boolean;
  [more: string]: unknown;
}

/** `linux`. */
export interface LinuxConfig {
  namespaces: { type: string; path?: string }[];
  maskedPaths: string[];
  readonlyPaths: string[];
  resources: Record<string, unknown>;
  cgroupsPath?: string;
  sysctl?: Record<string, string>;
  uidMappings?: { containerID: number; hostID: number; size: number }[];
  gidMappings?: { containerID: number; hostID: number; size: number }[];
  [more: string]: unknown;
}

/** How a container was begun: created and started, or run. */
export type Way = "create" | "run";

/** Both. */
export const WAYS: readonly Way[] = ["create", "run"];

/** A bundle and the container that is made from it. Disposing of it deletes the container. */
export class Bundle implements AsyncDisposable {
  /** Its ID. */
  readonly id = `bundle-${crypto.randomUUID().slice(0, 8)}`;
  readonly #scratch: Scratch;

  private constructor(
    scratch: Scratch,
    /** The directory of config.json. */
    readonly directory: string,
    /** Its root directory. */
    readonly root: string,
    /** What config.json says. */
    readonly config: Config,
  ) {
    this.#scratch = scratch;
  }

  /** Writes a bundle for a script. `change` has the last word on config.json. */
  static async make(
    scratch: Scratch,
    script: string,
    change: (config: Config) => void = () => {},
    options: Pick<InsideOptions, "probe"> = {},
  ): Promise<Bundle> {
    const root = await image(scratch, options);
    const directory = await scratch.dir(`bundle-${crypto.randomUUID().slice(0, 8)}`);
    const config = engineConfig(root, script);
    change(config);
    const bundle = new Bundle(scratch, directory, root, config);
    await Deno.writeTextFile(`${directory}/config.json`, JSON.stringify(config));
    return bundle;
  }

  /** `masu WORDS ID`. */
  async masu(...words: readonly [...string[], StartOptions] | readonly string[]): Promise<Outcome> {
    const last = words.at(-1);
    const options = typeof last === "object" ? last : {};
    const texts = words.flatMap((word) => typeof word === "string" ? [word] : []);
    // Orphans are given to the test, and a PID namespace ends only when each was reaped, as an engine does.
    const reaping = setInterval(() => descendants(), 20);
    try {
      return await this.#scratch.masu(...[...texts, this.id], options);
    } finally {
      clearInterval(reaping);
    }
  }

  /** `masu FLAGS run --bundle`. */
  async run(flags: readonly string[] = [], options: StartOptions = {}): Promise<Outcome> {
    return await this.masu("run", "--bundle", this.directory, ...flags, options);
  }

  /** `masu create --bundle`: the container's streams are files, as it keeps them. Its messages are those of the file too. */
  async create(flags: readonly string[] = [], options: StartOptions = {}): Promise<Outcome> {
    const words = [MASU, "create", "--bundle", this.directory, ...flags, this.id];
    const script = 'out=$1; shift; exec "$@" >"$out/stdout" 2>"$out/stderr" </dev/null';
    const ended = await this.#scratch.command("sh", "-c", script, "sh", this.directory, ...words, options);
    const { stdout, stderr } = await this.output();
    return { ...ended, stdout, stderr, transcript: `${ended.transcript}\n-- its files\n${stdout}\n${stderr}` };
  }

  /** What was written to its streams since `create`. */
  async output(): Promise<{ stdout: string; stderr: string }> {
    const [stdout, stderr] = await Promise.all(
      ["stdout", "stderr"].map((name) => Deno.readTextFile(`${this.directory}/${name}`)),
    );
    return { stdout: stdout ?? "", stderr: stderr ?? "" };
  }

  /** Makes a container in either way, and waits for the program's end. `code` is 0 when masu itself did what was asked. */
  async attempt(way: Way, options: StartOptions = {}): Promise<Outcome> {
    if (way === "run") return await this.run([], options);
    const created = await this.create([], options);
    if (created.code !== 0) return created;
    const started = await this.masu("start", options);
    if (started.code !== 0) return started;
    await this.ended();
    const { stdout, stderr } = await this.output();
    return { ...started, stdout, stderr, transcript: `${started.transcript}\n-- its files\n${stdout}\n${stderr}` };
  }

  /** Waits until its first process has ended. */
  async ended(timeoutMs = 10_000): Promise<void> {
    await this.#until("stopped", timeoutMs);
  }

  /** Waits for a line of its output. */
  async said(line: string, timeoutMs = 10_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await this.output()).stdout.split("\n").includes(line)) {
      if (Date.now() > deadline) throw new Error(`It did not say "${line}": ${JSON.stringify(await this.output())}`);
      await pause();
    }
  }

  /** Its status; none: there is no such container. */
  async status(): Promise<string | null> {
    const { code, stdout } = await this.masu("state");
    return code === 0 ? JSON.parse(stdout).status : null;
  }

  /** `masu exec --process`: the container's own process document with these changes. */
  async exec(
    change: (document: ProcessConfig) => void,
    flags: readonly string[] = [],
    options: StartOptions = {},
  ): Promise<Outcome> {
    const document = structuredClone(this.config.process);
    change(document);
    const file = `${this.directory}/process-${crypto.randomUUID().slice(0, 8)}.json`;
    await Deno.writeTextFile(file, JSON.stringify(document));
    return await this.masu("exec", "--process", file, ...flags, options);
  }

  /** Deletes the container. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.masu("delete", "--force");
    descendants();
  }

  async #until(status: string, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      // Orphans are given to the test: nobody else would reap them.
      descendants();
      const { code, stdout, transcript } = await this.masu("state");
      if (code === 0 && JSON.parse(stdout).status === status) return;
      if (code !== 0 || Date.now() > deadline) throw new Error(`It is not ${status}\n${transcript}`);
      await pause();
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

const CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

/** What Podman and containerd write, but for what tests do not need: rlimits, a filter, files of /etc. */
function engineConfig(root: string, script: string): Config {
  const nothing = ["nosuid", "noexec", "nodev"];
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid: 0, gid: 0 },
      args: ["sh", "-c", script],
      env: ["PATH=/usr/bin:/bin"],
      cwd: "/",
      capabilities: { bounding: [...CAPABILITIES], effective: [...CAPABILITIES], permitted: [...CAPABILITIES] },
    },
    root: { path: root },
    hostname: "box",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: [...nothing] },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
      },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: [...nothing, "ro"] },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      },
      { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: [...nothing] },
      { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [...nothing, "relatime", "ro"] },
    ],
    linux: {
      namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: "rwm" }], pids: { limit: 2048 } },
      maskedPaths: ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/interrupts", "/sys/firmware"],
      readonlyPaths: ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}
