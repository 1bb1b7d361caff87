/**
 * The clone: new namespaces, joined ones, and what is known of the child.
 *
 * @module
 */
import type { CgroupPlan } from "../cgroup/placement.ts";
import type { CloneStep, HostStep, JoinNamespace, Namespace, StageStep, TimeOffset } from "../core/wire.ts";
import type { PlanContext } from "./context.ts";

/** In the order of the kernel's flags; a cgroup namespace is unshared later, once the cgroups are joined. */
const CLONED: readonly Namespace[] = ["user", "mount", "uts", "ipc", "network", "pid", "time"];

/** clone3(2), setns(2) and what is written down once the child exists. */
export function cloneStep(context: PlanContext, cgroups: CgroupPlan, record: HostStep[]): CloneStep {
  const { created, mapping, spec } = context;
  return {
    namespaces: CLONED.filter((namespace) => created.has(namespace)),
    join: joined(context),
    user: mapping,
    timeOffsets: timeOffsets(spec.linux.timeOffsets ?? {}),
    cgroup: cgroups.cloneInto,
    record: [...cgroups.record, ...record],
  };
}

/** A user namespace first: the others belong to it, and entering them takes its capabilities. setns(2) */
function joined({ spec }: PlanContext): JoinNamespace[] {
  const named = spec.linux.namespaces.flatMap(({ type, path }): JoinNamespace[] =>
    path === undefined ? [] : [{ namespace: type, path }]
  );
  return [...named.filter(isUser), ...named.filter((join) => !isUser(join))];
}

function isUser({ namespace }: JoinNamespace): boolean {
  return namespace === "user";
}

function timeOffsets(offsets: Record<string, { secs?: number; nanosecs?: number }>): TimeOffset[] {
  return Object.entries(offsets).map(([clock, { secs = 0, nanosecs = 0 }]) => ({
    clock,
    seconds: secs,
    nanoseconds: nanosecs,
  }));
}

/** The network namespace: nothing but loopback so far. */
export function networkSteps({ created }: PlanContext): StageStep[] {
  return created.has("network") ? [{ kind: "loopback_up" }] : [];
}

/** What is done in the new namespaces before anything is mounted, while the runtime namespace's /proc and cgroups are there. */
export function namespaceSteps({ spec, created }: PlanContext, cgroups: CgroupPlan): StageStep[] {
  const { hostname, domainname, process: { oomScoreAdj }, linux: { sysctl = {} } } = spec;
  const steps: StageStep[] = [];
  // proc_pid_oom_score_adj(5): lowering it takes CAP_SYS_RESOURCE, which the container may not keep.
  if (oomScoreAdj !== undefined) steps.push({ kind: "set_oom_score_adj", value: oomScoreAdj });
  if (cgroups.join.length > 0) steps.push({ kind: "join_cgroups", paths: [...cgroups.join] });
  if (created.has("cgroup")) steps.push({ kind: "unshare_cgroup" });
  if (created.has("uts") && hostname !== undefined) steps.push({ kind: "set_hostname", name: hostname });
  if (created.has("uts") && domainname !== undefined) steps.push({ kind: "set_domainname", name: domainname });
  for (const [name, value] of Object.entries(sysctl)) steps.push({ kind: "set_sysctl", name, value });
  return steps;
}
