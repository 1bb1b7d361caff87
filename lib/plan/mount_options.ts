/**
 * Mount options as the OCI writes them, and what they mean to mount(2).
 *
 * @module
 */
import type { Propagation } from "../core/wire.ts";

/** Bits of mount(2): linux/mount.h. */
export const MS = {
  RDONLY: 1,
  NOSUID: 1 << 1,
  NODEV: 1 << 2,
  NOEXEC: 1 << 3,
  SYNCHRONOUS: 1 << 4,
  REMOUNT: 1 << 5,
  MANDLOCK: 1 << 6,
  DIRSYNC: 1 << 7,
  NOSYMFOLLOW: 1 << 8,
  NOATIME: 1 << 10,
  NODIRATIME: 1 << 11,
  BIND: 1 << 12,
  REC: 1 << 14,
  SILENT: 1 << 15,
  RELATIME: 1 << 21,
  I_VERSION: 1 << 23,
  STRICTATIME: 1 << 24,
  LAZYTIME: 1 << 25,
} as const;

/** What one OCI mount option does to the mount(2) flag word. */
interface OptionRule {
  readonly set?: number;
  readonly clear?: number;
  /** It changes what mounts on either side do to the other: a call of its own. */
  readonly propagation?: Propagation;
  /** It holds for what is mounted below too: mount_setattr(2) with AT_RECURSIVE. */
  readonly recursiveReadOnly?: boolean;
}

const ATIME = MS.NOATIME | MS.RELATIME | MS.STRICTATIME;

/** OCI runtime-spec, config.md, "Linux mount options". Bits: mount(2). */
const RULES: ReadonlyMap<string, OptionRule> = new Map<string, OptionRule>([
  ["defaults", {}],
  ["bind", { set: MS.BIND }],
  ["rbind", { set: MS.BIND | MS.REC }],
  ["ro", { set: MS.RDONLY }],
  ["rw", { clear: MS.RDONLY }],
  ["rro", { set: MS.RDONLY, recursiveReadOnly: true }],
  ["nosuid", { set: MS.NOSUID }],
  ["suid", { clear: MS.NOSUID }],
  ["nodev", { set: MS.NODEV }],
  ["dev", { clear: MS.NODEV }],
  ["noexec", { set: MS.NOEXEC }],
  ["exec", { clear: MS.NOEXEC }],
  ["sync", { set: MS.SYNCHRONOUS }],
  ["async", { clear: MS.SYNCHRONOUS }],
  ["dirsync", { set: MS.DIRSYNC }],
  ["mand", { set: MS.MANDLOCK }],
  ["nomand", { clear: MS.MANDLOCK }],
  ["atime", { clear: MS.NOATIME }],
  ["noatime", { clear: ATIME, set: MS.NOATIME }],
  ["diratime", { clear: MS.NODIRATIME }],
  ["nodiratime", { set: MS.NODIRATIME }],
  ["relatime", { clear: ATIME, set: MS.RELATIME }],
  ["norelatime", { clear: MS.RELATIME }],
  ["strictatime", { clear: ATIME, set: MS.STRICTATIME }],
  ["nostrictatime", { clear: MS.STRICTATIME }],
  ["lazytime", { set: MS.LAZYTIME }],
  ["nolazytime", { clear: MS.LAZYTIME }],
  ["iversion", { set: MS.I_VERSION }],
  ["noiversion", { clear: MS.I_VERSION }],
  ["silent", { set: MS.SILENT }],
  ["loud", { clear: MS.SILENT }],
  ["symfollow", { clear: MS.NOSYMFOLLOW }],
  ["nosymfollow", { set: MS.NOSYMFOLLOW }],
  ["private", { propagation: "private" }],
  ["rprivate", { propagation: "rprivate" }],
  ["slave", { propagation: "slave" }],
  ["rslave", { propagation: "rslave" }],
  ["shared", { propagation: "shared" }],
  ["rshared", { propagation: "rshared" }],
  ["unbindable", { propagation: "unbindable" }],
  ["runbindable", { propagation: "runbindable" }],
]);

/** The options that are flags or propagation to the kernel, by name. */
export const MOUNT_OPTIONS: readonly string[] = [...RULES.keys()];

/** A mount's options, taken apart. */
export interface MountOptions {
  /** MS_* bits, MS_BIND and MS_REC among them. */
  readonly flags: number;
  /** Options of the file system, joined with commas. */
  readonly data: string;
  readonly propagation: Propagation | null;
  /** `rro`. */
  readonly recursiveReadOnly: boolean;
}

/** Splits options into flag bits, propagation and file system data. Later options win. */
export function mountOptions(options: readonly string[]): MountOptions {
  let flags = 0;
  let propagation: Propagation | null = null;
  let recursiveReadOnly = false;
  const data: string[] = [];
  for (const option of options) {
    const rule = RULES.get(option);
    if (rule === undefined) {
      data.push(option);
      continue;
    }
    flags = (flags & ~(rule.clear ?? 0)) | (rule.set ?? 0);
    propagation = rule.propagation ?? propagation;
    recursiveReadOnly = rule.recursiveReadOnly ?? (option === "rw" || option === "ro" ? false : recursiveReadOnly);
  }
  return { flags: flags >>> 0, data: data.join(","), propagation, recursiveReadOnly };
}
