/** `linux` of config.json, by what the container sees and what the host has of it. */
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config, type LinuxConfig } from "../bundle.ts";
import { kernelTest, type Need } from "../needs.ts";

/** What a script says in the container; `field` is the key that it is about. */
interface Case {
  readonly field: string;
  readonly change: (linux: LinuxConfig, config: Config) => void;
  readonly script: string;
  readonly says: string;
  readonly needs?: readonly Need[];
}

const mapped = (linux: LinuxConfig) => {
  linux.namespaces.push({ type: "user" });
  linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
  linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 2000 }];
};

const CASES: Case[] = [
  { field: "hostname", change: (_, config) => config.hostname = "other", script: "hostname", says: "other" },
  {
    field: "domainname",
    change: (_, config) => config.domainname = "example.org",
    script: "cat /proc/sys/kernel/domainname",
    says: "example.org",
  },
  {
    field: "linux.uidMappings and gidMappings",
    change: mapped,
    script: "echo $(cat /proc/self/uid_map /proc/self/gid_map)",
    says: "0 100000 1000 0 200000 2000",
    needs: ["userns"],
  },
  {
    field: "linux.timeOffsets",
    change: (linux) => {
      linux.namespaces.push({ type: "time" });
      linux.timeOffsets = { monotonic: { secs: 5000 }, boottime: { secs: 6000, nanosecs: 7 } };
    },
    script: "echo $(cat /proc/self/timens_offsets)",
    says: "monotonic 5000 0 boottime 6000 7",
    needs: ["timens"],
  },
  {
    field: "linux.devices",
    change: (linux) =>
      linux.devices = [
        { type: "c", path: "/dev/some/thing", major: 1, minor: 3, fileMode: 0o20640, uid: 5, gid: 6 },
        { type: "p", path: "/dev/pipe", fileMode: 0o600 },
      ],
    script: "stat -c '%F %a %t:%T %u:%g' /dev/some/thing; stat -c '%F %a' /dev/pipe",
    says: "character special file 640 1:3 5:6\nfifo 600",
  },
  {
    field: "linux.devices that are there always",
    change: () => {},
    script:
      "cd /dev; stat -c %n-%t:%T null zero full random urandom tty; for l in fd stdin stdout stderr ptmx; do readlink $l; done",
    says: [
      ...["null-1:3", "zero-1:5", "full-1:7", "random-1:8", "urandom-1:9", "tty-5:0"],
      ...["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"],
    ].join("\n"),
  },
  {
    field: "linux.sysctl",
    change: (linux) =>
      linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.shmmax": "12345", "net/core/somaxconn": "99" },
    script: "cd /proc/sys; cat net/ipv4/ip_forward kernel/shmmax net/core/somaxconn",
    says: "1\n12345\n99",
  },
  {
    field: "linux.maskedPaths",
    change: (linux, config) => {
      linux.maskedPaths = ["/proc/version", "/proc/bus", "/not/there"];
      config.linux.readonlyPaths = [];
    },
    script: "ls /proc/bus | wc -l; stat -c %t:%T /proc/version",
    says: "0\n1:3",
  },
  {
    field: "linux.readonlyPaths",
    change: (linux) => linux.readonlyPaths = ["/etc", "/proc/sys", "/not/there"],
    script: "touch /etc/x /x 2>&1 | sed 's/.*: //'; ls /x",
    says: "Read-only file system\n/x",
  },
  {
    field: "root.readonly",
    change: (_, config) => config.root.readonly = true,
    script: "touch /x 2>/dev/null || echo no",
    says: "no",
  },
  {
    field: "linux.personality",
    change: (linux) => linux.personality = { domain: "LINUX32" },
    script: "uname -m",
    says: Deno.build.arch === "x86_64" ? "i686" : "armv8l",
  },
  {
    field: "linux.memoryPolicy",
    change: (linux) => linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] },
    script: "head -n 1 /proc/self/numa_maps | cut -d ' ' -f 2",
    says: "bind=static:0",
  },
  {
    field: "linux.seccomp",
    change: (linux) =>
      linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
        syscalls: [{ names: ["sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }],
      },
    script: "grep ^Seccomp: /proc/self/status | cut -f 2; hostname x 2>&1 | sed 's/.*: //'",
    says: "2\nOperation not supported",
  },
  {
    field: "linux.rootfsPropagation",
    change: (linux) => linux.rootfsPropagation = "shared",
    script: "awk '$5 == \"/\" { print ($7 ~ /shared/) }' /proc/self/mountinfo",
    says: "1",
  },
];

for (const { field, change, script, says, needs = [] } of CASES) {
  kernelTest(`a bundle's ${field} is what the container has`, ["mount", "busybox", ...needs], async (scratch) => {
    await using bundle = await Bundle.make(scratch, script, (config) => change(config.linux, config));
    const outcome = await bundle.attempt("create");
    assertEquals([outcome.code, outcome.stdout.trimEnd()], [0, says], outcome.transcript);
  });
}

const FILES: [type: string, file: string][] = [
  ["pid", "pid"],
  ["network", "net"],
  ["mount", "mnt"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["cgroup", "cgroup"],
  ["time", "time"],
];

kernelTest("a bundle's linux.namespaces are new where they are listed, and the caller's where not", [
  "mount",
  "busybox",
  "timens",
], async (scratch) => {
  const own = Object.fromEntries(FILES.map(([, file]) => [file, Deno.readLinkSync(`/proc/self/ns/${file}`)]));
  const script = `for n in ${FILES.map(([, file]) => file).join(" ")}; do readlink /proc/self/ns/$n; done`;
  for (const listed of [["mount", "cgroup", "time"], ["mount", "pid", "network", "ipc", "uts"]]) {
    await using bundle = await Bundle.make(scratch, script, (config) => {
      config.linux.namespaces = listed.map((type) => ({ type }));
      delete config.hostname;
      // A new sysfs shows the network namespace that it belongs to, and needs one.
      config.mounts = config.mounts.filter(({ destination }) => destination === "/proc" || destination === "/dev");
    });
    const outcome = await bundle.attempt("create");
    assertEquals(outcome.code, 0, outcome.transcript);
    const seen = outcome.stdout.trimEnd().split("\n");
    for (const [index, [type, file]] of FILES.entries()) {
      const compare = listed.includes(type) ? assertNotEquals : assertEquals;
      compare(seen[index], own[file], `${type}\n${outcome.transcript}`);
    }
  }
});

kernelTest("a bundle's linux.namespaces with a path are joined", ["mount", "busybox", "netns"], async (scratch) => {
  await using other = await Bundle.make(scratch, "sleep 60");
  assertEquals((await other.create()).code, 0);
  assertEquals((await other.masu("start")).code, 0);
  const { pid } = JSON.parse((await other.masu("state")).stdout);
  const joined = [["network", "net"], ["ipc", "ipc"], ["uts", "uts"], ["pid", "pid"]] as const;
  const script = `for n in ${joined.map(([, file]) => file).join(" ")}; do readlink /proc/self/ns/$n; done`;
  await using bundle = await Bundle.make(scratch, script, ({ linux }) => {
    linux.namespaces = [
      { type: "mount" },
      ...joined.map(([type, file]) => ({ type, path: `/proc/${pid}/ns/${file}` })),
    ];
  });
  const outcome = await bundle.attempt("create");
  const theirs = joined.map(([, file]) => Deno.readLinkSync(`/proc/${pid}/ns/${file}`));
  assertEquals(outcome.stdout.trimEnd().split("\n"), theirs, outcome.transcript);
});

/** What this kernel may lack: it is refused then, and the program does not run. */
const REFUSED: [field: string, change: (linux: LinuxConfig) => void, says: string][] = [
  ["intelRdt", (linux) => linux.intelRdt = { l3CacheSchema: "L3:0=f" }, "linux.intelRdt"],
  [
    "personality.flags",
    (linux) => linux.personality = { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] },
    "linux.personality.flags",
  ],
  [
    "resources.unified of a v1 controller",
    (linux) => linux.resources = { unified: { "nonsense.max": "1" } },
    "nonsense.max",
  ],
];
for (const [field, change, says] of REFUSED) {
  kernelTest(
    `a bundle's linux.${field} is refused by name where it cannot be had`,
    ["mount", "busybox"],
    async (scratch) => {
      await using bundle = await Bundle.make(scratch, "echo ran", ({ linux }) => change(linux));
      const outcome = await bundle.attempt("create");
      assertEquals([outcome.code === 0, outcome.stdout], [false, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, says, outcome.transcript);
      assertEquals(await bundle.status(), null);
    },
  );
}

kernelTest("a bundle's annotations are in its state", ["mount", "busybox"], async (scratch) => {
  const annotations = { "org.example.key": "a value", "org.example.empty": "" };
  await using bundle = await Bundle.make(scratch, "true", (config) => config.annotations = annotations);
  assertEquals((await bundle.create()).code, 0);
  assertEquals(JSON.parse((await bundle.masu("state")).stdout).annotations, annotations);
});
