/**
 * Flags as data: they feed the parser, the help and, later, the completions.
 *
 * @module
 */

/** One flag. */
export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Other long names with the same meaning. */
  readonly aliases?: readonly string[];
  /** What its value is called in the help. Absent: a boolean. */
  readonly value?: string;
  /** The value that `--name` alone stands for; another one is written `--name=VALUE` only. */
  readonly bare?: string;
  /** Values that may be the next word too, where `bare` stands for a missing one. */
  readonly nextWords?: readonly string[];
  /** One dash is enough for the long name, as Go's flags have it: where callers write it so. */
  readonly oneDash?: true;
  /** Each occurrence counts, not only the last. */
  readonly repeatable?: boolean;
  /** Heading in the help. */
  readonly group: string;
  /** What it does: one sentence, without a full stop. */
  readonly help: string;
  /** Known from docker, podman or runc, and not done by masu: what to do instead. Not in the help. */
  readonly refused?: string;
  /** The front knows what it means for the commands that it executes, and need not leave them to the program. */
  readonly front?: true;
}

/** What was written of a set of flags. */
export interface FlagValues<Name extends string = string> {
  /** A boolean; false when it was not written. */
  on(name: Name): boolean;
  /** The last value; undefined when it was not written. */
  text(name: Name): string | undefined;
  /** All values in the order written. */
  all(name: Name): readonly string[];
}

const GROUP = "Global flags";

/** Values of `--rootless`. */
export const ROOTLESS = ["auto", "true", "false"] as const;

/** Flags that every command has, before or after its name. */
export const GLOBAL_FLAGS = [
  {
    name: "root",
    value: "DIR",
    front: true,
    group: GROUP,
    help: "Keep everything in DIR instead of /run/masu and /var/lib/masu",
  },
  {
    name: "cgroup-manager",
    value: "MANAGER",
    front: true,
    group: GROUP,
    help: "cgroupfs (default), systemd, or disabled: no cgroups at all",
  },
  { name: "systemd-cgroup", front: true, group: GROUP, help: "The same as --cgroup-manager systemd" },
  {
    name: "explain",
    value: "FORM",
    bare: "text",
    group: GROUP,
    help: "Print the plan and touch nothing: as text, as json, or as sh, a script that does the same",
  },
  { name: "dry-run", group: GROUP, help: "The same as --explain" },
  { name: "format", value: "FORM", group: GROUP, help: "How to print results: table (default), json, or a template" },
  { name: "json", group: GROUP, help: "The same as --format json" },
  { name: "quiet", short: "q", group: GROUP, help: "Print no warnings, and of results only the essential" },
  {
    name: "log",
    value: "FILE",
    front: true,
    group: GROUP,
    help: "Add messages to FILE; errors still go to stderr too. What engines expect of an OCI runtime holds then",
  },
  {
    name: "log-format",
    value: "FORM",
    front: true,
    group: GROUP,
    help: "How to write messages: text (default) or json",
  },
  { name: "log-level", value: "LEVEL", group: GROUP, help: "error, warn (default), info or debug" },
  { name: "debug", front: true, group: GROUP, help: "The same as --log-level debug" },
  { name: "version", group: GROUP, help: "Print the version" },
  { name: "help", short: "h", group: GROUP, help: "Print this help" },
  {
    name: "rootless",
    value: "WHEN",
    bare: "true",
    front: true,
    group: GROUP,
    help: "true, false or auto, as engines write it; masu itself sees which cgroups may be made",
  },
  {
    name: "criu",
    value: "PATH",
    front: true,
    group: GROUP,
    help: "Where checkpoint and restore would find CRIU, which masu does not call yet",
  },
] as const satisfies readonly Flag[];

/** Names of the global flags. */
export type GlobalName = typeof GLOBAL_FLAGS[number]["name"];

/** The same before a command's name, where runc has its own letter and lets a value be the next word. */
export const EARLY_FLAGS: readonly Flag[] = GLOBAL_FLAGS.map((flag) => {
  if (flag.name === "version") return { ...flag, short: "v" };
  return flag.name === "rootless" ? { ...flag, nextWords: ROOTLESS } : flag;
});
