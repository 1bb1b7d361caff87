/** `hooks` of config.json: when each kind runs, where, and what it is told. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config } from "../bundle.ts";
import { exists } from "../host.ts";
import { kernelTest } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

type Hook = NonNullable<Config["hooks"]>[string][number];

/** A hook that writes a line into a file of the test's: its kind, its PID's namespace, and the status that it was told. */
async function telling(scratch: Scratch, kind: string): Promise<Hook> {
  const file = await log(scratch);
  const script =
    `status=$(tr -d ' \\n' | sed 's/.*"status":"\\([a-z]*\\)".*/\\1/'); echo "$KIND $status $(readlink /proc/self/ns/uts)" >> ${file}`;
  return { path: "/bin/sh", args: ["sh", "-c", script], env: [`KIND=${kind}`, "PATH=/usr/bin:/bin"], timeout: 5 };
}

/** The file, in a directory that the container sees at the same place. */
async function log(scratch: Scratch): Promise<string> {
  const directory = scratch.path("told");
  if (!exists(directory)) await Deno.mkdir(directory);
  return `${directory}/log`;
}

const KINDS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

kernelTest("a bundle's hooks of all six kinds run in their order, in their namespaces, with the status of then", [
  "mount",
  "busybox",
], async (scratch) => {
  const file = await log(scratch);
  const hooks = Object.fromEntries(
    await Promise.all(KINDS.map(async (kind) => [kind, [await telling(scratch, kind)]])),
  );
  const script = `echo "program - $(readlink /proc/self/ns/uts)" >> ${file}; sleep 60`;
  await using bundle = await Bundle.make(scratch, script, (config) => {
    config.hooks = hooks;
    const told = file.replace("/log", "");
    config.mounts.push({ destination: told, type: "bind", source: told, options: ["bind"] });
  });
  const created = await bundle.create();
  assertEquals(created.code, 0, created.transcript);
  const before = await told(file);
  assertEquals(before.map(([kind]) => kind), ["prestart", "createRuntime", "createContainer"], created.transcript);
  const started = await bundle.masu("start");
  assertEquals(started.code, 0, started.transcript);
  await until(async () => (await told(file)).some(([kind]) => kind === "program"));
  assertEquals((await bundle.masu("delete", "--force")).code, 0);
  const lines = await told(file);
  const own = Deno.readLinkSync("/proc/self/ns/uts");
  const expected: [kind: string, status: string, onHost: boolean][] = [
    ["prestart", "creating", true],
    ["createRuntime", "creating", true],
    ["createContainer", "creating", false],
    ["startContainer", "created", false],
    ["program", "-", false],
    ["poststart", "running", true],
    ["poststop", "stopped", true],
  ];
  const order = (kind = "") => expected.findIndex(([name]) => name === kind);
  // The program and poststart run at the same time.
  lines.sort(([one], [other]) => order(one) - order(other));
  assertEquals(lines.map(([kind, status, uts]) => [kind, status, uts === own]), expected);
});

kernelTest(
  "a bundle's hook that takes longer than its hooks.*.timeout ends the creation",
  ["mount", "busybox"],
  async (scratch) => {
    await using bundle = await Bundle.make(scratch, "echo ran", (config) => {
      config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", "sleep 30"], timeout: 1 }] };
    });
    const started = Date.now();
    const outcome = await bundle.create();
    assertEquals([outcome.code === 0, outcome.stdout], [false, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, "/bin/sh", outcome.transcript);
    assertEquals(Date.now() - started < 20_000, true);
    assertEquals(await bundle.status(), null);
  },
);

kernelTest(
  "a bundle's hook is told of the bundle, the container and its process",
  ["mount", "busybox"],
  async (scratch) => {
    const file = await log(scratch);
    await using bundle = await Bundle.make(scratch, "true", (config) => {
      config.annotations = { "org.example.key": "value" };
      config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `cat > ${file}`] }] };
    });
    const created = await bundle.create();
    assertEquals(created.code, 0, created.transcript);
    const { pid } = JSON.parse((await bundle.masu("state")).stdout);
    const state = JSON.parse(await Deno.readTextFile(file));
    assertEquals(
      [state.id, state.status, state.pid, state.bundle, state.annotations],
      [bundle.id, "creating", pid, bundle.directory, { "org.example.key": "value" }],
    );
  },
);

async function told(file: string): Promise<string[][]> {
  if (!exists(file)) return [];
  return (await Deno.readTextFile(file)).trimEnd().split("\n").map((line) => line.split(" "));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("It did not happen");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
