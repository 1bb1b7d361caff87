/**
 * Plans of an example machine for tests: the whole way from config to plan, as the engine goes it.
 *
 * @module
 */
import type { RunConfig } from "../config/run_config.ts";
import type { Plan } from "../core/wire.ts";
import { gatherFacts } from "../host/gather.ts";
import type { HostReader } from "../host/sightings.ts";
import { specOf } from "../spec/from_config.ts";
import { escapeBlanks } from "./blank.ts";
import { planOf } from "./plan.ts";

/** `masu run host true`. */
export const PLAIN_CONFIG: RunConfig = {
  image: { kind: "host" },
  arguments: ["true"],
  remove: false,
  interactive: false,
  terminal: false,
  environment: [],
  groupAdd: [],
  mounts: [],
  readOnly: false,
  capAdd: [],
  capDrop: [],
  privileged: false,
  ulimits: [],
  sysctls: [],
  devices: [],
  timeOffsets: [],
  init: false,
  labels: [],
  annotations: [],
  resources: {},
  preserveFds: 0,
};

/** The plan of a container on this host. */
export function examplePlan(host: HostReader, changes: Partial<RunConfig> = {}): Plan {
  const config = { ...PLAIN_CONFIG, ...changes };
  const facts = gatherFacts(host, {
    config,
    global: { cgroupManager: "cgroupfs" },
    environment: { HOME: "/home/alice", XDG_RUNTIME_DIR: "/run/user/1000" },
  });
  const escaped = escapeBlanks(config);
  return planOf(escaped, specOf({ config: escaped, host: facts }), facts);
}
