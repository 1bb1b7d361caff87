/**
 * `masu ns run`: a program in new namespaces of its own, without a container.
 *
 * @module
 */
import type { NamespacesConfig } from "../config/namespaces_run.ts";
import type { Core } from "../core/load.ts";
import type { Plan } from "../core/wire.ts";
import { namespacesPlan } from "../plan/part_namespaces.ts";
import { runPart } from "./become.ts";
import { explainPart, type PartExplanation } from "./part_explain.ts";
import { partFacts } from "./part_facts.ts";

/** One program in new namespaces. */
export interface NamespacesRequest {
  readonly config: NamespacesConfig;
  /** The program's, `NAME=value` each. */
  readonly environment: readonly string[];
}

/** Reads the host and makes the plan; changes nothing. Errors: what was asked for cannot be had here. */
export function prepareNamespaces(core: Core, { config, environment }: NamespacesRequest): Plan {
  const { rootfs, keep, binds, mountProc } = config;
  return namespacesPlan(
    config,
    partFacts(core, {
      paths: [
        ...(rootfs === undefined ? [] : [rootfs]),
        ...keep.map(({ path }) => path),
        ...binds.map(({ source }) => source),
      ],
      destinations: [...binds.map(({ destination }) => destination), ...(mountProc === undefined ? [] : [mountProc])],
      rootfs: rootfs ?? null,
      environment,
    }),
  );
}

/**
 * Runs the program: this process becomes it, or its monitor where it needs a process of its own, so this returns only by throwing.
 *
 * Errors: see {@link prepareNamespaces}; `program_not_found`, `program_not_executable`; the step that failed, undone by then.
 */
export function runNamespaces(core: Core, request: NamespacesRequest): never {
  return runPart(core, prepareNamespaces(core, request), request.config.arguments);
}

/** Prints the plan, which touches nothing. Errors: see {@link prepareNamespaces}. */
export function explainNamespaces(
  core: Core,
  request: NamespacesRequest,
  explanation: Omit<PartExplanation, "program">,
): string {
  return explainPart(prepareNamespaces(core, request), { ...explanation, program: request.config.arguments });
}
