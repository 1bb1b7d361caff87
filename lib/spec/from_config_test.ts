import { assertEquals, assertThrows } from "@std/assert";
import { PLAIN_CONFIG, type RunConfig } from "../config/run_config.ts";
import type { ProcessReply } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER, exampleHost } from "../host/example_host.ts";
import { gatherFacts } from "../host/gather.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { DEFAULT_PATH, MASKED_PATHS } from "./defaults.ts";
import { specOf } from "./from_config.ts";
import type { Spec } from "./oci.ts";
import { builtInSeccomp } from "./seccomp_default.ts";

function spec(changes: Partial<RunConfig> = {}, process: ProcessReply = EXAMPLE_ROOT, seccompProfile?: string): Spec {
  const config: RunConfig = { ...PLAIN_CONFIG, image: { kind: "host" }, arguments: ["true"], ...changes };
  const environment = { HOME: "/home/alice", XDG_RUNTIME_DIR: "/run/user/1000" };
  const host = gatherFacts(exampleHost(process), { config, global: { cgroupManager: "cgroupfs" }, environment });
  return specOf({ config: escapeBlanks(config), host, ...(seccompProfile !== undefined && { seccompProfile }) });
}

const mount = (spec: Spec, destination: string) => spec.mounts.filter((mount) => mount.destination === destination);
const types = (spec: Spec) => spec.linux.namespaces.map(({ type }) => type);

Deno.test("specOf() gives root's container the host's ids and everything else of its own", () => {
  const plain = spec();
  assertEquals(types(plain), ["mount", "cgroup", "ipc", "uts", "network", "pid"]);
  assertEquals(plain.root, { path: "/" });
  assertEquals(plain.hostname, "${id}");
  assertEquals(plain.process, {
    user: { uid: 0, gid: 0, additionalGids: [4] },
    args: ["${arguments}"],
    env: [`PATH=${DEFAULT_PATH}`, "HOSTNAME=${id}", "HOME=/root", "container=masu"],
    cwd: "/",
    capabilities: {
      bounding: [...DEFAULT_CAPABILITIES],
      effective: [...DEFAULT_CAPABILITIES],
      permitted: [...DEFAULT_CAPABILITIES],
      inheritable: [],
      ambient: [],
    },
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 524288, hard: 524288 }],
    noNewPrivileges: true,
  });
  assertEquals(plain.linux.seccomp, builtInSeccomp("x86_64"));
  assertEquals(plain.linux.maskedPaths, [
    ...MASKED_PATHS,
    "/sys/devices/system/cpu/cpu0/thermal_throttle",
    "/sys/devices/system/cpu/cpu1/thermal_throttle",
  ]);
  assertEquals(plain.linux.resources?.pids, { limit: 2048 });
  assertEquals(plain.linux.sysctl, {
    "net.ipv4.ping_group_range": "0 2147483647",
    "net.ipv4.ip_unprivileged_port_start": "0",
  });
});

Deno.test("specOf() gives an ordinary user a user namespace with the subordinate ids, and no limits that cannot be kept", () => {
  const plain = spec({}, EXAMPLE_USER);
  assertEquals(types(plain)[0], "user");
  assertEquals(plain.linux.uidMappings, [
    { containerID: 0, hostID: 1000, size: 1 },
    { containerID: 1, hostID: 100000, size: 65536 },
  ]);
  assertEquals(plain.linux.resources, {});
  assertEquals(plain.linux.sysctl, { "net.ipv4.ip_unprivileged_port_start": "0" });
  assertEquals(mount(plain, "/sys")[0]?.type, "sysfs");
});

Deno.test("specOf() keeps what an ordinary user asked for, so that the plan refuses it by name", () => {
  assertEquals(spec({ resources: { pidsLimit: 5 } }, EXAMPLE_USER).linux.resources, { pids: { limit: 5 } });
});

Deno.test("specOf() binds the kernel's file systems of namespaces that belong to another user namespace", () => {
  const shared = spec({ pid: { kind: "host" }, network: { kind: "host" }, ipc: { kind: "host" } }, EXAMPLE_USER);
  for (const path of ["/proc", "/sys", "/dev/mqueue", "/dev/shm"]) {
    assertEquals(mount(shared, path).map(({ type, source }) => [type, source]), [["bind", path]]);
  }
  assertEquals(mount(shared, "/sys")[0]?.options?.includes("ro"), true);
});

Deno.test("specOf() lifts every restriction from a privileged container", () => {
  const privileged = spec({ privileged: true });
  assertEquals(privileged.process.noNewPrivileges, false);
  assertEquals(privileged.linux.seccomp, undefined);
  assertEquals([privileged.linux.maskedPaths, privileged.linux.readonlyPaths], [undefined, undefined]);
  assertEquals(privileged.linux.resources?.devices, [{ allow: true, access: "rwm" }]);
  assertEquals(privileged.linux.devices?.map(({ path }) => path).includes("/dev/mem"), true);
  assertEquals(mount(privileged, "/sys")[0]?.options?.includes("rw"), true);
});

Deno.test("specOf() keeps the filter and the privilege limit that a privileged container asks for", () => {
  const both = spec({ privileged: true, noNewPrivileges: true, seccomp: { kind: "default" } });
  assertEquals(both.process.noNewPrivileges, true);
  assertEquals(both.linux.seccomp?.defaultAction, "SCMP_ACT_ERRNO");
});

Deno.test("specOf() leaves a user other than root no capability but a bound on them", () => {
  const { capabilities, user, env } = spec({ user: "alice", groupAdd: ["adm"] }).process;
  assertEquals(user, { uid: 1000, gid: 1000, additionalGids: [4] });
  assertEquals(capabilities?.effective, []);
  assertEquals(capabilities?.bounding, [...DEFAULT_CAPABILITIES]);
  assertEquals(env.includes("HOME=/home/alice"), true);
});

Deno.test("specOf() puts a person's variables in the place of the defaults", () => {
  const { env } = spec({ environment: ["A=1", "PATH=/bin", "A=2"], terminal: true }).process;
  assertEquals(env, ["PATH=/bin", "HOSTNAME=${id}", "HOME=/root", "TERM=xterm", "container=masu", "A=2"]);
});

Deno.test("specOf() keeps a person's text apart from blanks", () => {
  const { process, hostname } = spec({ environment: ["A=${id}"], hostname: "h", workingDirectory: "/${pid}" });
  assertEquals([process.env.at(-1), process.cwd, hostname], ["A=$${id}", "/$${pid}", "h"]);
});

const ARGUMENTS: [name: string, changes: Partial<RunConfig>, expected: string[]][] = [
  ["a shell for nothing", { arguments: [] }, ["sh"]],
  ["the entry point before the arguments", { entrypoint: ["env", "-i"] }, ["env", "-i", "${arguments}"]],
  ["the entry point alone", { entrypoint: ["env"], arguments: [] }, ["env"]],
  ["no entry point for an empty word", { entrypoint: [""] }, ["${arguments}"]],
];
for (const [name, changes, expected] of ARGUMENTS) {
  Deno.test(`specOf() runs ${name}`, () => assertEquals(spec(changes).process.args, expected));
}

const NOFILE: [name: string, nofile: [number, number], changes: Partial<RunConfig>, expected: [number, number][]][] = [
  ["to the hard limit", [1024, 4096], {}, [[4096, 4096]]],
  ["to a million", [1024, -1], {}, [[1_048_576, -1]]],
  ["not when it is high already", [2_000_000, -1], {}, []],
  ["not when it is unlimited", [-1, -1], {}, []],
  ["not when it was written", [1024, 4096], { ulimits: [{ name: "nofile", soft: 7, hard: 8 }] }, [[7, 8]]],
];
for (const [name, nofile, changes, expected] of NOFILE) {
  Deno.test(`specOf() raises the limit of open files ${name}`, () => {
    const { rlimits = [] } = spec(changes, { ...EXAMPLE_ROOT, nofile }).process;
    assertEquals(rlimits.map(({ soft, hard }) => [soft, hard]), expected);
  });
}

Deno.test("specOf() lets a person's mount replace a default one, and mounts parents first", () => {
  const tmpfs = (destination: string) => ({ kind: "tmpfs" as const, destination, options: ["size=1m"] });
  const made = spec({ mounts: [tmpfs("/a/b/c"), tmpfs("/dev/shm"), tmpfs("/a")] });
  assertEquals(made.mounts.slice(-3).map(({ destination }) => destination), ["/a", "/dev/shm", "/a/b/c"]);
  assertEquals(mount(made, "/dev/shm").length, 1);
  assertEquals(mount(made, "/dev/shm")[0]?.options, ["nosuid", "noexec", "nodev", "size=1m"]);
});

Deno.test("specOf() names the host's own name where the container shares it", () => {
  const shared = spec({ network: { kind: "host" } });
  assertEquals(shared.hostname, "server");
  assertEquals(spec({ uts: { kind: "host" } }).hostname, undefined);
  assertEquals(shared.linux.sysctl, {});
});

Deno.test("specOf() limits memory and swap as docker does", () => {
  const { memory } = spec({ resources: { memory: 1024, cpus: 0.5 } }).linux.resources ?? {};
  assertEquals(memory, { limit: 1024, swap: 2048 });
  assertEquals(spec({ resources: { cpus: 0.25 } }).linux.resources?.cpu, { period: 100_000, quota: 25_000 });
});

Deno.test("specOf() takes the profile that was read", () => {
  const file = { seccomp: { kind: "file" as const, path: "/p.json" } };
  assertEquals(spec(file, EXAMPLE_ROOT, '{"defaultAction":"SCMP_ACT_ALLOW"}').linux.seccomp, {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: [],
    syscalls: [],
  });
  assertEquals(spec({ seccomp: { kind: "unconfined" } }).linux.seccomp, undefined);
});

const device = (source: string) => ({ devices: [{ source, destination: "/dev/x", access: "rw" }] });

Deno.test("specOf() brings a named device in, under its new name and with its access", () => {
  const { devices, resources } = spec(device("/dev/fuse")).linux;
  assertEquals(devices, [{ type: "c", path: "/dev/x", major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 }]);
  assertEquals(resources?.devices?.at(-1), { allow: true, type: "c", major: 10, minor: 229, access: "rw" });
});

const REFUSED: [name: string, changes: Partial<RunConfig>, process: ProcessReply, message: string][] = [
  ["a device that is not there", device("/dev/nope"), EXAMPLE_ROOT, 'Use device "/dev/nope": no such file'],
  ["a file as device", device("/etc/passwd"), EXAMPLE_ROOT, "it is not a device but a file"],
  ["the host's ids for an ordinary user", { userns: { kind: "host" } }, EXAMPLE_USER, "only root may"],
  ["an id that is not mapped", { user: "70000" }, EXAMPLE_USER, "this id is not mapped"],
  ["a group that is not mapped", { groupAdd: ["70000"] }, EXAMPLE_USER, "Add group 70000 (--group-add)"],
  ["a setting of the whole machine", { sysctls: [["vm.swappiness", "1"]] }, EXAMPLE_ROOT, "the whole machine's"],
  ["a host name for the host", { uts: { kind: "host" }, hostname: "h" }, EXAMPLE_ROOT, "no UTS namespace of its own"],
  [
    "a mount over /proc",
    { mounts: [{ kind: "tmpfs", destination: "/proc/sys", options: [] }] },
    EXAMPLE_ROOT,
    "nothing may cover",
  ],
];
for (const [name, changes, process, message] of REFUSED) {
  Deno.test(`specOf() refuses ${name}`, () => {
    assertThrows(() => spec(changes, process), MasuError, message);
  });
}

Deno.test("specOf() joins the user namespace too where an ordinary user joins a container", () => {
  const config: RunConfig = {
    ...PLAIN_CONFIG,
    image: { kind: "host" },
    arguments: ["true"],
    network: { kind: "container", container: "web" },
  };
  const facts = gatherFacts(exampleHost(EXAMPLE_USER), {
    config: { ...config, network: { kind: "none" } },
    global: { cgroupManager: "cgroupfs" },
    environment: { HOME: "/home/alice" },
  });
  const joined = specOf({ config, host: { ...facts, containers: { web: { id: "abc", pid: 42 } } } });
  assertEquals(joined.linux.namespaces[0], { type: "user", path: "/proc/42/ns/user" });
  assertEquals(joined.linux.namespaces.find(({ type }) => type === "network"), {
    type: "network",
    path: "/proc/42/ns/net",
  });
  assertEquals(joined.linux.uidMappings, undefined);
  assertEquals(mount(joined, "/dev/pts")[0]?.options?.includes("gid=5"), false);
  assertEquals(mount(joined, "/sys")[0]?.type, "sysfs");
});
