/**
 * Mount options as the OCI writes them, and what they mean to mount(2).
 *
 * @module
 */
import type { MountAttributes, Propagation } from "../core/wire.ts";

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

/** Bits of mount_setattr(2): linux/mount.h. */
export const MOUNT_ATTR = {
  RDONLY: 0x1,
  NOSUID: 0x2,
  NODEV: 0x4,
  NOEXEC: 0x8,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  /** All that says when access times are kept; none of it is `relatime`. */
  ATIME: 0x70,
  NODIRATIME: 0x80,
  NOSYMFOLLOW: 0x200000,
} as const;

/** What one OCI mount option does to the mount(2) flag word. */
interface OptionRule {
  readonly set?: number;
  readonly clear?: number;
  /** It changes what mounts on either side do to the other: a call of its own. */
  readonly propagation?: Propagation;
  /** It holds for what is mounted below too: mount_setattr(2) with AT_RECURSIVE. */
  readonly recursiveReadOnly?: boolean;
  /** The same for any attribute. */
  readonly recursive?: Partial<MountAttributes>;
  /** Owners are seen through the container's ids, or through the mount's own. */
  readonly idmap?: "mount" | "recursive";
  readonly copyUp?: true;
}

const ATIME = MS.NOATIME | MS.RELATIME | MS.STRICTATIME;

/** OCI runtime-spec, config.md, "Linux mount options". Bits: mount(2). */
const RULES: ReadonlyMap<string, OptionRule> = new Map<string, OptionRule>([
  ["defaults", {}],
  ["bind", { set: MS.BIND }],
  ["rbind", { set: MS.BIND | MS.REC }],
  ["ro", { set: MS.RDONLY }],
  ["rw", { clear: MS.RDONLY }],
  ["rro", { set: MS.RDONLY, recursiveReadOnly: true, recursive: { set: MOUNT_ATTR.RDONLY } }],
  ["rrw", { recursive: { clear: MOUNT_ATTR.RDONLY } }],
  ["rnosuid", { recursive: { set: MOUNT_ATTR.NOSUID } }],
  ["rsuid", { recursive: { clear: MOUNT_ATTR.NOSUID } }],
  ["rnodev", { recursive: { set: MOUNT_ATTR.NODEV } }],
  ["rdev", { recursive: { clear: MOUNT_ATTR.NODEV } }],
  ["rnoexec", { recursive: { set: MOUNT_ATTR.NOEXEC } }],
  ["rexec", { recursive: { clear: MOUNT_ATTR.NOEXEC } }],
  ["rnodiratime", { recursive: { set: MOUNT_ATTR.NODIRATIME } }],
  ["rdiratime", { recursive: { clear: MOUNT_ATTR.NODIRATIME } }],
  ["rnosymfollow", { recursive: { set: MOUNT_ATTR.NOSYMFOLLOW } }],
  ["rsymfollow", { recursive: { clear: MOUNT_ATTR.NOSYMFOLLOW } }],
  ["rnoatime", { recursive: { set: MOUNT_ATTR.NOATIME, clear: MOUNT_ATTR.ATIME } }],
  ["ratime", { recursive: { clear: MOUNT_ATTR.ATIME } }],
  ["rstrictatime", { recursive: { set: MOUNT_ATTR.STRICTATIME, clear: MOUNT_ATTR.ATIME } }],
  ["rnostrictatime", { recursive: { clear: MOUNT_ATTR.ATIME } }],
  ["rrelatime", { recursive: { clear: MOUNT_ATTR.ATIME } }],
  ["rnorelatime", { recursive: { clear: MOUNT_ATTR.ATIME } }],
  ["idmap", { idmap: "mount" }],
  ["ridmap", { idmap: "recursive" }],
  ["tmpcopyup", { copyUp: true }],
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
  /** MS_* bits that an option takes away, and none after it gives back. */
  readonly cleared: number;
  /** MOUNT_ATTR_* bits for the mount and all below it; null: no option asks for any. */
  readonly attributes: MountAttributes | null;
  /** `idmap`, `ridmap`. */
  readonly idmap: "mount" | "recursive" | null;
  /** `tmpcopyup`. */
  readonly copyUp: boolean;
}

/** Splits options into flag bits, propagation, attributes and file system data. Later options win. */
export function mountOptions(options: readonly string[]): MountOptions {
  let split: MountOptions = NO_OPTIONS;
  const data: string[] = [];
  for (const option of options) {
    const rule = RULES.get(option);
    if (rule === undefined) data.push(option);
    else split = withOption(split, option, rule);
  }
  return { ...split, flags: split.flags >>> 0, data: data.join(",") };
}

const NO_OPTIONS: MountOptions = {
  flags: 0,
  data: "",
  propagation: null,
  recursiveReadOnly: false,
  cleared: 0,
  attributes: null,
  idmap: null,
  copyUp: false,
};

function withOption(before: MountOptions, option: string, rule: OptionRule): MountOptions {
  const { set = 0, clear = 0, recursive } = rule;
  const isOwn = option === "rw" || option === "ro";
  return {
    ...before,
    flags: (before.flags & ~clear) | set,
    cleared: (before.cleared | clear) & ~set,
    propagation: rule.propagation ?? before.propagation,
    recursiveReadOnly: rule.recursiveReadOnly ?? (isOwn ? false : before.recursiveReadOnly),
    attributes: recursive === undefined ? before.attributes : withAttributes(before.attributes, recursive),
    idmap: rule.idmap ?? before.idmap,
    copyUp: rule.copyUp ?? before.copyUp,
  };
}

/** mount_setattr(2): whoever sets a kind of access times clears all kinds. */
function withAttributes(
  before: MountAttributes | null,
  { set = 0, clear = 0 }: Partial<MountAttributes>,
): MountAttributes {
  const { set: setBefore, clear: clearBefore } = before ?? { set: 0, clear: 0 };
  return { set: (setBefore & ~clear) | set, clear: (clearBefore & ~set) | clear };
}
