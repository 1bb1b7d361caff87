/**
 * The completion script for zsh.
 *
 * @module
 */
import { type Choice, type CompletedFlag, type Completion, NAMES_TEMPLATE } from "./completion.ts";

/** The script. */
export function zshScript({ commands, flags }: Completion): string {
  const cases = [
    ...commands.flatMap(({ names, flags }) => flagCases(names, flags)),
    ...flagCases([""], flags),
  ];
  return `#compdef masu
# masu's completion for zsh. Made by: masu completion zsh

# What the value of a flag can be; empty: it takes none.
_masu_value() {
    kind=()
    case $1:$2 in
${cases.map((line) => `        ${line}\n`).join("")}    esac
}

_masu_operand() {
    kind=(nothing)
    case $1:$2 in
${
    commands.flatMap(({ names, operands }) =>
      operands.map((choice, index) =>
        `        ${pattern(names)}:${index === operands.length - 1 ? "*" : index}) kind=(${kindOf(choice)}) ;;\n`
      )
    ).join("")
  }    esac
}

_masu_flags() {
    list=(
${flags.flatMap(described).map((line) => `        ${line}\n`).join("")}    )
    case $1 in
${
    commands.map(({ names, flags }) =>
      `        ${pattern(names)}) list+=(\n${
        flags.flatMap(described).map((line) => `            ${line}\n`).join("")
      }        ) ;;\n`
    ).join("")
  }    esac
}

_masu_names() {
    local -a names
    names=(\${(M)\${(f)"$($words[1] $global list "$@" --format '${NAMES_TEMPLATE}' 2>/dev/null)"}:#[A-Za-z0-9][A-Za-z0-9_.-]#})
    compadd $suffix -a names
}

_masu_complete() {
    local -a open closed list
    case $1 in
        files) _files ;;
        directories) _files -/ ;;
        containers) _masu_names --all ;;
        running) _masu_names ;;
        commands)
            list=(
${
    commands.filter(({ isBelow }) => !isBelow).flatMap(({ names, help }) =>
      names.map((name) => `                ${quote(`${name}:${help.replaceAll(":", "\\:")}`)}\n`)
    ).join("")
  }            )
            _describe -t commands command list ;;
        words)
            open=(\${(M)\${@[2,-1]}:#*[=:]})
            closed=(\${\${@[2,-1]}:#*[=:]})
            compadd -S '' -a open
            compadd -a closed ;;
    esac
}

_masu() {
    setopt localoptions extendedglob
    local word flag= command= ended= current=$words[CURRENT]
    local -i place=0 i j
    local -a kind list global suffix
    for ((i = 2; i < CURRENT; i++)); do
        word=$words[i]
        if [[ -n $flag ]]; then
            [[ $flag == --root ]] && global=(--root $word)
            flag=
        elif [[ -n $ended ]]; then
            ((place += 1))
        elif [[ $word == -- ]]; then
            ended=1
        elif [[ $word == --*=* ]]; then
            [[ $word == --root=* ]] && global=($word)
        elif [[ $word == --* ]]; then
            _masu_value "$command" "$word"
            (( $#kind )) && flag=$word
        elif [[ $word == -?* ]]; then
            for ((j = 2; j <= $#word; j++)); do
                _masu_value "$command" "-$word[j]"
                (( $#kind )) || continue
                (( j == $#word )) && flag=-$word[j]
                break
            done
        elif [[ -z $command ]]; then
            command=$word
        elif [[ $command == (${
    commands.filter(({ isFamily }) => isFamily).flatMap(({ names }) => names).join("|")
  }) ]]; then
            command+=/$word
        else
            ((place += 1))
            case $command in
                ${commands.filter(({ endsFlags }) => endsFlags).flatMap(({ names }) => names).join("|")}) ended=1 ;;
            esac
        fi
    done
    if [[ -n $flag ]]; then
        _masu_value "$command" "$flag"
        _masu_complete $kind
    elif [[ -z $ended && $current == --*=* ]]; then
        _masu_value "$command" "\${current%%=*}="
        (( $#kind )) || _masu_value "$command" "\${current%%=*}"
        compset -P 1 '*='
        _masu_complete $kind
    elif [[ -z $ended && $current == -* ]]; then
        _masu_flags "$command"
        _describe -o flag list
    elif [[ -z $command ]]; then
        _masu_complete commands
    else
        _masu_operand "$command" "$place"
        # cp: CONTAINER:PATH, and files of the host.
        [[ $command == cp ]] && suffix=(-S ':')
        _masu_complete $kind
        [[ $command == cp ]] && _files
    fi
}

if [[ $funcstack[1] == _masu ]]; then
    _masu "$@"
else
    compdef _masu masu
fi
`;
}

function pattern(names: readonly string[]): string {
  return names.length === 1 ? `${names[0]}` : `(${names.join("|")})`;
}

/** Flags of every command have no name before the colon. */
function flagCases(names: readonly string[], flags: readonly CompletedFlag[]): string[] {
  const command = names[0] === "" ? "*" : pattern(names);
  return flags.flatMap(({ spellings, value, attached }) => {
    if (value === undefined) return [];
    const words = spellings.map((word) => attached ? `${word}=` : word);
    return [`${command}:${words.length === 1 ? words[0] : `(${words.join("|")})`}) kind=(${kindOf(value)}) ;;`];
  });
}

function kindOf(choice: Choice): string {
  return choice.kind === "words" ? `words ${choice.words.map(quote).join(" ")}` : choice.kind;
}

/** `'--name:what it does'`, for _describe. */
function described({ spellings, help, attached }: CompletedFlag): string[] {
  return spellings.map((word) => quote(`${word}${attached ? "=" : ""}:${help.replaceAll(":", "\\:")}`));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
