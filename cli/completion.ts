/**
 * What can be typed where, made of the commands' own data: shells are told by completion_bash.ts and its kin.
 *
 * @module
 */
import { ALL, CAPABILITIES } from "../lib/spec/capabilities.ts";
import { SIGNALS } from "../lib/spec/signal.ts";
import type { Command } from "./command.ts";
import { endsFlags } from "./command.ts";
import { subcommandsOf } from "./family.ts";
import { type Flag, GLOBAL_FLAGS } from "./flags.ts";

/** What a word can be. */
export type Choice =
  | { readonly kind: "nothing" | "files" | "directories" | "containers" | "running" | "commands" }
  /** One that ends with `=` or `:` goes on. */
  | { readonly kind: "words"; readonly words: readonly string[] };

/** A flag as a shell is told of it. */
export interface CompletedFlag {
  /** `--name`, `-n`. */
  readonly spellings: readonly string[];
  readonly help: string;
  /** undefined: it takes no value. */
  readonly value: Choice | undefined;
  /** Its value is written `--name=VALUE` only. */
  readonly attached: boolean;
}

/** A command as a shell is told of it. */
export interface CompletedCommand {
  /** Of two words: joined by `/`. */
  readonly names: readonly [string, ...string[]];
  readonly help: string;
  readonly flags: readonly CompletedFlag[];
  /** By its place; the last one is that of all that follow. */
  readonly operands: readonly Choice[];
  /** What follows its first operand is no flag of masu's. */
  readonly endsFlags: boolean;
  /** Its first operand is the second word of a command's name. */
  readonly isFamily: boolean;
  /** It is below a family. */
  readonly isBelow: boolean;
}

/** All that can be typed. */
export interface Completion {
  readonly commands: readonly CompletedCommand[];
  /** Flags of every command. */
  readonly flags: readonly CompletedFlag[];
}

/** What these commands make of it. */
export function completion(commands: readonly Command[]): Completion {
  return {
    flags: GLOBAL_FLAGS.flatMap((flag) => completedFlag("", flag)),
    commands: commands.flatMap((command) => [
      completedCommand(command, false),
      ...subcommandsOf(command).map((below) => completedCommand(below, true)),
    ]),
  };
}

function completedCommand(command: Command, isBelow: boolean): CompletedCommand {
  const { name, aliases = [], subcommands, flags, laterFlags = [] } = command;
  const [family] = name.split(" ");
  return {
    names: [name.replace(" ", "/"), ...aliases.map((alias) => isBelow ? `${family}/${alias}` : alias)],
    help: command.summary,
    flags: [...new Set([...flags, ...laterFlags])].flatMap((flag) => completedFlag(name, flag)),
    operands: subcommands === undefined ? operandsOf(command) : [words(...subcommands.map(({ name }) => name))],
    endsFlags: subcommands === undefined && endsFlags(command),
    isFamily: subcommands !== undefined,
    isBelow,
  };
}

function completedFlag(command: string, flag: Flag): CompletedFlag[] {
  if (flag.refused !== undefined) return [];
  const spellings = [
    ...[flag.name, ...flag.aliases ?? []].map((name) => `--${name}`),
    ...(flag.short === undefined ? [] : [`-${flag.short}`]),
  ];
  const value = flag.value === undefined ? undefined : valueOf(command, flag.name, flag.value);
  return [{ spellings, help: flag.help, value, attached: flag.bare !== undefined }];
}

const NOTHING: Choice = { kind: "nothing" };

function words(...list: readonly string[]): Choice {
  return { kind: "words", words: list };
}

/** By the flag's name, where that decides it. */
function choicesByName(): Readonly<Record<string, Choice>> {
  const namespaces = words("private", "host", "container:");
  return {
    "cgroup-manager": words("cgroupfs", "systemd", "disabled"),
    explain: words("text", "json", "sh"),
    format: words("table", "json"),
    "log-format": words("text", "json"),
    "log-level": words("error", "warn", "info", "debug"),
    "log-driver": words("json-file", "none", "passthrough"),
    "log-opt": words("max-size=", "max-file="),
    restart: words("no", "always", "unless-stopped", "on-failure", "on-failure:"),
    network: words("none", "host", "container:"),
    pid: namespaces,
    ipc: namespaces,
    uts: namespaces,
    cgroupns: namespaces,
    userns: words("private", "host"),
    "security-opt": words("no-new-privileges", "seccomp=unconfined", "seccomp="),
    "sig-proxy": words("true", "false"),
    type: words("container"),
    columns: words("pid", "inner", "ppid", "user", "uid", "%cpu", "%mem", "rss", "vsz", "tty", "stat", "time", "args"),
  };
}

/** Of `--filter`, which is another one of each command. */
function filters(command: string): Choice {
  if (command === "events") {
    const happenings = ["create", "start", "die", "stop", "kill", "oom"].map((word) => `event=${word}`);
    return words("container=", "image=", "type=container", ...happenings);
  }
  return words(
    ...["created", "running", "paused", "restarting", "exited", "broken"].map((word) => `status=${word}`),
    ...["name=", "label=", "id=", "ancestor=", "exited=", "before=", "since="],
    ...["starting", "healthy", "unhealthy", "none"].map((word) => `health=${word}`),
  );
}

/** By what its value is called. */
function choicesByValue(): Readonly<Record<string, Choice>> {
  return {
    FILE: { kind: "files" },
    DIR: { kind: "directories" },
    SOCKET: { kind: "files" },
    SIGNAL: words(...[...SIGNALS.keys()].map((name) => name.replace(/^SIG/, ""))),
    CAPABILITY: words(ALL, ...CAPABILITIES.map((name) => name.replace(/^CAP_/, ""))),
    "SOURCE:DEST[:OPTIONS]": { kind: "directories" },
    "HOST[:DEST[:rwm]]": { kind: "files" },
  };
}

function valueOf(command: string, name: string, value: string): Choice {
  if (name === "filter") return filters(command);
  // A directory of the container's, which is not to be seen from here.
  if (name === "workdir") return NOTHING;
  return choicesByName()[name] ?? choicesByValue()[value] ?? NOTHING;
}

/** Commands that are of use with a running container only. */
const OF_RUNNING = ["stop", "kill", "exec", "attach", "pause", "resume", "ps", "top", "stats"];

/** What its operands are, as its usage line says. */
function operandsOf({ name, operands }: Command): Choice[] {
  const containers: Choice = { kind: OF_RUNNING.includes(name) ? "running" : "containers" };
  if (name === "cp") return [{ kind: "containers" }];
  if (operands.startsWith("IMAGE")) return [{ kind: "directories" }, { kind: "files" }];
  if (operands === "[COMMAND [COMMAND]]") return [{ kind: "commands" }, NOTHING];
  if (/^[a-z]+(\|[a-z]+)+$/.test(operands)) return [words(...operands.split("|")), NOTHING];
  if (/^\[?CONTAINER\.\.\./.test(operands) || operands.includes("[CONTAINER...]")) return [containers];
  if (/^\[?CONTAINER/.test(operands)) return [containers, NOTHING];
  return [NOTHING];
}

/** The template that prints what a container can be called by. */
export const NAMES_TEMPLATE = "{{or .Names .ID}}";
