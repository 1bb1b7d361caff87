import { assert, assertEquals } from "@std/assert";
import type { Caller } from "../lib/config/caller.ts";
import { COMMANDS } from "./command.ts";
import { subcommandsOf } from "./family.ts";
import { type CompletedFlag, completion } from "./completion.ts";
import { bashScript } from "./completion_bash.ts";
import { fishScript } from "./completion_fish.ts";
import { zshScript } from "./completion_zsh.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { flagValues, parseArguments } from "./parser.ts";
import { RUN_FLAGS, type RunFlagName } from "./run_flags.ts";
import { readRunConfig } from "./run_words.ts";

const ALL = completion(COMMANDS);
const SCRIPTS = { bash: bashScript(ALL), zsh: zshScript(ALL), fish: fishScript(ALL) };

/** Runs a shell; null: it is not installed. */
function shell(name: string, ...args: string[]): { code: number; stdout: string; stderr: string } | null {
  try {
    const { code, stdout, stderr } = new Deno.Command(name, { args, stdin: "null" }).outputSync();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

for (const name of ["bash", "zsh", "fish"] as const) {
  const installed = shell(name, "--version") !== null;
  Deno.test({
    name: `the completion script is ${name}'s${installed ? "" : ` [skipped: no ${name}]`}`,
    ignore: !installed,
    async fn() {
      const file = await Deno.makeTempFile();
      try {
        await Deno.writeTextFile(file, SCRIPTS[name]);
        const checked = shell(name, "-n", file);
        assertEquals([checked?.code, checked?.stderr], [0, ""]);
      } finally {
        await Deno.remove(file);
      }
    },
  });
}

/** A program that knows two containers, one of which runs; and, with --root, a third that calls itself something else. */
const FAKE = `masu() {
  case "$*" in
    "--root /r list"*) printf '%s\\n' 'third' '$(touch /tmp/pwned)' 'a b' ;;
    "--root=/r list"*) echo third ;;
    "list --all --format "*) printf 'web\\nold\\n' ;;
    "list --format "*) echo web ;;
  esac
}
complete() { :; }
`;

/** What bash makes of a line with the cursor at its end; words are cut as bash cuts them. */
function completed(line: string): string[] {
  const words = line.split(" ").flatMap((word) => word.match(/[=:]|[^=:]+/g) ?? [""]);
  const array = words.map((word) => `'${word}'`).join(" ");
  const call = `COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _masu; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const result = shell("bash", "--norc", "-c", `cd /usr; ${FAKE}${SCRIPTS.bash}${call}`);
  assertEquals([result?.code, result?.stderr], [0, ""], line);
  return (result?.stdout ?? "").split("\n").filter((word) => word !== "").sort();
}

const LINES: [line: string, words: string[]][] = [
  ["masu sta", ["start", "state", "stats"]],
  ["masu unp", ["unpause"]],
  ["masu --root /x sta", ["start", "state", "stats"]],
  ["masu --log-level ", ["debug", "error", "info", "warn"]],
  ["masu --log-level=d", ["debug"]],
  ["masu --explain=", ["json", "sh", "text"]],
  ["masu list --no-", ["--no-trunc"]],
  ["masu stop ", ["web"]],
  ["masu start ", ["old", "web"]],
  ["masu rm -f o", ["old"]],
  ["masu rm web o", ["old"]],
  ["masu stop -t 3 ", ["web"]],
  ["masu stop -t ", []],
  ["masu stop -t=3 w", ["web"]],
  ["masu rename old ", []],
  ["masu --root /r start ", ["third"]],
  ["masu --root=/r start ", ["third"]],
  ["masu kill -s WIN", ["WINCH"]],
  ["masu kill --signal=HU", ["HUP"]],
  ["masu run --network ", ["container:", "host", "none"]],
  ["masu run --cap-add NET_A", ["NET_ADMIN"]],
  ["masu run -itw /src --pid=ho", ["host"]],
  ["masu list -f status=run", ["running"]],
  ["masu list --filter status=p", ["paused"]],
  ["masu list --filter=health=h", ["healthy"]],
  ["masu exec web ", []],
  ["masu exec -it web --he", []],
  ["masu exec -it --deta", ["--detach"]],
  ["masu exec -- w", ["web"]],
  ["masu run --rootfs sh", ["share"]],
  ["masu run loc", ["local"]],
  ["masu cp w", ["web:"]],
  ["masu cp loc", ["local"]],
  ["masu help inspe", ["inspect"]],
  ["masu system ", ["info", "prune"]],
  ["masu system prune --fo", ["--force", "--format"]],
  ["masu system pr", ["prune"]],
  ["masu completion ", ["bash", "fish", "zsh"]],
  ["masu nosuch ", []],
];
for (const [line, words] of LINES) {
  Deno.test(`bash completes "${line}"`, () => {
    assertEquals(completed(line), words);
  });
}

Deno.test("completion() has every command, every name of it, and every flag that is not refused", () => {
  const all = COMMANDS.flatMap((command) => [command, ...subcommandsOf(command)]);
  assertEquals(ALL.commands.map(({ names: [name] }) => name), all.map(({ name }) => name.replace(" ", "/")));
  for (const [index, { name, flags, aliases = [] }] of all.entries()) {
    const found = ALL.commands[index];
    const [family, below] = name.split(" ");
    assertEquals(found?.names.slice(1), aliases.map((alias) => below === undefined ? alias : `${family}/${alias}`));
    const spelled = new Set(found?.flags.flatMap(({ spellings }) => spellings));
    for (const { name, refused } of flags) assertEquals(spelled.has(`--${name}`), refused === undefined, name);
  }
  for (const script of Object.values(SCRIPTS)) {
    for (const { name } of COMMANDS) assert(script.includes(name), name);
  }
});

Deno.test("completion() offers for flags of masu run only what they take", () => {
  const caller: Caller = { directory: () => "/", environment: {}, readText: () => "", kindOf: () => "directory" };
  for (
    const { spellings: [flag = ""], value } of ALL.commands.find(({ names: [name] }) => name === "run")?.flags ?? []
  ) {
    if (value?.kind !== "words") continue;
    for (const word of value.words) {
      const values: Record<string, string> = {
        "max-size=": "1m",
        "max-file=": "2",
        "on-failure:": "3",
        "container:": "web",
        "seccomp=": "x",
      };
      const written = `${word}${values[word] ?? ""}`;
      const { values: parsed } = parseArguments([...(word === "container:" ? [] : ["-d"]), flag, written], {
        flags: [...RUN_FLAGS, ...GLOBAL_FLAGS],
        command: "masu run",
        stopAtOperand: true,
      });
      readRunConfig("run", flagValues<RunFlagName>(parsed), ["host"], caller);
    }
  }
});

Deno.test("completion() says what is a file's name", () => {
  const kinds = (flags: readonly CompletedFlag[], spelling: string) =>
    flags.find(({ spellings }) => spellings.includes(spelling))?.value?.kind;
  assertEquals([kinds(ALL.flags, "--root"), kinds(ALL.flags, "--log"), kinds(ALL.flags, "--json")], [
    "directories",
    "files",
    undefined,
  ]);
});
