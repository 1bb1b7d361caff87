/**
 * `masu cap run`: a program with exactly some capabilities, without a container.
 *
 * @module
 */
import type { CapabilityRunConfig } from "../config/capability_run.ts";
import { call, callBlocking } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { WaitReply } from "../core/wire.ts";
import {
  type CapabilityFacts,
  type CapabilityOutcome,
  capabilityOutcome,
  capabilityPlan,
} from "../plan/part_capabilities.ts";
import { runPart } from "./become.ts";
import { explainPart, type PartExplanation } from "./part_explain.ts";
import { partFacts } from "./part_facts.ts";

/** One program. */
export interface CapabilityRequest {
  readonly config: CapabilityRunConfig;
  /** The program's, `NAME=value` each. */
  readonly environment: readonly string[];
}

/**
 * Runs the program: this process becomes it, so this returns only by throwing.
 *
 * Errors: `invalid_config` sets that execve(2) never gives; `denied` what masu may not; `program_not_found`,
 * `program_not_executable`.
 */
export function runCapabilities(core: Core, request: CapabilityRequest): never {
  return runPart(core, capabilityPlan(request.config, factsOf(core, request)), request.config.arguments);
}

/** What the program would have. Errors: as of {@link runCapabilities}. */
export function expectedCapabilities(core: Core, request: CapabilityRequest): CapabilityOutcome {
  return capabilityOutcome(request.config, factsOf(core, request));
}

/** Prints the plan, which touches nothing. Errors: as of {@link runCapabilities}. */
export function explainCapabilities(
  core: Core,
  request: CapabilityRequest,
  explanation: Omit<PartExplanation, "program">,
): string {
  const plan = capabilityPlan(request.config, factsOf(core, request));
  return explainPart(plan, { ...explanation, program: request.config.arguments });
}

function factsOf(core: Core, { environment }: CapabilityRequest): CapabilityFacts {
  const facts = partFacts(core, { paths: [], destinations: [], rootfs: null, environment });
  return { ...facts, securebits: call(core, "securebits", {}).bits };
}

/** Starts the program as a child of this process, and waits for its end. Errors: as of {@link runCapabilities}. */
export async function startCapabilities(core: Core, request: CapabilityRequest): Promise<WaitReply> {
  const { config } = request;
  const { pid, pidfd } = call(core, "launch", {
    plan: capabilityPlan(config, factsOf(core, request)),
    blanks: {},
    arguments: [...config.arguments],
    monitor: { bareInit: false, detachKeys: [] },
  });
  return await callBlocking(core, "wait", { pid, pidfd });
}
