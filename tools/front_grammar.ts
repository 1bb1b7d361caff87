/**
 * `front_grammar.ts`: prints core-rs/init/src/front/grammar.rs, what the front knows of the command line, made of the flag data
 * that the parser itself uses. `make wire` writes it, through rustfmt.
 *
 * The front knows commands and flags with the mark `front`; whatever else is written, the program reads.
 */
import { type Command, COMMANDS, endsFlags } from "../cli/command.ts";
import { type Flag, GLOBAL_FLAGS } from "../cli/flags.ts";
import { RUNTIMES } from "../cli/contract.ts";
import { OCI_VERSION } from "../lib/spec/oci.ts";
import { REAL_TIME, SIGNALS } from "../lib/spec/signal.ts";

/** A flag by the words that mean it, in a command where others may have taken some of them. */
interface Rule {
  readonly flag: Flag;
  readonly words: readonly string[];
  readonly letter: string | undefined;
}

/** The Rust source for these commands. */
export function grammar(commands: readonly Command[], globals: readonly Flag[]): string {
  const known = commands.flatMap((command) => [command, ...command.asRuntime === undefined ? [] : [command.asRuntime]])
    .filter(({ front }) => front === true);
  return `//! What the front knows of the command line. Made by tools/front_grammar.ts: \`make wire\`.

use super::parse::{Command, Flag, Grammar, Kind};

/// As the parser's own flag data has it.
pub(super) const GRAMMAR: Grammar = Grammar {
globals: ${flagList(globals)},
commands: &[${known.map((command) => commandRule(command, globals)).join(", ")}],
};
`;
}

function commandRule(command: Command, globals: readonly Flag[]): string {
  const names = [command.name, ...command.aliases ?? []].map(quote).join(", ");
  const flags = flagList([...command.flags, ...globals]);
  return `Command { names: &[${names}], flags: ${flags}, ends_flags: ${
    endsFlags(command)
  }, runs_program: ${command.runsProgram}, runtime: ${command.runtimeFailure !== undefined} }`;
}

/** Those with the mark, each by the words that the parser takes for it: the first flag that has a word gets it. */
function flagList(flags: readonly Flag[]): string {
  const first = (has: (flag: Flag) => boolean) => flags.find(has);
  const rules = flags.filter(({ front }) => front === true).map((flag): Rule => ({
    flag,
    words: [flag.name, ...flag.aliases ?? []].filter((word) => first((flag) => means(flag, word)) === flag),
    letter: first(({ short }) => short === flag.short) === flag ? flag.short : undefined,
  }));
  return `&[${rules.map(flagRule).join(", ")}]`;
}

function means({ name, aliases }: Flag, word: string): boolean {
  return name === word || aliases?.includes(word) === true;
}

function flagRule({ flag, words, letter }: Rule): string {
  const kind = flag.value === undefined
    ? "Switch"
    : flag.bare === undefined
    ? "Value"
    : `Optional(${quote(flag.bare)})`;
  const short = letter === undefined ? "None" : `Some('${letter}')`;
  return `Flag { name: ${quote(flag.name)}, words: &[${
    words.map(quote).join(", ")
  }], short: ${short}, kind: Kind::${kind} }`;
}

/** Names and defaults are plain words; anything else would need Rust's own escapes. */
function quote(word: string): string {
  if (!/^[\w.,:-]*$/.test(word)) throw new Error(`Write "${word}" to the front's grammar: not a plain word`);
  return `"${word}"`;
}

/** The Rust source for names and numbers. */
export function constants(): string {
  const rows = [...SIGNALS].map(([name, number]) => `(${quote(name.replace(/^SIG/, ""))}, ${number})`);
  return `
/// The version of the runtime specification.
pub(super) const SPECIFICATION: &str = ${quote(OCI_VERSION)};

/// Runtimes whose output engines read: cli/contract.ts.
pub(super) const RUNTIMES: &[&str] = &[${RUNTIMES.map(quote).join(", ")}];

/// Signals by name, without SIG.
pub(super) const SIGNALS: &[(&str, i32)] = &[${rows.join(", ")}];

/// SIGRTMIN and SIGRTMAX.
pub(super) const REAL_TIME: (i32, i32) = (${REAL_TIME.least}, ${REAL_TIME.most});
`;
}

/** The whole file, to be formatted. */
export function source(): string {
  return grammar(COMMANDS, GLOBAL_FLAGS) + constants();
}

if (import.meta.main) await new Blob([source()]).stream().pipeTo(Deno.stdout.writable);
