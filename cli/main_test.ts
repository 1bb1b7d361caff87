import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MasuError } from "../lib/error.ts";
import { COMMANDS } from "./command.ts";
import { main } from "./main.ts";
import type { Process } from "./process.ts";
import { VERSION } from "./version.ts";

/** Runs masu on words alone: whatever would need the core fails. */
async function masu(
  args: string[],
  change: Partial<Process> = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  const out = { stdout: "", stderr: "" };
  const process: Process = {
    arguments: [],
    environment: {},
    core() {
      throw new MasuError("bug", "Load core: this test has none");
    },
    caller: { directory: () => "/home/ann", environment: {}, readText: () => "", kindOf: () => "missing" },
    stdin: { read: () => Promise.resolve(null) },
    write: (stream, text) => out[stream] += text,
    isTerminal: () => false,
    colours: false,
    ...change,
  };
  const status = await main(args, process);
  return { status, ...out };
}

Deno.test("masu alone prints a short help", async () => {
  const { status, stdout, stderr } = await masu([]);
  assertEquals([status, stderr], [0, ""]);
  assertStringIncludes(stdout, "run IMAGE");
});

for (
  const args of [["--version"], ["-v"], ["run", "--version"], ["--debug", "--version"], ["--rootless", "true", "-v"]]
) {
  Deno.test(`masu ${args.join(" ")} prints what the front prints`, async () => {
    assertEquals(await masu(args), { status: 0, stdout: `masu ${VERSION}\n`, stderr: "" });
  });
}

Deno.test("masu version -q prints the number alone", async () =>
  assertEquals((await masu(["version", "-q"])).stdout, `${VERSION}\n`));
Deno.test("masu version --json prints one document", async () => {
  assertEquals(JSON.parse((await masu(["version", "--json"])).stdout).version, VERSION);
  assertEquals(JSON.parse((await masu(["--format", "json", "version"])).stdout).version, VERSION);
});

for (const [alias, name] of [["rm", "delete"], ["unpause", "resume"], ["freeze", "pause"]] as const) {
  Deno.test(`masu help ${alias} explains ${name}, and says what else it is called`, async () => {
    const { stdout } = await masu(["help", alias]);
    assert(stdout.startsWith(`Usage: masu ${name} `), stdout);
    assertStringIncludes(stdout, `Other names of ${name}: `);
  });
}

for (
  const args of [["run", "--help"], ["run", "-h"], ["-h", "run"], ["help", "run"], ["run", "-it", "--help", "host"]]
) {
  Deno.test(`masu ${args.join(" ")} explains run`, async () => {
    const { status, stdout } = await masu(args);
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
  [["--cgroup-manager", "none", "run", "host"], 125, 'Read --cgroup-manager "none": no such choice'],
  [["--rootless=maybe", "list"], 2, 'Read --rootless "maybe": no such choice'],
  [["run", "--explain=yaml", "host"], 125, 'Read --explain "yaml": no such choice'],
  [["version", "--format", "{{.Version}}"], 2, "masu version prints by no template\nhint: --format json"],
  [["check"], 1, "masu: Load core: this test has none\n"],
  [["sotp", "web"], 2, 'Read command "sotp": no such command\nhint: did you mean "stop"?\n'],
  [["unfreze", "web"], 2, 'hint: did you mean "unfreeze"?\n'],
  [["stop"], 2, 'Read operands of "masu stop": no CONTAINER\nhint: masu list --all shows'],
  [["stop", "--all", "web"], 2, 'Read operand "web" of "masu stop": it contradicts --all\n'],
  [["stop", "-t", "soon", "web"], 2, 'Read --time "soon": not a whole number\n'],
  [["stop", "-s", "NO", "web"], 2, 'Use signal "NO": no such signal\n'],
  [["kill", "-s", "NO", "web"], 2, 'Use signal "NO": no such signal\n'],
  [["rm", "-v", "web"], 2, 'Read flag "--volumes" of "masu delete": masu does not support it\n'],
  [["wait"], 125, 'Read operands of "masu wait": no CONTAINER\n'],
  [["rename", "web"], 2, 'Read operands of "masu rename": a container and a name are needed\n'],
  [["rename", "web", "a/b"], 2, 'Read NAME "a/b": not a container name\n'],
  [["rename", "web", "a", "b"], 2, 'Read operand "b" of "masu rename": it takes two\n'],
  [["start", "-a", "a", "b"], 2, 'Read operand "b" of "masu start --attach": it takes one container\n'],
  [["start", "-a", "--json", "a"], 2, 'Read flag "--json" of "masu start": with --attach it prints no result\n'],
  [["start", "--detach-keys", "q", "a"], 2, 'Read flag "--detach-keys" of "masu start": nothing is attached\n'],
  [["update", "web"], 2, 'Read flags of "masu update": there is nothing to change\n'],
  [["update", "--name", "x", "web"], 2, 'Read flag "--name" of "masu update": masu does not support it\n'],
  [["system"], 2, 'Read operands of "masu system": a command is needed\nhint: one of info, prune\n'],
  [["system", "prnue"], 2, 'hint: did you mean "prune"?\n'],
  [["system", "prune", "-a"], 2, 'Read flag "--all" of "masu system prune": it deletes containers'],
  [["system", "info", "-f"], 2, 'Read flag "-f" of "masu system info"'],
  [["system", "prune", "--explain"], 2, 'Read flag "--explain" of "masu system prune": it makes no plan\n'],
  [["--dry-run", "stop", "web"], 2, 'Read flag "--explain" of "masu stop": it makes no plan\n'],
  [["create", "-d", "host"], 2, 'Read flag "-d" of "masu create": no such flag\n'],
  [["create"], 2, 'Read operands of "masu create": no IMAGE\nhint: masu create host, or masu create ./rootfs\n'],
  [["run", "-d", "--net", "container:a", "host"], 125, "cannot join another one's namespaces yet"],
];
for (const [args, status, stderr] of MISTAKES) {
  Deno.test(`masu ${args.join(" ")} ends with ${status} and says why`, async () => {
    const result = await masu(args);
    assertEquals([result.status, result.stdout], [status, ""], result.stderr);
    assertStringIncludes(result.stderr, stderr);
  });
}

Deno.test("masu ends as SIGPIPE would when nobody reads", async () => {
  const write = () => {
    throw new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  };
  assertEquals((await masu(["help"], { write })).status, 141);
});

Deno.test("masu --debug shows what was read", async () => {
  const { stderr } = await masu(["--debug", "run", "--name", "web", "host"]);
  assertStringIncludes(stderr, 'masu: debug: config {"image":{"kind":"host"}');
});

const AS_RUNTIME: [name: string, args: string[], argument0: string, status: number, stdout: string, stderr: string][] =
  [
    ["prints its version as runc does", ["--version"], "/usr/bin/runc", 0, `runc version ${VERSION}\n`, ""],
    ["prints its version under its caller's name", ["--version"], "crun", 0, `crun version ${VERSION}\n`, ""],
    [
      "prints the version that go-runc reads beside --log",
      ["--log", "/dev/null", "--version"],
      "masu",
      0,
      "runc version",
      "",
    ],
    [
      "ends with 1 for a wrong flag, in one line",
      ["state", "--no"],
      "runc",
      1,
      "",
      'Read flag "--no" of "masu state": no such flag\n',
    ],
    [
      "ends with 1 for a wrong global flag, in one line",
      ["--root", "/x", "--no", "list"],
      "runc",
      1,
      "",
      'Read flag "--no" of "masu": no such flag\n',
    ],
    ["ends with 1 for an unknown command", ["sate"], "/usr/sbin/runc", 1, "", 'Read command "sate": no such command\n'],
    [
      "ends with 255 when nothing was executed",
      ["exec", "c"],
      "runc",
      255,
      "",
      'Read operands of "masu exec": no PROGRAM\n',
    ],
  ];
for (const [name, args, argument0, status, stdout, stderr] of AS_RUNTIME) {
  Deno.test(`masu as a runtime ${name}`, async () => {
    const result = await masu(args, { argument0: () => argument0 });
    assertEquals([result.status, result.stderr], [status, stderr]);
    assert(result.stdout.startsWith(stdout), result.stdout);
  });
}

Deno.test("masu as a runtime has help for every command, and succeeds with it", async () => {
  for (const { name } of COMMANDS) {
    const { status, stdout } = await masu([name, "--help"], { argument0: () => "runc" });
    assertEquals([status, stdout.startsWith("Usage: ")], [0, true], name);
  }
});
