/**
 * Plans of an example machine for tests: the whole way from config to plan, as the engine goes it.
 *
 * @module
 */
import { PLAIN_CONFIG, type RunConfig } from "../config/run_config.ts";
import type { Plan } from "../core/wire.ts";
import { gatherFacts } from "../host/gather.ts";
import type { HostReader } from "../host/sightings.ts";
import { specOf } from "../spec/from_config.ts";
import { escapeBlanks } from "./blank.ts";
import { planOf } from "./plan.ts";

/** `masu run host true`. */
export const HOST_CONFIG: RunConfig = { ...PLAIN_CONFIG, image: { kind: "host" }, arguments: ["true"] };

/** The plan of a container on this host. */
export function examplePlan(host: HostReader, changes: Partial<RunConfig> = {}): Plan {
  const config = { ...HOST_CONFIG, ...changes };
  const facts = gatherFacts(host, {
    config,
    global: { cgroupManager: "cgroupfs" },
    environment: { HOME: "/home/alice", XDG_RUNTIME_DIR: "/run/user/1000" },
  });
  const escaped = escapeBlanks(config);
  return planOf(escaped, specOf({ config: escaped, host: facts }), facts);
}
