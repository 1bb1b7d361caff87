/**
 * `make bench`: masu against its peers and against the kernel's floor, all in turn.
 *
 *   bench/main.ts MASU EMPTY [ROUNDS]
 *
 * EMPTY: an empty program compiled by the same Deno. ROUNDS: of each table, 30 unless given.
 *
 * @module
 */
import { bundle, busyboxRoot, config, prepared } from "./containers.ts";
import { measureLaunch } from "./launch.ts";
import { interleave, runOnce, type Variant, whyNot } from "./processes.ts";
import { measureLasting } from "./lasting.ts";
import { measureEngines } from "./engines.ts";
import { measureOci } from "./oci.ts";
import { measureParts } from "./parts.ts";
import { surroundings } from "./peers.ts";
import { countSystemCalls } from "./system_calls.ts";
import { type Series, SERIES_HEAD, seriesRow, table } from "./table.ts";

/** The compiled program on its own. */
const ALONE = new URL("../build/masu-compiled", import.meta.url).pathname;

/** What the tables share. */
export interface Bench {
  readonly scratch: string;
  readonly masu: string;
  /** The same program without a front. */
  readonly alone: string;
  readonly empty: string;
  readonly rounds: number;
}

async function main(): Promise<void> {
  const [builtMasu, builtEmpty, rounds = "30"] = Deno.args;
  if (builtMasu === undefined || builtEmpty === undefined) throw new Error("usage: bench/main.ts MASU EMPTY [ROUNDS]");
  const scratch = Deno.makeTempDirSync({ prefix: "masu-bench-" });
  try {
    // How a file was written decides how large the pieces are in which the page cache has it, and that is milliseconds of a start:
    // all are copied in the same way.
    const masu = copy(builtMasu, `${scratch}/masu`);
    const alone = copy(ALONE, `${scratch}/masu-compiled`);
    const empty = copy(builtEmpty, `${scratch}/empty`);
    for (const program of ["once", "floor"]) compile(program, scratch);
    const bench: Bench = { scratch, masu, alone, empty, rounds: Number(rounds) };
    busyboxRoot(`${scratch}/root`);
    await processes(bench);
    await front(bench);
    print(table(...measureLaunch(scratch, Number(rounds) * 10)));
    counts(bench);
    for (const text of await measureParts(bench)) print(text);
    for (const text of await measureLasting(bench)) print(text);
    for (const text of measureOci(bench)) print(text);
    print(await measureEngines(bench));
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

/** `run true` as a whole process: in a busy loop, then one lonely command after 100 ms of idleness. */
async function processes(bench: Bench): Promise<void> {
  const variants = runVariants(bench);
  for (const [title, idle] of [["in a loop", 0], ["after 100 ms of idleness", 100]] as const) {
    const series = await interleave(`${bench.scratch}/once`, variants, bench.rounds, idle);
    print(seriesTable(`A whole run of "true", ${title} (ratio: to the empty program)`, series));
  }
}

/** What the file's first program answers itself, and what it costs on the way to V8. */
async function front({ scratch, masu, alone, empty, rounds }: Bench): Promise<void> {
  const series = await interleave(
    `${scratch}/once`,
    [
      { name: "empty compiled program", command: [empty] },
      { name: "masu --version", command: [masu, "--version"] },
      { name: "masu help, by V8 through the front", command: [masu, "help"] },
      {
        name: "masu help, by V8 alone",
        command: [alone, "help"],
      },
    ],
    rounds * 4,
    0,
  );
  print(seriesTable("The front (ratio: to the empty program)", series));
}

/** System calls of one run, threads aside, and the peak memory of its largest process. */
function counts(bench: Bench): void {
  const rows = runVariants(bench).map((variant) => {
    const calls = countSystemCalls(variant, bench.scratch);
    const { peakKb } = runOnce(`${bench.scratch}/once`, variant);
    return [variant.name, String(calls), String(peakKb)];
  });
  print(table("One run", ["", "system calls", "peak KB"], rows));
}

/** masu and those peers that are installed, with the same namespaces, mounts, limits and filter. */
function runVariants({ scratch, masu, empty }: Bench): Variant[] {
  const run = [masu, "run", "--net", "none"];
  const variants: Variant[] = [
    { name: "empty compiled program", command: [empty] },
    { name: "masu run host true, by its kept plan", command: [...run, "host", "true"] },
    { name: "masu run host true, planned anew", command: [...run, "host", "true"], within: ["env", "MASU_FRONT=0"] },
    { name: "masu run DIR /bin/true", command: [...run, `${scratch}/root`, "/bin/true"] },
  ];
  for (const peer of ["runc", "crun"]) {
    const directory = `${scratch}/${peer}`;
    bundle(prepared(config(`${scratch}/root`)).spec, directory);
    const command = [peer, "run", "--bundle", directory, `masu-bench-${peer}`];
    const within = surroundings(peer);
    const why = whyNot([...within, ...command]);
    if (why === undefined) variants.push({ name: `${peer} run, same profile`, command, within });
    else print(`\nWithout ${peer}: ${why}\n`);
  }
  return variants;
}

function seriesTable(title: string, series: readonly Series[]): string {
  const [base] = series;
  return table(title, SERIES_HEAD, series.map((one) => seriesRow(one, base)));
}

function copy(path: string, to: string): string {
  Deno.copyFileSync(path, to);
  return to;
}

function compile(program: string, scratch: string): void {
  const source = new URL(`./${program}.c`, import.meta.url).pathname;
  const { success } = new Deno.Command("cc", { args: ["-O2", "-static", "-o", `${scratch}/${program}`, source] })
    .outputSync();
  if (!success) throw new Error(`Compile "${source}": cc failed`);
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

await main();
