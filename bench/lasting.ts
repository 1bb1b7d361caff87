/**
 * Containers that live on: a hundred made one after the other and torn down again, what stays of them in memory, and what is done with
 * one that runs, by masu's commands, batch and library and by its peers.
 *
 * @module
 */
import { Masu } from "../lib/container/masu.ts";
import { bundle, config, prepared } from "./containers.ts";
import type { Bench } from "./main.ts";
import { isInstalled, must, surroundings } from "./peers.ts";
import { runOnce } from "./processes.ts";
import { median, milliseconds, quantile, type Series, SERIES_HEAD, seriesRow, table } from "./table.ts";

const COUNT = 100;
const ROUNDS = 3;
/** A program that stays does not do it once. */
const LIBRARY_EXECS = 10;

/** One way to make many containers and to remove them again. Times in microseconds. */
interface Way {
  readonly name: string;
  /** Makes `COUNT` that run; returns the time for each, or for all at once. */
  start(): Promise<number[]>;
  /** PIDs of what stays beside each container. */
  helpers(): number[];
  /** Removes all. */
  remove(): Promise<void>;
}

/** Measures everything; returns tables. */
export async function measureLasting(bench: Bench): Promise<string[]> {
  const run = `${bench.scratch}/run`;
  Deno.mkdirSync(run);
  // As /run is on nearly every host, for masu and its peers alike.
  must(["mount", "-t", "tmpfs", "-o", "mode=755", "masu-bench", run]);
  try {
    return [await many(bench, run), await operations(bench, run), await latencies(bench, run)];
  } finally {
    must(["umount", "--lazy", run]);
  }
}

async function many(bench: Bench, run: string): Promise<string> {
  const ways = waysOf(bench, run);
  const results = ways.map(({ name }) => ({
    name,
    start: [] as number[],
    remove: [] as number[],
    pss: [] as number[],
    kernel: [] as number[],
  }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, way] of ways.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      const before = kernelMemory();
      result.start.push(...await way.start());
      result.kernel.push((kernelMemory() - before) / COUNT);
      result.pss.push(way.helpers().map(pss).reduce((sum, one) => sum + one, 0) / COUNT);
      const begin = performance.now();
      await way.remove();
      result.remove.push((performance.now() - begin) * 1000);
    }
  }
  const rows = results.map(({ name, start, remove, pss, kernel }) => [
    name,
    milliseconds(median(start)),
    milliseconds(quantile(start, 0.95)),
    milliseconds(median(remove)),
    median(pss).toFixed(0),
    median(kernel).toFixed(0),
  ]);
  const head = [
    "",
    "start, median ms",
    "p95 ms",
    `removing ${COUNT}, ms`,
    "PSS that stays, KB each",
    "kernel, KB each",
  ];
  return table(`${COUNT} detached "sleep", one after the other, ${ROUNDS} rounds in turn`, head, rows);
}

function waysOf(bench: Bench, run: string): Way[] {
  const ways = [processWay(bench, run), batchWay(bench, run), libraryWay(bench, run)];
  for (const peer of ["crun", "runc"]) if (isInstalled(peer)) ways.push(ociWay(peer, bench, run));
  if (isInstalled("lxc-start")) ways.push(lxcWay(bench, run));
  return ways;
}

const program = (bench: Bench) => [`${bench.scratch}/root`, "/bin/sleep", "1000"];

function processWay(bench: Bench, run: string): Way {
  const root = `${run}/processes`;
  const masu = [bench.masu, "--root", root];
  return {
    name: "masu run -d",
    start: () => timed(bench, () => [...masu, "run", "-d", "--rm", "--net", "none", ...program(bench)]),
    helpers: () => monitors(root),
    remove: () => Promise.resolve(void must([...masu, "rm", "-f", ...ids(root)])),
  };
}

function batchWay(bench: Bench, run: string): Way {
  const root = `${run}/batch`;
  const batch = async (lines: readonly (readonly string[])[]) => {
    const child = new Deno.Command(bench.masu, { args: ["--root", root, "batch"], stdin: "piped", stdout: "piped" })
      .spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(lines.map((words) => `${JSON.stringify(words)}\n`).join("")));
    await writer.close();
    const { stdout } = await child.output();
    const answers = new TextDecoder().decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
    const failed = answers.find(({ status }) => status !== 0);
    if (failed !== undefined) throw new Error(JSON.stringify(failed));
  };
  return {
    name: "masu batch, its start included",
    async start() {
      const begin = performance.now();
      await batch(Array(COUNT).fill(["run", "-d", "--rm", "--net", "none", ...program(bench)]));
      return [(performance.now() - begin) * 1000 / COUNT];
    },
    helpers: () => monitors(root),
    remove: () => batch([["rm", "-f", ...ids(root)]]),
  };
}

function libraryWay(bench: Bench, run: string): Way {
  const root = `${run}/library`;
  const masu = new Masu({ root });
  const [rootfs = "", ...command] = program(bench);
  return {
    name: "library",
    async start() {
      const times: number[] = [];
      for (let index = 0; index < COUNT; index++) {
        const begin = performance.now();
        await masu.run({ image: rootfs, command, network: "none", remove: true });
        times.push((performance.now() - begin) * 1000);
      }
      return times;
    },
    helpers: () => monitors(root),
    async remove() {
      const all = await Promise.all(ids(root).map((id) => masu.get(id)));
      await Promise.all(all.map((box) => box.delete({ force: true })));
    },
  };
}

function ociWay(peer: string, bench: Bench, run: string): Way {
  const directory = `${bench.scratch}/${peer}-sleep`;
  const spec = prepared(config(`${bench.scratch}/root`)).spec;
  bundle(spec, directory, ["/bin/sleep", "1000"]);
  const names = Array.from({ length: COUNT }, (_, index) => `masu-bench-${peer}-${index}`);
  const words = [peer, "--root", `${run}/${peer}`];
  return {
    name: `${peer} run -d`,
    start: () =>
      timed(bench, (index) => {
        // Each its own cgroups, as an engine would have it.
        const text = Deno.readTextFileSync(`${directory}/config.json`);
        const path = `"cgroupsPath":"/${names[index]}"`;
        Deno.writeTextFileSync(`${directory}/config.json`, text.replace(/"cgroupsPath":"[^"]*"/, path));
        return [...words, "run", "-d", "--bundle", directory, names[index] ?? ""];
      }, surroundings(peer)),
    helpers: () => [],
    remove: () => {
      const script = names.map((name) => [...words, "delete", "-f", name].join(" ")).join("\n");
      return Promise.resolve(void must([...surroundings(peer), "sh", "-c", script]));
    },
  };
}

function lxcWay(bench: Bench, run: string): Way {
  const path = `${run}/lxc`;
  const names = Array.from({ length: COUNT }, (_, index) => `masu-bench-${index}`);
  for (const name of names) {
    Deno.mkdirSync(`${path}/${name}`, { recursive: true });
    Deno.writeTextFileSync(
      `${path}/${name}/config`,
      [
        `lxc.uts.name = ${name}`,
        `lxc.rootfs.path = dir:${bench.scratch}/root`,
        "lxc.net.0.type = empty",
        "lxc.mount.auto = proc:mixed sys:mixed",
        "lxc.pty.max = 1",
        "lxc.apparmor.profile = unconfined",
        "lxc.init.cmd = /bin/sleep 1000",
        "",
      ].join("\n"),
    );
  }
  return {
    name: "lxc-start -d",
    start: () => timed(bench, (index) => ["lxc-start", "-P", path, "-n", names[index] ?? "", "-d"]),
    helpers: () => processes((line) => line.startsWith("[lxc monitor]") && line.includes(path)),
    remove: () => {
      const script = names.map((name) => `lxc-stop -k -P ${path} -n ${name}`).join("\n");
      return Promise.resolve(void must(["sh", "-c", script]));
    },
  };
}

/** A container of a peer keeps the stderr that it was started with: that must be no pipe that is read to its end. */
const SILENT = ["sh", "-c", 'exec "$@" 2>/dev/null', "sh"] as const;

/** Whole processes one after the other, each timed by once.c. */
function timed(
  bench: Bench,
  command: (index: number) => readonly string[],
  within: readonly string[] = [],
): Promise<number[]> {
  const once = `${bench.scratch}/once`;
  const run = (index: number) =>
    runOnce(once, { name: "", command: command(index), within: [...within, ...SILENT] }).wall;
  return Promise.resolve(Array.from({ length: COUNT }, (_, index) => run(index)));
}

/** What is done with a container that runs, as whole processes in turn, and by the library. */
async function operations(bench: Bench, run: string): Promise<string> {
  const root = `${run}/operations`;
  using masu = new Masu({ root });
  const [rootfs = "", ...command] = program(bench);
  const once = `${bench.scratch}/once`;
  const peers = ["crun", "runc"].filter(isInstalled);
  const rows: Series[] = [];
  const add = (name: string, value: number) => {
    const series = rows.find((one) => one.name === name) ?? rows[rows.push({ name, values: [] }) - 1];
    series?.values.push(value);
  };
  for (let round = 0; round < bench.rounds; round++) {
    const box = await masu.run({ image: rootfs, command, network: "none" });
    const own = [bench.masu, "--root", root];
    const tools = [{ name: "masu", words: own, id: box.id, state: ["state"], within: [] as readonly string[] }];
    for (const peer of peers) {
      const words = [peer, "--root", `${run}/${peer}`];
      const id = `masu-bench-${peer}-0`;
      const bundled = `${bench.scratch}/${peer}-sleep`;
      must([
        ...surroundings(peer),
        "sh",
        "-c",
        'exec "$@" >/dev/null 2>&1',
        "sh",
        ...words,
        "run",
        "-d",
        "--bundle",
        bundled,
        id,
      ]);
      tools.push({ name: peer, words, id, state: ["state"], within: surroundings(peer) });
    }
    const operationsOf: (readonly [string, (id: string) => string[]])[] = [
      ["exec true", (id) => ["exec", id, "/bin/true"]],
      ["state", (id) => ["state", id]],
      ["kill", (id) => ["kill", id, "CONT"]],
      ["delete -f", (id) => ["delete", "-f", id]],
    ];
    for (const [name, words] of operationsOf) {
      if (name === "delete -f") {
        for (let time = 0; time < LIBRARY_EXECS; time++) {
          const begin = performance.now();
          await box.exec(["/bin/true"]);
          add("exec true: library", (performance.now() - begin) * 1000);
        }
      }
      for (const tool of tools) {
        const variant = { name, command: [...tool.words, ...words(tool.id)], within: tool.within };
        add(`${name}: ${tool.name}`, runOnce(once, variant).wall);
      }
    }
  }
  const sorted = [...rows].sort((a, b) => a.name < b.name ? -1 : 1);
  return table("With one container that runs (whole processes, the library aside)", SERIES_HEAD, [
    ...sorted.map((series) => seriesRow(series, undefined)),
  ]);
}

/** From the signal to what the library sees of the end, with the container's whole clean-up. */
async function latencies(bench: Bench, run: string): Promise<string> {
  using masu = new Masu({ root: `${run}/latencies` });
  const [rootfs = "", ...command] = program(bench);
  const values: number[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    const box = await masu.run({ image: rootfs, command, network: "none" });
    const ended = box.wait();
    const begin = performance.now();
    await box.kill("SIGKILL");
    await ended;
    values.push((performance.now() - begin) * 1000);
    await box.delete();
  }
  return table("From kill to the end that is seen, clean-up included", SERIES_HEAD, [
    seriesRow({ name: "library", values }, undefined),
  ]);
}

function ids(root: string): string[] {
  return [...Deno.readDirSync(`${root}/containers`)].map(({ name }) => name);
}

function monitors(root: string): number[] {
  return ids(root).map((id) => {
    const { masu } = JSON.parse(Deno.readTextFileSync(`${root}/containers/${id}/state.json`));
    return masu.monitor;
  });
}

function processes(matches: (commandLine: string) => boolean): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) => {
    try {
      return pid > 0 && matches(Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
    } catch {
      return false;
    }
  });
}

/** KB. proc_pid_smaps(5) */
function pss(pid: number): number {
  return Number(/^Pss: +(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`))?.[1]);
}

/** KB of slabs, kernel stacks, page tables and per-CPU data. proc_meminfo(5) */
function kernelMemory(): number {
  const text = Deno.readTextFileSync("/proc/meminfo");
  return ["Slab", "KernelStack", "PageTables", "Percpu"].reduce(
    (sum, name) => sum + Number(new RegExp(`^${name}: +(\\d+)`, "m").exec(text)?.[1] ?? 0),
    0,
  );
}
