/**
 * From what was written to what will be done: the host is read once, then config -> spec -> plan, all pure.
 *
 * @module
 */
import type { GlobalConfig, RunConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { MonitorOptions, Plan } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { collectFacts, type HostEnvironment, type HostFacts } from "../host/facts.ts";
import { fileFact } from "../host/sightings.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { planOf } from "../plan/plan.ts";
import { specOf } from "../spec/from_config.ts";
import { isOwn } from "../spec/namespaces.ts";
import type { Spec } from "../spec/oci.ts";

/** One container, as it was asked for. */
export interface RunRequest {
  readonly config: RunConfig;
  readonly global: GlobalConfig;
  readonly environment: HostEnvironment;
  /** It is planned anew: its name and files are its own. */
  readonly exists?: boolean;
}

/** A container that can be launched, as often as one likes: each launch fills in the blanks anew. */
export interface PreparedRun {
  readonly spec: Spec;
  readonly plan: Plan;
  /** What was read of the host for it. */
  readonly facts: HostFacts;
  /** The program's own arguments: the plan's blank. */
  readonly arguments: readonly string[];
  readonly monitor: MonitorOptions;
}

/** Reads the host and makes the plan; changes nothing. Errors: what the person wrote cannot be had here. */
export function prepareRun(core: Core, { config, global, environment, exists = false }: RunRequest): PreparedRun {
  const collected = ownFacts(collectFacts(core, config, global, environment), exists);
  const profile = config.seccomp?.kind === "file" ? readProfile(core, config.seccomp.path) : null;
  const facts: HostFacts = profile === null ? collected : { ...collected, list: [...collected.list, profile.fact] };
  const escaped = escapeBlanks(config);
  const spec = specOf({ config: escaped, host: facts, ...(profile !== null && { seccompProfile: profile.text }) });
  return {
    spec,
    plan: planOf(escaped, spec, facts),
    facts,
    arguments: config.arguments,
    monitor: { bareInit: !config.init && isOwn(spec.linux.namespaces, "pid"), detachKeys: [] },
  };
}

function ownFacts(facts: HostFacts, exists: boolean): HostFacts {
  return exists ? { ...facts, taken: { name: null, cidfile: false } } : facts;
}

/** The file of `--security-opt seccomp=FILE`, and the fact that the plan then depends on. */
function readProfile(core: Core, path: string): { text: string; fact: HostFacts["list"][number] } {
  const { seen: [answer] } = call(core, "observe", { looks: [{ path, root: null, want: "text" }] });
  if (answer?.text != null) return { text: answer.text, fact: fileFact("seccomp.profile", path, answer.status) };
  const absent = answer?.status == null;
  throw new MasuError(
    absent ? "not_found" : "invalid_config",
    `Read seccomp profile "${path}": ${whyUnread(answer?.errno)}`,
    {
      call: "open",
      errno: answer?.errno ?? undefined,
    },
  );
}

/** errno(3) of what a wrong path leads to. */
function whyUnread(errno: number | null | undefined): string {
  switch (errno) {
    case 2:
    case 20:
      return "no such file (ENOENT from open(2))";
    case 13:
      return "permission denied (EACCES from open(2))";
    case null:
    case undefined:
      return "it is not a regular file";
    default:
      return `it cannot be read (errno ${errno} from open(2))`;
  }
}
