/**
 * POSIX capabilities by name, and which of them a container gets.
 *
 * Source: capabilities(7), linux/capability.h.
 *
 * @module
 */
import { invalidConfig, MasuError } from "../error.ts";

/** All capabilities in the order of their numbers, from 0. */
export const CAPABILITIES: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
];

/** What a container gets when nothing is said: podman's set, Docker's without AUDIT_WRITE, MKNOD and NET_RAW. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_SETFCAP",
];

/** Every capability, in `--cap-add` and `--cap-drop`. */
export const ALL = "ALL";

/** Reads `chown`, `CAP_CHOWN` or `all`. Errors: `invalid_config` no such capability. */
export function parseCapability(text: string): string {
  const upper = text.toUpperCase();
  if (upper === ALL || upper === "CAP_ALL") return ALL;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (!CAPABILITIES.includes(name)) {
    throw invalidConfig(
      `Use capability "${text}": no such capability`,
      "capabilities(7) lists them; ALL stands for every one",
    );
  }
  return name;
}

/** What was asked for, and of whom. */
export interface CapabilityRequest {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

/** What can be had. */
export interface CapabilityLimits {
  /** The highest capability that the kernel knows, by number. */
  readonly last: number;
  /** Those of the caller, where the container gets no user namespace of its own; null: all. */
  readonly own: readonly string[] | null;
}

/**
 * The container's capabilities, in the order of their numbers.
 *
 * Docker's rules: `--cap-add ALL` is all without the dropped ones; `--cap-drop ALL` leaves the added ones; otherwise the defaults
 * without the dropped ones and with the added ones. What nobody asked for and cannot be had is left out.
 *
 * Errors: `kernel_lacks`, `denied` for an added one that cannot be had.
 */
export function containerCapabilities(
  { add, drop, privileged }: CapabilityRequest,
  { last, own }: CapabilityLimits,
): string[] {
  const known = CAPABILITIES.slice(0, last + 1);
  const added = new Set(add.map(parseCapability));
  const dropped = new Set(drop.map(parseCapability));
  for (const name of added) {
    if (name === ALL) continue;
    if (!known.includes(name)) {
      throw new MasuError("kernel_lacks", `Add capability "${name}": this kernel does not know it`);
    }
    if (own !== null && !own.includes(name)) {
      throw new MasuError("denied", `Add capability "${name}": masu does not have it itself`);
    }
  }
  const chosen = (name: string): boolean => {
    if (privileged || added.has(ALL)) return !dropped.has(name);
    if (dropped.has(ALL)) return added.has(name);
    return added.has(name) || (DEFAULT_CAPABILITIES.includes(name) && !dropped.has(name));
  };
  return known.filter((name) => chosen(name) && (own === null || own.includes(name)));
}
