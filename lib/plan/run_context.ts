/**
 * What the parts of a plan look at that was made of a config.
 *
 * @module
 */
import type { RunConfig } from "../config/run_config.ts";
import type { HostFacts } from "../host/facts.ts";
import { DEFAULT_CAPABILITIES } from "../spec/capabilities.ts";
import type { Spec } from "../spec/oci.ts";
import { ID } from "./blank.ts";
import { type PlanContext, planContext, type Wishes } from "./context.ts";

export interface RunContext extends PlanContext {
  readonly config: RunConfig;
  readonly facts: HostFacts;
}

/** Derives what the parts share. Errors: see {@link planContext}. */
export function runContext(config: RunConfig, spec: Spec, facts: HostFacts): RunContext {
  return { ...planContext(spec, facts, wishesOf(config, spec)), config };
}

function wishesOf(config: RunConfig, spec: Spec): Wishes {
  const { preserveFds, init, devices } = config;
  return {
    words: "flag",
    preserveFds,
    init,
    usualFilter: hasUsualFilter(config, spec),
    filterState: null,
    keyring: `masu-${ID}`,
    ownDevices: spec.mounts.some(({ destination, type }) => destination === "/dev" && type === "tmpfs"),
    deviceSources: new Map(devices.map(({ source, destination }) => [destination, source])),
  };
}

/** What the profile lets pass depends on the capabilities: it was compiled for the usual ones. */
function hasUsualFilter({ seccomp }: RunConfig, { process }: Spec): boolean {
  const bounding = new Set(process.capabilities?.bounding);
  return bounding.size === DEFAULT_CAPABILITIES.length && DEFAULT_CAPABILITIES.every((name) => bounding.has(name)) &&
    (seccomp === undefined || seccomp.kind === "default");
}
