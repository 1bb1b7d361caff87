/**
 * The front changes nothing: a program that was entered through it finds what it would find when started directly.
 *
 * The front and denort are taken out of MASU_BIN (default dist/masu), and a probe is compiled with them.
 */
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { readElf } from "../../tools/elf.ts";
import { join, MAGIC, MARKER, writeExecutable } from "../../tools/join.ts";

const MASU = Deno.env.get("MASU_BIN") ?? new URL("../../dist/masu", import.meta.url).pathname;
const PROBE = new URL("../fixtures/front_probe.ts", import.meta.url).pathname;

/** What the tests start; all in `directory`. */
interface Programs {
  readonly directory: string;
  /** The output of `deno compile`. */
  readonly direct: string;
  /** The same behind the front. */
  readonly joined: string;
  /** The joined file's bytes, and where the program begins in them. */
  readonly bytes: Uint8Array;
  readonly programAt: number;
}

interface Ended {
  readonly code: number;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

let programs: Programs;

Deno.test.beforeAll(async () => {
  programs = await build();
});

Deno.test.afterAll(async () => {
  await Deno.remove(programs.directory, { recursive: true });
});

/** Splits masu into the front, with an empty marker again, the core and the program behind them. */
function split(masu: Uint8Array): { front: Uint8Array; core: Uint8Array; program: Uint8Array } {
  const front = masu.slice(0, readElf(masu).end);
  const marker = indexOf(front, MAGIC);
  const view = new DataView(masu.buffer, masu.byteOffset + marker);
  const field = (at: number) => Number(view.getBigUint64(at, true));
  const program = masu.subarray(field(MARKER.programAt));
  const core = masu.subarray(field(MARKER.coreAt), field(MARKER.coreAt) + field(MARKER.coreLength));
  front.fill(0, marker + MAGIC.byteLength, marker + MARKER.length);
  return { front, core, program };
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  let at = bytes.indexOf(wanted[0] ?? 0);
  while (at >= 0 && !wanted.every((byte, index) => bytes[at + index] === byte)) {
    at = bytes.indexOf(wanted[0] ?? 0, at + 1);
  }
  if (at < 0) throw new Error(`${MASU} is not joined: it has no marker`);
  return at;
}

async function build(): Promise<Programs> {
  const { front, core, program } = split(await Deno.readFile(MASU));
  const directory = await Deno.makeTempDir({ prefix: "masu-front-" });
  const [denort, direct, joined] = [`${directory}/denort`, `${directory}/direct/probe`, `${directory}/joined/probe`];
  await writeExecutable(denort, [program.subarray(0, readElf(program).end)]);
  await Deno.mkdir(`${directory}/joined`);
  const compiled = await run([Deno.execPath(), "compile", "--no-check", "--no-code-cache", "-A", "-o", direct, PROBE], {
    env: { DENORT_BIN: denort, DENO_NO_UPDATE_CHECK: "1" },
  });
  if (compiled.code !== 0) throw new Error(`deno compile failed: ${compiled.stderr}`);
  const pieces = join(front, core, await Deno.readFile(direct), "9.8.7");
  await writeExecutable(joined, pieces);
  return {
    directory,
    direct,
    joined,
    bytes: await Deno.readFile(joined),
    programAt: (pieces[0]?.byteLength ?? 0) + (pieces[1]?.byteLength ?? 0),
  };
}

async function run([program = "", ...args]: readonly string[], options: Deno.CommandOptions = {}): Promise<Ended> {
  const output = await new Deno.Command(program, { args, stdin: "null", ...options }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, signal: output.signal, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}

/** How the probe can be started: `$0` of the shell script is the probe. */
const STARTS: [name: string, script: string][] = [
  ["plainly", `"$0"`],
  ["with arguments", `"$0" one "two words" "" --version -- "$(printf 'line\\nbreak')"`],
  ["with --version and more", `"$0" --version --json`],
  ["with another argv[0]", `exec -a other "$0" x`],
  ["with an empty argv[0]", `exec -a "" "$0" x`],
  ["with an empty environment", `env -i "$0"`],
  ["with MASU_FRONT=0", `MASU_FRONT=0 exec "$0"`],
  ["with glibc's tunables", `GLIBC_TUNABLES=glibc.malloc.check=0:glibc.rtld.optional_static_tls=512 exec "$0"`],
  ["with a long environment", `A=$(head -c 100000 /dev/zero | tr '\\0' a) exec "$0"`],
  ["with ignored signals", `trap '' HUP INT PIPE USR1; exec "$0"`],
  ["with PIPE at its default", `trap - PIPE; exec "$0"`],
  ["with blocked signals", `exec env --block-signal=USR2,TERM "$0"`],
  ["with further descriptors", `exec 5</etc/passwd 9</dev/null; exec "$0"`],
  ["without standard input", `exec "$0" <&-`],
  ["without standard error", `exec "$0" 2>&-`],
  ["with another umask and directory", `umask 027; cd /; exec "$0"`],
  ["with limits", `ulimit -c 0; ulimit -n 100; ulimit -s 4096; exec "$0"`],
  ["with an unlimited stack", `ulimit -s unlimited; exec "$0"`],
  ["without randomised memory", `exec setarch -R "$0"`],
  ["by its name on PATH", `PATH=$(dirname "$0"):$PATH; exec probe`],
];
for (const [name, script] of STARTS) {
  Deno.test(`front hands everything over when started ${name}`, async () => {
    const start = (probe: string) => run(["bash", "-c", script, probe]);
    const [direct, joined] = [await start(programs.direct), await start(programs.joined)];
    const asDirect = (text: string) => text.replaceAll(`${programs.directory}/joined`, `${programs.directory}/direct`);
    assertEquals({ ...joined, stdout: asDirect(joined.stdout) }, direct);
    assertEquals(direct.code, 0, direct.stderr);
    assertStringIncludes(direct.stdout, `"environmentAtStart"`);
  });
}

Deno.test("front hands over the signal mask, not only the same one as always", async () => {
  const { stdout } = await run(["bash", "-c", `trap '' USR1; exec env --block-signal=USR2 "$0"`, programs.joined]);
  const [blocked = "", ignored = ""] = JSON.parse(stdout).signals;
  const has = (mask: string, signal: number) => (parseInt(mask.slice(-8), 16) & (1 << (signal - 1))) !== 0;
  assertEquals([has(blocked, 12), has(blocked, 10), has(ignored, 10), has(ignored, 12)], [true, false, true, false]);
});

const ENDS: [name: string, args: string[], code: number, signal: string | null][] = [
  ["status 0", ["exit", "0"], 0, null],
  ["status 7", ["exit", "7"], 7, null],
  ["status 255", ["exit", "255"], 255, null],
  ["SIGTERM", ["raise", "SIGTERM"], 143, "SIGTERM"],
  ["SIGKILL", ["raise", "SIGKILL"], 137, "SIGKILL"],
  ["SIGABRT", ["raise", "SIGABRT"], 134, "SIGABRT"],
];
for (const [name, args, code, signal] of ENDS) {
  Deno.test(`front lets the program end with ${name}`, async () => {
    for (const probe of [programs.direct, programs.joined]) {
      const ended = await run(["bash", "-c", `ulimit -c 0; exec "$0" "$@"`, probe, ...args]);
      assertEquals(ended, { code, signal, stdout: "", stderr: "" });
    }
  });
}

for (
  const [mode, signal, code] of [["wait", "SIGINT", 130], ["wait", "SIGHUP", 129], ["catch", "SIGUSR1", 42]] as const
) {
  Deno.test(`front leaves ${signal} from outside to a program that asked to ${mode}`, async () => {
    const child = new Deno.Command(programs.joined, { args: [mode], stdout: "piped", stdin: "null" }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill(signal);
    assertEquals((await child.status).code, code);
    await reader.cancel();
  });
}

Deno.test("front lets the program dump core", async () => {
  const dump = (probe: string) =>
    run(["bash", "-c", `ulimit -c 64; "$0" raise SIGABRT; echo $?`, probe], { cwd: programs.directory });
  const [direct, joined] = [await dump(programs.direct), await dump(programs.joined)];
  const message = ({ stderr }: Ended) => stderr.replaceAll(/\/\S+probe|line \d+: +\d+/g, "");
  assertEquals(message(joined), message(direct));
  assertStringIncludes(joined.stderr, "Aborted");
  assertEquals([joined.stdout, direct.stdout], ["134\n", "134\n"]);
});

Deno.test("front tells the program and its libc where they are, as execve(2) does", async () => {
  const { stdout, stderr } = await run([programs.joined, "placed"]);
  assertStringIncludes(stdout, `"ELF"`, stderr);
  assertEquals(stdout, (await run([programs.direct, "placed"])).stdout);
});

Deno.test("front keeps the program's memory at random places, and at one where that is asked for", async () => {
  const base = async (...prefix: string[]) => (await run([...prefix, programs.joined, "base"])).stdout;
  const places = new Set([await base(), await base(), await base()]);
  assertEquals(places.size, 3, [...places].join(" "));
  assertEquals(await base("setarch", "-R"), await base("setarch", "-R"));
});

Deno.test("front answers --version alone, and leaves it to the program with MASU_FRONT=0", async () => {
  assertEquals((await run([programs.joined, "--version"])).stdout, "masu 9.8.7\n");
  const through = await run([programs.joined, "--version"], { env: { MASU_FRONT: "0" } });
  assertEquals(JSON.parse(through.stdout).arguments, ["--version"]);
});

Deno.test("front leaves --version to the program when nothing can be written", async () => {
  const full = await run(["bash", "-c", `exec "$0" --version >/dev/full`, programs.joined]);
  assertNotEquals(full.code, 0);
  assertStringIncludes(full.stderr, "No space left on device"); // not silence: what the program says, as it does without the front
});

for (const args of [["--version"], ["--version", "--json"], ["--version", "extra"], ["version"]]) {
  Deno.test(`masu ${args.join(" ")} is the same with the front, without it, and as compiled`, async () => {
    const { program } = split(await Deno.readFile(MASU));
    const compiled = `${programs.directory}/masu`;
    await writeExecutable(compiled, [program]);
    const answered = await run([MASU, ...args]);
    assertEquals(await run([MASU, ...args], { env: { MASU_FRONT: "0" } }), answered);
    assertEquals(await run([compiled, ...args]), answered);
  });
}

/** Changes to the joined file, the command that meets them, and the only lines on standard error. */
const DAMAGES: [name: string, damage: (bytes: Uint8Array, at: number) => Uint8Array, stderr: RegExp][] = [
  [
    "is cut short",
    (bytes) => bytes.subarray(0, -1),
    /^masu: Load ".*\/damaged": It has \d+ bytes instead of \d+\nhint: The copy is damaged: .*\n$/,
  ],
  [
    "has something behind its end",
    (bytes) => concatenate([bytes, new Uint8Array(1)]),
    /^masu: Load ".*\/damaged": It has \d+ bytes instead of \d+\nhint: The copy is damaged: .*\n$/,
  ],
  [
    "has no ELF header where the program should be",
    (bytes, at) => bytes.fill(0, at, at + 64),
    /^masu: Load "\/proc\/self\/exe": Not a 64-bit ELF file\nhint: The copy is damaged: .*\n$/,
  ],
  [
    "has impossible segments",
    (bytes, at) => bytes.fill(0xff, at + 64, at + 64 + 56 * 12),
    /^masu: Load "\/proc\/self\/exe": It names no loader\nhint: The copy is damaged: .*\n$/,
  ],
  [
    "names a loader that is not there",
    (bytes, at) => replace(bytes, at, "/ld-linux", "/no-linux"),
    /^masu: Load "\/lib.*\/no-linux.*": No such file or directory \(ENOENT from open\(2\)\)\nhint: .*glibc.*\n$/,
  ],
];
for (const [name, damage, stderr] of DAMAGES) {
  Deno.test(`front says so in one line when the file ${name}`, async () => {
    const path = `${programs.directory}/damaged`;
    await writeExecutable(path, [damage(programs.bytes.slice(), programs.programAt)]);
    const ended = await run([path, "run"]);
    assertEquals([ended.code, stderr.test(ended.stderr), ended.stdout], [125, true, ""], ended.stderr);
    assertEquals(await run([path, "--version"]), { code: 0, signal: null, stdout: "masu 9.8.7\n", stderr: "" });
  });
}

function concatenate([one, two]: [Uint8Array, Uint8Array]): Uint8Array {
  const both = new Uint8Array(one.byteLength + two.byteLength);
  both.set(one);
  both.set(two, one.byteLength);
  return both;
}

/** Replaces text of the program's head by text of the same length. */
function replace(bytes: Uint8Array, at: number, from: string, to: string): Uint8Array {
  const encode = (text: string) => new TextEncoder().encode(text);
  bytes.set(encode(to), at + indexOf(bytes.subarray(at, at + 4096), encode(from)));
  return bytes;
}

const LIMITS: [name: string, script: string, stderr: string][] = [
  ["descriptors", "ulimit -n 3", `masu: Load "/proc/self/exe": Too many open files (EMFILE from open(2))\n`],
  ["addresses", "ulimit -v 60000", `masu: Load "/proc/self/exe": Cannot allocate memory (ENOMEM from mmap(2))\n`],
];
for (const [name, script, stderr] of LIMITS) {
  Deno.test(`front says so in one line when ${name} run out`, async () => {
    const ended = await run(["bash", "-c", `${script}; exec "$0"`, programs.joined]);
    assertEquals(ended, { code: 125, signal: null, stdout: "", stderr });
  });
}
