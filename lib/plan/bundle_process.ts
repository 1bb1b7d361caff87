/**
 * How a bundle's program is scheduled, labelled and where its memory is, as steps.
 *
 * Source: OCI runtime-spec, config.md, "Linux Process"; config-linux.md, "Personality", "Memory Policy"; the kernel's headers
 * linux/sched.h, linux/sched/types.h, linux/ioprio.h, linux/mempolicy.h, linux/personality.h for all numbers.
 *
 * @module
 */
import type { StageStep } from "../core/wire.ts";
import type {
  IoPriority,
  LinuxMemoryPolicyFlag,
  LinuxMemoryPolicyMode,
  Scheduler,
  SchedulerFlag,
  SchedulerPolicy,
  Spec,
} from "../spec/oci.ts";

const POLICIES: Readonly<Record<SchedulerPolicy, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

const SCHEDULER_FLAGS: Readonly<Record<SchedulerFlag, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

const IO_CLASSES: Readonly<Record<IoPriority["class"], number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};

const MEMORY_MODES: Readonly<Record<LinuxMemoryPolicyMode, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

const MEMORY_FLAGS: Readonly<Record<LinuxMemoryPolicyFlag, number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};

/** PER_LINUX32: uname(2) says i686. */
const LINUX32 = 0x0008;

/** The steps, while the process still has all its rights. A label holds from the next execve(2) on. */
export function processSteps({ process, linux }: Spec): StageStep[] {
  const { scheduler, ioPriority, apparmorProfile = "", selinuxLabel = "" } = process;
  const { personality, memoryPolicy } = linux;
  const steps: StageStep[] = [];
  if (apparmorProfile !== "") steps.push({ kind: "set_security_label", module: "apparmor", label: apparmorProfile });
  if (selinuxLabel !== "") steps.push({ kind: "set_security_label", module: "selinux", label: selinuxLabel });
  if (scheduler !== undefined) steps.push(schedulerStep(scheduler));
  if (ioPriority !== undefined) {
    steps.push({ kind: "set_io_priority", class: IO_CLASSES[ioPriority.class], priority: ioPriority.priority });
  }
  if (personality !== undefined) {
    steps.push({ kind: "set_personality", persona: personality.domain === "LINUX32" ? LINUX32 : 0 });
  }
  if (memoryPolicy !== undefined) {
    const { mode, flags = [], nodes = "" } = memoryPolicy;
    steps.push({ kind: "set_memory_policy", mode: MEMORY_MODES[mode], flags: bits(flags, MEMORY_FLAGS), nodes });
  }
  return steps;
}

function schedulerStep(scheduler: Scheduler): StageStep {
  const { policy, nice = 0, priority = 0, flags = [], runtime = 0, deadline = 0, period = 0 } = scheduler;
  return {
    kind: "set_scheduler",
    policy: POLICIES[policy],
    nice,
    priority,
    flags: bits(flags, SCHEDULER_FLAGS),
    runtime,
    deadline,
    period,
  };
}

function bits<Word extends string>(words: readonly Word[], values: Readonly<Record<Word, number>>): number {
  return words.reduce((all, word) => all | values[word], 0);
}

/** `execCPUAffinity`: of programs that are started in the running container. */
export function affinitySteps({ process: { execCPUAffinity } }: Spec): StageStep[] {
  const { initial, final } = execCPUAffinity ?? {};
  const cpus = [initial, final].filter((list) => list !== undefined && list !== "");
  return cpus.map((list): StageStep => ({ kind: "set_affinity", cpus: list ?? "" }));
}
