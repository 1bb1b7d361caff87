/** Many commands in one process, each answered by one line of JSON. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { image } from "../inside.ts";
import { cliTest, kernelTest, type Need } from "../needs.ts";
import type { Scratch, StartOptions } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];

interface Answer {
  readonly command: string[];
  readonly status: number;
  readonly result?: unknown;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** The answers to all lines. Fails when the batch itself did. */
async function batch(scratch: Scratch, lines: readonly string[], options: StartOptions = {}): Promise<Answer[]> {
  const stdin = lines.map((line) => `${line}\n`).join("");
  const { code, stdout, stderr, transcript } = await scratch.masu("--root", scratch.path("state"), "batch", {
    ...options,
    stdin,
  });
  assertEquals([code, stderr], [0, ""], transcript);
  return stdout.split("\n").filter(Boolean).map((line): Answer => JSON.parse(line));
}

kernelTest("batch answers each command with its status, result, output and error, in order", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const answers = await batch(scratch, [
    `create --name a ${root} sleep 1000`,
    "start a",
    "exec a sh -c 'echo out; echo err >&2; exit 3'",
    JSON.stringify(["exec", "-e", "WORD=two words", "a", "sh", "-c", 'echo "$WORD"']),
    "exec a nosuch",
    "exec a /etc",
    "stop nosuch",
    "inspect -f '{{.State.Status}}' a",
    "delete -f a",
    "list -a",
  ]);
  const [created, started, failing, words, missing, none, stopped, inspected, deleted, list, ...more] = answers;
  assertEquals(more, []);
  const id = (created?.result as { id: string }).id;
  assertEquals(created, {
    command: ["create", "--name", "a", root, "sleep", "1000"],
    status: 0,
    result: { id, name: "a" },
  });
  const done = [{ container: "a", id, status: null, error: null }];
  assertEquals([started?.status, started?.result], [0, done]);
  assertEquals(failing, {
    command: ["exec", "a", "sh", "-c", "echo out; echo err >&2; exit 3"],
    status: 3,
    stdout: "out\n",
    stderr: "err\n",
  });
  assertEquals([words?.status, words?.stdout], [0, "two words\n"]);
  assertEquals([missing?.status, missing?.error?.code], [127, "program_not_found"]);
  assertEquals([none?.status, none?.error?.code], [126, "program_not_executable"]);
  assertEquals(stopped?.status, 1);
  assertStringIncludes(JSON.stringify(stopped), "not_found");
  assertEquals([inspected?.status, inspected?.stdout], [0, "running\n"]);
  assertEquals([deleted?.status, deleted?.result], [0, done]);
  assertEquals([list?.status, list?.result], [0, []]);
});

const REFUSED: [name: string, line: string, status: number, message: RegExp][] = [
  ["run without -d", "run IMAGE true", 125, /it goes on with other commands/],
  ["attach", "attach a", 125, /it goes on with other commands/],
  ["start -a", "start -a made", 2, /it goes on with other commands/],
  ["exec -t", "exec -t a sh", 125, /there is no terminal and no input/],
  ["exec -i", "exec -i a cat", 125, /there is no terminal and no input/],
  ["a tar stream on stdin", "cp - a:/tmp", 2, /masu batch reads commands there/],
  ["a tar stream on stdout", "cp a:/etc -", 2, /masu batch answers there/],
  ["an export to stdout", "export a", 2, /masu batch answers there/],
  ["batch", "batch", 2, /reads commands already/],
];

kernelTest("batch refuses what needs its stdin, stdout or terminal, and goes on", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const lines = REFUSED.map(([, line]) => line.replace("IMAGE", root));
  const setUp = [`run -d --name a ${root} sleep 1000`, `create --name made ${root} true`];
  const answers = await batch(scratch, [...setUp, ...lines, "rm -f a made"]);
  const refusals = answers.slice(setUp.length, -1);
  assertEquals(refusals.length, REFUSED.length);
  for (const [index, [name, , status, message]] of REFUSED.entries()) {
    const refusal = refusals[index];
    assertEquals(
      [refusal?.status, refusal?.error?.code],
      [status, "invalid_config"],
      `${name}: ${JSON.stringify(refusal)}`,
    );
    assertMatch(refusal?.error?.message ?? "", message, name);
  }
  assertEquals(answers.at(-1)?.status, 0);
});

const LINES: [name: string, line: string, message: RegExp][] = [
  ["a quotation that does not end", 'version "', /its quotation does not end/],
  ["what is no JSON", '["version"', /is no JSON/],
  ["what is no array of strings", "[1]", /is no array of strings/],
  ["a command that there is not", "nosuchverb", /no such command/],
  ["a flag that there is not", "version --nosuch", /no such flag/],
];

for (const [name, line, message] of LINES) {
  cliTest(`batch answers ${name} with an error, and goes on`, async (scratch) => {
    const [wrong, next, ...more] = await batch(scratch, [line, "version"]);
    assertEquals([wrong?.status, wrong?.error?.code], [2, "invalid_config"]);
    assertMatch(wrong?.error?.message ?? "", message);
    assertEquals([next?.status, more], [0, []]);
  });
}

cliTest("batch takes empty lines, comments and a last line without an end", async (scratch) => {
  const outcome = await scratch.masu("batch", { stdin: "\n   \n# nothing\nversion" });
  assertEquals([outcome.code, outcome.stdout.trimEnd().split("\n").length], [0, 1], outcome.transcript);
  assertEquals(JSON.parse(outcome.stdout).command, ["version"]);
});

cliTest("batch ends with its stdin, and takes no operand", async (scratch) => {
  const empty = await scratch.masu("batch", { stdin: "" });
  assertEquals([empty.code, empty.stdout, empty.stderr], [0, "", ""], empty.transcript);
  const operand = await scratch.masu("batch", "version");
  assertEquals([operand.code, operand.stdout], [2, ""], operand.transcript);
});

cliTest("batch answers each command at once, before the next is there", async (scratch) => {
  await using running = await scratch.spawn("batch");
  for (let count = 1; count <= 3; count++) {
    await running.write("version\n");
    await running.until(new RegExp(`^(.*\\n){${count}}$`));
  }
  await running.closeStdin();
  assertEquals((await running.outcome()).code, 0);
});

cliTest("batch is ended by SIGINT", async (scratch) => {
  await using running = await scratch.spawn("batch");
  await running.write("version\n");
  await running.until(/\n/);
  running.kill("SIGINT");
  assertEquals((await running.outcome()).code, 130);
});

kernelTest("the commands of a batch are below its --root, and below their own", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const other = scratch.path("other");
  const answers = await batch(scratch, [
    `create --name here ${root} true`,
    `--root ${other} create --name there ${root} true`,
    "list -aq",
    "rm here",
    `--root ${other} rm there`,
  ]);
  assertEquals(answers.map(({ status }) => status), [0, 0, 0, 0, 0], JSON.stringify(answers));
  const names = (answers[2]?.result as { name: string }[]).map(({ name }) => name);
  assertEquals(names, ["here"]);
  assert(exists(`${scratch.path("state")}/data`) && exists(`${other}/data`));
});

kernelTest("a batch gives the same by a kept plan, errors too", NEEDS, async (scratch) => {
  const root = await image(scratch);
  for (const [program, status] of [["true", 0], ["/nosuch", 127], ["/etc", 126]] as const) {
    const line = `run -d --rm --net none ${root} ${program}`;
    const [first, ...others] = await batch(scratch, [line, line, line]);
    const plain = (answer: Answer | undefined) => JSON.stringify(answer).replaceAll(/\b[0-9a-f]{12}\b/g, "ID");
    assertEquals(first?.status, status);
    assertEquals(others.map(plain), [plain(first), plain(first)]);
  }
});
