/**
 * What a container gets when nothing is said: the union of Docker's and podman's care.
 *
 * @module
 */
import type { LinuxDevice, LinuxDeviceRule } from "./oci.ts";

/** PATH of a program whose image says nothing. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Bytes of /dev/shm. */
export const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

/** Processes and threads of a container, where they can be limited. */
export const DEFAULT_PIDS_LIMIT = 2048;

/** The soft limit of open files is raised to this, or to the hard limit where that is lower. */
export const DEFAULT_NOFILE = 1_048_576;

/** What a container has no business to see: hardware, keys, addresses and timings of the kernel. */
export const MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/fs/selinux",
];

/** What a container may see and not change. */
export const READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Devices of every container. OCI runtime-spec, config-linux.md, "Default Devices"; console and ptmx come with the terminals. */
export const DEFAULT_DEVICES: readonly LinuxDevice[] = [
  { type: "c", path: "/dev/null", major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
  { type: "c", path: "/dev/zero", major: 1, minor: 5, fileMode: 0o666, uid: 0, gid: 0 },
  { type: "c", path: "/dev/full", major: 1, minor: 7, fileMode: 0o666, uid: 0, gid: 0 },
  { type: "c", path: "/dev/random", major: 1, minor: 8, fileMode: 0o666, uid: 0, gid: 0 },
  { type: "c", path: "/dev/urandom", major: 1, minor: 9, fileMode: 0o666, uid: 0, gid: 0 },
  { type: "c", path: "/dev/tty", major: 5, minor: 0, fileMode: 0o666, uid: 0, gid: 0 },
];

/** Symbolic links of every container's /dev. OCI runtime-spec, runtime-linux.md, "Dev symbolic links". */
export const DEV_LINKS: readonly (readonly [path: string, target: string])[] = [
  ["/dev/fd", "/proc/self/fd"],
  ["/dev/stdin", "/proc/self/fd/0"],
  ["/dev/stdout", "/proc/self/fd/1"],
  ["/dev/stderr", "/proc/self/fd/2"],
  ["/dev/ptmx", "pts/ptmx"],
];

/** What a device cgroup lets pass: nothing but these. Any node may be made, since none can be opened by that. */
export const DEVICE_RULES: readonly LinuxDeviceRule[] = [
  { allow: false, access: "rwm" },
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 7, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 8, access: "rwm" },
  { allow: true, type: "c", major: 1, minor: 9, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 0, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 1, access: "rwm" },
  { allow: true, type: "c", major: 5, minor: 2, access: "rwm" },
  { allow: true, type: "c", major: 10, minor: 200, access: "rwm" }, // tun: VPNs in containers rely on it
  { allow: true, type: "c", major: 136, access: "rwm" }, // pseudoterminals
];

/**
 * Settings of a network namespace of the container's own: ping without CAP_NET_RAW (only where all groups are mapped), and
 * any port without CAP_NET_BIND_SERVICE, since no other container's ports are meant.
 */
export function defaultSysctls(ownNetwork: boolean, allGroupsMapped: boolean): [name: string, value: string][] {
  if (!ownNetwork) return [];
  const ports: [string, string] = ["net.ipv4.ip_unprivileged_port_start", "0"];
  return allGroupsMapped ? [["net.ipv4.ping_group_range", "0 2147483647"], ports] : [ports];
}

/** The cgroup of masu's own, below which containers are unless `--cgroup-parent` names another. */
export const OWN_CGROUP = "/masu";
