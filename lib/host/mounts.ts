/**
 * The mount table of this process: proc_pid_mountinfo(5).
 *
 * @module
 */

/** One line of /proc/self/mountinfo. */
export interface MountEntry {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system. */
  readonly device: string;
  /** The directory in the file system that is this mount's root. */
  readonly root: string;
  /** Where it is mounted. */
  readonly mountPoint: string;
  /** Per-mount options: `rw`, `nosuid`. */
  readonly options: readonly string[];
  /** `shared:N`, `master:N`. */
  readonly optional: readonly string[];
  /** File system type, `ext4`, `fuse.sshfs`. */
  readonly type: string;
  readonly source: string;
  /** Options of the file system itself. */
  readonly superOptions: readonly string[];
}

/** Parses the whole table; a line that makes no sense is left out. */
export function parseMounts(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split("\n")) {
    const entry = parseMount(line);
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

function parseMount(line: string): MountEntry | null {
  const words = line.split(" ");
  const dash = words.indexOf("-", 6);
  const [id, parent, device, root, mountPoint, options] = words;
  const [type, source, superOptions = ""] = words.slice(dash + 1);
  if (dash < 0 || mountPoint === undefined || source === undefined || type === undefined) return null;
  return {
    id: Number(id),
    parent: Number(parent),
    device: device ?? "",
    root: unescape(root ?? "/"),
    mountPoint: unescape(mountPoint),
    options: (options ?? "").split(","),
    optional: words.slice(6, dash),
    type: unescape(type),
    source: unescape(source),
    superOptions: superOptions.split(","),
  };
}

/** Undoes the kernel's octal escapes of blank, tab, newline, backslash and `#`: `\040`. They are bytes of UTF-8 text. */
function unescape(text: string): string {
  return text.includes("\\")
    ? text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)))
    : text;
}

/**
 * The mounts that can be seen: of several at one mount point the last, and none below a mount point that a later mount covers.
 *
 * Sorted by mount point, parents first.
 */
export function visibleMounts(mounts: readonly MountEntry[]): MountEntry[] {
  const children = new Map<number, MountEntry[]>();
  const ids = new Set(mounts.map(({ id }) => id));
  const visible: MountEntry[] = [];
  for (const mount of mounts) {
    const siblings = children.get(mount.parent);
    if (siblings === undefined) children.set(mount.parent, [mount]);
    else siblings.push(mount);
  }
  const visit = (mount: MountEntry) => {
    const below = children.get(mount.id) ?? [];
    const cover = below.findLast(({ mountPoint }) => mountPoint === mount.mountPoint);
    if (cover !== undefined) return visit(cover);
    visible.push(mount);
    below.forEach((child, index) => {
      const covered = below.some((other, at) => at > index && isBelow(child.mountPoint, other.mountPoint));
      if (!covered) visit(child);
    });
  };
  for (const mount of mounts) if (!ids.has(mount.parent) || mount.parent === mount.id) visit(mount);
  return visible.sort((a, b) => a.mountPoint < b.mountPoint ? -1 : a.mountPoint > b.mountPoint ? 1 : 0);
}

/** Whether `path` is `directory` itself or below it. */
export function isBelow(path: string, directory: string): boolean {
  return path === directory || directory === "/" || path.startsWith(`${directory}/`);
}

/** Type of the file system that a path is on, or will be on: the innermost mount's. Symbolic links are not followed. */
export function fileSystemAt(visible: readonly MountEntry[], path: string): string {
  return visible.findLast(({ mountPoint }) => isBelow(path, mountPoint))?.type ?? "unknown";
}
