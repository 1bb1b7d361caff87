/**
 * Programs in running containers that are connected to this process by pipes.
 *
 * @module
 */
import { call } from "../core/call.ts";
import { callUntil } from "../core/cancel.ts";
import type { Core } from "../core/load.ts";
import type { CollectReply, ExecRequest as CoreExecRequest, LaunchReply } from "../core/wire.ts";
import { parseSignal } from "../spec/signal.ts";

/** How a program ended. */
export interface ProgramStatus {
  /** Its exit status, or 128 and the signal, as a shell has it. */
  readonly code: number;
  /** The signal that ended it. */
  readonly signal: number | null;
  /** The code is 0. */
  readonly success: boolean;
}

/** How a program ended, and what it wrote. */
export interface ProgramOutput extends ProgramStatus {
  /** As text; what is not UTF-8 is U+FFFD. */
  readonly stdout: string;
  /** In the same way. */
  readonly stderr: string;
  /** The same as bytes. */
  readonly stdoutBytes: Uint8Array;
  /** In the same way. */
  readonly stderrBytes: Uint8Array;
  /** There was more than the limit, which was lost. */
  readonly truncated: boolean;
}

/** This process's ends of a program's pipes, by number. */
export interface Pipes {
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
}

const decoder = new TextDecoder();

/** A program that was started, with this process's ends of its pipes. */
export interface PipedProgram {
  readonly launched: LaunchReply;
  readonly pipes: Pipes;
}

const NONE: [number, number] = [-1, -1];

/** Starts a program in a running container, with pipes. Errors: see `execForeground`. */
export function launchPiped(core: Core, request: Omit<CoreExecRequest, "stdio">): PipedProgram {
  const { pipes: [stdin = NONE, stdout = NONE, stderr = NONE] } = call(core, "pipes", { count: 3 });
  const pipes = { stdin: stdin[1], stdout: stdout[0], stderr: stderr[0] };
  try {
    // What the program gets is closed here, whatever comes of it.
    return { launched: call(core, "exec", { ...request, stdio: [stdin[0], stdout[1], stderr[1]] }), pipes };
  } catch (error) {
    call(core, "close_descriptors", { descriptors: Object.values(pipes) });
    throw error;
  }
}

/** What is written to a program, how much of its output is kept, and what kills it. */
export interface CollectOptions {
  readonly input: Uint8Array;
  readonly limitBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** Writes all input, reads all output, waits for the end. `signal`: kills it when it is aborted, and throws its reason. */
export async function collect(
  core: Core,
  { launched: { pid, pidfd }, pipes }: PipedProgram,
  { input, limitBytes, signal }: CollectOptions,
): Promise<ProgramOutput> {
  const kill = () => call(core, "signal_process", { pid, pidfd, signal: parseSignal("SIGKILL") });
  signal?.addEventListener("abort", kill);
  if (signal?.aborted === true) kill();
  try {
    const reply = await callUntil(core, "collect", {
      pid,
      // It stays open for the kill: a pid may be another's once this one was reaped.
      pidfd: -1,
      ...pipes,
      input: input.toBase64(),
      limitBytes,
    }, signal);
    return outputOf(reply);
  } finally {
    signal?.removeEventListener("abort", kill);
    call(core, "close_descriptors", { descriptors: [pidfd] });
  }
}

function outputOf(reply: CollectReply): ProgramOutput {
  const stdoutBytes = Uint8Array.fromBase64(reply.stdout);
  const stderrBytes = Uint8Array.fromBase64(reply.stderr);
  return {
    ...statusOf(reply),
    stdout: decoder.decode(stdoutBytes),
    stderr: decoder.decode(stderrBytes),
    stdoutBytes,
    stderrBytes,
    truncated: reply.truncated,
  };
}

/** As a shell counts it. */
export function statusOf({ status, signal }: { status: number | null; signal: number | null }): ProgramStatus {
  const code = status ?? 128 + (signal ?? 0);
  return { code, signal, success: code === 0 };
}
