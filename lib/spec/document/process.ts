/**
 * `process`: shapes and ranges.
 *
 * Source: config.md, "Process", "POSIX process", "Linux Process".
 *
 * @module
 */
import { CAPABILITIES } from "../capabilities.ts";
import type { Capabilities, ConsoleSize, CpuAffinity, IoPriority, Process, Rlimit, Scheduler, User } from "../oci.ts";
import type { Place } from "./place.ts";
import { list, object, otherwise, type Reader, required, someOf } from "./reader.ts";
import {
  absolutePath,
  argument,
  count,
  filled,
  id,
  limit,
  numberList,
  text,
  textUpTo,
  truthOrAbsent,
  unlessEmpty,
  whole,
  word,
} from "./value.ts";
import { IO_CLASSES, RLIMITS, SCHEDULER_FLAGS, SCHEDULER_POLICIES } from "./words.ts";

/** struct winsize has 16 bits. */
const LONGEST_SIDE = 65_535;

/** Labels are a line of a file in /proc. */
const LABEL = unlessEmpty(textUpTo(4095));

const EMPTY = () => [];

const USER = object<User>({
  uid: otherwise(id, () => 0),
  gid: otherwise(id, () => 0),
  umask: whole(0, 0o777),
  additionalGids: someOf(id),
}, { username: "it is for Windows, write uid" });

const CONSOLE_SIZE = object<ConsoleSize>({
  height: required(whole(0, LONGEST_SIDE)),
  width: required(whole(0, LONGEST_SIDE)),
});

const CAPABILITY_SET = otherwise(knownCapabilities, EMPTY);

const CAPABILITY_SETS = object<Capabilities>({
  bounding: CAPABILITY_SET,
  effective: CAPABILITY_SET,
  permitted: CAPABILITY_SET,
  inheritable: CAPABILITY_SET,
  ambient: CAPABILITY_SET,
});

const RLIMIT = object<Rlimit>({
  type: required(word("is no limit", RLIMITS)),
  soft: required(limit),
  hard: required(limit),
});

const IO_PRIORITY = object<IoPriority>({
  class: required(word("is no class of I/O", IO_CLASSES)),
  priority: otherwise(whole(0, 7), () => 0),
});

const SCHEDULER = object<Scheduler>({
  policy: required(word("is no scheduling policy", SCHEDULER_POLICIES)),
  nice: whole(-20, 19),
  priority: whole(0, 99),
  flags: someOf(word("is no scheduling flag", SCHEDULER_FLAGS)),
  runtime: count,
  deadline: count,
  period: count,
});

const AFFINITY = object<CpuAffinity>({ initial: unlessEmpty(numberList), final: unlessEmpty(numberList) });

/** `process`. */
export const PROCESS: Reader<Process> = object<Process>({
  terminal: truthOrAbsent,
  consoleSize: CONSOLE_SIZE,
  user: otherwise(USER, () => ({ uid: 0, gid: 0 })),
  args: required(list(argument)),
  env: otherwise(list(variable), EMPTY),
  cwd: required(absolutePath),
  capabilities: CAPABILITY_SETS,
  rlimits: someOf(RLIMIT),
  noNewPrivileges: truthOrAbsent,
  apparmorProfile: LABEL,
  selinuxLabel: LABEL,
  oomScoreAdj: whole(-1000, 1000),
  ioPriority: IO_PRIORITY,
  scheduler: SCHEDULER,
  execCPUAffinity: AFFINITY,
}, { commandLine: "it is for Windows, write args" });

/** Names that are no capability are left out, as the specification asks for; each is noted. */
function knownCapabilities(place: Place, value: unknown): string[] {
  const names = list(filled(text))(place, value);
  return [...new Set(names)].filter((name) => {
    if (CAPABILITIES.includes(name)) return true;
    place.note(`names ${JSON.stringify(name.slice(0, 64))}, which is no capability; left out`);
    return false;
  });
}

/** `NAME=VALUE`; execve(2) would take anything. */
function variable(place: Place, value: unknown): string {
  const written = argument(place, value);
  if (written.indexOf("=") < 1) throw place.wrongValue(written, "is no variable", "NAME=VALUE");
  return written;
}
