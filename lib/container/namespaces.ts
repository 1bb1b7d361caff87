/**
 * Namespaces without containers.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { namespaces } from "@masu/masu";
 *
 * const { stdout } = await namespaces.run(["hostname"], { hostname: "inside" });
 * assert(stdout === "inside\n");
 *
 * const root = await namespaces.run(["id", "-u"], { mapRoot: true });
 * assert(root.stdout === "0\n");
 *
 * const mine = await namespaces.list({ types: ["net"], task: Deno.pid });
 * assert(mine.length === 1 && mine[0]?.type === "net");
 * ```
 *
 * @module
 */
import { parseEnter } from "../config/namespaces_enter.ts";
import { parseNamespaces } from "../config/namespaces_run.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Plan, Store } from "../core/wire.ts";
import { prepareNamespaces } from "../engine/namespaces.ts";
import { prepareEnter } from "../engine/namespaces_enter.ts";
import { type ListedNamespace, listNamespaces, type NamespaceFilter } from "../engine/namespaces_list.ts";
import { launchPart } from "../engine/part_programs.ts";
import { collect, type ProgramOutput } from "../engine/programs.ts";
import { storeOf } from "../engine/store.ts";
import { workingDirectory } from "../host/process.ts";
import { usualCore } from "./core.ts";
import type { EnterOptions, NamespacesOptions, PartProgramOptions } from "./namespace_options.ts";

/**
 * Runs a program in new namespaces, as a child of this process, to its end.
 *
 * Errors: `invalid_config` an option, by its flag; `program_not_found`, `program_not_executable`; the step that failed.
 */
export async function run(command: readonly string[], options: NamespacesOptions = {}): Promise<ProgramOutput> {
  const { namespaces = [], keep = {}, environment, ...words } = options;
  const core = usualCore();
  const kept = Object.entries(keep).map(([word, path]) => `${word}=${path}`);
  const config = parseNamespaces(
    { ...words, namespaces: namespaces.map((word) => [word, undefined]), keep: kept },
    command,
    directoryOf(core),
  );
  const plan = prepareNamespaces(core, { config, environment: variablesOf(environment) });
  return await finish(core, { plan, command }, options);
}

/**
 * Runs a program in the namespaces of a process, a container or of files, as a child of this process, to its end.
 *
 * Errors: `not_found` no such process; `denied`; `program_not_found`, `program_not_executable`; the step that failed.
 */
export async function enter(command: readonly string[], options: EnterOptions): Promise<ProgramOutput> {
  const { pid, container, files = [], namespaces = [], root, directory, environment, ...words } = options;
  const core = usualCore();
  const config = parseEnter(
    {
      ...words,
      target: pid === undefined ? undefined : `${pid}`,
      container,
      namespaces: namespaces.map((word) => [word, undefined]),
      unnamed: files,
      root: root === true ? "true" : root,
      directory: directory === true ? "true" : directory,
    },
    command,
    directoryOf(core),
  );
  const plan = prepareEnter(core, { config, environment: variablesOf(environment), store: () => usualStore(core) });
  return await finish(core, { plan, command }, options);
}

/** The namespaces that this user can see, by number. Errors: `not_found` no such process. */
export function list({ types = [], task }: Partial<NamespaceFilter> = {}): Promise<ListedNamespace[]> {
  return Promise.try(() => {
    const core = usualCore();
    return listNamespaces(core, usualStore(core), { types, ...(task !== undefined && { task }) });
  });
}

const COLLECTED_BYTES = 16 * 1024 * 1024;
const encoder = new TextEncoder();

async function finish(
  core: Core,
  { plan, command }: { readonly plan: Plan; readonly command: readonly string[] },
  { input = "", limitBytes = COLLECTED_BYTES, signal }: PartProgramOptions,
): Promise<ProgramOutput> {
  const bytes = typeof input === "string" ? encoder.encode(input) : input;
  return await collect(core, launchPart(core, plan, command), { input: bytes, limitBytes, signal });
}

function directoryOf(core: Core): () => string {
  return () => workingDirectory(call(core, "process", {}));
}

function variablesOf(environment: Readonly<Record<string, string>> = Deno.env.toObject()): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

function usualStore(core: Core): Store {
  return storeOf(core, { cgroupManager: "cgroupfs" }, Deno.env.toObject());
}
