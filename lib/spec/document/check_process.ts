/**
 * `process`: what has to fit together.
 *
 * Source: config.md, "Process"; sched_setattr(2), setrlimit(2), capabilities(7).
 *
 * @module
 */
import type { Capabilities, Process, Rlimit, Scheduler } from "../oci.ts";
import type { Place } from "./place.ts";

/** NGROUPS_MAX: setgroups(2). */
const MOST_GROUPS = 65_536;

const REAL_TIME: readonly string[] = ["SCHED_FIFO", "SCHED_RR"];
const FAIR: readonly string[] = ["SCHED_OTHER", "SCHED_BATCH"];

/** Errors: `invalid_config`. */
export function checkProcess(place: Place, process: Process): void {
  const { args, user, rlimits = [], scheduler, capabilities } = process;
  if (args.length === 0) throw place.at("args").wrong("names no program");
  if (args[0] === "") throw place.at("args").at(0).wrong("is empty: a program is needed");
  if ((user.additionalGids ?? []).length > MOST_GROUPS) {
    throw place.at("user").at("additionalGids").wrong(`has more than ${MOST_GROUPS} groups`);
  }
  checkRlimits(place.at("rlimits"), rlimits);
  if (scheduler !== undefined) checkScheduler(place.at("scheduler"), scheduler);
  if (capabilities !== undefined) noteCapabilities(place.at("capabilities"), capabilities);
}

function checkRlimits(place: Place, rlimits: readonly Rlimit[]): void {
  const seen = new Set<string>();
  for (const [index, { type, soft, hard }] of rlimits.entries()) {
    const here = place.at(index);
    if (seen.has(type)) throw here.at("type").wrongValue(type, "is there twice");
    seen.add(type);
    if (hard !== -1 && (soft === -1 || soft > hard)) throw here.at("soft").wrong("is above the hard limit");
  }
}

/** Each kind of policy has its own attributes; the kernel would ignore some of the others. */
function checkScheduler(place: Place, scheduler: Scheduler): void {
  const { policy, nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = scheduler;
  if (policy === "SCHED_ISO") throw place.at("policy").wrongValue(policy, "is a policy that no kernel has yet");
  if (REAL_TIME.includes(policy) ? priority < 1 : priority !== 0) {
    throw place.at("priority").wrongValue(
      priority,
      `cannot be that of ${policy}`,
      "1 to 99 with SCHED_FIFO and SCHED_RR",
    );
  }
  if (nice !== 0 && !FAIR.includes(policy)) {
    throw place.at("nice").wrongValue(nice, `means nothing to ${policy}`, "with SCHED_OTHER and SCHED_BATCH");
  }
  const times = { runtime, deadline, period };
  for (const [key, value] of Object.entries(times)) {
    if (value !== 0 && policy !== "SCHED_DEADLINE") {
      throw place.at(key).wrongValue(value, `means nothing to ${policy}`, "with SCHED_DEADLINE");
    }
  }
  if (policy !== "SCHED_DEADLINE") return;
  if (runtime === 0 || deadline < runtime || period !== 0 && period < deadline) {
    throw place.wrong("does not hold runtime <= deadline <= period, with runtime above 0");
  }
}

/** What cannot be granted is left out, as the specification asks for; each is noted. capabilities(7) */
function noteCapabilities(place: Place, sets: Capabilities): void {
  sets.effective = keep(place.at("effective"), sets.effective, sets.permitted, "permitted");
  sets.ambient = keep(place.at("ambient"), sets.ambient, sets.permitted, "permitted");
  sets.ambient = keep(place.at("ambient"), sets.ambient, sets.inheritable, "inheritable");
}

function keep(place: Place, names: readonly string[], within: readonly string[], set: string): string[] {
  const left = names.filter((name) => !within.includes(name));
  if (left.length > 0) place.note(`holds ${left.join(", ")}, not ${set}; left out`);
  return names.filter((name) => within.includes(name));
}
