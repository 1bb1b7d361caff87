/**
 * Looks at the host, asked together and answered by path.
 *
 * @module
 */
import type { DirectoryEntry, Fact, FileStatus, Look, ProcessReply, Seen, Want } from "../core/wire.ts";

/** The two ops of the core that read the host. */
export interface HostReader {
  /** The answers, in the order of the looks. */
  observe(looks: readonly Look[]): readonly Seen[];
  process(): ProcessReply;
}

/** What was seen so far. */
export interface Sightings {
  /** Looks at everything that was not looked at before, in one call. */
  ask(looks: readonly Look[]): void;
  /** The answer to a look; an errno of 0 and nothing else when it was never asked. */
  seen(want: Want, path: string, root?: string): Seen;
  /** Text of a regular file; null: none that can be read. */
  text(path: string, root?: string): string | null;
  /** Status, symbolic links followed; null: nothing there. */
  status(path: string, root?: string): FileStatus | null;
  /** Names in a directory; null: none that can be read. */
  entries(path: string): readonly DirectoryEntry[] | null;
}

const NEVER_ASKED: Seen = { errno: 0, status: null, text: null, entries: null, magic: null };

/** Starts with nothing seen. */
export function sightings(host: HostReader): Sightings {
  const known = new Map<string, Seen>();
  const seen = (want: Want, path: string, root?: string) => known.get(key(want, path, root ?? null)) ?? NEVER_ASKED;
  return {
    ask(looks) {
      const fresh = new Map(looks.map((look) => [key(look.want, look.path, look.root), look]));
      for (const name of known.keys()) fresh.delete(name);
      if (fresh.size === 0) return;
      const answers = host.observe([...fresh.values()]);
      [...fresh.keys()].forEach((name, index) => known.set(name, answers[index] ?? NEVER_ASKED));
    },
    seen,
    text: (path, root) => seen("text", path, root).text,
    status: (path, root) => seen("stat", path, root).status,
    entries: (path) => seen("list", path).entries,
  };
}

function key(want: Want, path: string, root: string | null): string {
  return JSON.stringify([want, root, path]);
}

/** A look; below `root`, when it is given, nothing leads out of that. */
export function look(want: Want, path: string, root: string | null = null): Look {
  return { want, path, root };
}

/** A fact that holds as long as a file is the same and unchanged, or stays absent. */
export function fileFact(name: string, path: string, status: FileStatus | null, value = describe(status)): Fact {
  const { device, inode, mtimeMs } = status ?? { device: 0, inode: 0, mtimeMs: 0 };
  return { name, value, holds: { kind: "file", path, device, inode, mtimeMs } };
}

/** A fact that must be read again each time. */
export function processFact(name: string, value: string): Fact {
  return { name, value, holds: { kind: "process" } };
}

function describe(status: FileStatus | null): string {
  return status === null ? "absent" : status.kind.replaceAll("_", " ");
}
