/**
 * Where each key of config.json is carried out, and which test shows it. A row is for its key and for all below it that have no row
 * of their own.
 *
 * @module
 */

/** A key, or all below one. */
export interface FieldRow {
  /** As `Reader.keys` has it: `mounts[].options`. */
  readonly key: string;
  /** `FILE:FUNCTION`, from the decision to the system call. None: it is refused. */
  readonly where: readonly string[];
  /** `FILE: words of the test's name`. */
  readonly test: string;
  /** What one should know of it. */
  readonly note?: string;
}

const PROCESS = "tests/kernel/bundle_process_test.ts";
const LINUX = "tests/kernel/bundle_linux_test.ts";
const LIMITS = "tests/kernel/bundle_limits_test.ts";
const MOUNTS = "tests/kernel/bundle_mounts_test.ts";
const AGENT = "tests/kernel/bundle_agent_test.ts: gets the filter's descriptor";
const HOOKS = "tests/kernel/bundle_hooks_test.ts";
const READER = "lib/spec/document/spec_test.ts";
const RULES = "lib/cgroup/resources_test.ts";
const PLAN = "tests/properties/bundle_plan_test.ts: leaves no key";

const EXEC = "lib/plan/exec.ts:execSteps";
const IDENTITY = "lib/plan/exec.ts:identitySteps";
const SCHEDULING = "lib/plan/bundle_process.ts:processSteps";
const WRITES = "lib/cgroup/resources.ts:resourceWrites";

/** In the order of the specification. */
export const FIELD_ROWS: readonly FieldRow[] = [
  {
    key: "ociVersion",
    where: ["lib/spec/document/check.ts:checkVersion"],
    test: `${READER}: ["ociVersion", "2.0.0"`,
    note: "all of version 1 is read in the same way",
  },
  {
    key: "root.path",
    where: ["lib/spec/bundle_spec.ts:absoluteSpec", "lib/plan/bundle.ts:insideSteps"],
    test: `${PROCESS}: process.cwd`,
  },
  { key: "root.readonly", where: ["lib/plan/bundle.ts:insideSteps"], test: `${LINUX}: root.readonly` },
  {
    key: "process.terminal",
    where: ["lib/plan/exec.ts:terminalSteps", "lib/engine/bundle.ts:checkConsole"],
    test: "lib/plan/bundle_test.ts: terminal",
  },
  {
    key: "process.consoleSize",
    where: ["lib/plan/exec.ts:terminalSteps"],
    test: PLAN,
    note: "at most 65535: struct winsize",
  },
  { key: "process.user", where: [IDENTITY], test: `${PROCESS}: process.user` },
  {
    key: "process.user.username",
    where: [],
    test: `${READER}: refuses each key that masu has nothing for`,
    note: "for Windows",
  },
  { key: "process.args", where: [EXEC, "core-rs/init/src/stage/program.rs:execute"], test: `${PROCESS}: process.args` },
  {
    key: "process.commandLine",
    where: [],
    test: `${READER}: refuses each key that masu has nothing for`,
    note: "for Windows",
  },
  {
    key: "process.env",
    where: [EXEC],
    test: `${PROCESS}: process.env`,
    note: "HOME, where it is not there, is the user's in the container's /etc/passwd",
  },
  { key: "process.cwd", where: [EXEC], test: `${PROCESS}: process.cwd` },
  {
    key: "process.capabilities",
    where: ["lib/spec/bundle_spec.ts:grantedCapabilities", IDENTITY],
    test: `${PROCESS}: process.capabilities`,
    note: "what is unknown, or cannot be given, is left out and noted with --debug",
  },
  { key: "process.rlimits", where: [EXEC], test: `${PROCESS}: process.rlimits`, note: "2^53 and more is no limit" },
  { key: "process.noNewPrivileges", where: [EXEC], test: `${PROCESS}: process.noNewPrivileges` },
  { key: "process.apparmorProfile", where: [SCHEDULING], test: `${PROCESS}: process.\${field} is applied or refused` },
  { key: "process.oomScoreAdj", where: [EXEC], test: `${PROCESS}: process.oomScoreAdj` },
  { key: "process.selinuxLabel", where: [SCHEDULING], test: `${PROCESS}: process.\${field} is applied or refused` },
  { key: "process.ioPriority", where: [SCHEDULING], test: `${PROCESS}: process.ioPriority` },
  {
    key: "process.scheduler",
    where: ["lib/plan/bundle_process.ts:schedulerStep"],
    test: `${PROCESS}: process.scheduler`,
  },
  {
    key: "process.execCPUAffinity",
    where: ["lib/plan/bundle_process.ts:affinitySteps"],
    test: `${PROCESS}: process.execCPUAffinity`,
    note: "of programs that exec starts",
  },
  { key: "hostname", where: ["lib/plan/namespaces.ts:namespaceSteps"], test: `${LINUX}: field: "hostname"` },
  { key: "domainname", where: ["lib/plan/namespaces.ts:namespaceSteps"], test: `${LINUX}: field: "domainname"` },
  {
    key: "mounts",
    where: ["lib/plan/bundle_mounts.ts:bundleMounts"],
    test: `${MOUNTS}: a bind mount shows the source`,
  },
  {
    key: "mounts[].destination",
    where: ["lib/spec/document/spec.ts:destination"],
    test: `${MOUNTS}: a relative destination`,
  },
  {
    key: "mounts[].options",
    where: ["lib/plan/mount_options.ts:mountOptions"],
    test: "lib/plan/mount_options_test.ts: mountOptions()",
  },
  {
    key: "mounts[].uidMappings",
    where: ["lib/plan/bundle_mounts.ts:mappingOf"],
    test: `${MOUNTS}: a mapping of its own`,
  },
  {
    key: "mounts[].gidMappings",
    where: ["lib/plan/bundle_mounts.ts:mappingOf"],
    test: `${MOUNTS}: a mapping of its own`,
  },
  {
    key: "hooks",
    where: ["lib/plan/hooks.ts:hookSteps", "core-rs/steps/src/hook.rs:run"],
    test: `${HOOKS}: hooks of all six kinds`,
  },
  { key: "annotations", where: ["lib/plan/record.ts:recordStep"], test: `${LINUX}: annotations are in its state` },
  {
    key: "linux.namespaces",
    where: ["lib/plan/namespaces.ts:cloneStep"],
    test: `${LINUX}: linux.namespaces are new where they are listed`,
    note: "a mount namespace is needed",
  },
  {
    key: "linux.namespaces[].path",
    where: ["lib/plan/namespaces.ts:joined"],
    test: `${LINUX}: with a path are joined`,
  },
  {
    key: "linux.uidMappings",
    where: ["lib/plan/user_namespace.ts:userMapping"],
    test: `${LINUX}: linux.uidMappings and gidMappings`,
  },
  {
    key: "linux.gidMappings",
    where: ["lib/plan/user_namespace.ts:userMapping"],
    test: `${LINUX}: linux.uidMappings and gidMappings`,
  },
  { key: "linux.timeOffsets", where: ["lib/plan/namespaces.ts:timeOffsets"], test: `${LINUX}: linux.timeOffsets` },
  {
    key: "linux.devices",
    where: ["lib/plan/devices.ts:deviceSteps"],
    test: `${LINUX}: linux.devices`,
    note: "in a user namespace the host's own nodes are bound",
  },
  {
    key: "linux.netDevices",
    where: ["lib/plan/bundle.ts:networkDevices", "core-rs/steps/src/network_device.rs:move_device"],
    test: "tests/kernel/bundle_network_test.ts: linux.netDevices move",
  },
  {
    key: "linux.cgroupsPath",
    where: ["lib/cgroup/bundle_groups.ts:placing", "lib/cgroup/systemd.ts:systemdCgroups"],
    test: `${LIMITS}: linux.cgroupsPath is where`,
  },
  {
    key: "linux.resources",
    where: [WRITES, "lib/cgroup/limit_changes.ts:limitChanges"],
    test: `${LIMITS}: is in the container's cgroup`,
    note: "what the host's cgroups have no counterpart of is refused by name",
  },
  {
    key: "linux.resources.devices",
    where: ["lib/cgroup/devices.ts:deviceWrites", "lib/cgroup/devices.ts:deviceProgram"],
    test: `${LIMITS}: say which devices can be opened`,
  },
  { key: "linux.resources.memory", where: [WRITES], test: `${LIMITS}: memory.limit` },
  {
    key: "linux.resources.memory.swap",
    where: ["lib/cgroup/rules_memory.ts:swapMax"],
    test: `${RULES}: counts swap alone on v2`,
  },
  {
    key: "linux.resources.memory.kernel",
    where: [WRITES],
    test: `${RULES}: memory of the kernel`,
    note: "v1, up to Linux 5.15",
  },
  { key: "linux.resources.memory.kernelTCP", where: [WRITES], test: `${RULES}: memory of TCP`, note: "v1" },
  { key: "linux.resources.memory.swappiness", where: [WRITES], test: `${RULES}: swappiness`, note: "v1" },
  { key: "linux.resources.memory.disableOOMKiller", where: [WRITES], test: `${RULES}: disableOOMKiller`, note: "v1" },
  { key: "linux.resources.memory.useHierarchy", where: [WRITES], test: `${RULES}: counts children's memory` },
  {
    key: "linux.resources.memory.checkBeforeUpdate",
    where: ["lib/cgroup/limit_changes.ts:checkMemory"],
    test: "lib/cgroup/limit_changes_test.ts: checkBeforeUpdate",
    note: "of update: a new cgroup holds no memory",
  },
  { key: "linux.resources.cpu", where: [WRITES], test: `${LIMITS}: cpu.quota and period` },
  { key: "linux.resources.cpu.shares", where: ["lib/cgroup/rules_cpu.ts:cpuWeight"], test: `${LIMITS}: cpu.shares` },
  { key: "linux.resources.cpu.burst", where: [WRITES], test: `${RULES}: lets a quota be saved up` },
  { key: "linux.resources.cpu.idle", where: [WRITES], test: `${RULES}: makes it idle` },
  {
    key: "linux.resources.cpu.realtimeRuntime",
    where: ["lib/cgroup/rules_cpu.ts:realtime"],
    test: `${RULES}: realtime`,
    note: "v1",
  },
  {
    key: "linux.resources.cpu.realtimePeriod",
    where: ["lib/cgroup/rules_cpu.ts:realtime"],
    test: `${RULES}: realtime`,
    note: "v1",
  },
  { key: "linux.resources.cpu.cpus", where: [WRITES], test: `${LIMITS}: cpu.cpus and mems` },
  { key: "linux.resources.cpu.mems", where: [WRITES], test: `${LIMITS}: cpu.cpus and mems` },
  { key: "linux.resources.pids", where: [WRITES], test: `${LIMITS}: pids.limit` },
  { key: "linux.resources.blockIO", where: ["lib/cgroup/rules_io.ts:throttle"], test: `${RULES}: blockIO` },
  {
    key: "linux.resources.blockIO.weight",
    where: ["lib/cgroup/rules_io.ts:weights"],
    test: `${RULES}: weighs block devices`,
  },
  {
    key: "linux.resources.blockIO.leafWeight",
    where: ["lib/cgroup/rules_io.ts:weights"],
    test: PLAN,
    note: "v1, up to Linux 4.20",
  },
  {
    key: "linux.resources.blockIO.weightDevice",
    where: ["lib/cgroup/rules_io.ts:deviceWeights"],
    test: `${RULES}: weightDevice`,
  },
  { key: "linux.resources.hugepageLimits", where: [WRITES], test: `${LIMITS}: hugepageLimits` },
  { key: "linux.resources.network", where: [WRITES], test: `${RULES}: network`, note: "v1" },
  { key: "linux.resources.rdma", where: ["lib/cgroup/rules_io.ts:rdmaLimits"], test: `${RULES}: rdma` },
  {
    key: "linux.resources.unified",
    where: ["lib/cgroup/resources.ts:unifiedWrites"],
    test: `${LIMITS}: unified, where v2 has it`,
    note: "v2",
  },
  {
    key: "linux.rootfsPropagation",
    where: ["lib/plan/protection.ts:rootPropagation"],
    test: `${LINUX}: linux.rootfsPropagation`,
  },
  {
    key: "linux.seccomp",
    where: ["lib/plan/exec.ts:filterOf", "core-rs/seccomp/src/profile.rs:read"],
    test: `${LINUX}: linux.seccomp`,
  },
  ...["linux.seccomp.listenerPath", "linux.seccomp.listenerMetadata"].map((key) => ({
    key,
    where: ["core-rs/launch/src/filter.rs:connect", "core-rs/launch/src/filter.rs:process_state"],
    test: AGENT,
  })),
  {
    key: "linux.sysctl",
    where: ["lib/spec/document/check_namespaces.ts:checkSysctls", "core-rs/init/src/stage/sysctl.rs:set"],
    test: `${LINUX}: linux.sysctl`,
  },
  { key: "linux.maskedPaths", where: ["lib/plan/protection.ts:protectionSteps"], test: `${LINUX}: linux.maskedPaths` },
  {
    key: "linux.readonlyPaths",
    where: ["lib/plan/protection.ts:protectionSteps"],
    test: `${LINUX}: linux.readonlyPaths`,
  },
  { key: "linux.mountLabel", where: ["lib/plan/bundle_mounts.ts:labelOf"], test: PLAN },
  { key: "linux.intelRdt", where: ["lib/plan/resctrl.ts:resctrlPlan"], test: `${LINUX}: intelRdt` },
  {
    key: "linux.intelRdt.enableCMT",
    where: [],
    test: `${READER}: refuses each key that masu has nothing for`,
    note: "of version 1.2",
  },
  {
    key: "linux.intelRdt.enableMBM",
    where: [],
    test: `${READER}: refuses each key that masu has nothing for`,
    note: "of version 1.2",
  },
  { key: "linux.memoryPolicy", where: [SCHEDULING], test: `${LINUX}: linux.memoryPolicy` },
  { key: "linux.personality", where: [SCHEDULING], test: `${LINUX}: linux.personality` },
  {
    key: "linux.personality.flags",
    where: [],
    test: `${LINUX}: personality.flags`,
    note: "the specification names none",
  },
  ...["solaris", "windows", "vm", "zos", "freebsd"].map((key) => ({
    key,
    where: [],
    test: `${READER}: refuses each key that masu has nothing for`,
  })),
];
