/**
 * The front executes commands as the program does: each is run by both, on containers made alike, and everything is compared.
 *
 * The front that is tested here has nothing behind it: it is the first part of MASU_BIN alone, so that what it does it does
 * itself, and what it leaves to the program it cannot do.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MAGIC, MARKER } from "../../tools/join.ts";
import { image } from "../inside.ts";
import { descendants } from "../leaks.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Outcome, type Scratch, type StartOptions } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];

interface Pieces {
  /** The front as it is in the joined file. */
  readonly front: Uint8Array<ArrayBuffer>;
  /** What it was before it was joined. */
  readonly init: Uint8Array<ArrayBuffer>;
  readonly core: Uint8Array;
}

let pieces: Pieces;

Deno.test.beforeAll(async () => {
  const masu = await Deno.readFile(MASU);
  const at = indexOf(masu, MAGIC);
  const marker = new DataView(masu.buffer, at, MARKER.length);
  const field = (offset: number) => Number(marker.getBigUint64(offset, true));
  const front = masu.slice(0, field(MARKER.frontLength));
  const init = front.slice();
  init.fill(0, at + MAGIC.byteLength, at + MARKER.length);
  const coreAt = field(MARKER.coreAt);
  pieces = { front, init, core: masu.subarray(coreAt, coreAt + field(MARKER.coreLength)) };
});

/** Where `wanted` begins; -1: nowhere. */
function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  let at = bytes.indexOf(wanted[0] ?? 0);
  while (at >= 0 && !wanted.every((byte, index) => bytes[at + index] === byte)) {
    at = bytes.indexOf(wanted[0] ?? 0, at + 1);
  }
  return at;
}

Deno.test("the front without its marker is the init in the core", () => {
  assert(indexOf(pieces.core, pieces.init) > 0);
});

/** The front alone, in the test's own place. */
async function frontOf(scratch: Scratch): Promise<string> {
  const path = scratch.path("front");
  await Deno.writeFile(path, pieces.front);
  await Deno.chmod(path, 0o755);
  return path;
}

/** One of the two that are compared. */
type Way = (scratch: Scratch, args: readonly string[], options: StartOptions) => Promise<Outcome>;

const byFront: Way = async (scratch, args, options) => await scratch.command(await frontOf(scratch), ...args, options);
const byProgram: Way = async (scratch, args, { env, ...options }) =>
  await scratch.masu(...args, { ...options, env: { ...env, MASU_FRONT: "0" } });

/** A container of the test before the command that is compared. */
type State = "created" | "running" | "paused" | "stopped";

/** Traps TERM, so that it ends at once with a status of its own; says when it does. */
const SCRIPT = "trap 'exit 7' TERM; while :; do sleep 0.1; done";

async function make(scratch: Scratch, root: string, state: State, options: StartOptions): Promise<string> {
  const id = await scratch.container("create", root, "sh", "-c", SCRIPT, options);
  const steps: Record<State, readonly string[][]> = {
    created: [],
    running: [["start", id]],
    paused: [["start", id], ["pause", id]],
    stopped: [["start", id], ["kill", id], ["wait", id]],
  };
  for (const step of steps[state]) await byFront(scratch, step, options);
  return id;
}

/** What can be seen of a command, with what differs from container to container taken out. */
async function observe(scratch: Scratch, way: Way, { state, args, options = {} }: Case, root: string): Promise<Seen> {
  const id = await make(scratch, root, state, options);
  const { code, signal, stdout, stderr, transcript } = await way(scratch, args(id), options);
  const after = await byFront(scratch, ["state", id], options);
  const status = after.code === 0 ? JSON.parse(after.stdout).status : "gone";
  await byFront(scratch, ["delete", "--force", "--ignore", id], options);
  const plain = (text: string) =>
    text.replaceAll(id, "ID").replaceAll(id.slice(0, 8), "ID8").replace(/"pid": \d+/, '"pid": PID');
  return { seen: { code, signal, stdout: plain(stdout), stderr: plain(stderr), status }, transcript };
}

interface Seen {
  readonly seen: {
    readonly code: number;
    readonly signal: string | null;
    readonly stdout: string;
    readonly stderr: string;
    readonly status: string;
  };
  readonly transcript: string;
}

interface Case {
  readonly state: State;
  readonly args: (id: string) => readonly string[];
  readonly code: number;
  /** Afterwards. */
  readonly status: string;
  readonly options?: StartOptions;
}

const CASES: [name: string, state: State, args: (id: string) => string[], code: number, status: string][] = [
  ["start", "created", (id) => ["start", id], 0, "running"],
  ["start of one that runs", "running", (id) => ["start", id], 0, "running"],
  ["start of one that has ended", "stopped", (id) => ["start", id], 0, "running"],
  ["start by the beginning of an ID", "created", (id) => ["start", id.slice(0, 8)], 0, "running"],
  ["start of several, one missing", "created", (id) => ["start", "nosuch", id], 1, "running"],
  ["start of a missing one", "created", () => ["start", "nosuch"], 1, "created"],
  ["start of a word that is none", "created", () => ["start", "a/../b\u001b[1m"], 2, "created"],
  ["start behind --", "created", (id) => ["start", "--", id], 0, "running"],
  ["stop", "running", (id) => ["stop", id], 0, "stopped"],
  ["stop -t 0", "running", (id) => ["stop", "-t", "0", id], 0, "stopped"],
  ["stop --timeout=5 --signal", "running", (id) => ["stop", id, "--timeout=5", "--signal", "sigkill"], 0, "stopped"],
  ["stop of a paused one", "paused", (id) => ["stop", "-t0", id], 0, "stopped"],
  ["stop of one that was never started", "created", (id) => ["stop", id], 0, "created"],
  ["restart", "running", (id) => ["restart", "-t", "0", id], 0, "running"],
  ["restart of one that has ended", "stopped", (id) => ["restart", id], 0, "running"],
  ["kill with a signal that is handled", "running", (id) => ["kill", "-s", "CONT", id], 0, "running"],
  ["kill with runc's words", "running", (id) => ["kill", id, "18"], 0, "running"],
  [
    "kill --all",
    "running",
    (id) => ["kill", "--all", "--signal=RTMIN", id, "--all=false", "-s", "WINCH"],
    0,
    "running",
  ],
  ["kill of one that has ended", "stopped", (id) => ["kill", id], 1, "stopped"],
  ["kill of several, one missing", "running", (id) => ["kill", "-s", "CONT", id, "nosuch"], 1, "running"],
  ["pause", "running", (id) => ["pause", id], 0, "paused"],
  ["freeze of a paused one", "paused", (id) => ["freeze", id], 0, "paused"],
  ["pause of one that does not run", "created", (id) => ["pause", id], 1, "created"],
  ["resume", "paused", (id) => ["resume", id], 0, "running"],
  ["unpause of one that runs", "running", (id) => ["unpause", id], 0, "running"],
  ["wait", "stopped", (id) => ["wait", id], 137, "stopped"],
  ["wait of several", "stopped", (id) => ["wait", id, id], 137, "stopped"],
  ["wait of one that was never started", "created", (id) => ["wait", id], 125, "created"],
  ["wait of a missing one", "stopped", (id) => ["wait", id, "nosuch"], 125, "stopped"],
  ["delete", "stopped", (id) => ["delete", id], 0, "gone"],
  ["delete of one that was never started", "created", (id) => ["delete", id], 0, "gone"],
  ["delete of one that runs", "running", (id) => ["delete", id], 1, "running"],
  ["rm -f", "running", (id) => ["rm", "-f", id], 0, "gone"],
  ["rm -f of a paused one", "paused", (id) => ["rm", "--force", id], 0, "gone"],
  ["delete --ignore", "stopped", (id) => ["delete", "-i", "nosuch", id], 0, "gone"],
  ["state", "created", (id) => ["state", id], 0, "created"],
  ["state of one that runs", "running", (id) => ["state", id], 0, "running"],
  ["state of a paused one", "paused", (id) => ["state", id], 0, "paused"],
  ["state of one that has ended", "stopped", (id) => ["state", id], 0, "stopped"],
  ["state of a missing one", "created", () => ["state", "nosuch"], 1, "created"],
  ["exec", "running", (id) => ["exec", id, "sh", "-c", "echo out; echo err >&2; exit 3"], 3, "running"],
  ["exec of one that a signal ends", "running", (id) => ["exec", id, "sh", "-c", "kill -9 $$"], 137, "running"],
  [
    "exec with variables and a directory",
    "running",
    (id) => ["exec", "-e", "A=1", "--env=B=x=y", "-w", "/usr/../tmp", id, "sh", "-c", "echo $A $B $PWD $1", "sh", "-e"],
    0,
    "running",
  ],
  ["exec of what is not there", "running", (id) => ["exec", id, "nosuch"], 127, "running"],
  ["exec of what is no program", "running", (id) => ["exec", id, "/etc/passwd"], 126, "running"],
  ["exec in a directory that is not there", "running", (id) => ["exec", "-w", "/no", id, "true"], 125, "running"],
  ["exec in one that has ended", "stopped", (id) => ["exec", id, "true"], 125, "stopped"],
  ["exec in a paused one", "paused", (id) => ["exec", id, "true"], 125, "paused"],
  ["exec in a missing one", "created", () => ["exec", "nosuch", "true"], 125, "created"],
  ["exec -d", "running", (id) => ["exec", "-d", id, "sleep", "0.1"], 0, "running"],
];
for (const [name, state, args, code, status] of CASES) {
  kernelTest(`the front does as the program does: ${name}`, NEEDS, async (scratch) => {
    await compare(scratch, { state, args, code, status }, await image(scratch));
  });
}

async function compare(scratch: Scratch, one: Case, root: string): Promise<void> {
  // What outlives its masu is this process's to reap, before its pid namespace can end.
  const reaping = setInterval(descendants, 20);
  const front = await observe(scratch, byFront, one, root);
  const program = await observe(scratch, byProgram, one, root);
  clearInterval(reaping);
  assertEquals(front.seen, program.seen, `${front.transcript}\n${program.transcript}`);
  assertEquals([front.seen.code, front.seen.status], [one.code, one.status], front.transcript);
}

const USERS: [name: string, state: State, args: (id: string) => string[], code: number, status: string][] = [
  ["start", "created", (id) => ["start", id], 0, "running"],
  ["exec", "running", (id) => ["exec", id, "sh", "-c", "id -u; touch /made"], 0, "running"],
  ["stop", "running", (id) => ["stop", "-t", "0", id], 0, "stopped"],
  ["delete", "stopped", (id) => ["delete", id], 0, "gone"],
  ["state", "running", (id) => ["state", id], 0, "running"],
];
for (const [name, state, args, code, status] of USERS) {
  const needs: Need[] = [...NEEDS, "user", "subuid"];
  kernelTest(`the front does for an ordinary user as the program does: ${name}`, needs, async (scratch) => {
    await compare(
      scratch,
      { state, args, code, status, options: { asUser: true } },
      await image(scratch, { asUser: true }),
    );
  });
}

/** Scripts in which `$0` is masu and `$1` a running container; whatever they print is compared. */
const SCRIPTS: [name: string, needs: Need[], script: string, expected: RegExp][] = [
  ["when nothing can be written", [], `"$0" state "$1" >/dev/full; echo $?`, /^1\n$/],
  ["when nothing can be written after it was done", [], `"$0" kill -s CONT "$1" >/dev/full; echo $?`, /^1\n$/],
  ["when nobody reads", [], `exec 3> >(:); sleep 0.2; "$0" state "$1" >&3; echo $?`, /^141\n$/],
  ["what a program reads that it executes", [], `printf typed | "$0" exec -i "$1" cat`, /^typed$/],
  ["when a caller's pipe does not wait", [], `(sleep 0.2; wc -l) < <("$0" state "$1")`, /^7\n$/],
  ["with --root", [], `"$0" --root "$PWD/none" state "$1"; "$0" state --root=none/./ "$1"; echo $?`, /^1\n$/],
  ["with an environment of nothing", [], `env -i "$0" state "$1" | wc -l`, /^7\n$/],
  ["without stdin", [], `"$0" state "$1" <&- | wc -l`, /^7\n$/],
  ["without stdout", [], `"$0" state "$1" >&-; echo $?`, /^0\n$/],
  [
    "with a log",
    [],
    `rm -f l; "$0" --log l --debug kill nosuch; sed 's/time="[^"]*"//' l`,
    /^ level=error msg="Find container/,
  ],
  [
    "with a log for engines",
    [],
    `rm -f l; "$0" --log=l --log-format json --rootless=true --systemd-cgroup kill nosuch; sed 's/"time":"[^"]*"//' l`,
    /^\{"level":"error","msg":"Find container .*\}\n$/,
  ],
  [
    "with a log that cannot be written",
    [],
    `"$0" --log /no/l kill nosuch 2>&1`,
    /^masu: warning: Add to log "\/no\/l"/,
  ],
  ["with a pid file", [], `"$0" exec --pid-file p "$1" true; echo $? $(ls p 2>/dev/null)`, /^0 ?\n$/],
  ["errors in colours on a terminal", ["script"], `TERM=xterm script -qec "$0 kill nosuch" /dev/null`, /31mmasu:/],
  ["without colours where NO_COLOR is set", ["script"], `NO_COLOR=1 script -qec "$0 kill nosuch" /dev/null`, /^masu:/],
  ["without colours on a dumb terminal", ["script"], `TERM=dumb script -qec "$0 kill nosuch" /dev/null`, /^masu:/],
  [
    "exec -it",
    ["script"],
    `script -qec "stty rows 33 columns 77; $0 exec -it $1 sh -c 'stty size; test -t 1; echo \\$?'" /dev/null | sed 's/\\^@//'`,
    /^33 77\r\n0\r\n$/,
  ],
];
for (const [name, needs, script, expected] of SCRIPTS) {
  kernelTest(`the front prints as the program does ${name}`, [...NEEDS, ...needs], async (scratch) => {
    const id = await make(scratch, await image(scratch), "running", {});
    const run = async (masu: string, env: Record<string, string>) => {
      const { code, stdout, stderr, transcript } = await scratch.command("bash", "-c", script, masu, id, { env });
      return { seen: { code, stdout, stderr }, transcript };
    };
    const front = await run(await frontOf(scratch), {});
    const program = await run(MASU, { MASU_FRONT: "0" });
    assertEquals(front.seen, program.seen, `${front.transcript}\n${program.transcript}`);
    assert(expected.test(front.seen.stdout), front.transcript);
  });
}

/** What the front leaves to the program, which it cannot find here. */
const LEFT: [name: string, script: string][] = [
  ["--help", `"$0" start --help`],
  ["-h before the command", `"$0" -h start`],
  ["no operand", `"$0" start`],
  ["--attach", `"$0" start --attach x`],
  ["--json", `"$0" --json state x`],
  ["--debug", `"$0" state --debug x`],
  ["a log with words of its own form", `"$0" --log /dev/null --log-format=yaml state x`],
  ["a manager that there is none of", `"$0" --cgroup-manager=x state x`],
  ["--explain", `"$0" start --explain x`],
  ["--all", `"$0" stop --all`],
  ["an unknown flag", `"$0" kill --sgnal TERM x`],
  ["an unknown letter in a cluster", `"$0" rm -fx x`],
  ["a flag without its value", `"$0" kill x -s`],
  ["an unknown signal", `"$0" kill -s NOPE x`],
  ["a time that is none", `"$0" stop -t 1.5 x`],
  ["a switch that is neither on nor off", `"$0" rm --force=maybe x`],
  ["two operands for one", `"$0" state x y`],
  ["no program", `"$0" exec x`],
  ["another user", `"$0" exec -u 1 x true`],
  ["a variable with the caller's value", `"$0" exec -e HOME x true`],
  ["a directory that is not absolute", `"$0" exec -w tmp x true`],
  ["a detached terminal", `"$0" exec -dt x true`],
  ["an empty root", `"$0" --root= state x`],
  ["another command", `"$0" create host true`],
  ["a word that is not Unicode", `"$0" state $'\\xff'`],
  ["MASU_FRONT=0", `MASU_FRONT=0 "$0" state x`],
];
for (const [name, script] of LEFT) {
  kernelTest(`the front leaves to the program: ${name}`, [], async (scratch) => {
    const { code, stderr, transcript } = await scratch.command("bash", "-c", script, await frontOf(scratch));
    assertEquals(code, 125, transcript);
    assertStringIncludes(stderr, " bytes instead of ", transcript);
  });
}

kernelTest("monitors that the front and the program start are executed from one file", NEEDS, async (scratch) => {
  const root = scratch.path("root");
  const rootfs = await image(scratch);
  const files = new Set<string>();
  for (const way of [byFront, byProgram]) {
    const { stdout } = await scratch.masu("--root", root, "create", rootfs, "sleep", "1000");
    const started = await way(scratch, ["--root", root, "start", stdout.trim()], {});
    assertEquals(started.code, 0, started.transcript);
    for (const { name } of Deno.readDirSync(root)) if (name.startsWith("init-")) files.add(name);
    await byFront(scratch, ["--root", root, "delete", "--force", stdout.trim()], {});
  }
  const [file, ...more] = files;
  assertEquals(more, []);
  assertEquals(await Deno.readFile(`${root}/${file}`), pieces.init);
});
