/**
 * One container, as a program holds it.
 *
 * @module
 */
import { parseRestart } from "../config/restart.ts";
import { parseContainerName } from "../config/text.ts";
import { callBlocking, fromWire } from "../core/call.ts";
import { callUntil } from "../core/cancel.ts";
import type { ContainerEnd, ContainerView, InspectReply, Outcome } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import type { CopyResult } from "../engine/copy.ts";
import type { CopyEnd } from "../engine/copy_rule.ts";
import { execOptions } from "../engine/exec.ts";
import type { Ending } from "../engine/lifecycle.ts";
import type { LogLine, LogTarget } from "../engine/logs.ts";
import { collect, launchPiped, type PipedProgram, type ProgramOutput } from "../engine/programs.ts";
import type { ContainerStats } from "../engine/stats.ts";
import { updateContainer } from "../engine/update.ts";
import { parseSignal } from "../spec/signal.ts";
import type {
  CopyOptions,
  DeleteOptions,
  ExecuteOptions,
  ProgramOptions,
  SpawnOptions,
  StatsOptions,
  StopOptions,
  UpdateOptions,
  WaitOptions,
} from "./container_options.ts";
import { containerPath, copyFiles, hostPath } from "./files.ts";
import type { Masu } from "./masu.ts";
import { word } from "./options.ts";
import { type ContainerOutput, logLines, type LogsOptions, logStream } from "./output.ts";
import { Program } from "./program.ts";
import { programConfig } from "./program_config.ts";
import { containerStats } from "./stats.ts";

const encoder = new TextEncoder();
const LIMIT_BYTES = 16 * 1024 * 1024;
/** The share of a CPU needs two looks. */
const STATS_MS = 200;

/**
 * A container that lives on: it is there until somebody deletes it, whether this program runs or not. Disposing of it deletes it,
 * whatever it does.
 *
 * All that fails on purpose is a {@link MasuError}. `not_found` comes from every method once the container is deleted.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { run } from "@masu/masu";
 *
 * await using box = await run({ image: "host", command: ["sleep", "100"], memory: "64m", network: "none" });
 * const { stdout } = await box.exec(["hostname"]);
 * assert(stdout === `${box.id}\n`);
 * ```
 */
export class Container implements AsyncDisposable {
  /** Twelve hexadecimal digits. */
  readonly id: string;
  readonly #masu: Masu;

  /** For what {@link Masu} returns; a program calls that. */
  constructor(masu: Masu, id: string) {
    this.#masu = masu;
    this.id = id;
  }

  /**
   * What is true of it now: `status` (`created`, `running`, `paused`, `restarting`, `stopped`, `broken`), `name`, `record.pid` and
   * so on.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { create } from "@masu/masu";
   *
   * await using box = await create({ command: ["true"] });
   * assert((await box.view()).status === "created");
   * assert((await box.inspect()).document?.command[0] === "true");
   * ```
   */
  async view(): Promise<ContainerView> {
    const [view] = await this.#masu.list([this.id]);
    if (view === undefined) throw new MasuError("bug", `Look at container "${this.id}": the core answered nothing`);
    return view;
  }

  /** All that is known of it: what {@link view} says, and all that was decided when it was made, its OCI spec included. */
  inspect(): Promise<InspectReply> {
    return callBlocking(this.#masu.core, "inspect", this.#named());
  }

  /**
   * Starts it; its program runs when this returns. One that runs is fine.
   *
   * Errors: `program_not_found`, `program_not_executable`; the step that failed, undone by then.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { create } from "@masu/masu";
   *
   * await using box = await create({ command: ["sh", "-c", "exit 3"] });
   * await box.start();
   * assert((await box.wait()).status === 3);
   * ```
   */
  async start(): Promise<void> {
    await callBlocking(this.#masu.core, "start", { ...this.#named(), attach: false });
  }

  /**
   * Runs a program in it, and returns when that has ended, with all that it wrote. That it failed is no error: see `code`.
   *
   * Errors: see {@link spawn}; the signal's reason.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * const sorted = await box.exec(["sort"], { stdin: "b\na\n", signal: AbortSignal.timeout(5000) });
   * assert(sorted.success && sorted.stdout === "a\nb\n");
   * ```
   */
  async exec(command: readonly string[], options: ExecuteOptions = {}): Promise<ProgramOutput> {
    const { stdin = "", limitBytes = LIMIT_BYTES, signal } = options;
    signal?.throwIfAborted();
    const input = typeof stdin === "string" ? encoder.encode(stdin) : stdin;
    return await collect(this.#masu.core, this.#launch(command, options), { input, limitBytes, signal });
  }

  /**
   * Starts a program in it, with streams.
   *
   * Errors: `failed` the container does not run or is paused; `program_not_found`, `program_not_executable`; `invalid_config` no
   * such user; the signal's reason.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * await using program = box.spawn(["sh", "-c", "echo one; sleep 100"]);
   * for await (const text of program.stdout.pipeThrough(new TextDecoderStream())) {
   *   assert(text === "one\n");
   *   break;
   * }
   * ```
   */
  spawn(command: readonly string[], options: SpawnOptions = {}): Program {
    options.signal?.throwIfAborted();
    return new Program(this.#masu.core, this.#launch(command, options), options.signal);
  }

  /**
   * Sends its first process a signal, by name.
   *
   * Errors: `failed` it does not run; `invalid_config` no such signal.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * await box.kill();
   * assert((await box.wait()).signal === 9);
   * ```
   */
  async kill(signal = "SIGKILL"): Promise<void> {
    const number = parseSignal(signal);
    single(await callBlocking(this.#masu.core, "kill", { ...this.#words(), signal: number, all: false }));
  }

  /**
   * Asks it to end, waits, and kills it when that takes too long. How it ended; null: it was never started.
   *
   * Errors: the signal's reason, and then what was asked for goes on.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"] });
   * await box.restart({ timeoutSeconds: 0 });
   * const end = await box.stop({ timeoutSeconds: 5 });
   * assert(end?.requested);
   * await box.delete();
   * ```
   */
  async stop(options: StopOptions = {}): Promise<ContainerEnd | null> {
    return single(await callUntil(this.#masu.core, "stop", { ...this.#words(), ...endingOf(options) }, options.abort))
      .end;
  }

  /** Stops it, as {@link stop}, and starts it again; one that does not run is started. */
  async restart(options: StopOptions = {}): Promise<void> {
    single(await callUntil(this.#masu.core, "restart", { ...this.#words(), ...endingOf(options) }, options.abort));
  }

  /**
   * Waits until it has ended and will not be started again.
   *
   * Errors: `failed` it was never started; the signal's reason.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * const late = await box.wait({ signal: AbortSignal.timeout(50) }).catch((reason) => reason);
   * assert(late.name === "TimeoutError");
   * ```
   */
  async wait({ signal }: WaitOptions = {}): Promise<ContainerEnd> {
    const { end } = single(await callUntil(this.#masu.core, "await_end", this.#words(), signal));
    // One that is removed at its end may be gone by then.
    if (end === null) throw new MasuError("not_found", `Wait for container "${this.id}": it was deleted meanwhile`);
    return end;
  }

  /**
   * Waits until it has ended, and returns what its log holds: all that it wrote, of all its starts, unless that was rotated away.
   *
   * Errors: as of {@link wait} and {@link logs}. For one with `remove` there may be nothing left to read.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sh", "-c", "echo out; echo err >&2; exit 3"] });
   * const { code, stdout, stderr } = await box.output();
   * assert(code === 3 && stdout === "out\n" && stderr === "err\n");
   * ```
   */
  async output({ signal }: WaitOptions = {}): Promise<ContainerOutput> {
    const wait = this.wait({ signal });
    // Should the log fail first.
    wait.catch(() => {});
    const texts = { stdout: "", stderr: "" };
    for await (const { stream, log } of this.logs({ follow: true, signal })) texts[stream] += log;
    return { code: (await wait).status, ...texts };
  }

  /** What it writes to stdout, from the first line that its log keeps until it has ended. Each use is a new stream. */
  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return logStream(this.#target(), "stdout");
  }

  /**
   * What it writes to stderr, in the same way.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sh", "-c", "echo failed >&2"] });
   * assert(await new Response(box.stderr).text() === "failed\n");
   * ```
   */
  get stderr(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return logStream(this.#target(), "stderr");
  }

  /**
   * The lines that it wrote, with their times, in the order in which it wrote them.
   *
   * Errors: `failed` it keeps no log; `invalid_config` no such time; the signal's reason.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sh", "-c", "echo one; echo two; sleep 100"] });
   * for await (const { stream, log } of box.logs({ follow: true })) {
   *   assert(stream === "stdout");
   *   if (log === "two\n") break;
   * }
   * ```
   */
  logs(options: LogsOptions = {}): AsyncGenerator<LogLine, void> {
    return logLines(this.#target(), options);
  }

  /**
   * What it uses: memory in bytes, its share of CPUs over 200 ms in percent of one, processes and so on; null is what is not counted.
   *
   * Errors: the signal's reason.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * const { pids } = await box.stats();
   * assert(pids === null || pids >= 1);
   * ```
   */
  async stats({ signal }: WaitOptions = {}): Promise<ContainerStats> {
    for await (const stats of this.watchStats({ intervalMs: STATS_MS, signal })) return stats;
    throw new MasuError("bug", `Look at container "${this.id}": the core answered nothing`);
  }

  /**
   * The same again and again; `cpuPercent` is since the look before. Ends when the container is deleted.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * for await (const { memoryBytes } of box.watchStats({ intervalMs: 50 })) {
   *   assert(memoryBytes !== 0);
   *   break;
   * }
   * ```
   */
  watchStats({ intervalMs = 1000, signal }: StatsOptions = {}): AsyncGenerator<ContainerStats, void> {
    return containerStats(this.#target(), { intervalMs, signal });
  }

  /**
   * Copies a file or directory of the host into it, as `masu cp` does. It may run or not.
   *
   * Errors: `not_found`, `already_exists` the paths do not fit; what could not be read or written.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * const { entries } = await box.copyIn("/etc/hosts", "/tmp/hosts");
   * assert(entries === 1);
   * const path = await Deno.makeTempFile();
   * await box.copyOut("/tmp/hosts", path);
   * assert(await Deno.readTextFile(path) === await Deno.readTextFile("/etc/hosts"));
   * await Deno.remove(path);
   * ```
   */
  copyIn(source: string, destination: string, options: CopyOptions = {}): Promise<CopyResult> {
    return copyFiles(this.#target(), { source: hostPath(source), destination: this.#inside(destination) }, options);
  }

  /** Copies a file or directory out of it, to a path of the host. Nothing of it is executed, and its links lead nowhere else. */
  copyOut(source: string, destination: string, options: CopyOptions = {}): Promise<CopyResult> {
    return copyFiles(this.#target(), { source: this.#inside(source), destination: hostPath(destination) }, options);
  }

  /** Freezes all its processes. Errors: `failed` it does not run, or there is no freezer. */
  pause(): Promise<void> {
    return this.#freeze(true);
  }

  /**
   * Lets them go on.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { run } from "@masu/masu";
   *
   * await using box = await run({ command: ["sleep", "100"] });
   * await box.pause();
   * assert((await box.view()).status === "paused");
   * await box.resume();
   * ```
   */
  resume(): Promise<void> {
    return this.#freeze(false);
  }

  /** Gives it another name. Errors: `already_exists` another one has it; `invalid_config`. */
  async rename(name: string): Promise<void> {
    await callBlocking(this.#masu.core, "rename", { ...this.#named(), name: parseContainerName("name", name) });
  }

  /**
   * Changes limits, now where it runs, and for its next starts. What is not named stays.
   *
   * Errors: `invalid_config` what cannot be meant or changed; the kernel's refusal, and then nothing is changed.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { create } from "@masu/masu";
   *
   * await using box = await create({ command: ["true"] });
   * await box.rename("example-of-update");
   * await box.update({ restart: "on-failure:3" });
   * assert((await box.view()).restart?.maximum === 3);
   * ```
   */
  async update({ restart, limits, ...usual }: UpdateOptions): Promise<void> {
    const words = {
      ...limits,
      ...Object.fromEntries(Object.entries(usual).map(([name, value]) => [name, word(value)])),
    };
    const policy = restart === undefined ? {} : { restart: parseRestart("restart", restart) };
    await Promise.try(() =>
      updateContainer(this.#masu.core, this.id, { limits: words, ...policy }, this.#masu.situation)
    );
  }

  /** Deletes it and all it left; `force`: also while it runs. One that is gone is fine. Errors: `failed` it runs. */
  async delete({ force = false }: DeleteOptions = {}): Promise<void> {
    single(await callBlocking(this.#masu.core, "delete", { ...this.#words(), force, ignore: true }));
  }

  /** Deletes it, whatever it does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.delete({ force: true });
  }

  #named() {
    return { store: this.#masu.store, container: this.id };
  }

  #words() {
    return { store: this.#masu.store, words: [this.id] };
  }

  #target(): LogTarget {
    return { core: this.#masu.core, ...this.#named() };
  }

  #inside(path: string): CopyEnd {
    return containerPath(this.id, path);
  }

  async #freeze(frozen: boolean): Promise<void> {
    single(await callBlocking(this.#masu.core, "freeze", { ...this.#words(), frozen }));
  }

  #launch(command: readonly string[], options: ProgramOptions): PipedProgram {
    const { core } = this.#masu;
    const request = { ...this.#named(), config: programConfig(command, options) };
    return launchPiped(core, { ...this.#named(), options: execOptions(core, request) });
  }
}

/** The outcome for one container. Errors: why it could not be done. */
function single({ outcomes: [outcome] }: { outcomes: Outcome[] }): Outcome {
  if (outcome === undefined) throw new MasuError("bug", "Act on a container: the core answered nothing");
  if (outcome.error !== null) throw fromWire(outcome.error);
  return outcome;
}

function endingOf({ signal, timeoutSeconds }: StopOptions): Ending {
  return {
    signal: signal === undefined ? null : parseSignal(signal),
    timeoutMs: timeoutSeconds === undefined ? null : timeoutSeconds < 0 ? -1 : Math.round(timeoutSeconds * 1000),
  };
}
