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

/** One step a line, so that a difference is a step. */
export function planText(plan: Plan): string {
  const { create, before, clone: { record, ...clone }, network, inside, created, exec } = plan;
  const { started, afterwards, delete: deletion } = plan;
  const groups = {
    create,
    before,
    clone: [clone],
    record: record.map(withShortRecord),
    network,
    inside,
    ...(created.length > 0 && { created }),
    exec: exec.map(withoutProfile),
    ...(started.length > 0 && { started }),
    afterwards,
    delete: deletion,
  };
  return Object.entries(groups).map(([name, steps]) =>
    `# ${name}\n${steps.map((step) => `${JSON.stringify(step)}\n`).join("")}`
  ).join("\n");
}

/** What the record repeats of the plan, its steps for other programs and what undoes it, is tested where it is made. */
function withShortRecord(step: Plan["before"][number]): unknown {
  if (step.kind !== "write_file" || !step.path.endsWith("/state.json")) return step;
  const text = step.text.replace(/"steps":\[.*?\]\},"undo":\[.*\]/s, '"steps":["..."]},"undo":["..."]');
  return { ...step, text };
}

/** The profile is tested where it is made. */
function withoutProfile(step: Plan["exec"][number]): unknown {
  if (step.kind !== "load_filter" || step.filter.kind !== "profile") return step;
  return { ...step, filter: { ...step.filter, profile: "..." } };
}
