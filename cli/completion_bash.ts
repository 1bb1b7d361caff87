/**
 * The completion script for bash: it needs nothing besides bash itself, 4.3 or later.
 *
 * @module
 */
import { type Choice, type CompletedFlag, type Completion, NAMES_TEMPLATE } from "./completion.ts";

/** The script. */
export function bashScript({ commands, flags }: Completion): string {
  const cases = [
    ...commands.flatMap(({ names: [name], flags }) => flagCases(name, flags)),
    ...flagCases("*", flags),
  ];
  return `# masu's completion for bash. Made by: masu completion bash
${
    functionOf(
      "_masu_command",
      "command",
      commands.map(({ names: [name, ...aliases] }) =>
        aliases.length === 0 ? "" : `${aliases.join("|")}) command=${name} ;;`
      ),
    )
  }
# What the value of a flag can be; empty: it takes none.
${functionOf("_masu_value", "1:$2", cases, "kind=")}
# The flags of a command.
${
    functionOf(
      "_masu_flags",
      "1",
      commands.map(({ names: [name], flags }) => `${name}) flags="${spellings(flags)}" ;;`),
      "flags=",
    )
  }
# What an operand can be, by its place.
${
    functionOf(
      "_masu_operand",
      "1:$2",
      commands.flatMap(({ names: [name], operands }) =>
        operands.map((choice, index) =>
          `${name}:${index === operands.length - 1 ? "*" : index}) kind=${kindOf(choice)} ;;`
        )
      ),
      "kind=nothing",
    )
  }
# Its first operand is a part of its name.
${
    functionOf(
      "_masu_is_family",
      "1",
      [`${commands.filter(({ isFamily }) => isFamily).map(({ names: [name] }) => name).join("|")}) return 0 ;;`],
      "",
      "return 1",
    )
  }
# Flags end at its first operand.
${
    functionOf(
      "_masu_ends_flags",
      "1",
      [`${commands.filter(({ endsFlags }) => endsFlags).map(({ names: [name] }) => name).join("|")}) return 0 ;;`],
      "",
      "return 1",
    )
  }
${body(commands.flatMap(({ names, isBelow }) => isBelow ? [] : names), spellings(flags))}`;
}

/** A function that is one \`case\`. */
function functionOf(name: string, subject: string, cases: readonly string[], before = "", after = ""): string {
  const lines = [
    before,
    `case $${subject} in`,
    ...cases.filter((line) => line !== "").map((line) => `    ${line}`),
    "esac",
    after,
  ];
  return `${name}() {\n${lines.filter((line) => line !== "").map((line) => `    ${line}\n`).join("")}}\n`;
}

function flagCases(command: string, flags: readonly CompletedFlag[]): string[] {
  return flags.flatMap(({ spellings, value, attached }) =>
    value === undefined
      ? []
      // Only what is written \`--name=\` has such a value.
      : [`${spellings.map((word) => `${command}:${word}${attached ? "=" : ""}`).join("|")}) kind=${kindOf(value)} ;;`]
  );
}

/** Words are plain: letters, digits, and characters that mean nothing within quotes. */
function kindOf(choice: Choice): string {
  return choice.kind === "words" ? `'words ${choice.words.join(" ")}'` : choice.kind;
}

function spellings(flags: readonly CompletedFlag[]): string {
  return flags.flatMap(({ spellings, attached }) => spellings.map((word) => attached ? `${word}=` : word)).join(" ");
}

function body(names: readonly string[], globals: string): string {
  return `# Adds those of the words that begin as what was typed.
_masu_add() {
    local word
    for word in "$@"; do
        [[ $word == "$match"* ]] && COMPREPLY+=("$word")
    done
}

# Names of containers: nothing but names gets through.
_masu_names() {
    local name
    while read -r name; do
        [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9_.-]*$ ]] && _masu_add "$name"
    done < <("\${words[0]}" "\${global[@]}" list "$@" --format '${NAMES_TEMPLATE}' 2>/dev/null)
}

_masu_complete() {
    case $1 in
        files) mapfile -t COMPREPLY < <(compgen -f -- "$match"); compopt -o filenames 2>/dev/null ;;
        directories) mapfile -t COMPREPLY < <(compgen -d -- "$match"); compopt -o filenames -o nospace 2>/dev/null ;;
        containers) _masu_names --all ;;
        running) _masu_names ;;
        commands) _masu_add ${names.join(" ")} ;;
        words) _masu_add "\${@:2}" ;;
    esac
}

_masu() {
    local word kind flags command='' flag='' ended='' joined='' match i j place=0
    local -a words=() global=()
    COMPREPLY=()
    # bash cuts words at = and :, which are in the middle of masu's.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        if ((i > 0)) && [[ $joined || $word == [=:] ]]; then words[-1]+=$word; else words+=("$word"); fi
        if [[ $word == [=:] ]]; then joined=1; else joined=''; fi
    done
    for ((i = 1; i < \${#words[@]} - 1; i++)); do
        word=\${words[i]}
        if [[ $flag ]]; then
            [[ $flag == --root ]] && global=(--root "$word")
            flag=''
        elif [[ $ended ]]; then
            ((place++))
        elif [[ $word == -- ]]; then
            ended=1
        elif [[ $word == --*=* ]]; then
            [[ $word == --root=* ]] && global=("$word")
        elif [[ $word == --* ]]; then
            _masu_value "$command" "$word"
            [[ $kind ]] && flag=$word
        elif [[ $word == -?* ]]; then
            for ((j = 1; j < \${#word}; j++)); do
                _masu_value "$command" "-\${word:j:1}"
                [[ $kind ]] || continue
                ((j == \${#word} - 1)) && flag=-\${word:j:1}
                break
            done
        elif [[ ! $command ]]; then
            command=$word
            _masu_command
        elif _masu_is_family "$command"; then
            command+=/$word
            _masu_command
        else
            ((place++))
            _masu_ends_flags "$command" && ended=1
        fi
    done
    match=\${words[-1]}
    if [[ $flag ]]; then
        _masu_value "$command" "$flag"
        _masu_complete $kind
    elif [[ ! $ended && $match == --*=* ]]; then
        _masu_value "$command" "\${match%%=*}="
        [[ $kind ]] || _masu_value "$command" "\${match%%=*}"
        match=\${match#*=}
        _masu_complete $kind
    elif [[ ! $ended && $match == -* ]]; then
        _masu_flags "$command"
        _masu_add $flags ${globals}
    elif [[ ! $command ]]; then
        _masu_complete commands
    else
        _masu_operand "$command" "$place"
        _masu_complete $kind
        [[ $command == cp ]] && COMPREPLY=("\${COMPREPLY[@]/%/:}") && _masu_add_files
    fi
    [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace 2>/dev/null
    # What is before the last of bash's own cuts is there already.
    local cut=''
    [[ $COMP_WORDBREAKS == *=* && $match == *=* ]] && cut=\${match%"\${match##*=}"}
    [[ $COMP_WORDBREAKS == *:* && $match == *:* ]] && cut=\${match%"\${match##*[=:]}"}
    COMPREPLY=("\${COMPREPLY[@]#"$cut"}")
}

# cp: files of the host beside containers.
_masu_add_files() {
    local -a names=("\${COMPREPLY[@]}")
    _masu_complete files
    COMPREPLY+=("\${names[@]}")
}

complete -F _masu masu
`;
}
