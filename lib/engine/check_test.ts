import { assert, assertEquals } from "@std/assert";
import type { FileStatus, Look, Probe, ProcessReply, Seen } from "../core/wire.ts";
import { sightings } from "../host/sightings.ts";
import { type CheckLine, type CheckReport, checkSurvey } from "./check.ts";

/** A host on which everything is there, seen by root. */
const FILES: Readonly<Record<string, string>> = {
  "/proc/self/mountinfo":
    "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n22 1 8:1 / / rw - ext4 /dev/sda rw\n",
  "/proc/self/cgroup": "0::/\n",
  "/sys/fs/cgroup": "",
  "/sys/fs/cgroup/cgroup.procs": "1\n",
  "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
  "/sys/fs/cgroup/cgroup.subtree_control": "cpu memory pids\n",
  "/proc/swaps": "",
  "/proc/filesystems": "nodev\ttmpfs\nnodev\tdevpts\nnodev\tmqueue\n\text4\n",
  "/etc/passwd": "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n",
  "/etc/subuid": "ann:100000:65536\n",
  "/etc/subgid": "ann:100000:65536\n",
  "/etc/os-release": 'ID=linuxmint\nID_LIKE="ubuntu debian"\n',
  "/usr/bin/newuidmap": "",
  "/usr/bin/newgidmap": "",
  "/usr/bin/unshare": "",
  "/usr/bin/ip": "",
  "/usr/bin/nft": "",
  "/usr/bin/criu": "",
};

const ROOT: ProcessReply = {
  pid: 42,
  uid: 0,
  gid: 0,
  groups: [],
  capabilities: ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"],
  lastCapability: 40,
  directory: "/",
  release: "6.12.9-amd64",
  machine: "x86_64",
  hostname: "here",
  bootId: "0",
  terminals: [false, false, false],
  rows: 0,
  columns: 0,
  inheritedDescriptors: [],
  nofile: [1024, 4096],
  initialUserNamespace: true,
};

const ANN: ProcessReply = { ...ROOT, uid: 1000, gid: 1000, capabilities: [] };

interface Change {
  readonly process?: ProcessReply;
  /** null: not there. */
  readonly files?: Readonly<Record<string, string | null>>;
  readonly errno?: (probe: Probe) => number;
}

function check({ process = ROOT, files = {}, errno = () => 0 }: Change = {}): CheckReport {
  const tree = { ...FILES, ...files };
  const observe = (looks: readonly Look[]) => looks.map(({ path }) => seen(path, tree[path] ?? null));
  const sight = sightings({ observe, process: () => process });
  return checkSurvey({ process, sight, searchPath: ["/usr/bin"], errno });
}

function seen(path: string, text: string | null): Seen {
  const kind = path === "/sys/fs/cgroup" || path === "/run/systemd/system" ? "directory" : "file";
  const status: FileStatus = {
    kind,
    device: 1,
    inode: 1,
    mtimeMs: 0,
    mode: 0o755,
    uid: 0,
    gid: 0,
    size: 0,
    major: 0,
    minor: 0,
  };
  return { errno: text === null ? 2 : null, status: text === null ? null : status, text, entries: null, magic: null };
}

function line(report: CheckReport, key: string): CheckLine {
  const found = report.checks.find((line) => line.key === key);
  assert(found !== undefined, `no line ${key} among ${report.checks.map(({ key }) => key)}`);
  return found;
}

Deno.test("checkSurvey() is ready, and all is ok, on a complete host", () => {
  const report = check();
  assertEquals(report.checks.filter(({ status }) => status !== "ok"), []);
  assertEquals(report.ready, true);
});

Deno.test("checkSurvey() has one line for each key, and fixes where something is not ok only", () => {
  const { checks } = check({ process: ANN, errno: () => 1 });
  assertEquals(new Set(checks.map(({ key }) => key)).size, checks.length);
  assertEquals(checks.filter(({ status, fix }) => status === "ok" && fix !== null), []);
});

function isNamespace(probe: Probe, name: string): boolean {
  return probe.kind === "namespace" && probe.namespace === name;
}

type Row = [
  name: string,
  change: Change,
  key: string,
  expected: { status: CheckLine["status"]; fix: string | null; ready: boolean },
];

const ROWS: Row[] = [
  [
    "refuses a kernel that is too old",
    { process: { ...ROOT, release: "4.15.0" } },
    "kernel.version",
    { status: "missing", fix: null, ready: false },
  ],
  [
    "needs the mount namespace",
    { errno: (probe) => isNamespace(probe, "mount") ? 1 : 0 },
    "namespace.mount",
    { status: "missing", fix: null, ready: false },
  ],
  [
    "works without a network namespace",
    { errno: (probe) => isNamespace(probe, "network") ? 22 : 0 },
    "namespace.network",
    { status: "missing", fix: null, ready: true },
  ],
  [
    "is limited without a time namespace",
    { errno: (probe) => isNamespace(probe, "time") ? 22 : 0 },
    "namespace.time",
    { status: "limited", fix: null, ready: true },
  ],
  [
    "lets root do without user namespaces",
    { errno: (probe) => isNamespace(probe, "user") ? 28 : 0, files: { "/proc/sys/user/max_user_namespaces": "0\n" } },
    "namespace.user",
    { status: "limited", fix: "sudo sysctl -w user.max_user_namespaces=15000", ready: true },
  ],
  [
    "does not let others do without user namespaces",
    {
      process: ANN,
      errno: (probe) => isNamespace(probe, "user") ? 1 : 0,
      files: { "/proc/sys/kernel/unprivileged_userns_clone": "0\n" },
    },
    "namespace.user",
    { status: "missing", fix: "sudo sysctl -w kernel.unprivileged_userns_clone=1", ready: false },
  ],
  [
    "knows AppArmor's switch",
    {
      process: ANN,
      errno: (probe) => isNamespace(probe, "user") ? 13 : 0,
      files: { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n" },
    },
    "namespace.user",
    { status: "missing", fix: "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", ready: false },
  ],
  [
    "names the module of overlay",
    { errno: (probe) => probe.kind === "overlay" ? 19 : 0 },
    "kernel.overlay",
    { status: "missing", fix: "sudo modprobe overlay", ready: true },
  ],
  [
    "names what a seccomp without an action lacks",
    { errno: (probe) => probe.kind === "seccomp_action" && probe.action === "SCMP_ACT_NOTIFY" ? 95 : 0 },
    "kernel.seccomp",
    { status: "limited", fix: null, ready: true },
  ],
  [
    "has a fallback for a missing system call",
    { errno: (probe) => probe.kind === "system_call" && probe.name === "clone3" ? 38 : 0 },
    "system_call.clone3",
    { status: "limited", fix: null, ready: true },
  ],
  [
    "gives a user the command that adds ids",
    { process: ANN, files: { "/etc/subuid": "", "/etc/subgid": "" } },
    "ids.uids",
    { status: "limited", fix: "sudo usermod --add-subuids 100000-165535 ann", ready: true },
  ],
  [
    "gives no ids that others have",
    { process: ANN, files: { "/etc/subuid": "bob:100000:65536\n" } },
    "ids.uids",
    { status: "limited", fix: "sudo usermod --add-subuids 165536-231071 ann", ready: true },
  ],
  [
    "says that few ids are few",
    { process: ANN, files: { "/etc/subuid": "ann:100000:10\n" } },
    "ids.uids",
    { status: "limited", fix: null, ready: true },
  ],
  [
    "names the package of newuidmap on this distribution",
    { process: ANN, files: { "/usr/bin/newuidmap": null } },
    "ids.tools",
    { status: "limited", fix: "sudo apt-get install uidmap", ready: true },
  ],
  [
    "invents no package manager",
    { files: { "/usr/bin/criu": null, "/etc/os-release": "ID=plan9\n" } },
    "tool.criu",
    { status: "limited", fix: null, ready: true },
  ],
  [
    "knows hosts without cgroups",
    { files: { "/proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda rw\n" } },
    "cgroup.mode",
    { status: "limited", fix: "sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup", ready: true },
  ],
  [
    "knows when systemd can delegate a cgroup",
    { process: ANN, files: { "/run/systemd/system": "" } },
    "cgroup.delegation",
    { status: "limited", fix: "systemd-run --user --scope -p Delegate=yes -- masu run ...", ready: true },
  ],
  [
    "gives a user a cgroup by hand where systemd does not",
    { process: ANN },
    "cgroup.delegation",
    {
      status: "limited",
      fix: "sudo mkdir -p /sys/fs/cgroup/user-1000 && sudo chown -R 1000 /sys/fs/cgroup/user-1000 && " +
        "echo $$ | sudo tee /sys/fs/cgroup/user-1000/cgroup.procs",
      ready: true,
    },
  ],
  [
    "names the flags that a missing controller costs",
    { files: { "/sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n" } },
    "cgroup.cpuset",
    { status: "limited", fix: null, ready: true },
  ],
  [
    "needs tmpfs",
    { files: { "/proc/filesystems": "nodev\tdevpts\n" } },
    "file_system.tmpfs",
    { status: "missing", fix: "sudo modprobe tmpfs", ready: false },
  ],
];
for (const [name, change, key, expected] of ROWS) {
  Deno.test(`checkSurvey() ${name}`, () => {
    const report = check(change);
    const { status, fix } = line(report, key);
    assertEquals({ status, fix, ready: report.ready }, expected);
  });
}

Deno.test("checkSurvey() tries namespaces of an ordinary user in a user namespace only", () => {
  const tried: Probe[] = [];
  check({ process: ANN, errno: (probe) => (tried.push(probe), 0) });
  const direct = tried.filter((probe) => probe.kind === "namespace" && !probe.inUserNamespace);
  assertEquals(direct, [{ kind: "namespace", namespace: "user", inUserNamespace: false }]);
});
