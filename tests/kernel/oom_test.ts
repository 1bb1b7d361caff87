/** What the kernel kills for lack of memory: told at once, counted, told once. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { image } from "../inside.ts";
import { kernelTest } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

/** Takes twice what the container has. */
const HOG = "dd if=/dev/zero of=/dev/null bs=64M count=1";
const LIMITED = ["--memory", "32m", "--memory-swap", "32m"];

interface Told {
  readonly action: string;
  readonly attributes: Readonly<Record<string, string>>;
}

async function told(scratch: Scratch, id: string): Promise<string[]> {
  const { stdout } = await scratch.masu(
    "events",
    "--json",
    "--since",
    "10m",
    "--no-stream",
    "--filter",
    `container=${id}`,
  );
  const events: Told[] = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return events.map(({ action, attributes }) => [action, ...Object.values(attributes)].join(" "));
}

kernelTest(
  "a process that is killed for lack of memory is told while the container runs on",
  ["cgroup1", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    const events = await scratch.spawn(
      "events",
      "--json",
      "--filter",
      "event=oom",
      "--filter",
      `label=test=${Deno.pid}`,
    );
    const id = await scratch.container(
      "run",
      "-d",
      "-l",
      `test=${Deno.pid}`,
      ...LIMITED,
      root,
      "sh",
      "-c",
      `${HOG}; ${HOG}; sleep 1000`,
    );
    await events.until(new RegExp(`"id":"${id}".*"kills":"[12]"`));
    const deadline = Date.now() + 10_000;
    let state = { OOMKilled: false, OOMKills: 0, Status: "" };
    while (state.OOMKills < 2 && Date.now() < deadline) {
      const { stdout } = await scratch.masu("inspect", id);
      state = JSON.parse(stdout)[0].State;
    }
    assertEquals([state.OOMKilled, state.OOMKills, state.Status], [true, 2, "running"]);
    const { stdout } = await scratch.masu("stats", "--no-stream", "--json", id);
    assertEquals(JSON.parse(stdout.split("\n")[0] ?? "").oomKills, 2);
    await scratch.masu("stop", "-t", "0", id);
    const all = await told(scratch, id);
    // Two that are killed at nearly the same time may be told together; none is told twice.
    const kills = all.filter((line) => line.startsWith("oom "));
    assertEquals(kills.at(-1), "oom 2", all.join("\n"));
    assertEquals(new Set(kills).size, kills.length, all.join("\n"));
    const ended = JSON.parse((await scratch.masu("inspect", id)).stdout)[0].State;
    assertEquals([ended.OOMKilled, ended.OOMKills], [true, 2]);
  },
);

kernelTest(
  "a run in the foreground says what was killed for lack of memory",
  ["cgroup1", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    const went = await scratch.masu("run", ...LIMITED, root, "sh", "-c", `${HOG}; echo goes on`);
    assertEquals([went.code, went.stdout], [0, "goes on\n"], went.transcript);
    assertStringIncludes(went.stderr, "the kernel killed a process for lack of memory");
    const ended = await scratch.masu("run", ...LIMITED, root, ...HOG.split(" "));
    assertEquals(ended.code, 137, ended.transcript);
    assertStringIncludes(ended.stderr, "the kernel killed a process for lack of memory");
  },
);

kernelTest("a container that is killed for lack of memory is told once, and its next run counts anew", [
  "cgroup1",
  "busybox",
], async (scratch) => {
  const root = await image(scratch);
  const id = await scratch.container(
    "run",
    "-d",
    ...LIMITED,
    root,
    "sh",
    "-c",
    `[ -e /again ] || { touch /again; exec ${HOG}; }`,
  );
  await scratch.masu("wait", id);
  assertEquals(await told(scratch, id), ["create", "start", "oom 1", "die 137 9"]);
  await scratch.masu("start", id);
  await scratch.masu("wait", id);
  const { stdout } = await scratch.masu("inspect", id);
  const { OOMKilled, OOMKills, ExitCode } = JSON.parse(stdout)[0].State;
  assertEquals([OOMKilled, OOMKills, ExitCode], [false, 0, 0]);
});
