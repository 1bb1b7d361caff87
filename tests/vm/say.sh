# What scripts of machines share. Each case is a line `case NAME JSON` on the console: what masu answered, or what a file said.
# One `masu batch` does all commands: to start the program takes seconds on an emulated processor.
# shellcheck shell=sh
# batch FLAGS: starts it.
batch() {
  mkfifo /tmp/in /tmp/out
  masu "$@" batch </tmp/in >/tmp/out &
  exec 3>/tmp/in 4</tmp/out
}
# m NAME WORDS: the answer of masu. Not by echo: dash's has a meaning for what JSON escapes.
m() {
  name=$1
  shift
  printf '%s\n' "$*" >&3
  read -r answer <&4
  printf 'case %s %s\n' "$name" "$answer"
}
# say NAME: standard input as a JSON string.
say() { printf 'case %s "%s"\n' "$1" "$(sed 's/\\/\\\\/g; s/"/\\"/g; s/\t/ /g' | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')"; }
# files NAME DIRECTORY FILE...: one string of them, file by file.
files() {
  name=$1 directory=$2
  shift 2
  for file in "$@"; do echo "$file $(cat "$directory/$file" 2>&1 | tr '\n' ' ' | sed 's/ $//')"; done | say "$name"
}
