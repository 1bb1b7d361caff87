/** masu logs: what a container wrote, each line once, whatever becomes of its files. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];

/** A container that has ended by itself. */
async function ended(scratch: Scratch, flags: readonly string[], script: string): Promise<string> {
  const id = await scratch.container("run", "-d", ...flags, await image(scratch), "sh", "-c", script);
  await scratch.masu("wait", id);
  return id;
}

async function logs(
  scratch: Scratch,
  ...args: string[]
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr, transcript } = await scratch.masu("logs", ...args);
  assertEquals(code, 0, transcript);
  return { stdout, stderr };
}

kernelTest("masu logs tells the streams apart and prints what no newline ended", NEEDS, async (scratch) => {
  const id = await ended(scratch, [], "echo one; echo two >&2; printf three");
  assertEquals(await logs(scratch, id), { stdout: "one\nthree", stderr: "two\n" });
  const { stdout } = await logs(scratch, "--json", id);
  const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.map(({ stream, log, partial }) => [stream, log, partial]), [
    ["stdout", "one\n", false],
    ["stderr", "two\n", false],
    ["stdout", "three", true],
  ]);
  assertEquals(new Set(lines.map(({ time }) => time.length)), new Set([30]));
});

kernelTest("masu logs prints lines of any length and bytes of any kind", NEEDS, async (scratch) => {
  const long = "head -c 100000 /dev/zero | tr '\\0' x; echo; printf 'a\\377b \\303\\251\\n'";
  const id = await ended(scratch, [], long);
  assertEquals((await logs(scratch, id)).stdout, `${"x".repeat(100_000)}\na\ufffdb \u00e9\n`);
  const { stdout } = await logs(scratch, "-t", id);
  assertEquals(stdout.match(/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /gm)?.length, 2, stdout.slice(0, 200));
});

kernelTest("masu logs begins with the last lines, and keeps to the times asked for", NEEDS, async (scratch) => {
  const id = await ended(scratch, [], "seq 1 100; sleep 0.2; seq 101 200; sleep 0.2; echo last");
  for (const [tail, count] of [["0", 0], ["3", 3], ["150", 150], ["1000", 201], ["all", 201], ["-1", 201]] as const) {
    const { stdout } = await logs(scratch, "-n", tail, id);
    assertEquals(stdout.split("\n").length - 1, count, tail);
    if (count > 0) assertStringIncludes(stdout, "200\nlast\n");
  }
  const all = (await logs(scratch, "--json", id)).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const since = all[100].time;
  assertEquals((await logs(scratch, "--since", since, id)).stdout.split("\n").length - 1, 101);
  assertEquals((await logs(scratch, "--since", since, "--until", since, id)).stdout.split("\n")[0], "101");
  assertEquals((await logs(scratch, "--since", "1h", "--until", "30m", id)).stdout, "");
  assertEquals((await logs(scratch, "--since", "1h", "-n", "2", id)).stdout, "200\nlast\n");
});

kernelTest(
  "masu logs -f prints every line once across rotations, and ends with the container",
  NEEDS,
  async (scratch) => {
    const script =
      "read go; i=0; while [ $i -lt 100 ]; do seq $((i*200)) $((i*200+199)); i=$((i+1)); done; echo end >&2";
    const flags = ["-i", "--log-opt", "max-size=100k", "--log-opt", "max-file=50"];
    const id = await scratch.container("run", "-d", ...flags, await image(scratch), "sh", "-c", script);
    const following = await scratch.spawn("logs", "-f", id);
    assertEquals((await scratch.masu("attach", id, { stdin: "go\n" })).code, 0);
    const { code, stdout, stderr } = await following.outcome();
    const expected = Array.from({ length: 20_000 }, (_, number) => `${number}\n`).join("");
    assertEquals([code, stdout === expected, stderr], [0, true, "end\n"], stdout.slice(-100));
    assertEquals((await logs(scratch, id)).stdout, expected);
    assertEquals((await logs(scratch, "-n", "10000", id)).stdout, expected.split("\n").slice(10_001).join("\n"));
  },
);

kernelTest("masu logs -f goes on when the container is started again", NEEDS, async (scratch) => {
  const script = "echo start; sleep 0.3; exit 1";
  const flags = ["--restart", "on-failure:2"];
  const id = await scratch.container("run", "-d", ...flags, await image(scratch), "sh", "-c", script);
  assertEquals((await logs(scratch, "-f", id)).stdout, "start\nstart\nstart\n");
});

kernelTest("masu logs -f has the last lines of a container that is deleted at its end", NEEDS, async (scratch) => {
  const script = "read go; echo begin; seq 1 500; echo last";
  const id = await scratch.container("run", "-d", "--rm", "-i", await image(scratch), "sh", "-c", script);
  const following = await scratch.spawn("logs", "-f", id);
  // It has the file open once it has said something.
  await new Promise((resolve) => setTimeout(resolve, 500));
  assertEquals((await scratch.masu("attach", id, { stdin: "go\n" })).code, 0);
  const { code, stdout } = await following.outcome();
  assertEquals([code, stdout.split("\n").length, stdout.endsWith("500\nlast\n")], [0, 503, true], stdout.slice(-100));
});

kernelTest("masu logs says why there are none", NEEDS, async (scratch) => {
  const id = await ended(scratch, ["--log-driver", "none"], "echo lost");
  const none = await scratch.masu("logs", id);
  assertEquals(none.code, 1);
  assertStringIncludes(none.stderr, `Read the log of container "${id}": it keeps none (--log-driver none)`);
  assertEquals((await scratch.masu("logs", "nobody")).code, 1);
  for (const flags of [["--since", "sometime"], ["--tail", "few"], ["--tail", "-2"]]) {
    const { code, stderr } = await scratch.masu("logs", ...flags, id);
    assertEquals([code, stderr.startsWith(`masu: Read ${flags[0]} "${flags[1]}"`)], [2, true], stderr);
  }
});

kernelTest("a container that writes without end fills neither memory nor disk", NEEDS, async (scratch) => {
  const flags = ["--log-opt", "max-size=1m", "--log-opt", "max-file=2"];
  const id = await scratch.container("run", "-d", ...flags, await image(scratch), "yes", "x".repeat(100));
  const [{ masu }] = JSON.parse((await scratch.masu("inspect", id)).stdout);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const status = await Deno.readTextFile(`/proc/${masu.monitor}/status`);
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  assert(peak < 8 * 1024, `${peak} KiB`);
  assertMatch((await logs(scratch, "-n", "1", id)).stdout, /^x{100}\n$/);
  assertEquals((await scratch.masu("stop", "-t", "0", id)).code, 0);
});
