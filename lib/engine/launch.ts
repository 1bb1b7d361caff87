/**
 * Containers inside this very process: started, waited for and removed by a program that stays.
 *
 * @module
 */
import { call, callBlocking, fromWire } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { LaunchReply, LaunchRequest, WaitReply } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { fillBlanks } from "../plan/blank.ts";
import type { PreparedRun } from "./prepare.ts";

/** A container whose program runs, or has run. */
export interface LaunchedContainer extends LaunchReply {
  readonly id: string;
  /** Values of its plan's blanks. */
  readonly blanks: LaunchRequest["blanks"];
  readonly run: PreparedRun;
}

/** Starts a prepared container and returns once its program executes. Errors: the plan's step that failed; it is undone by then. */
export function launch(core: Core, run: PreparedRun): LaunchedContainer {
  const request = launchRequest(run);
  return { ...call(core, "launch", request), id: `${request.blanks.id}`, blanks: request.blanks, run };
}

/** Waits for the program's end, on another thread. The container stays until {@link teardown}. */
export function wait(core: Core, { pid, pidfd }: LaunchedContainer): Promise<WaitReply> {
  return callBlocking(core, "wait", { pid, pidfd });
}

/** Removes what the container's start made, whatever fails on the way. Errors: `failed` with all that did as its cause. */
export function teardown(core: Core, { id, blanks, run, pid, start }: LaunchedContainer): void {
  const { failures } = call(core, "teardown", {
    steps: [...run.plan.afterwards, ...run.plan.delete],
    blanks: { ...blanks, pid: `${pid}`, start: `${start}` },
  });
  if (failures.length === 0) return;
  const errors = failures.map(fromWire);
  throw new MasuError("failed", `Remove container "${id}": ${errors.map(({ message }) => message).join("; ")}`, {
    cause: new AggregateError(errors),
  });
}

/** The request for one launch: a new ID, now. */
export function launchRequest(run: PreparedRun): LaunchRequest {
  return {
    plan: run.plan,
    blanks: {
      id: newID(),
      created: new Date().toISOString(),
      command: JSON.stringify(fillBlanks(run.spec.process.args, { text: {}, arguments: run.arguments })),
    },
    arguments: [...run.arguments],
    monitor: run.monitor,
  };
}

/** An ID that nobody can guess: 12 hexadecimal digits. */
export function newID(): string {
  return crypto.getRandomValues(new Uint8Array(6)).toHex();
}
