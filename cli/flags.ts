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
  /** Each occurrence counts, not only the last. */
  readonly repeatable?: boolean;
  /** Heading in the help. */
  readonly group: string;
  /** What it does: one sentence, without a full stop. */
  readonly help: string;
  /** Known from docker, podman or runc, and not done by masu: what to do instead. Not in the help. */
  readonly refused?: string;
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

/** Flags that every command has, before or after its name. */
export const GLOBAL_FLAGS = [
  { name: "root", value: "DIR", group: GROUP, help: "Keep runtime state in DIR instead of /run/masu" },
  {
    name: "cgroup-manager",
    value: "MANAGER",
    group: GROUP,
    help: "cgroupfs (default), or disabled: no cgroups at all",
  },
  {
    name: "explain",
    value: "FORM",
    bare: "text",
    group: GROUP,
    help: "Print the plan and touch nothing: as text, as json, or as sh, a script that does the same",
  },
  { name: "dry-run", group: GROUP, help: "The same as --explain" },
  { name: "format", value: "FORM", group: GROUP, help: "How to print results: table (default) or json" },
  { name: "json", group: GROUP, help: "The same as --format json" },
  { name: "quiet", short: "q", group: GROUP, help: "Print no warnings, and of results only the essential" },
  { name: "log", value: "FILE", group: GROUP, help: "Add messages to FILE; errors still go to stderr too" },
  { name: "log-format", value: "FORM", group: GROUP, help: "How to write messages: text (default) or json" },
  { name: "log-level", value: "LEVEL", group: GROUP, help: "error, warn (default), info or debug" },
  { name: "debug", group: GROUP, help: "The same as --log-level debug" },
  { name: "version", group: GROUP, help: "Print the version" },
  { name: "help", short: "h", group: GROUP, help: "Print this help" },
  {
    name: "systemd-cgroup",
    group: GROUP,
    help: "",
    refused: "cgroups through systemd are not supported yet: --cgroup-manager cgroupfs",
  },
  {
    name: "criu",
    value: "PATH",
    group: GROUP,
    help: "",
    refused: "checkpoint and restore are not supported yet",
  },
] as const satisfies readonly Flag[];

/** Names of the global flags. */
export type GlobalName = typeof GLOBAL_FLAGS[number]["name"];
