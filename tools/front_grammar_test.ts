import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { Command } from "../cli/command.ts";
import type { Flag } from "../cli/flags.ts";
import { grammar, source } from "./front_grammar.ts";

const GRAMMAR = new URL("../core-rs/init/src/front/grammar.rs", import.meta.url);
const WORKSPACE = new URL("../core-rs/", import.meta.url).pathname;

/** Why the source cannot be formatted here, or null. */
function obstacle(): string | null {
  try {
    const { success } = new Deno.Command("rustfmt", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync();
    return success ? null : "no rustfmt";
  } catch {
    return "no rustfmt on PATH";
  }
}

const why = obstacle();
const mustRun = (Deno.env.get("MASU_TESTS_MUST_RUN") ?? "").split(",").includes("cargo");

Deno.test({
  name: `grammar.rs is what the command line's flag data says${why === null ? "" : ` [skipped: ${why}]`}`,
  ignore: why !== null && !mustRun,
  async fn() {
    const child = new Deno.Command("rustfmt", {
      args: ["--edition=2024", `--config-path=${WORKSPACE}`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    await new Blob([source()]).stream().pipeTo(child.stdin);
    const { code, stdout } = await child.output();
    assertEquals(code, 0);
    assertEquals(
      new TextDecoder().decode(stdout),
      await Deno.readTextFile(GRAMMAR),
      "grammar.rs is out of date: make wire",
    );
  },
});

const flag = (name: string, more: Partial<Flag> = {}): Flag => ({ name, group: "", help: "", ...more });

function command(name: string, flags: readonly Flag[], more: Partial<Command> = {}): Command {
  return {
    name,
    group: "",
    operands: "",
    summary: "",
    description: [],
    flags,
    examples: [],
    runsProgram: false,
    makesPlan: false,
    hasResult: false,
    front: true,
    run: () => 0,
    ...more,
  };
}

const FLAGS: [name: string, flags: readonly Flag[], expected: string][] = [
  ["a switch", [flag("force", { front: true, short: "f" })], `words: &["force"], short: Some('f'), kind: Kind::Switch`],
  ["a value", [flag("root", { front: true, value: "DIR" })], `words: &["root"], short: None, kind: Kind::Value`],
  [
    "a value that may be left out",
    [flag("rootless", { front: true, value: "WHEN", bare: "true" })],
    `kind: Kind::Optional("true")`,
  ],
  ["other names", [flag("time", { front: true, aliases: ["timeout"] })], `words: &["time", "timeout"]`],
  [
    "words that another flag took before it",
    [
      flag("quick", { short: "q", aliases: ["silent"] }),
      flag("quiet", { front: true, short: "q", aliases: ["silent"] }),
    ],
    `flags: &[Flag { name: "quiet", words: &["quiet"], short: None, kind: Kind::Switch }]`,
  ],
  ["flags without the mark", [flag("debug")], "flags: &[]"],
];
for (const [name, flags, expected] of FLAGS) {
  Deno.test(`grammar() knows ${name}`, () => {
    assertStringIncludes(grammar([command("one", flags)], []), expected);
  });
}

Deno.test("grammar() knows commands with the mark only, and global flags behind them", () => {
  const { front: _, ...unmarked } = command("two", []);
  const source = grammar([command("one", []), unmarked], [flag("root", { front: true, value: "DIR" })]);
  assertStringIncludes(
    source,
    `commands: &[Command { names: &["one"], flags: &[Flag { name: "root", words: &["root"], short: None, kind: Kind::Value }], ends_flags: false, runs_program: false, runtime: false }]`,
  );
});

Deno.test("grammar() knows a command that only engines call so", () => {
  const asRuntime = command("one", [], { runtimeFailure: 1 });
  const { front: _, ...unmarked } = command("one", []);
  assertStringIncludes(grammar([{ ...unmarked, asRuntime }], []), "runtime: true }]");
});

Deno.test("grammar() refuses a name that would need escapes", () => {
  assertThrows(() => grammar([command('o"ne', [])], []), Error, "not a plain word");
});
