/**
 * A part's program as a child of this process that stays, connected to it by pipes.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Plan } from "../core/wire.ts";
import type { PipedProgram } from "./programs.ts";

const NONE: [number, number] = [-1, -1];

/** Starts it. Errors: `program_not_found`, `program_not_executable`; the step that failed, undone by then. */
export function launchPart(core: Core, plan: Plan, program: readonly string[]): PipedProgram {
  const { pipes: [stdin = NONE, stdout = NONE, stderr = NONE] } = call(core, "pipes", { count: 3 });
  const pipes = { stdin: stdin[1], stdout: stdout[0], stderr: stderr[0] };
  try {
    const launched = call(core, "launch", {
      plan,
      blanks: {},
      arguments: [...program],
      monitor: { bareInit: false, detachKeys: [] },
      // What the program gets is closed here, whatever comes of it.
      stdio: [stdin[0], stdout[1], stderr[1]],
    });
    return { launched, pipes };
  } catch (error) {
    call(core, "close_descriptors", { descriptors: Object.values(pipes) });
    throw error;
  }
}
