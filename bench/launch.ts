/**
 * Launch to execve inside one process, as a library does it, against the kernel's floor for the same plan.
 *
 * @module
 */
import { call } from "../lib/core/call.ts";
import { launch, launchRequest, teardown } from "../lib/engine/launch.ts";
import { fillBlanks } from "../lib/plan/blank.ts";
import { CAPABILITIES } from "../lib/spec/capabilities.ts";
import { builtInSeccomp } from "../lib/spec/seccomp_default.ts";
import { config, core, prepared } from "./containers.ts";
import { floorOperations } from "./floor_operations.ts";
import { type Series, SERIES_HEAD, seriesRow } from "./table.ts";

/** RLIMIT_* of getrlimit(2), as far as the defaults set them. */
const RESOURCES: Readonly<Record<string, number>> = { RLIMIT_NOFILE: 7 };

/** How many launches of one kind follow each other before the other's turn. */
const BATCH = 10;

/** Measures and returns the arguments of a table. */
export function measureLaunch(scratch: string, runs: number): [string, readonly string[], string[][]] {
  const run = prepared(config(`${scratch}/root`));
  const { blanks } = launchRequest(run);
  const text = { id: `${blanks.id}`, created: `${blanks.created}`, pid: "1", start: "1" };
  const plan = fillBlanks(run.plan, { text, arguments: ["/bin/true"] });
  const numbers = {
    capability: (name: string) => CAPABILITIES.indexOf(name),
    resource: (name: string) => {
      const number = RESOURCES[name];
      if (number === undefined) throw new Error(`The floor does not know ${name}`);
      return number;
    },
  };
  writeFilter(`${scratch}/filter.bpf`);
  Deno.writeTextFileSync(
    `${scratch}/operations`,
    floorOperations(plan, ["/bin/true"], `${scratch}/filter.bpf`, numbers),
  );
  const floor: Series = { name: "kernel floor, a C program", values: [] };
  const masu: Series = { name: "masu, launch to execve", values: [] };
  for (let done = -BATCH; done < runs; done += BATCH) {
    const ours: number[] = [];
    for (let index = 0; index < BATCH; index++) ours.push(launchOnce(run));
    const theirs = floorRuns(scratch, BATCH);
    if (done < 0) continue;
    masu.values.push(...ours);
    floor.values.push(...theirs);
  }
  const title = `Launch to execve in one process: ${run.plan.clone.namespaces.join(", ")} namespaces and all defaults`;
  return [title, SERIES_HEAD, [seriesRow(floor, undefined), seriesRow(masu, floor)]];
}

/** One launch, in microseconds; the wait and the removal are not counted. */
function launchOnce(run: ReturnType<typeof prepared>): number {
  const start = performance.now();
  const container = launch(core(), run);
  const taken = (performance.now() - start) * 1000;
  const { status } = call(core(), "wait", { pid: container.pid, pidfd: container.pidfd });
  if (status !== 0) throw new Error(`The program ended with ${status}`);
  teardown(core(), container);
  return taken;
}

function floorRuns(scratch: string, runs: number): number[] {
  const { success, stdout, stderr } = new Deno.Command(`${scratch}/floor`, {
    args: [`${scratch}/operations`, String(runs)],
    stdout: "piped",
    stderr: "piped",
  }).outputSync();
  if (!success) throw new Error(`floor: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim().split("\n").map(Number);
}

/** The default filter as `struct sock_filter`s: u16 code, u8 jt, u8 jf, u32 k. */
function writeFilter(path: string): void {
  const { instructions } = call(core(), "compile_filter", { profile: builtInSeccomp(Deno.build.arch) });
  const bytes = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([code, jt, jf, k], index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, jt);
    bytes.setUint8(index * 8 + 3, jf);
    bytes.setUint32(index * 8 + 4, k, true);
  });
  Deno.writeFileSync(path, new Uint8Array(bytes.buffer));
}
