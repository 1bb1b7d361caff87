import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MasuError } from "../lib/error.ts";
import { main } from "./main.ts";
import type { Process } from "./process.ts";
import { VERSION } from "./version.ts";

/** Runs masu on words alone: whatever would need the core fails. */
function masu(args: string[], change: Partial<Process> = {}): { status: number; stdout: string; stderr: string } {
  const out = { stdout: "", stderr: "" };
  const process: Process = {
    arguments: [],
    environment: {},
    core() {
      throw new MasuError("bug", "Load core: this test has none");
    },
    caller: { directory: () => "/home/ann", environment: {}, readText: () => "", kindOf: () => "missing" },
    write: (stream, text) => out[stream] += text,
    isTerminal: () => false,
    colours: false,
    ...change,
  };
  const status = main(args, process);
  return { status, ...out };
}

Deno.test("masu alone prints a short help", () => {
  const { status, stdout, stderr } = masu([]);
  assertEquals([status, stderr], [0, ""]);
  assertStringIncludes(stdout, "run IMAGE");
});

for (const args of [["--version"], ["run", "--version"], ["--debug", "--version"]]) {
  Deno.test(`masu ${args.join(" ")} prints what the front prints`, () => {
    assertEquals(masu(args), { status: 0, stdout: `masu ${VERSION}\n`, stderr: "" });
  });
}

Deno.test("masu version -q prints the number alone", () =>
  assertEquals(masu(["version", "-q"]).stdout, `${VERSION}\n`));
Deno.test("masu version --json prints one document", () => {
  assertEquals(JSON.parse(masu(["version", "--json"]).stdout).version, VERSION);
  assertEquals(JSON.parse(masu(["--format", "json", "version"]).stdout).version, VERSION);
});

for (
  const args of [["run", "--help"], ["run", "-h"], ["-h", "run"], ["help", "run"], ["run", "-it", "--help", "host"]]
) {
  Deno.test(`masu ${args.join(" ")} explains run`, () => {
    const { status, stdout } = masu(args);
    assertEquals(status, 0);
    assert(stdout.startsWith("Usage: masu run [flags] IMAGE"), stdout);
  });
}

const MISTAKES: [args: string[], status: number, stderr: string][] = [
  [["rnu"], 2, 'masu: Read command "rnu": no such command\nhint: did you mean "run"?\n'],
  [["--rooot", "/x", "run"], 2, 'masu: Read flag "--rooot" of "masu": no such flag\nhint: did you mean "--root"?\n'],
  [["run"], 125, 'masu: Read operands of "masu run": no IMAGE\nhint: masu run host, or masu run ./rootfs\n'],
  [
    ["run", "--nmae", "x", "host"],
    125,
    'masu: Read flag "--nmae" of "masu run": no such flag\nhint: did you mean "--name"?\n',
  ],
  [["run", "-e", "=1", "host"], 125, 'masu: Read --env "=1": the variable has no name\n'],
  [["run", "--json", "host"], 125, 'masu: Read flag "--json" of "masu run": it prints no result of its own\n'],
  [["check", "--explain"], 2, 'masu: Read flag "--explain" of "masu check": it makes no plan\n'],
  [["version", "--dry-run"], 2, 'masu: Read flag "--explain" of "masu version": it makes no plan\n'],
  [["version", "x"], 2, 'masu: Read operand "x": masu version takes none\n'],
  [
    ["--log-level", "loud", "version"],
    2,
    'masu: Read --log-level "loud": no such choice\nhint: one of error, warn, info, debug\n',
  ],
  [["--cgroup-manager", "systemd", "run", "host"], 125, "masu does not support it yet"],
  [["--systemd-cgroup", "run", "host"], 2, "cgroups through systemd are not supported yet"],
  [["--criu", "/x", "run", "host"], 2, "checkpoint and restore are not supported yet"],
  [["run", "--explain=yaml", "host"], 125, 'Read --explain "yaml": no such choice'],
  [["version", "--format", "{{.Version}}"], 2, "templates are not supported yet"],
  [["check"], 1, "masu: Load core: this test has none\n"],
];
for (const [args, status, stderr] of MISTAKES) {
  Deno.test(`masu ${args.join(" ")} ends with ${status} and says why`, () => {
    const result = masu(args);
    assertEquals([result.status, result.stdout], [status, ""], result.stderr);
    assertStringIncludes(result.stderr, stderr);
  });
}

Deno.test("masu ends as SIGPIPE would when nobody reads", () => {
  const write = () => {
    throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  };
  assertEquals(masu(["help"], { write }).status, 141);
});

Deno.test("masu --debug shows what was read", () => {
  const { stderr } = masu(["--debug", "run", "--name", "web", "host"]);
  assertStringIncludes(stderr, 'masu: debug: config {"image":{"kind":"host"}');
});
