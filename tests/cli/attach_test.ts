/** masu attach, and masu start -a: as if the container's terminal or streams were one's own. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";
import { until } from "./family.ts";
import { Terminal } from "./tmux.ts";

const NEEDS: Need[] = ["mount", "pidns", "overlay", "busybox"];
const ON_TERMINAL: Need[] = [...NEEDS, "tmux"];

/** Makes a container that runs. */
async function running(scratch: Scratch, flags: readonly string[], script: string): Promise<string> {
  return await scratch.container("run", "-d", ...flags, await image(scratch), "sh", "-c", script);
}

kernelTest(
  "masu attach shows the last screenful, takes what is typed, and leaves by ctrl-p ctrl-q",
  ON_TERMINAL,
  async (scratch) => {
    const id = await running(scratch, ["-it"], "seq 1 1000; PS1='in> ' exec sh");
    await using terminal = await Terminal.open(scratch);
    const before = await terminal.run("stty -a");
    for (const round of ["first", "second"]) {
      await terminal.line(`clear; ${MASU} attach ${id}; echo left=$?`);
      await terminal.until(/\nin>$/);
      if (round === "first") assertMatch(await terminal.screen(), /\n999\s*\n1000\s*\n[^]*\nin> ?\s*$/);
      else assertStringIncludes(await terminal.screen(), "said first");
      await terminal.line(`echo said ${round}; stty size; readlink /proc/self/fd/0`);
      await terminal.until(new RegExp(`^said ${round}\\s*\n24 80\\s*\n/dev/pts/0`, "m"));
      await terminal.keys("C-p", "C-q");
      await terminal.until(/^left=0$/m);
      await terminal.until(new RegExp(`detached from container "${id}"`));
    }
    assertEquals(await terminal.run("stty -a"), before);
    await terminal.line(`${MASU} attach ${id}; echo left=$?`);
    await terminal.until(/\nin>$/);
    await terminal.line("exit 9");
    await terminal.until(/^left=9$/m);
    // What asks the terminal something is not shown again: its answers would be typed into the container.
    assert(!(await terminal.screen()).includes("R^[["));
    assertEquals(await terminal.run("stty -a"), before);
  },
);

kernelTest("masu attach follows the window and gives ctrl-c to the program", ON_TERMINAL, async (scratch) => {
  const script = 'trap "stty size" WINCH; trap "echo caught" INT; echo up; while :; do sleep 0.02; done';
  const id = await running(scratch, ["-t"], script);
  await using terminal = await Terminal.open(scratch);
  await terminal.line(`${MASU} console --detach-keys ctrl-],x ${id}; echo left=$?`);
  await terminal.until(/^24 80\s*$/m);
  await terminal.resize(100, 30);
  await terminal.until(/^30 100\s*$/m);
  await terminal.keys("C-c");
  await terminal.until(/caught/);
  await terminal.keys("C-]", "x");
  await terminal.until(/^left=0$/m);
});

kernelTest(
  "masu attach has a full-screen program draw anew, and gives back a plain terminal",
  ON_TERMINAL,
  async (scratch) => {
    const draw = 'printf "\\033[?1049h\\033[?25l\\033[H\\033[2Jdrawn"';
    const id = await running(scratch, ["-t"], `trap '${draw}' WINCH; ${draw}; while :; do sleep 0.02; done`);
    await using terminal = await Terminal.open(scratch);
    await terminal.line("echo mine");
    await terminal.line(`${MASU} attach ${id}`);
    await terminal.until(/^drawn$/);
    await terminal.keys("C-p", "C-q");
    await terminal.until(/detached/);
    assertMatch(await terminal.screen(), /^mine$/m);
    assertEquals(
      (await scratch.command("tmux", "-S", scratch.path("tmux"), "display", "-p", "#{cursor_flag}")).stdout,
      "1\n",
    );
  },
);

kernelTest("several are attached at once, and all of them see everything", NEEDS, async (scratch) => {
  const id = await running(scratch, ["-i"], "while read line; do echo got $line; done; echo over >&2; exit 5");
  const watching = await scratch.spawn("attach", "--no-stdin", id);
  const typing = await scratch.spawn("attach", id);
  for (const attached of [watching, typing]) await until("it is attached", () => catchesNothing(attached.pid));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await typing.write("one\n");
  await typing.until(/^got one$/m);
  await watching.until(/^got one$/m);
  const { code, stdout } = await scratch.masu("attach", id, { stdin: "two\n" });
  // The end of its stdin was the end of the container's.
  assertEquals([code, stdout], [5, "got two\n"]);
  for (const attached of [watching, typing]) {
    const { code, stdout, stderr } = await attached.outcome();
    assertEquals([code, stdout, stderr], [5, "got one\ngot two\n", "over\n"]);
  }
});

/** A script, what it reads, its status, and what it writes. */
const ATTACHED: [script: string, input: string, status: number, output: string][] = [
  ["seq 1 20000; exit 3", "", 3, Array.from({ length: 20_000 }, (_, number) => `${number + 1}\n`).join("")],
  ["true", "", 0, ""],
  ["wc -c", "x".repeat(500_000), 0, "500000\n"],
  ["kill -9 $$; sleep 1000", "", 137, ""],
];

kernelTest("masu start -a misses nothing and passes on the exit status", NEEDS, async (scratch) => {
  for (const [script, stdin, status, output] of ATTACHED) {
    const words = [await image(scratch), "sh", "-c", script];
    const id = await scratch.container("create", "-i", "--init", ...words);
    const { code, stdout, stderr } = await scratch.masu("start", "-ai", id, { stdin });
    assertEquals([code, stdout === output, stderr], [status, true, ""], `${script}: ${stdout.slice(0, 200)}`);
  }
});

kernelTest("masu attach passes signals on, or leaves by them", NEEDS, async (scratch) => {
  const id = await running(scratch, ["-i"], 'trap "echo caught; exit 4" TERM; echo up; while :; do sleep 0.02; done');
  // Until then it would end the program, as it would any other.
  const log = await scratch.spawn("logs", "-f", id);
  await log.until(/^up$/m);
  const leaving = await scratch.spawn("attach", "--no-stdin", "--sig-proxy=false", id);
  const passing = await scratch.spawn("attach", "--no-stdin", id);
  for (const attached of [leaving, passing]) await until("it is attached", () => catchesNothing(attached.pid));
  leaving.kill("SIGTERM");
  assertEquals((await leaving.outcome()).signal, "SIGTERM");
  passing.kill("SIGTERM");
  const { code, stdout } = await passing.outcome();
  assertEquals([code, stdout], [4, "caught\n"]);
});

kernelTest("a signal is not held up by input that the program does not read", NEEDS, async (scratch) => {
  const id = await running(scratch, ["-i"], 'trap "exit 6" INT; while :; do sleep 0.02; done');
  // Far more than a pipe and both ends hold.
  const attached = await scratch.spawnCommand("sh", "-c", `exec ${MASU} attach ${id} < /dev/zero`);
  await until("it is attached", () => catchesNothing(attached.pid));
  await new Promise((resolve) => setTimeout(resolve, 300));
  attached.kill("SIGINT");
  assertEquals((await attached.outcome()).code, 6);
});

kernelTest("one who does not read what it gets does not stop the container", NEEDS, async (scratch) => {
  const id = await running(
    scratch,
    ["-i"],
    "read go; head -c 20000000 /dev/zero | tr '\\0' x | fold -w 100; echo over",
  );
  const stuck = await scratch.spawn("attach", "--no-stdin", id);
  await until("it is attached", () => catchesNothing(stuck.pid));
  await new Promise((resolve) => setTimeout(resolve, 100));
  stuck.kill("SIGSTOP");
  const { code, stdout, stderr } = await scratch.masu("attach", id, { stdin: "go\n" });
  assertEquals([code, stdout.length > 20_000_000, stdout.endsWith("over\n"), stderr], [0, true, true, ""]);
  stuck.kill("SIGCONT");
  const late = await stuck.outcome();
  assertMatch(late.stderr, /^(masu: \d+ bytes of output were left out: they were not read in time\r\n)*$/);
  assert(late.stderr !== "" || late.stdout.length === stdout.length, `${late.stdout.length}`);
});

kernelTest("masu attach says why it cannot, and when it was left alone", NEEDS, async (scratch) => {
  const created = await scratch.container("create", await image(scratch), "true");
  const refused = await scratch.masu("attach", created);
  assertEquals([refused.code, refused.stdout], [125, ""], refused.transcript);
  assertStringIncludes(
    refused.stderr,
    `Attach to container "${created}": it is not running\nhint: masu start --attach`,
  );
  const keys = await scratch.masu("attach", "--detach-keys", "ctrl-1", created);
  assertEquals(keys.code, 125, keys.transcript);
  const id = await running(scratch, ["-i"], "echo up; sleep 1000");
  const attached = await scratch.spawn("attach", id);
  await until("it is attached", () => catchesNothing(attached.pid));
  const [{ masu }] = JSON.parse((await scratch.masu("inspect", id)).stdout);
  Deno.kill(masu.monitor, "SIGKILL");
  const { code, stderr } = await attached.outcome();
  assertEquals([code, stderr.includes("its monitor has gone\nhint: ")], [125, true], stderr);
  assert((await scratch.masu("attach", id)).stderr.includes("its monitor is gone"));
});

/** It has become the attached process: all its signals are blocked, and read. */
function catchesNothing(pid: number): boolean {
  try {
    return /^SigBlk:\tf{8}/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
