import { assertEquals, assertThrows } from "@std/assert";
import type { Caller } from "../lib/config/caller.ts";
import type { RunConfig } from "../lib/config/run_config.ts";
import { MasuError } from "../lib/error.ts";
import { flagValues, parseArguments } from "./parser.ts";
import { CREATE_FLAGS, RUN_FLAGS, type RunFlagName } from "./run_flags.ts";
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
  return readRunConfig("run", flagValues<RunFlagName>(values), operands, CALLER);
}

const BARE: RunConfig = {
  image: { kind: "host" },
  arguments: [],
  lasting: false,
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
  deviceRules: [],
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
  [["-d"], { lasting: true }],
  [["--detach", "--rm=false"], { lasting: true }],
  [["-d", "--rm"], { lasting: true, remove: true }],
  [["--restart", "no"], { restart: { kind: "no", maximum: 0 } }],
  [["-d", "--restart", "on-failure:3"], { lasting: true, restart: { kind: "on_failure", maximum: 3 } }],
  [["--stop-timeout", "-1"], { stopTimeout: -1 }],
  [["--log-driver", "none"], { log: { driver: "none" } }],
  [["-d", "--log-opt", "max-size=1m", "--log-opt", "max-file=2"], {
    lasting: true,
    log: { driver: "json_file", maxBytes: 1_048_576, maxFiles: 2 },
  }],
  [["--no-healthcheck"], {}],
  [["-d", "--health-cmd", "true", "--health-interval", "1s", "--health-timeout", "2s", "--health-retries", "4"], {
    lasting: true,
    health: { command: "true", intervalMs: 1000, timeoutMs: 2000, retries: 4 },
  }],
  [["-d", "--health-cmd=true", "--health-start-period", "3s", "--health-start-interval", "1s"], {
    lasting: true,
    health: { command: "true", startPeriodMs: 3000, startIntervalMs: 1000 },
  }],
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
  [["--memory=9m", "--memory-reservation", "8m", "--memory-swappiness", "0", "--oom-kill-disable"], {
    resources: { memory: 9_437_184, memoryReservation: 8_388_608, memorySwappiness: 0, oomKillDisable: true },
  }],
  [["--kernel-memory", "1m", "--kernel-memory-tcp", "2m"], {
    resources: { kernelMemory: 1_048_576, kernelMemoryTcp: 2_097_152 },
  }],
  [["--cpu-period", "50000", "--cpu-quota", "25000", "--cpu-burst", "1000", "--cpuset-mems", "0"], {
    resources: { cpuPeriodUs: 50_000, cpuQuotaUs: 25_000, cpuBurstUs: 1000, cpusetMems: "0" },
  }],
  [["--cpu-rt-period", "1000", "--cpu-rt-runtime", "950"], { resources: { cpuRtPeriodUs: 1000, cpuRtRuntimeUs: 950 } }],
  [["--blkio-weight", "500", "--blkio-weight-device", "/dev/sda:200"], {
    resources: { blkioWeight: 500, blkioWeightDevices: [{ device: "/dev/sda", amount: 200 }] },
  }],
  [["--device-read-bps", "/dev/sda:1m", "--device-write-bps", "8:0:2m"], {
    resources: {
      deviceReadBps: [{ device: "/dev/sda", amount: 1_048_576 }],
      deviceWriteBps: [{ device: "8:0", amount: 2_097_152 }],
    },
  }],
  [["--device-read-iops", "/dev/sda:100", "--device-write-iops", "/dev/sda:200"], {
    resources: {
      deviceReadIops: [{ device: "/dev/sda", amount: 100 }],
      deviceWriteIops: [{ device: "/dev/sda", amount: 200 }],
    },
  }],
  [["--hugepage-limit", "2MB:4m", "--rdma", "mlx4_0:hca_handle=2,hca_object=2000"], {
    resources: {
      hugepageLimits: [{ pageSize: "2MB", limit: 4_194_304 }],
      rdma: { mlx4_0: { hcaHandles: 2, hcaObjects: 2000 } },
    },
  }],
  [["--net-class", "10:1", "--net-priority", "eth0:5"], {
    resources: { netClass: 0x100001, netPriorities: [{ name: "eth0", priority: 5 }] },
  }],
  [["--cgroup-conf", "memory.high=64"], { resources: { unified: { "memory.high": "64" } } }],
  [["--cgroup-parent", "web/db/"], { cgroupParent: "/web/db" }],
  [["--device-cgroup-rule", "c 189:* rwm"], {
    deviceRules: [{ type: "c", major: 189, minor: null, access: "rwm" }],
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

Deno.test("readRunConfig() takes what create makes for a container that lives on", () => {
  const { values, operands } = parseArguments(["host"], { flags: CREATE_FLAGS, command: "", stopAtOperand: true });
  assertEquals(readRunConfig("create", flagValues<RunFlagName>(values), operands, CALLER).lasting, true);
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
  ["a parent outside of the host's", ["--cgroup-parent", "../x", "host"], '"../x": no path of a cgroup'],
  ["a slice with an empty level", ["--cgroup-parent", "web-.slice", "host"], "no name of a slice"],
  ["a device rule of one word", ["--device-cgroup-rule", "c", "host"], "no device rule"],
  ["access twice in a device rule", ["--device-cgroup-rule", "c 1:3 rr", "host"], "no device rule"],
  ["a rate without a device", ["--device-read-bps", "10m", "host"], "no device and amount"],
  ["a weight that is too large", ["--blkio-weight", "2000", "host"], "not between 10 and 1000"],
  ["huge pages of no size", ["--hugepage-limit", "64m", "host"], "no page size and limit"],
  ["a limit that no RDMA device has", ["--rdma", "mlx4_0:x=1", "host"], "no device and limits"],
  ["a class that is none", ["--net-class", "web", "host"], "no class"],
  ["a priority without an interface", ["--net-priority", "5", "host"], "no interface and priority"],
  ["a control file that is a path", ["--cgroup-conf", "../x=1", "host"], "no v2 control file and value"],
  ["two ways to say CPU time", ["--cpus", "1", "--cpu-quota", "5000", "host"], "contradicts --cpus"],
  ["more kept than there is", ["-m", "8m", "--memory-reservation", "9m", "host"], "more than --memory"],
  ["waiting without a limit", ["--oom-kill-disable", "host"], "it needs --memory"],
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
  ["--rm=false in the foreground", ["--rm=false", "host"], "a run in the foreground is removed"],
  ["--restart in the foreground", ["--restart", "always", "host"], "Use --restart in the foreground"],
  ["descriptors that end with masu", ["-d", "--preserve-fds", "1", "host"], "Use --preserve-fds"],
  ["too many descriptors", ["--preserve-fds", "9999999", "host"], "not between 0 and"],
];
for (const [name, args, message] of MISTAKES) {
  Deno.test(`readRunConfig() refuses ${name}`, () => {
    assertThrows(() => read(...args), MasuError, message);
  });
}
