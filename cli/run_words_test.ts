import { assertEquals, assertThrows } from "@std/assert";
import type { Caller } from "../lib/config/caller.ts";
import type { RunConfig } from "../lib/config/run_config.ts";
import { MasuError } from "../lib/error.ts";
import { flagValues, parseArguments } from "./parser.ts";
import { RUN_FLAGS, type RunFlagName } from "./run_flags.ts";
import { readRunConfig } from "./run_words.ts";

const CALLER: Caller = {
  directory: () => "/home/ann",
  environment: { HOME: "/home/ann" },
  readText: (where, path) => {
    if (path === "vars") return "A=file\nB=file\n";
    throw new MasuError("not_found", `Read ${where} "${path}": no such file`);
  },
  kindOf: (path) => path === "/home/ann/rootfs" ? "directory" : "missing",
};

function read(...args: string[]): RunConfig {
  const { values, operands } = parseArguments(args, { flags: RUN_FLAGS, command: "masu run", stopAtOperand: true });
  return readRunConfig(flagValues<RunFlagName>(values), operands, CALLER);
}

const BARE: RunConfig = {
  image: { kind: "host" },
  arguments: [],
  remove: false,
  interactive: false,
  terminal: false,
  environment: [],
  groupAdd: [],
  mounts: [],
  readOnly: false,
  capAdd: [],
  capDrop: [],
  privileged: false,
  ulimits: [],
  sysctls: [],
  devices: [],
  timeOffsets: [],
  init: false,
  labels: [],
  annotations: [],
  resources: {},
  preserveFds: 0,
};

type Case = [args: string[], expected: Partial<RunConfig>];

/** One row at least for each flag; a test below sees that none is missing. */
const CASES: Case[] = [
  [[], {}],
  [["--name", "web"], { name: "web" }],
  [["--rm"], { remove: true }],
  [["--rm=false"], {}],
  [["--init"], { init: true }],
  [["-l", "a=b", "--label", "c"], { labels: [["a", "b"], ["c", ""]] }],
  [["--annotation", "a=b"], { annotations: [["a", "b"]] }],
  [["--cidfile", "id"], { cidfile: "/home/ann/id" }],
  [["--pidfile", "/run/pid"], { pidfile: "/run/pid" }],
  [["--pid-file", "/run/pid"], { pidfile: "/run/pid" }],
  [["--stop-signal", "int"], { stopSignal: "SIGINT" }],
  [["-it"], { interactive: true, terminal: true }],
  [["--interactive", "--tty"], { interactive: true, terminal: true }],
  [["-e", "A=1", "--env", "HOME"], { environment: ["A=1", "HOME=/home/ann"] }],
  [["-e", "A=flag", "--env-file", "vars"], { environment: ["A=file", "B=file", "A=flag"] }],
  [["-w", "/src/../tmp"], { workingDirectory: "/tmp" }],
  [["--workdir", "/"], { workingDirectory: "/" }],
  [["-u", "www-data:33"], { user: "www-data:33" }],
  [["--user", "0"], { user: "0" }],
  [["--group-add", "audio"], { groupAdd: ["audio"] }],
  [["--entrypoint", '["a","b"]'], { entrypoint: ["a", "b"] }],
  [["--entrypoint", ""], { entrypoint: [] }],
  [["--preserve-fds", "2"], { preserveFds: 2 }],
  [["--read-only"], { readOnly: true }],
  [["--tmpfs", "/run:size=1m"], { mounts: [{ kind: "tmpfs", destination: "/run", options: ["size=1m"] }] }],
  [["--shm-size", "1m"], { shmSize: 1_048_576 }],
  [["--shm-size", "0"], {}],
  [["--device", "/dev/fuse"], { devices: [{ source: "/dev/fuse", destination: "/dev/fuse", access: "rwm" }] }],
  [["--network", "none"], { network: { kind: "none" } }],
  [["--net", "container:web"], { network: { kind: "container", container: "web" } }],
  [["--pid", "host"], { pid: { kind: "host" } }],
  [["--ipc", "shareable"], { ipc: { kind: "private" } }],
  [["--uts", "private"], { uts: { kind: "private" } }],
  [["--cgroupns", "host"], { cgroupns: { kind: "host" } }],
  [["--userns", "private"], { userns: { kind: "private" } }],
  [["--uidmap", "0:5:1", "--gidmap", "0:7:1"], {
    userns: {
      kind: "maps",
      uidMaps: [{ containerID: 0, hostID: 5, size: 1 }],
      gidMaps: [{ containerID: 0, hostID: 7, size: 1 }],
    },
  }],
  [["--hostname", "web", "--domainname", "example"], { hostname: "web", domainname: "example" }],
  [["--time-offset", "boottime=5"], { timeOffsets: [{ clock: "boottime", seconds: 5, nanoseconds: 0 }] }],
  [["--cap-add", "net_admin", "--cap-drop", "all"], { capAdd: ["CAP_NET_ADMIN"], capDrop: ["ALL"] }],
  [["--security-opt", "no-new-privileges=false"], { noNewPrivileges: false }],
  [["--security-opt", "seccomp=p.json"], { seccomp: { kind: "file", path: "/home/ann/p.json" } }],
  [["--privileged"], { privileged: true }],
  [["-m", "8m", "--memory-swap", "-1", "--cpus", "0.5", "-c", "512", "--cpuset-cpus", "0", "--pids-limit", "5"], {
    resources: { memory: 8_388_608, memorySwap: -1, cpus: 0.5, cpuShares: 512, cpusetCpus: "0", pidsLimit: 5 },
  }],
  [["--memory=8m", "--cpu-shares=2"], { resources: { memory: 8_388_608, cpuShares: 2 } }],
  [["--ulimit", "nofile=5"], { ulimits: [{ name: "nofile", soft: 5, hard: 5 }] }],
  [["--oom-score-adj", "-1000"], { oomScoreAdj: -1000 }],
  [["--sysctl", "net.core.somaxconn=5"], { sysctls: [["net.core.somaxconn", "5"]] }],
];
for (const [args, expected] of CASES) {
  Deno.test(`readRunConfig() reads ${args.join(" ") || "no flags"}`, () => {
    assertEquals(read(...args, "host"), { ...BARE, ...expected });
  });
}

Deno.test("readRunConfig() reads --volume and --mount", () => {
  const { mounts } = read("-v", "./a:/a:ro", "--mount", "type=bind,src=b,dst=/b", "host");
  assertEquals(mounts.map(({ destination }) => destination), ["/a", "/b"]);
  assertEquals(mounts.map((mount) => mount.kind === "bind" && mount.source), ["/home/ann/a", "/home/ann/b"]);
});

Deno.test("readRunConfig() leaves what follows IMAGE to the program", () => {
  assertEquals(read("host", "ls", "--rm", "-it").arguments, ["ls", "--rm", "-it"]);
});

Deno.test("readRunConfig() takes all operands for the command with --rootfs", () => {
  const config = read("--rootfs", "rootfs", "ls", "/");
  assertEquals(config.image, { kind: "directory", path: "/home/ann/rootfs", copyOnWrite: false });
  assertEquals(config.arguments, ["ls", "/"]);
});

Deno.test("CASES has a row for each flag of masu run", () => {
  const typed = new Set(
    ["--volume", "--mount", "--rootfs", ...CASES.flatMap(([args]) => args)].map((word) => word.split("=")[0]),
  );
  assertEquals(RUN_FLAGS.filter(({ name }) => !typed.has(`--${name}`)).map(({ name }) => name), []);
});

const MISTAKES: [name: string, args: string[], message: string][] = [
  ["no IMAGE", [], "no IMAGE"],
  ["a reference", ["debian"], "by reference"],
  ["a missing --env-file", ["--env-file", "none", "host"], 'Read --env-file "none": no such file'],
  ["a relative working directory", ["-w", "src", "host"], "--workdir"],
  ["a host name without a namespace for it", ["--uts", "host", "--hostname", "x", "host"], "contradicts --uts host"],
  [
    "a size of shared memory that is not its own",
    ["--ipc", "container:web", "--shm-size", "1m", "host"],
    "contradicts --ipc",
  ],
  ["one destination twice", ["-v", "/a:/x", "--tmpfs", "/x/", "host"], '"/x": named twice'],
  ["one clock twice", ["--time-offset", "boottime=1", "--time-offset", "boottime=2", "host"], "named twice"],
  ["too many descriptors", ["--preserve-fds", "9999999", "host"], "not between 0 and"],
];
for (const [name, args, message] of MISTAKES) {
  Deno.test(`readRunConfig() refuses ${name}`, () => {
    assertThrows(() => read(...args), MasuError, message);
  });
}
