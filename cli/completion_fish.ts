/**
 * The completion script for fish.
 *
 * @module
 */
import { type Choice, type CompletedFlag, type Completion, NAMES_TEMPLATE } from "./completion.ts";

/** The script. */
export function fishScript({ commands, flags }: Completion): string {
  const withValue = commands.map(({ names, flags }) => ({ names, words: separate(flags) }));
  return `# masu's completion for fish. Made by: masu completion fish

# Flags whose value is the next word, of a command.
function __masu_valued
    switch "$argv[1]"
${
    withValue.map(({ names, words }) => `        case ${names.join(" ")}\n            echo ${words.join(" ")}\n`).join(
      "",
    )
  }    end
    echo ${separate(flags).join(" ")}
end

# The command that was typed, and how many operands; nothing before it.
function __masu_words
    set -l command ''
    set -l place 0
    set -l skip ''
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip ''
        else if string match -q -- '-*' $word
            if contains -- $word (string split -- ' ' (__masu_valued "$command"))
                set skip 1
            end
        else if test -z "$command"
            set command $word
        else if contains -- $command ${
    commands.filter(({ isFamily }) => isFamily).flatMap(({ names }) => names).join(" ")
  }
            set command $command/$word
        else
            set place (math $place + 1)
        end
    end
    echo $command
    echo $place
end

function __masu_root
    set -l words (commandline -opc)
    for index in (seq (count $words))
        if string match -q -- '--root=*' $words[$index]
            echo $words[$index]
        else if test "$words[$index]" = --root; and test $index -lt (count $words)
            echo --root=$words[(math $index + 1)]
        end
    end
end

function __masu_names
    set -l words (commandline -opc)
    $words[1] (__masu_root) list $argv --format '${NAMES_TEMPLATE}' 2>/dev/null | string match -r '^[A-Za-z0-9][A-Za-z0-9_.-]*$'
end

function __masu_needs_command
    test -z (__masu_words)[1]
end

# The command is one of these.
function __masu_is
    contains -- (__masu_words)[1] $argv
end

# So many operands at least, or exactly, are there before this one.
function __masu_at
    set -l words (__masu_words)
    contains -- $words[1] (string split -- ' ' $argv[2]); and test $words[2] $argv[1] $argv[3]
end

complete -c masu -f
${flags.map((flag) => flagLine("", flag)).join("\n")}
${
    commands.filter(({ isBelow }) => !isBelow).flatMap(({ names, help }) =>
      names.map((name) => `complete -c masu -n __masu_needs_command -a ${name} -d ${quote(help)}`)
    ).join("\n")
  }
${
    commands.flatMap(({ names, flags }) =>
      flags.map((flag) => flagLine(`-n ${quote(`__masu_is ${names.join(" ")}`)} `, flag))
    ).join("\n")
  }
${
    commands.flatMap(({ names, operands }) =>
      operands.flatMap((choice, index) =>
        operandLine(
          names,
          choice,
          { index, last: index === operands.length - 1 },
          commands.flatMap(({ names, isBelow }) => isBelow ? [] : names),
        )
      )
    ).join("\n")
  }
`;
}

/** Words whose next word is their value. */
function separate(flags: readonly CompletedFlag[]): string[] {
  return flags.flatMap(({ spellings, value, attached }) => value === undefined || attached ? [] : spellings);
}

function flagLine(condition: string, { spellings, help, value, attached }: CompletedFlag): string {
  const words = spellings.map((word) => word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`);
  // fish: what takes a value takes files too, unless it is exclusive.
  const required = value?.kind === "files" ? " -r" : " -x";
  const takes = value === undefined ? "" : `${attached ? "" : required}${argument(value, [])}`;
  return `complete -c masu ${condition}${words.join(" ")}${takes} -d ${quote(help)}`;
}

function operandLine(
  names: readonly string[],
  choice: Choice,
  { index, last }: { readonly index: number; readonly last: boolean },
  commands: readonly string[],
): string[] {
  const what = names[0] === "cp"
    ? ` -F -a '(__masu_names --all | string replace -r "\\$" ":")'`
    : argument(choice, commands);
  if (what === "") return [];
  const condition = `__masu_at ${last ? "-ge" : "-eq"} ${quote(names.join(" "))} ${index}`;
  return [`complete -c masu -n ${quote(condition)}${what}`];
}

function argument(choice: Choice, commands: readonly string[]): string {
  switch (choice.kind) {
    case "nothing":
      return "";
    case "files":
      return " -F";
    case "directories":
      return " -a '(__fish_complete_directories)'";
    case "containers":
      return " -a '(__masu_names --all)'";
    case "running":
      return " -a '(__masu_names)'";
    case "commands":
      return ` -a ${quote(commands.join(" "))}`;
    case "words":
      return ` -a ${quote(choice.words.join(" "))}`;
    default:
      return choice satisfies never;
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
