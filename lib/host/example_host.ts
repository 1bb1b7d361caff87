/**
 * An example machine for tests: what the core would answer there, as a table of files.
 *
 * A server of one disk with a separate /home, an EFI partition, a network share, a snap, Docker beside it, and cgroup v2.
 *
 * @module
 */
import type { FileKind, FileStatus, Look, ProcessReply, Seen } from "../core/wire.ts";
import { CAPABILITIES } from "../spec/capabilities.ts";
import type { HostReader } from "./sightings.ts";

/** One file. A text alone is a regular file of root's. */
export interface ExampleFile {
  readonly kind?: FileKind;
  readonly text?: string;
  readonly target?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly device?: readonly [major: number, minor: number];
}

export type ExampleFiles = Readonly<Record<string, ExampleFile>>;

const directory = (mode = 0o755, uid = 0): ExampleFile => ({ kind: "directory", mode, uid, gid: uid });
const link = (target: string): ExampleFile => ({ kind: "symlink", target, mode: 0o777 });
const node = (major: number, minor: number, mode = 0o666): ExampleFile => ({
  kind: "character_device",
  device: [major, minor],
  mode,
});
const program: ExampleFile = { text: "", mode: 0o4755 };

export const EXAMPLE_MOUNTS = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:2 - proc proc rw
24 22 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:3 - sysfs sysfs rw
25 22 0:5 / /dev rw,nosuid shared:4 - devtmpfs udev rw,size=4k
26 25 0:23 / /dev/pts rw,nosuid,noexec,relatime shared:5 - devpts devpts rw
27 22 0:24 / /run rw,nosuid,nodev,noexec,relatime shared:6 - tmpfs tmpfs rw
28 24 0:25 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:7 - cgroup2 cgroup2 rw
29 22 8:2 / /home rw,nosuid,nodev,relatime shared:8 - xfs /dev/sda2 rw
30 22 8:3 / /boot/efi rw,relatime shared:9 - vfat /dev/sda3 rw
31 22 0:40 / /srv/share rw,nosuid,relatime shared:10 - nfs4 nas:/share rw
32 22 7:0 / /snap/core/1 ro,nodev,relatime shared:11 - squashfs /dev/loop0 ro
33 22 0:41 / /var/lib/docker/overlay2/ab/merged rw,relatime shared:12 - overlay overlay rw
34 22 8:4 / /var/lib/postgresql rw,nosuid,nodev,noexec,relatime shared:13 - ext4 /dev/sdb1 rw
35 22 8:1 /etc/machine-info /etc/issue rw,relatime shared:1 - ext4 /dev/sda1 rw
`;

/** The files that plans ask for. */
export const EXAMPLE_FILES: ExampleFiles = {
  "/proc/self/mountinfo": { text: EXAMPLE_MOUNTS },
  "/proc/self/cgroup": { text: "0::/system.slice/ssh.service\n" },
  "/proc/swaps": { text: "" },
  "/proc/kcore": { text: "" },
  "/sys/devices/system/cpu": directory(),
  "/sys/devices/system/cpu/cpu0/thermal_throttle": directory(),
  "/sys/devices/system/cpu/cpu0": directory(),
  "/sys/devices/system/cpu/cpu1": directory(),
  "/sys/devices/system/cpu/cpufreq": directory(),
  "/sys/fs/cgroup": directory(),
  "/sys/fs/cgroup/cgroup.procs": { text: "1\n" },
  "/sys/fs/cgroup/cgroup.controllers": { text: "cpuset cpu io memory pids\n" },
  "/sys/fs/cgroup/cgroup.subtree_control": { text: "cpu memory pids\n" },
  "/": directory(),
  "/bin": link("usr/bin"),
  "/boot": directory(),
  "/boot/efi": directory(0o700),
  "/boot/grub": directory(),
  "/boot/vmlinuz": { text: "", mode: 0o600 },
  "/dev": directory(),
  "/dev/null": node(1, 3),
  "/dev/zero": node(1, 5),
  "/dev/full": node(1, 7),
  "/dev/random": node(1, 8),
  "/dev/urandom": node(1, 9),
  "/dev/tty": node(5, 0),
  "/dev/fuse": node(10, 229),
  "/dev/mem": node(1, 1, 0o640),
  "/dev/net": directory(),
  "/dev/net/tun": node(10, 200),
  "/etc": directory(),
  "/etc/group": { text: "root:x:0:\nadm:x:4:root\nalice:x:1000:\n" },
  "/etc/hosts": { text: "127.0.0.1\tlocalhost\n127.0.1.1\tserver\n" },
  "/etc/issue": { text: "" },
  "/etc/passwd": {
    text:
      "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000::/home/alice:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/sh\n",
  },
  "/etc/resolv.conf": { text: "nameserver 192.0.2.53\n" },
  "/etc/subgid": { text: "alice:200000:65536\n" },
  "/etc/subuid": { text: "alice:100000:65536\n" },
  "/home": directory(),
  "/home/alice": directory(0o750, 1000),
  "/home/bob": directory(0o700, 1001),
  "/proc": directory(0o555),
  "/root": directory(0o700),
  "/run": directory(),
  "/snap": directory(),
  "/snap/core": directory(),
  "/snap/core/1": directory(),
  "/srv": directory(),
  "/srv/share": directory(),
  "/srv/www": directory(),
  "/sys": directory(0o555),
  "/tmp": directory(0o1777),
  "/usr": directory(),
  "/usr/bin": directory(),
  "/usr/bin/newgidmap": program,
  "/usr/bin/newuidmap": program,
  "/var": directory(),
  "/var/cache": directory(),
  "/var/lib": directory(),
  "/var/lib/docker": directory(0o710),
  "/var/lib/postgresql": directory(0o700, 26),
  "/var/lib/private": directory(0o700),
  "/var/tmp": directory(0o1777),
};

/** Root's process on the example machine. */
export const EXAMPLE_ROOT: ProcessReply = {
  pid: 4711,
  uid: 0,
  gid: 0,
  groups: [0],
  capabilities: [...CAPABILITIES],
  lastCapability: 40,
  directory: "/root",
  release: "6.12.9-amd64",
  machine: "x86_64",
  hostname: "server",
  bootId: "5f0c0d0e-0000-4000-8000-000000000001",
  terminals: [false, false, false],
  rows: 0,
  columns: 0,
  inheritedDescriptors: [],
  nofile: [1024, 524288],
  initialUserNamespace: true,
};

/** Alice's, an ordinary user with subordinate ids. */
export const EXAMPLE_USER: ProcessReply = {
  ...EXAMPLE_ROOT,
  uid: 1000,
  gid: 1000,
  groups: [1000],
  capabilities: [],
  directory: "/home/alice",
};

/** A reader of the example machine; `files` are added to its own, and null takes one away. */
export function exampleHost(
  process: ProcessReply,
  files: Readonly<Record<string, ExampleFile | null>> = {},
): HostReader {
  const all = new Map(Object.entries({ ...EXAMPLE_FILES, ...files }));
  return {
    process: () => process,
    observe: (looks) => looks.map((look) => answer(look, all)),
  };
}

type Files = ReadonlyMap<string, ExampleFile | null>;

function answer({ path, root, want }: Look, files: Files): Seen {
  const nothing: Seen = { errno: null, status: null, text: null, entries: null, magic: null };
  const whole = root === null || root === "/" ? path : path === "/" ? root : `${root}${path}`;
  const file = files.get(whole);
  if (file == null) return { ...nothing, errno: 2 };
  const status = statusOf(whole, file, files);
  switch (want) {
    case "text":
      return file.text === undefined ? { ...nothing, errno: 22 } : { ...nothing, status, text: file.text };
    case "link":
      return file.target === undefined ? { ...nothing, errno: 22 } : { ...nothing, text: file.target };
    case "list":
      return file.kind === "directory" ? { ...nothing, entries: entriesOf(whole, files) } : { ...nothing, errno: 20 };
    default:
      return { ...nothing, status };
  }
}

function entriesOf(path: string, files: Files): NonNullable<Seen["entries"]> {
  const prefix = path === "/" ? "/" : `${path}/`;
  return [...files].flatMap(([name, file]) => {
    const rest = name.slice(prefix.length);
    if (file === null || !name.startsWith(prefix) || rest === "" || rest.includes("/")) return [];
    return [{ name: rest, kind: file.kind ?? "file" }];
  }).sort((a, b) => a.name < b.name ? -1 : 1);
}

function statusOf(
  path: string,
  { kind = "file", text = "", mode = 0o644, uid = 0, gid = 0, device }: ExampleFile,
  files: Files,
): FileStatus {
  const [major, minor] = device ?? [0, 0];
  const inode = [...files.keys()].indexOf(path) + 1;
  return { kind, device: 2049, inode, mtimeMs: 1_700_000_000_000, mode, uid, gid, size: text.length, major, minor };
}
