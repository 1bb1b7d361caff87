import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MasuError } from "../../error.ts";
import { Place } from "./place.ts";
import { parseBundleSpec, parseResources, REFUSED_KEYS, SPEC } from "./spec.ts";

const BUNDLES = new URL("../../../tests/fixtures/bundles/", import.meta.url);

/** The smallest document that is complete. */
function small(): Record<string, unknown> {
  return {
    ociVersion: "1.0.2",
    root: { path: "rootfs" },
    process: { args: ["sh"], cwd: "/" },
    linux: { namespaces: [{ type: "mount" }, { type: "uts" }, { type: "network" }, { type: "ipc" }] },
  };
}

/** The small document with one key set: `linux.namespaces[0].type`. */
function withKey(key: string, value: unknown): string {
  const document = small();
  const path = key.split(/[.[\]]+/).filter((part) => part !== "");
  let inner = document;
  for (const part of path.slice(0, -1)) inner = (inner[part] ??= {}) as Record<string, unknown>;
  inner[path.at(-1) ?? ""] = value;
  return JSON.stringify(document);
}

function at(document: unknown, key: string): unknown {
  return key.split(/[.[\]]+/).reduce(
    (inner: unknown, part) => (inner as Record<string, unknown> | undefined)?.[part],
    document,
  );
}

for (const { name } of Deno.readDirSync(BUNDLES)) {
  Deno.test(`parseBundleSpec() reads what an engine wrote: ${name}`, () => {
    const text = Deno.readTextFileSync(new URL(name, BUNDLES));
    const { spec, notes } = parseBundleSpec(name, text);
    assertEquals(notes, []);
    assertEquals(parseBundleSpec(name, JSON.stringify(spec)).spec, spec);
  });
}

Deno.test("parseBundleSpec() keeps each key that it knows", () => {
  const text = Deno.readTextFileSync(new URL("everything.json", BUNDLES));
  const { spec } = parseBundleSpec("everything.json", text);
  const kept = new Set<string>();
  collect("", spec, kept);
  const known = (SPEC.keys ?? []).filter((key) => !REFUSED_KEYS.includes(key));
  assertEquals(known.filter((key) => !kept.has(key)), []);
});

/** Keys of a value, as `Reader.keys` has them. */
function collect(key: string, value: unknown, kept: Set<string>): void {
  if (key !== "") kept.add(key);
  if (Array.isArray(value)) { for (const item of value) collect(`${key}[]`, item, kept); }
  else if (typeof value === "object" && value !== null) {
    const names = ["linux.timeOffsets", "linux.netDevices", "linux.resources.rdma"].includes(key);
    for (const [inner, item] of Object.entries(value)) {
      collect(key === "" ? inner : `${key}.${names ? "*" : inner}`, item, kept);
    }
  }
}

Deno.test("parseBundleSpec() names a file in full, however long an engine's paths are", () => {
  const file = `/var/lib/${"x".repeat(300)}/config.json`;
  const error = assertThrows(() => parseBundleSpec(file, withKey("hostname", 1)), MasuError);
  assertStringIncludes(error.message, `Read "${file}": key "hostname" 1`);
});

Deno.test("parseBundleSpec() refuses each key that masu has nothing for", () => {
  for (const key of REFUSED_KEYS) {
    assertEquals(SPEC.keys?.includes(key), true);
    assertThrows(() => parseBundleSpec("c", withKey(key, { any: 1 })), MasuError, `"${key}" is not supported`);
  }
});

/** What is taken, and as what. */
const TAKEN: [key: string, value: unknown, read: unknown][] = [
  ["ociVersion", "1.0.2-dev", "1.0.2-dev"],
  ["ociVersion", "1.99.0", "1.99.0"],
  ["hostname", "", undefined],
  ["mounts", null, []],
  ["linux.seccomp", null, undefined],
  ["process.env", null, []],
  ["process.apparmorProfile", "", undefined],
  ["process.selinuxLabel", "", undefined],
  ["process.terminal", false, undefined],
  ["process.capabilities", { bounding: null }, {
    bounding: [],
    effective: [],
    permitted: [],
    inheritable: [],
    ambient: [],
  }],
  ["linux.mountLabel", "", undefined],
  ["linux.cgroupsPath", "", undefined],
  ["linux.cgroupsPath", "system.slice:cri-containerd:1f0e", "system.slice:cri-containerd:1f0e"],
  ["linux.rootfsPropagation", "", undefined],
  ["linux.uidMappings", [], undefined],
  ["linux.resources.pids", { limit: -1 }, { limit: -1 }],
  ["linux.resources.pids", { limit: 0 }, {}],
  ["linux.resources.pids", {}, {}],
  ["linux.resources.memory", { limit: -1, swap: 0, disableOOMKiller: false, kernel: -1 }, { limit: -1 }],
  ["linux.resources.memory", { swappiness: -1 }, {}],
  ["linux.resources.cpu", { shares: 0, quota: 0, period: 0, cpus: "" }, {}],
  ["linux.resources.cpu", { quota: -1, burst: 0, idle: 0 }, { quota: -1, burst: 0, idle: 0 }],
  ["linux.resources.blockIO", { weight: 0 }, {}],
  ["linux.resources.devices", [{ allow: false, type: "", access: "" }], [{ allow: false }]],
  ["linux.resources.devices", [{ allow: true, type: "a", major: -1, minor: null }], [{ allow: true, type: "a" }]],
  ["linux.resources.unified", { "io.max": "8:0 rbps=1" }, { "io.max": "8:0 rbps=1" }],
  ["linux.devices", [{ type: "p", path: "/dev/x" }], [{ type: "p", path: "/dev/x", major: 0, minor: 0 }]],
  ["mounts", [{ destination: "data/../x/.//y", type: "tmpfs" }], [{ destination: "/x/y", type: "tmpfs" }]],
  ["mounts", [{ destination: "/proc/uptime", options: ["bind"], source: "/x" }], [
    { destination: "/proc/uptime", source: "/x", options: ["bind"] },
  ]],
  ["linux.sysctl", { "net/ipv4/conf/eth0.1/forwarding": "1" }, { "net/ipv4/conf/eth0.1/forwarding": "1" }],
  ["linux.sysctl", { "kernel.domainname": "x" }, { "kernel.domainname": "x" }],
  ["process.env", ["A=\nb"], ["A=\nb"]],
  ["annotations", { __proto__x: "1" }, { __proto__x: "1" }],
  ["windows", null, undefined],
  ["process.commandLine", "", undefined],
];
for (const [key, value, read] of TAKEN) {
  Deno.test(`parseBundleSpec() takes ${key} ${JSON.stringify(value)}`, () => {
    const { spec } = parseBundleSpec("config.json", withKey(key, value));
    assertEquals(at(spec, key), read);
    assertEquals(parseBundleSpec("config.json", JSON.stringify(spec)).spec, spec);
  });
}

/** What is refused, and what is said of it. */
const REFUSED: [key: string, value: unknown, message: string, hint?: string][] = [
  ["ociVersion", "2.0.0", 'key "ociVersion" "2.0.0" is of another specification'],
  ["ociVersion", "0.5.0", "is of another specification"],
  ["ociVersion", "1", "is no version"],
  ["ociVersion", undefined, 'key "ociVersion" is missing'],
  ["root", undefined, 'key "root" is missing'],
  ["root.path", "", 'key "root.path" is empty'],
  ["process", undefined, 'key "process" is missing'],
  ["process.args", [], 'key "process.args" names no program'],
  ["process.args", [""], 'key "process.args[0]" is empty'],
  ["process.args", ["a\0b"], 'key "process.args[0]" holds a NUL character'],
  ["process.args", ["x".repeat(131_072)], "is longer than 131071 bytes"],
  ["process.args", ["é".repeat(65_536)], "is longer than 131071 bytes"],
  ["process.cwd", "tmp", 'key "process.cwd" "tmp" is not an absolute path'],
  ["process.env", ["A"], 'key "process.env[0]" "A" is no variable'],
  [
    "process.user",
    { uid: 4_294_967_295 },
    'key "process.user.uid" 4294967295 is not a whole number from 0 to 4294967294',
  ],
  ["process.user", { umask: 0o1000 }, "is not a whole number from 0 to 511"],
  ["process.consoleSize", { height: 70_000, width: 1 }, 'key "process.consoleSize.height" 70000 is not'],
  [
    "process.rlimits",
    [{ type: "RLIMIT_NOFIL", soft: 1, hard: 1 }],
    '"RLIMIT_NOFIL" is no limit',
    'did you mean "RLIMIT_NOFILE"?',
  ],
  [
    "process.rlimits",
    [{ type: "RLIMIT_AS", soft: 1, hard: 1 }, { type: "RLIMIT_AS", soft: 1, hard: 1 }],
    "is there twice",
  ],
  ["process.rlimits", [{ type: "RLIMIT_AS", soft: 2, hard: 1 }], "is above the hard limit"],
  ["process.oomScoreAdj", 1001, "is not a whole number from -1000 to 1000"],
  ["process.ioPriority", { class: "IOPRIO_CLASS_RT", priority: 8 }, "is not a whole number from 0 to 7"],
  ["process.scheduler", { policy: "SCHED_ISO" }, "is a policy that no kernel has yet"],
  ["process.scheduler", { policy: "SCHED_FIFO" }, 'key "process.scheduler.priority" 0 cannot be that of SCHED_FIFO'],
  ["process.scheduler", { policy: "SCHED_OTHER", runtime: 5 }, "means nothing to SCHED_OTHER"],
  ["process.scheduler", { policy: "SCHED_DEADLINE", runtime: 5, deadline: 4 }, "does not hold runtime <= deadline"],
  ["process.execCPUAffinity", { initial: "0-" }, "is no list of numbers"],
  ["process.commandLine", "cmd.exe", "is not supported: it is for Windows, write args"],
  ["hostname", "a b", "is no host name"],
  ["hostname", "x".repeat(65), "is longer than 64 bytes"],
  ["mounts", [{ destination: "/", type: "tmpfs" }], "is the container's root itself"],
  ["mounts", [{ destination: "/a/../proc/sys", type: "tmpfs" }], '"/proc/sys" may not be covered'],
  ["mounts", [{ destination: "/proc", type: "tmpfs" }], "can be nothing but proc"],
  ["mounts", [{ destination: "/x", type: "bind" }], 'key "mounts[0].source" is missing'],
  ["mounts", [{ destination: "/x" }], 'key "mounts[0].type" is missing'],
  ["mounts", [{ destination: `/${"x".repeat(1_000_000)}`, type: "tmpfs" }], "is longer than 4095 bytes"],
  ["mounts", [{ destination: "/x", type: "bind", source: "/", options: ["idmap"] }], '"idmap" needs uidMappings'],
  [
    "mounts",
    [{ destination: "/x", type: "tmpfs", uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] }],
    "is missing beside",
  ],
  ["hooks", { prestart: [{ path: "hook" }] }, 'key "hooks.prestart[0].path" "hook" is not an absolute path'],
  [
    "hooks",
    { poststop: [{ path: "/hook", timeout: 0 }] },
    'key "hooks.poststop[0].timeout" 0 is not a whole number from 1',
  ],
  ["annotations", { "": "x" }, "has no name"],
  ["annotations", { x: 1 }, 'key "annotations.x" 1 is not a text'],
  [
    "linux.namespaces",
    [{ type: "foo" }],
    'key "linux.namespaces[0].type" "foo" is no namespace',
    "one of cgroup, ipc,",
  ],
  ["linux.namespaces", [{ type: "nework" }], '"nework" is no namespace', 'did you mean "network"?'],
  [
    "linux.namespaces",
    [{ type: "pid" }, { type: "pid", path: "/proc/1/ns/pid" }],
    'key "linux.namespaces[1].type" "pid" is there twice',
  ],
  ["linux.namespaces", [{ type: "mount" }, { type: "pid", path: "ns" }], '"ns" is not an absolute path'],
  ["linux.namespaces", [{ type: "pid" }], "has no mount namespace"],
  ["linux.namespaces", [{ type: "mount" }, { type: "user" }], 'key "linux.uidMappings" is missing'],
  ["linux.uidMappings", [{ containerID: 0, hostID: 0, size: 1 }], 'key "linux.uidMappings" needs a user namespace'],
  ["linux.timeOffsets", { monotonic: { secs: 1 } }, "needs a time namespace"],
  ["linux.timeOffsets", { montonic: {} }, "is no clock", 'did you mean "monotonic"?'],
  ["linux.devices", [{ type: "x", path: "/dev/x" }], "is no type of device"],
  ["linux.devices", [{ type: "c", path: "/dev/x", major: 4096, minor: 0 }], "is not a whole number from 0 to 4095"],
  ["linux.netDevices", { "eth/0": {} }, "is no name of a network device"],
  ["linux.netDevices", { a: { name: "c" }, b: { name: "c" } }, 'is also the name of "a"'],
  ["linux.cgroupsPath", "/a/../../b", 'holds ".."'],
  ["linux.cgroupsPath", "a:..:b", 'holds ".."'],
  ["linux.resources", { memory: { limit: 1.5 } }, "is neither -1 nor a whole number of 64 bits"],
  ["linux.resources", { memory: { limit: -2 } }, "is neither -1 nor a whole number of 64 bits"],
  ["linux.resources", { memory: { swappiness: 101 } }, "is not a whole number from 0 to 100"],
  ["linux.resources", { blockIO: { weight: 5 } }, "is not a whole number from 10 to 1000"],
  ["linux.resources", { hugepageLimits: [{ pageSize: "2M", limit: 1 }] }, "is no size of a huge page"],
  ["linux.resources", { rdma: { mlx5: {} } }, "has neither hcaHandles nor hcaObjects"],
  ["linux.resources", { unified: { "../cgroup.procs": "1" } }, "is no control file"],
  ["linux.resources", { unified: { "cgroup.procs": "1" } }, "is masu's own to write"],
  ["linux.resources", { devices: [{ allow: true, access: "x" }] }, "is no access"],
  ["linux.rootfsPropagation", "slaves", "is no propagation", 'did you mean "slave"?'],
  ["linux.seccomp", { defaultAction: "SCMP_ACT_ALOW" }, "is no action", 'did you mean "SCMP_ACT_ALLOW"?'],
  ["linux.seccomp", { defaultAction: "SCMP_ACT_NOTIFY" }, "would ask about the calls"],
  [
    "linux.seccomp",
    { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mount"], action: "SCMP_ACT_NOTIFY" }] },
    "there is no listenerPath",
  ],
  ["linux.seccomp", { defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "x" }, "there is no listenerPath"],
  [
    "linux.seccomp",
    { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: [], action: "SCMP_ACT_LOG" }] },
    "names no system call",
  ],
  ["linux.sysctl", { "kernel.core_pattern": "|x" }, "is not a container's own but the whole machine's"],
  ["linux.sysctl", { "net.x+kernel.core_pattern": "|x" }, "is no kernel setting"],
  ["linux.sysctl", { "net/../kernel/core_pattern": "|x" }, "is no kernel setting"],
  ["linux.sysctl", { "net.ipv4.x=kernel": "1" }, "is no kernel setting"],
  ["linux.sysctl", { "kernel.hostname": "x" }, "is the host name", "write hostname"],
  ["linux.sysctl", { "fs.mqueue.a/../../x": "1" }, "is no kernel setting"],
  ["linux.maskedPaths", ["proc/kcore"], "is not an absolute path"],
  ["linux.intelRdt", { closID: "../x" }, "is no name of a group"],
  ["linux.intelRdt", { memBwSchema: "L3:0=f" }, "is no schema of memory bandwidth"],
  ["linux.intelRdt", { enableCMT: true }, "version 1.3 has enableMonitoring for it"],
  ["linux.memoryPolicy", { mode: "MPOL_BIND" }, "is needed by MPOL_BIND"],
  ["linux.memoryPolicy", { mode: "MPOL_LOCAL", nodes: "0" }, "may not be there with MPOL_LOCAL"],
  ["linux.personality", { domain: "BSD" }, "is no execution domain"],
  ["linux.personality", { domain: "LINUX", flags: ["X"] }, "the specification names none"],
  ["windows", {}, "is not supported: masu makes Linux containers"],
  ["vm", {}, "masu makes no virtual machines"],
];
for (const [key, value, message, hint] of REFUSED) {
  Deno.test(`parseBundleSpec() refuses ${key} ${JSON.stringify(value)?.slice(0, 70)}`, () => {
    const error = assertThrows(() => parseBundleSpec("config.json", withKey(key, value)), MasuError);
    assertEquals(error.code, "invalid_config");
    assertStringIncludes(error.message, message);
    if (hint !== undefined) assertStringIncludes(error.hint ?? "", hint);
  });
}

Deno.test("parseBundleSpec() refuses what is no JSON, too long, or nested too deeply", () => {
  const cases = [["{", "is no JSON"], [`"${"x".repeat(17_000_000)}"`, "characters"], [
    "[".repeat(10_000) + "]".repeat(10_000),
    "levels deep",
  ], ["[]", "is not an object"]];
  for (const [text = "", message = ""] of cases) {
    assertThrows(() => parseBundleSpec("config.json", text), MasuError, message);
  }
});

Deno.test("parseBundleSpec() refuses 10 000 id mappings, and those that overlap or go beyond the last id", () => {
  const maps = (list: unknown[]) => {
    const linux = { namespaces: [{ type: "mount" }, { type: "user" }], uidMappings: list, gidMappings: list };
    return JSON.stringify({ ...small(), linux });
  };
  const many = Array.from({ length: 10_000 }, (_, index) => ({ containerID: index, hostID: index, size: 1 }));
  assertThrows(() => parseBundleSpec("c", maps(many)), MasuError, "has 10000 entries, the kernel takes 340");
  const last = [{ containerID: 4_294_967_290, hostID: 0, size: 10 }];
  assertThrows(() => parseBundleSpec("c", maps(last)), MasuError, "goes beyond the last id");
  const twice = [{ containerID: 5, hostID: 100, size: 5 }, { containerID: 0, hostID: 0, size: 6 }];
  assertThrows(
    () => parseBundleSpec("c", maps(twice)),
    MasuError,
    'key "linux.uidMappings[0].containerID" 5 is mapped by entry 1',
  );
});

Deno.test("parseBundleSpec() notes what it ignores: unknown keys, capabilities that are none or cannot be granted", () => {
  const document = small();
  document.proces = {};
  document.process = {
    args: ["sh"],
    cwd: "/",
    capabilities: { permitted: ["CAP_KILL", "CAP_FOO"], effective: ["CAP_KILL", "CAP_CHOWN"], ambient: ["CAP_KILL"] },
  };
  const { spec, notes } = parseBundleSpec("config.json", JSON.stringify(document));
  assertEquals(spec.process.capabilities, {
    bounding: [],
    effective: ["CAP_KILL"],
    permitted: ["CAP_KILL"],
    inheritable: [],
    ambient: [],
  });
  assertEquals(notes, [
    'Read "config.json": key "proces" is unknown and ignored (did you mean "process"?)',
    'Read "config.json": key "process.capabilities.permitted" names "CAP_FOO", which is no capability; left out',
    'Read "config.json": key "process.capabilities.effective" holds CAP_CHOWN, not permitted; left out',
    'Read "config.json": key "process.capabilities.ambient" holds CAP_KILL, not inheritable; left out',
  ]);
});

Deno.test("parseResources() reads limits of 64 bits without rounding one to another", () => {
  const text =
    `{"memory": {"limit": 9223372036854771712, "swap": 18446744073709551615, "reservation": 9007199254740991},
    "pids": {"limit": 9223372036854775807}, "blockIO": {"throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 18446744073709551615}]}}`;
  assertEquals(parseResources("r", text), {
    memory: { limit: -1, swap: -1, reservation: 9_007_199_254_740_991 },
    pids: { limit: -1 },
    blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 0 }] },
  });
});

Deno.test("parseBundleSpec() keeps all 64 bits of what a system call is compared with", () => {
  const args = '[{"index": 0, "value": 18446744073709551615, "valueTwo": 9007199254740993, "op": "SCMP_CMP_EQ"}]';
  const seccomp =
    `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_LOG", "args": ${args}}]}`;
  const text = JSON.stringify(small()).replace('"linux":{', `"linux":{"seccomp":${seccomp},`);
  assertEquals(parseBundleSpec("c", text).spec.linux.seccomp?.syscalls?.[0]?.args, [
    { index: 0, value: "18446744073709551615", valueTwo: "9007199254740993", op: "SCMP_CMP_EQ" },
  ]);
});

Deno.test("Place names a key so that nothing in it reaches a terminal or another line", () => {
  const place = new Place("config.json").at("linux").at("sysctl").at('a\n\u001b[31mb\u202e"');
  const { message } = place.wrongValue("\u009b\r", "is wrong");
  assertEquals(message.match(/[\p{Cc}\p{Cf}]/u), null);
  assertStringIncludes(message, "linux.sysctl['a\\n\\u001b[31mb\\u{202e}");
});
