import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../lib/error.ts";
import type { Flag } from "./flags.ts";
import { choice, flagValues, type Grammar, parseArguments } from "./parser.ts";

const FLAGS: readonly Flag[] = [
  { name: "interactive", short: "i", group: "", help: "" },
  { name: "tty", short: "t", group: "", help: "" },
  { name: "rm", group: "", help: "" },
  { name: "env", short: "e", value: "NAME=VALUE", repeatable: true, group: "", help: "" },
  { name: "memory", short: "m", value: "SIZE", group: "", help: "" },
  { name: "network", aliases: ["net"], value: "MODE", group: "", help: "" },
  { name: "explain", value: "FORM", bare: "text", group: "", help: "" },
  { name: "rootless", value: "WHEN", bare: "true", nextWords: ["auto", "false"], group: "", help: "" },
  { name: "detach", short: "d", group: "", help: "", refused: "put it in the background" },
  { name: "restart", value: "POLICY", group: "", help: "", refused: "use a unit" },
];
const RUN: Grammar = { flags: FLAGS, command: "masu run", stopAtOperand: true };
const MIXED: Grammar = { ...RUN, stopAtOperand: false };

type Case = [name: string, args: string[], values: Record<string, string[]>, operands: string[]];

const CASES: Case[] = [
  ["reads nothing", [], {}, []],
  ["reads --flag value", ["--memory", "1g"], { memory: ["1g"] }, []],
  ["reads --flag=value", ["--memory=1g"], { memory: ["1g"] }, []],
  ["keeps = in a value", ["--env=A=b=c"], { env: ["A=b=c"] }, []],
  ["reads an empty value", ["--memory="], { memory: [""] }, []],
  ["takes a value that looks like a flag", ["--memory", "-1"], { memory: ["-1"] }, []],
  ["reads a boolean", ["--rm"], { rm: ["true"] }, []],
  ["reads a boolean's value", ["--rm=false"], { rm: ["false"] }, []],
  ["reads a bundle", ["-it"], { interactive: ["true"], tty: ["true"] }, []],
  ["reads a bundle that ends in a value", ["-ite", "A=1"], { interactive: ["true"], tty: ["true"], env: ["A=1"] }, []],
  ["reads -eVALUE", ["-eA=1"], { env: ["A=1"] }, []],
  ["reads -e VALUE", ["-e", "A=1"], { env: ["A=1"] }, []],
  ["reads -e=VALUE", ["-e=A=1"], { env: ["A=1"] }, []],
  ["reads -i=false", ["-i=false"], { interactive: ["false"] }, []],
  ["keeps every occurrence in order", ["-e", "A=1", "--env", "B=2"], { env: ["A=1", "B=2"] }, []],
  ["knows other long names", ["--net", "none"], { network: ["none"] }, []],
  ["gives a bare flag its own value", ["--explain", "host"], { explain: ["text"] }, ["host"]],
  ["reads a bare flag's value after =", ["--explain=sh"], { explain: ["sh"] }, []],
  ["reads a bare flag's value of the next word where it can be one", ["--rootless", "auto", "host"], {
    rootless: ["auto"],
  }, ["host"]],
  ["leaves the next word to others where it can be none", ["--rootless", "host"], { rootless: ["true"] }, ["host"]],
  ["stops at the first operand", ["--rm", "host", "ls", "-i", "--", "--rm"], { rm: ["true"] }, [
    "host",
    "ls",
    "-i",
    "--",
    "--rm",
  ]],
  ["ends flags at --", ["--rm", "--", "-i", "--"], { rm: ["true"] }, ["-i", "--"]],
  ["takes - for an operand", ["-", "-i"], {}, ["-", "-i"]],
  ["lets what is refused be off", ["--detach=false"], { detach: ["false"] }, []],
];
for (const [name, args, values, operands] of CASES) {
  Deno.test(`parseArguments() ${name}`, () => {
    const parsed = parseArguments(args, RUN);
    assertEquals(Object.fromEntries(parsed.values), values);
    assertEquals(parsed.operands, operands);
  });
}

Deno.test("parseArguments() reads flags between operands where no program follows", () => {
  const parsed = parseArguments(["a", "--rm", "b", "--", "--rm"], MIXED);
  assertEquals(Object.fromEntries(parsed.values), { rm: ["true"] });
  assertEquals(parsed.operands, ["a", "b", "--rm"]);
});

const MISTAKES: [name: string, args: string[], message: string, hint: string | undefined][] = [
  ["a misspelt flag", ["--memroy", "1g"], '"--memroy" of "masu run": no such flag', 'did you mean "--memory"?'],
  ["a misspelt flag with its value", ["--memroy=1g"], '"--memroy" of "masu run"', 'did you mean "--memory"?'],
  ["a flag like no other", ["--zzzzzzzz"], "no such flag", "masu run --help lists the flags"],
  ["an unknown letter", ["-x"], '"-x" of "masu run": no such flag', "masu run --help lists the flags"],
  ["an unknown letter in a bundle", ["-itx"], '"-x" in "-itx"', "masu run --help lists the flags"],
  ["a long flag with one dash", ["-network"], "no such flag", 'did you mean "--network"?'],
  ["a missing value", ["--memory"], "requires an argument", "--memory SIZE"],
  ["a missing value of a letter", ["-m"], "requires an argument", "--memory SIZE"],
  ["a boolean with another value", ["--rm=maybe"], 'Read --rm "maybe": neither true nor false', undefined],
  [
    "what masu does not do",
    ["--detach"],
    '"--detach" of "masu run": masu does not support',
    "put it in the background",
  ],
  ["what masu does not do, in a bundle", ["-itd"], '"--detach"', "put it in the background"],
  ["what masu does not do, with a value", ["--restart", "no"], '"--restart"', "use a unit"],
];
for (const [name, args, message, hint] of MISTAKES) {
  Deno.test(`parseArguments() refuses ${name}`, () => {
    const error = assertThrows(() => parseArguments(args, RUN), MasuError, message);
    assertEquals(error.code, "invalid_config");
    assertEquals(error.hint, hint);
  });
}

Deno.test("parseArguments() suggests nothing that is refused", () => {
  const error = assertThrows(() => parseArguments(["--detahc"], RUN), MasuError);
  assertEquals(error.hint, "masu run --help lists the flags");
});

Deno.test("flagValues() lets later layers win and keeps all values", () => {
  const values = flagValues<"a" | "b">(new Map([["a", ["1"]], ["b", ["true"]]]), new Map([["a", ["2"]]]));
  assertEquals(values.text("a"), "2");
  assertEquals(values.all("a"), ["1", "2"]);
  assertEquals(values.on("b"), true);
});

Deno.test("choice() names the nearest word", () => {
  const error = assertThrows(() => choice("--log-format", "jsno", ["text", "json"]), MasuError);
  assertEquals(error.hint, 'did you mean "json"?');
});
