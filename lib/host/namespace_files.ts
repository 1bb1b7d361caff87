/**
 * Namespaces as files: the links in `/proc/PID/ns`, and mounts of nsfs. namespaces(7)
 *
 * @module
 */
import type { Namespace } from "../core/wire.ts";

/** What a link in `/proc/PID/ns` says. */
export interface NamespaceLink {
  /** As the kernel calls it: `mnt`, `net`. */
  readonly type: string;
  /** Its number. */
  readonly inode: number;
}

/** `net:[4026531840]`; null: it is no namespace. */
export function parseNamespaceLink(text: string): NamespaceLink | null {
  const match = /^([a-z]+):\[(\d+)\]$/.exec(text);
  return match === null ? null : { type: match[1] ?? "", inode: Number(match[2]) };
}

/** The names of the files in `/proc/PID/ns`. */
export const NAMESPACE_FILES: Readonly<Record<Namespace, string>> = {
  mount: "mnt",
  uts: "uts",
  ipc: "ipc",
  network: "net",
  pid: "pid",
  user: "user",
  cgroup: "cgroup",
  time: "time",
};

/** The namespace that the kernel calls so. */
export function namespaceOfType(type: string): Namespace | undefined {
  return ALL_NAMESPACES.find((namespace) => NAMESPACE_FILES[namespace] === type);
}

/** In the order in which setns(2) can enter them. */
export const ALL_NAMESPACES: readonly Namespace[] = [
  "user",
  "cgroup",
  "ipc",
  "uts",
  "network",
  "pid",
  "mount",
  "time",
];
