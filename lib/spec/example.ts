/**
 * The document of `masu spec`: a bundle to begin with, a shell on a terminal in a read-only root.
 *
 * @module
 */
import { DEFAULT_PATH, MASKED_PATHS, READONLY_PATHS } from "./defaults.ts";
import { type LinuxIdMapping, type LinuxNamespaceType, type Mount, OCI_VERSION, type Spec } from "./oci.ts";

/** Whoever cannot be root on the host: the container's root is this user. */
export interface Rootless {
  readonly uid: number;
  readonly gid: number;
}

/** What a shell needs that is no administrator of anything. */
const KEPT_CAPABILITIES: readonly string[] = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

const SAFE: readonly string[] = ["nosuid", "noexec", "nodev"];

const OPEN_FILES = 1024;

/** A bundle's document. `rootless`: for a user without privileges. */
export function exampleSpec(rootless?: Rootless): Spec {
  const capabilities = () => [...KEPT_CAPABILITIES];
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: [`PATH=${DEFAULT_PATH}`, "TERM=xterm"],
      cwd: "/",
      capabilities: {
        bounding: capabilities(),
        effective: capabilities(),
        permitted: capabilities(),
        inheritable: [],
        ambient: [],
      },
      rlimits: [{ type: "RLIMIT_NOFILE", soft: OPEN_FILES, hard: OPEN_FILES }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "masu",
    mounts: mountsOf(rootless),
    linux: {
      ...(rootless !== undefined && { uidMappings: only(rootless.uid), gidMappings: only(rootless.gid) }),
      // Whoever is not root has no cgroup to limit devices in.
      ...(rootless === undefined && { resources: { devices: [{ allow: false, access: "rwm" }] } }),
      namespaces: namespacesOf(rootless).map((type) => ({ type })),
      maskedPaths: [...MASKED_PATHS],
      readonlyPaths: [...READONLY_PATHS],
    },
  };
}

/** The text of `config.json`: two spaces deep, and a line end. */
export function exampleDocument(rootless?: Rootless): string {
  return `${JSON.stringify(exampleSpec(rootless), null, 2)}\n`;
}

/** The one id that anybody may map. */
function only(hostID: number): LinuxIdMapping[] {
  return [{ containerID: 0, hostID, size: 1 }];
}

function namespacesOf(rootless: Rootless | undefined): LinuxNamespaceType[] {
  const types: LinuxNamespaceType[] = ["pid", "ipc", "uts", "mount", "cgroup"];
  return rootless === undefined ? [...types, "network"] : [...types, "user"];
}

function mountsOf(rootless: Rootless | undefined): Mount[] {
  // Group 5, tty, is not mapped where one group is. sysfs belongs to the network namespace, which is the host's there.
  const group = rootless === undefined ? ["gid=5"] : [];
  const sys: Mount = rootless === undefined
    ? { destination: "/sys", type: "sysfs", source: "sysfs", options: [...SAFE, "ro"] }
    : { destination: "/sys", type: "none", source: "/sys", options: ["rbind", ...SAFE, "ro"] };
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", ...group],
    },
    { destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...SAFE, "mode=1777", "size=65536k"] },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: [...SAFE] },
    sys,
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [...SAFE, "relatime", "ro"] },
  ];
}
