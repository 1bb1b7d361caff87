/** What masu answers to what is typed: help, mistakes, and where it prints them. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { COMMANDS } from "../../cli/command.ts";
import { type Flag, GLOBAL_FLAGS } from "../../cli/flags.ts";
import { cliTest, kernelTest } from "../needs.ts";
import { MASU } from "../scratch.ts";

const MISTAKES: [args: string[], code: number, stderr: string][] = [
  [["rnu", "host"], 2, 'masu: Read command "rnu": no such command\nhint: did you mean "run"?\n'],
  [["chekc"], 2, 'masu: Read command "chekc": no such command\nhint: did you mean "check"?\n'],
  [["--rooot", "/x", "check"], 2, 'masu: Read flag "--rooot" of "masu": no such flag\nhint: did you mean "--root"?\n'],
  [["check", "--jsno"], 2, 'masu: Read flag "--jsno" of "masu check": no such flag\nhint: did you mean "--json"?\n'],
  [["help", "rnu"], 2, 'masu: Read command "rnu": no such command\nhint: did you mean "run"?\n'],
  [["version", "--root"], 2, 'masu: Read flag "--root" of "masu version": it requires an argument\nhint: --root DIR\n'],
  [["run"], 125, 'masu: Read operands of "masu run": no IMAGE\nhint: masu run host, or masu run ./rootfs\n'],
  [
    ["run", "--memroy", "1g", "host", "true"],
    125,
    'masu: Read flag "--memroy" of "masu run": no such flag\nhint: did you mean "--memory"?\n',
  ],
  [["run", "--memory", "1q", "host", "true"], 125, 'masu: Read --memory "1q": '],
  [["run", "--cap-add", "net_amdin", "host", "true"], 125, '"net_amdin": '],
  [["run", "--sysctl", "kernel.core_pattern=x", "host", "true"], 125, "kernel.core_pattern"],
  [["run", "--json", "host", "true"], 125, 'masu: Read flag "--json" of "masu run": it prints no result of its own\n'],
  [["run", "-d", "--preserve-fds", "1", "host"], 125, "masu: Use --preserve-fds: the container outlives"],
  [["run", "-p", "80:80", "host"], 125, 'masu: Read flag "--publish" of "masu run": masu does not support it\nhint: '],
  [["run", "--gpus", "all", "host"], 125, "hint: name the devices' files: --device /dev/dri/card0\n"],
  [
    ["run", "--restart", "always", "host"],
    125,
    "Use --restart in the foreground: nothing starts it again\nhint: --detach",
  ],
  [
    ["run", "--rm=false", "host"],
    125,
    'Read --rm "false": a run in the foreground is removed when it ends\nhint: --detach',
  ],
  [["run", "debian:12", "true"], 125, 'masu: Read IMAGE "debian:12": images by reference are not supported yet\n'],
];
for (const [args, code, stderr] of MISTAKES) {
  cliTest(`masu ${args.join(" ")} ends with ${code} and says what is wrong`, async (scratch) => {
    const result = await scratch.masu(...args);
    assertEquals([result.code, result.stdout], [code, ""], result.transcript);
    assertStringIncludes(result.stderr, stderr, result.transcript);
    assertMatch(result.stderr, /^masu: [^\n]+\n(hint: [^\n]+\n)?$/, result.transcript);
  });
}

cliTest("masu alone says how to go on", async (scratch) => {
  const { code, stdout, stderr, transcript } = await scratch.masu();
  assertEquals([code, stderr], [0, ""], transcript);
  for (const { name } of COMMANDS) assertMatch(stdout, new RegExp(`^  ${name}\\b`, "m"), transcript);
});

for (const args of [["help"], ["--help"], ["-h"]]) {
  cliTest(`masu ${args.join(" ")} explains masu`, async (scratch) => {
    const { code, stdout, stderr, transcript } = await scratch.masu(...args);
    assertEquals([code, stderr], [0, ""], transcript);
    for (const { name } of COMMANDS) assertMatch(stdout, new RegExp(`^  ${name}\\b`, "m"), transcript);
    assertStringIncludes(stdout, "Exit status:", transcript);
  });
}

for (const command of COMMANDS) {
  cliTest(`masu ${command.name} --help names every flag that it takes, in 100 columns`, async (scratch) => {
    const { code, stdout, stderr, transcript } = await scratch.masu(command.name, "--help");
    assertEquals([code, stderr], [0, ""], transcript);
    const flags: readonly Flag[] = [...command.flags, ...GLOBAL_FLAGS];
    for (const { name, refused } of flags) {
      assertEquals(new RegExp(`[ ,]--${name}[ ,=.\\[\\n]`).test(stdout), refused === undefined, `--${name}\n${stdout}`);
    }
    assertEquals(stdout.split("\n").filter((line) => line.length > 100), []);
    assertEquals((await scratch.masu("help", command.name)).stdout, stdout);
  });
}

/** What the front answers itself, and what comes near it. */
const FRONT: string[][] = [["--version"], ["--version", "--json"], ["--version", "run"], ["--versoin"], ["-version"]];
for (const args of FRONT) {
  cliTest(`masu ${args.join(" ")} is the same with MASU_FRONT=0`, async (scratch) => {
    const [front, program] = [await scratch.masu(...args), await scratch.masu(...args, { env: { MASU_FRONT: "0" } })];
    assertEquals([front.code, front.stdout, front.stderr], [program.code, program.stdout, program.stderr]);
  });
}

cliTest("masu --version prints the version of deno.json", async (scratch) => {
  const { code, stdout, stderr } = await scratch.masu("--version");
  assertEquals([code, stdout, stderr], [0, `masu ${configuration.version}\n`, ""]);
});

kernelTest("masu --version is answered without V8", ["strace"], async (scratch) => {
  const log = scratch.path("calls");
  const { code, transcript } = await scratch.command("strace", "-f", "-o", log, MASU, "--version");
  assertEquals(code, 0, transcript);
  const calls = (await Deno.readTextFile(log)).split("\n");
  assertEquals(calls.filter((line) => /\b(clone3?|mmap.*PROT_EXEC|openat)\(/.test(line)), []);
  assert(calls.length < 40, `${calls.length} system calls:\n${calls.join("\n")}`);
});

cliTest("masu version --json prints one document", async (scratch) => {
  const { code, stdout, stderr, transcript } = await scratch.masu("version", "--json");
  assertEquals([code, stderr], [0, ""], transcript);
  const document = JSON.parse(stdout);
  assertEquals(document.version, configuration.version);
  assertEquals(Object.keys(document), ["version", "oci", "coreAbi", "plan", "deno", "v8", "target"]);
});

cliTest("masu reports that its output cannot be written", async (scratch) => {
  const { code, stderr, transcript } = await scratch.command("sh", "-c", '"$0" version >/dev/full', MASU);
  assertEquals(code, 1, transcript);
  assertStringIncludes(stderr, "No space left on device", transcript);
});

cliTest("masu ends as SIGPIPE would end it when nobody reads its output", async (scratch) => {
  const script = '"$0" help run | true; echo ${PIPESTATUS[0]}';
  const { stdout, stderr, transcript } = await scratch.command("bash", "-c", script, MASU);
  assertEquals([stdout, stderr], ["141\n", ""], transcript);
});

cliTest("masu prints no colours where no terminal is", async (scratch) => {
  const { stdout, stderr } = await scratch.masu("help", { env: { TERM: "xterm-256color" } });
  assertEquals((stdout + stderr).includes("\u001b"), false);
});

const COLOURS: [name: string, env: Record<string, string | undefined>, coloured: boolean][] = [
  ["colours", { TERM: "xterm" }, true],
  ["colours with an empty NO_COLOR", { TERM: "xterm", NO_COLOR: "" }, true],
  ["no colours with NO_COLOR", { TERM: "xterm", NO_COLOR: "1" }, false],
  ["no colours where TERM is dumb", { TERM: "dumb" }, false],
];
for (const [name, env, coloured] of COLOURS) {
  kernelTest(`masu prints ${name} on a terminal`, ["script"], async (scratch) => {
    const { stdout, transcript } = await scratch.command("script", "-qec", `${MASU} help; ${MASU} rnu`, "/dev/null", {
      env,
    });
    assertStringIncludes(stdout, "Usage:", transcript);
    assertEquals(stdout.includes("\u001b[1mUsage:"), coloured, transcript);
    assertEquals(stdout.includes("\u001b[31mmasu:"), coloured, transcript);
  });
}

kernelTest("masu run leaves stdout and stderr apart", ["mount", "overlay"], async (scratch) => {
  const result = await scratch.masu("run", "host", "sh", "-c", "echo out; echo err >&2; exit 3");
  assertEquals([result.code, result.stdout, result.stderr], [3, "out\n", "err\n"], result.transcript);
});

kernelTest("masu run takes variables from files and flags", ["mount", "overlay"], async (scratch) => {
  const file = await scratch.write("variables", '# a comment\n\nA=from file\nB="kept quotes"\nC=1=2\nHOST\nABSENT\n');
  const result = await scratch.masu("run", "--env-file", file, "-e", "A=from flag", "-e", "HOST", "host", "env", {
    env: { HOST: "caller's", ABSENT: undefined, SECRET: "not for the container" },
  });
  assertEquals([result.code, result.stderr], [0, ""], result.transcript);
  const lines = result.stdout.split("\n").filter((line) => /^(A|B|C|HOST|ABSENT|SECRET)=/.test(line)).sort();
  assertEquals(lines, ["A=from flag", 'B="kept quotes"', "C=1=2", "HOST=caller's"]);
});

const BAD_FILES: [name: string, text: string | null, message: RegExp][] = [
  ["that is missing", null, /variables": no such file\n/],
  ["with a variable without a name", "A=1\n=2\n", /variables:2/],
  ["with a space in a name", "A B=1\n", /variables:1/],
];
for (const [name, text, message] of BAD_FILES) {
  cliTest(`masu run refuses an --env-file ${name}`, async (scratch) => {
    const file = text === null ? scratch.path("variables") : await scratch.write("variables", text);
    const result = await scratch.masu("run", "--env-file", file, "host", "true");
    assertEquals([result.code, result.stdout], [125, ""], result.transcript);
    assertMatch(result.stderr, message, result.transcript);
  });
}

cliTest("masu adds its messages to --log, errors to stderr too", async (scratch) => {
  const log = await scratch.write("log", "before\n");
  const args = ["--log", log, "--log-format", "json", "--debug"];
  const result = await scratch.masu(...args, "run", "--name", "a", "/nonexistent", "true");
  assertEquals([result.code, result.stdout], [125, ""], result.transcript);
  assertStringIncludes(result.stderr, 'masu: Read IMAGE "/nonexistent": no such directory\n', result.transcript);
  const [before, ...lines] = (await Deno.readTextFile(log)).trimEnd().split("\n");
  assertEquals(before, "before");
  const messages = lines.map((line) => JSON.parse(line));
  assertEquals(messages.filter(({ level }) => level === "error").map(({ msg, code }) => [msg, code]), [
    ['Read IMAGE "/nonexistent": no such directory', "not_found"],
  ]);
});
