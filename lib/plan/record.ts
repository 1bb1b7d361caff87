/**
 * What is written down of a container once its first process exists.
 *
 * @module
 */
import type { CgroupPlan } from "../cgroup/placement.ts";
import { recordCgroups } from "../cgroup/record.ts";
import {
  CONTAINER_VERSION,
  type ContainerRecord,
  type HostStep,
  type RecordDetails,
  type StageStep,
} from "../core/wire.ts";
import { COMMAND, CREATED, ID, MONITOR, MONITOR_START, PID, START, STARTED } from "./blank.ts";
import type { PlanContext } from "./context.ts";
import { writeFile } from "./directories.ts";
import { execTemplate } from "./exec_template.ts";

/** What the record says that other parts of the plan know. */
export interface RecordParts {
  readonly cgroups: CgroupPlan;
  /** What cleans up after the container where its monitor does not. */
  readonly undo: readonly HostStep[];
  /** OCI's `bundle`. */
  readonly bundle: string;
  /** What depends on what the container was made of. */
  readonly details: Pick<RecordDetails, "name" | "lasting" | "image" | "terminal" | "labels" | "stop" | "bundle">;
  /** What a second program needs besides what the first one does, before all of that. */
  readonly execEarly: readonly StageStep[];
  /** Somebody of masu's watches it. */
  readonly watched: boolean;
}

/** The record itself. */
export function recordStep(context: PlanContext, parts: RecordParts): HostStep {
  const { paths: { state } } = context;
  return writeFile(state, `${recordText(context, parts)}\n`, { mode: 0o600, exclusive: false });
}

/** What is no text once it is filled in. */
const NUMBERS = [PID, START, MONITOR, MONITOR_START];

function recordText(context: PlanContext, parts: RecordParts): string {
  const record = recordOf(context, parts);
  const { masu } = record;
  const watcher = parts.watched ? { monitor: MONITOR, monitorStart: MONITOR_START } : {};
  const document = { ...record, pid: PID, masu: { ...masu, start: START, ...watcher, command: COMMAND } };
  // A person's text cannot look like these blanks: its own are escaped.
  return [...NUMBERS, COMMAND].reduce(
    (text, blank) => text.replace(`"${blank}"`, () => blank),
    JSON.stringify(document),
  );
}

/** The record with 0 for each number, and nothing for the command, that are known later only. */
function recordOf(context: PlanContext, { cgroups, undo, bundle, details, execEarly }: RecordParts): ContainerRecord {
  const { spec, facts } = context;
  const { name, labels, ...others } = details;
  return {
    ociVersion: spec.ociVersion,
    id: ID,
    pid: 0,
    bundle,
    ...(spec.annotations !== undefined && { annotations: spec.annotations }),
    masu: {
      version: CONTAINER_VERSION,
      ...(name !== undefined && { name }),
      created: CREATED,
      started: STARTED,
      start: 0,
      monitor: 0,
      monitorStart: 0,
      command: [],
      ...(labels !== undefined && { labels }),
      ...others,
      cgroups: recordCgroups(cgroups, facts.kernel),
      exec: execTemplate(context, cgroups, execEarly),
      undo: [...undo],
    },
  };
}
