/**
 * `code_cache BUNDLE OUT`: runs the bundle as `masu run` and as an engine's `masu create` on example machines, as far as the core,
 * and writes the bytecode that V8 made on the way. What no usual run needs is not in it: reading the bytecode takes time too.
 *
 * It must be compiled with the denort that the bundle will run in: V8's version, flags and snapshot have to be the same. The
 * machines are examples and the core is a stand-in, so that the same bundle gives the same bytes wherever it is built.
 */
import { Script } from "node:vm";
import { ABI_VERSION, OPS, type ProcessReply, type Replies, type Requests } from "../lib/core/wire.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER, exampleHost } from "../lib/host/example_host.ts";
import type { HostReader } from "../lib/host/sightings.ts";
import podman from "../tests/fixtures/bundles/podman_terminal.json" with { type: "json" };

/** One run. */
interface Scenario {
  readonly process: ProcessReply;
  readonly host: HostReader;
  readonly args: readonly string[];
}

const V1 = ["cpu,cpuacct", "memory", "pids", "devices", "blkio", "freezer", "cpuset"];
const HYBRID_MOUNTS = [
  "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw",
  "23 22 0:21 / /proc rw - proc proc rw",
  ...V1.map((name, index) => `${30 + index} 22 0:${30 + index} / /sys/fs/cgroup/${name} rw - cgroup cgroup rw,${name}`),
  "40 22 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
].join("\n");
const DIRECTORY = { kind: "directory" } as const;
const BUNDLE_FILES = Object.fromEntries([
  ["/srv/rootfs", DIRECTORY],
  ...podman.mounts.flatMap(({ type, source }) => type === "bind" ? [[source, { text: "" }]] : []),
]);
const HYBRID_FILES = {
  "/proc/self/mountinfo": { text: HYBRID_MOUNTS },
  "/proc/self/cgroup": { text: [...V1.map((name, index) => `${index + 1}:${name}:/`), "0::/", ""].join("\n") },
  "/sys/fs/cgroup/unified": { kind: "directory" },
  "/sys/fs/cgroup/unified/cgroup.procs": { text: "1\n" },
  ...Object.fromEntries(V1.map((name) => [`/sys/fs/cgroup/${name}`, DIRECTORY])),
};
const HYBRID = exampleHost(EXAMPLE_ROOT, { ...HYBRID_FILES, ...BUNDLE_FILES });
const ENGINE = ["--root", "/run/engine", "--log", "/run/engine/log", "--log-format", "json"];
const CREATE = ["create", "--bundle", "/srv/bundle", "--pid-file", "/run/pid", "--console-socket", "/run/console", "a"];

/** What masu is started for most often, by the bundle that does it. */
const SCENARIOS: Readonly<Record<string, readonly Scenario[]>> = {
  "masu.js": [
    { process: EXAMPLE_ROOT, host: exampleHost(EXAMPLE_ROOT), args: ["run", "--net", "none", "host", "true"] },
    { process: EXAMPLE_ROOT, host: HYBRID, args: ["run", "--rm", "--name", "a", "-m", "64m", "host", "true"] },
    {
      process: EXAMPLE_USER,
      host: exampleHost(EXAMPLE_USER),
      args: ["run", "-it", "-e", "A=b", "-v", "/srv/www:/www:ro", "host", "sh", "-c", "true"],
    },
  ],
  "engine.js": [
    { process: EXAMPLE_ROOT, host: exampleHost(EXAMPLE_ROOT, BUNDLE_FILES), args: [...ENGINE, ...CREATE] },
    { process: EXAMPLE_ROOT, host: HYBRID, args: CREATE },
  ],
};

const [bundle, out] = Deno.args;
if (bundle === undefined || out === undefined) throw new Error("usage: code_cache BUNDLE OUT");
const name = bundle.slice(bundle.lastIndexOf("/") + 1);
const script = new Script(Deno.readTextFileSync(bundle), { filename: name });
const exit: (code: number) => never = Deno.exit;
runNext(SCENARIOS[name] ?? []);

/** Runs the first scenario; its last call of the core goes on with the others. */
function runNext([scenario, ...others]: readonly Scenario[]): never {
  if (scenario === undefined) {
    Deno.writeFileSync(String(out), script.createCachedData());
    exit(0);
  }
  const args = [...scenario.args];
  Object.defineProperty(Deno, "args", { value: args, configurable: true });
  Object.defineProperty(Deno, "env", { value: { toObject: () => ({ HOME: "/home/alice" }) }, configurable: true });
  Object.defineProperty(Deno, "dlopen", { value: () => standIn(scenario, () => runNext(others)), configurable: true });
  Object.defineProperty(Deno, "openSync", { value: () => oneByte(), configurable: true });
  Object.defineProperty(Deno, "exit", { value: (code: number) => unexpected(args, code), configurable: true });
  script.runInThisContext()((name: string) => new URL(`file:///${name}`), () => unexpected(args, 0));
  return unexpected(args, 0);
}

function unexpected(args: readonly string[], code: number): never {
  throw new Error(`masu ${args.join(" ")} ended with ${code} before it called the core`);
}

/** The core's file. */
function oneByte() {
  let rest: number | null = 1;
  return {
    readSync() {
      const read = rest;
      rest = null;
      return read;
    },
    [Symbol.dispose]() {},
  };
}

/** The functions of libc and of the core that masu declares. */
function standIn({ process, host }: Scenario, onRun: () => never) {
  const replies: Uint8Array[] = []; // referenced for as long as the bundle may read them
  return {
    symbols: {
      // write(2) has a length as its last argument and returns it; the others have 0 and return 0.
      syscall: (_number: bigint, _first: bigint, second: bigint, third: bigint) => second > 4096n ? third : 0n,
      masu_abi_version: () => ABI_VERSION,
      masu_call(op: number, request: Uint8Array, _length: bigint, slot: BigUint64Array): number {
        if (op === OPS.run || op === OPS.create_bundle) onRun();
        const reply = op === OPS.process
          ? process
          : op === OPS.read_bundle
          ? readBundle()
          : { seen: host.observe(looksOf(request)) };
        const bytes = new TextEncoder().encode(JSON.stringify(reply));
        replies.push(bytes);
        slot[0] = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
        slot[1] = BigInt(bytes.byteLength);
        return 0;
      },
      masu_free() {},
    },
    close() {},
  };
}

/** The bundle's document, with a value that plans only pass on. */
function readBundle(): Replies["read_bundle"] {
  return {
    bundle: "/srv/bundle",
    text: JSON.stringify(podman),
    blanks: [{ place: ["hostname"], text: "${value0}" }],
    values: { bundle: "srv/bundle", value0: podman.hostname },
    arguments: true,
  };
}

function looksOf(request: Uint8Array): Requests["observe"]["looks"] {
  return JSON.parse(new TextDecoder().decode(request)).looks;
}
