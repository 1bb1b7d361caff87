/**
 * masu as an OCI runtime beside its peers: each command of a container's life as an engine calls it, and their sum.
 *
 * @module
 */
import { bundle, config, prepared } from "./containers.ts";
import type { Bench } from "./main.ts";
import { isInstalled, surroundings } from "./peers.ts";
import { runOnce, shuffled } from "./processes.ts";
import { type Series, SERIES_HEAD, seriesRow, table } from "./table.ts";

/** A runtime under measurement. */
interface Runtime {
  readonly name: string;
  readonly words: readonly string[];
  readonly within: readonly string[];
  /** Where plans are kept that are removed before each container; none: they stay. */
  readonly forgets?: string;
}

/** What an engine calls, in this order; `exec` has a process document, as engines write one. */
const LIFE = ["create", "start", "state", "exec --process", "kill", "delete"] as const;
/** What every container costs, whatever is done with it. */
const SUM: readonly string[] = ["create", "start", "kill", "delete"];
/** A container keeps the stderr that it was created with: that must be no pipe that is read to its end. */
const SILENT = ["sh", "-c", 'exec "$@" 2>/dev/null', "sh"] as const;

/** Measures containers of two bundles, with a seccomp profile and without; returns tables. */
export function measureOci(bench: Bench): string[] {
  const runtimes = runtimesOf(bench);
  return [true, false].map((filtered) => {
    const lives = runtimes.map(() => new Map<string, number[]>([...LIFE, "sum"].map((step) => [step, []])));
    // One round before the others is not counted.
    for (let round = -1; round < bench.rounds; round++) {
      for (const index of shuffled(runtimes.length)) {
        const [runtime, life] = [runtimes[index], lives[index]];
        if (runtime === undefined || life === undefined) continue;
        // As an engine does, each container has a bundle of its own, with other names in it.
        const directory = `${bench.scratch}/oci-${crypto.randomUUID()}`;
        writeBundle(bench, directory, filtered);
        forget(runtime);
        const costs = live(bench, runtime, directory);
        Deno.removeSync(directory, { recursive: true });
        if (round < 0) continue;
        for (const [step, wall] of costs) life.get(step)?.push(wall);
        life.get("sum")?.push(costs.reduce((sum, [step, wall]) => sum + (SUM.includes(step) ? wall : 0), 0));
      }
    }
    const rows = ["sum", ...LIFE].flatMap((step) => {
      const series = runtimes.map(({ name }, index): Series => ({
        name: `${step === "sum" ? SUM.join(" + ") : step}: ${name}`,
        values: lives[index]?.get(step) ?? [],
      }));
      return series.map((one) => seriesRow(one, series.at(-1)));
    });
    const what = filtered ? "with masu's default seccomp profile" : "without a seccomp profile";
    return table(`An OCI bundle's container, ${what} (ratio: to ${runtimes.at(-1)?.name})`, SERIES_HEAD, rows);
  });
}

function runtimesOf({ masu, scratch }: Bench): Runtime[] {
  const peers = ["crun", "runc"].filter(isInstalled);
  const first = `${scratch}/oci-masu-first`;
  return [
    { name: "masu", words: [masu, "--root", `${scratch}/oci-masu`], within: [] },
    {
      name: "masu, the first of its kind",
      words: [masu, "--root", first],
      within: [],
      forgets: `${first}/plans/bundles`,
    },
    ...peers.map((name) => ({
      name,
      words: [name, "--root", `${scratch}/oci-${name}`],
      within: surroundings(name),
    })),
  ];
}

/** One container from its creation to its deletion: each command and its microseconds. */
function live(bench: Bench, { name, words, within }: Runtime, directory: string): [step: string, wall: number][] {
  const id = directory.slice(directory.lastIndexOf("/") + 1);
  const pidFile = `${bench.scratch}/oci.pid`;
  const once = (...command: string[]) =>
    runOnce(`${bench.scratch}/once`, { name, command: [...words, ...command], within: [...within, ...SILENT] }).wall;
  const document = `${directory}/process.json`;
  return [
    ["create", once("create", "--bundle", directory, "--pid-file", pidFile, id)],
    ["start", once("start", id)],
    ["state", once("state", id)],
    ["exec --process", once("exec", "--process", document, id)],
    ["kill", once("kill", id, "9")],
    ["delete", (awaitEnd(Number(Deno.readTextFileSync(pidFile))), once("delete", id))],
  ];
}

/** What was kept of earlier containers goes, and with it all that could make the next one faster. */
function forget({ forgets }: Runtime): void {
  try {
    if (forgets !== undefined) Deno.removeSync(forgets, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Waits until a process is gone or waits for its parent, as an engine does before it deletes. */
function awaitEnd(pid: number): void {
  for (;;) {
    try {
      if (/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`))) return;
    } catch {
      return;
    }
  }
}

function writeBundle({ scratch }: Bench, directory: string, filtered: boolean): void {
  const { spec } = prepared(config(`${scratch}/root`));
  const { seccomp: _, ...plain } = spec.linux;
  bundle(filtered ? spec : { ...spec, linux: plain }, directory, ["/bin/sleep", "1000"]);
  const { process } = JSON.parse(Deno.readTextFileSync(`${directory}/config.json`));
  Deno.writeTextFileSync(`${directory}/process.json`, JSON.stringify({ ...process, args: ["/bin/true"] }));
}
