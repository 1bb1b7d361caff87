/**
 * Kernel settings by name, and whose they are.
 *
 * @module
 */
import type { LinuxNamespaceType } from "./oci.ts";

/** A name in a directory of /proc/sys, where what does not separate stands for itself: `eth0.1`. No `..`, no `+`, no `=`. */
const COMPONENT = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** Settings of System V IPC and POSIX queues. Source: sysvipc(7), the kernel's ipc/ipc_sysctl.c. */
const IPC: readonly string[] = [
  "msg_next_id",
  "msgmax",
  "msgmnb",
  "msgmni",
  "sem",
  "sem_next_id",
  "shm_next_id",
  "shm_rmid_forced",
  "shmall",
  "shmmax",
  "shmmni",
];

/**
 * A setting's path below /proc/sys, in parts; null: it is no name of a setting. Whichever of `.` and `/` comes first separates, and
 * the other is a dot: `net.ipv4.conf.eth0/1.forwarding`, `net/ipv4/conf/eth0.1/forwarding`.
 *
 * Source: sysctl(8).
 */
export function sysctlPath(name: string): readonly string[] | null {
  const separator = /[./]/.exec(name)?.[0];
  if (separator === undefined || name.length > 255) return null;
  const parts = separator === "/" ? name.split("/") : name.split(".").map((part) => part.replaceAll("/", "."));
  return parts.every((part) => COMPONENT.test(part)) ? parts : null;
}

/** The kind of namespace that has a setting for itself; null: it is the whole machine's. Source: sysctl(2), namespaces(7). */
export function sysctlNamespace([first, second, ...more]: readonly string[]): LinuxNamespaceType | null {
  if (first === "net" && second !== undefined) return "network";
  if (first === "fs" && second === "mqueue" && more.length === 1) return "ipc";
  if (first !== "kernel" || second === undefined || more.length > 0) return null;
  if (IPC.includes(second)) return "ipc";
  return second === "hostname" || second === "domainname" ? "uts" : null;
}
