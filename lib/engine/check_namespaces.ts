/**
 * Which namespaces this user can make, directly or in a user namespace.
 *
 * @module
 */
import type { Namespace } from "../core/wire.ts";
import { isPrivileged } from "../host/process.ts";
import { look } from "../host/sightings.ts";
import type { CheckLine, Survey } from "./check.ts";
import { errnoName, lineMaker } from "./check_line.ts";

const line = lineMaker("Namespaces");

/** In the order of the report, and what a container does without one. */
const NAMESPACES: readonly (readonly [namespace: Namespace, without: string])[] = [
  ["mount", "no container can have a root of its own"],
  ["pid", "only --pid host works"],
  ["network", "only --network host works"],
  ["ipc", "only --ipc host works"],
  ["uts", "only --uts host works"],
  ["cgroup", "only --cgroupns host works"],
  ["time", "no --time-offset (needs Linux 5.6)"],
];

/** What containers have without being asked: their absence is more than a limit. */
const USUAL: readonly Namespace[] = ["mount", "pid", "network", "ipc", "uts"];

/** The user namespace first: an ordinary user needs it for all others. */
export function namespaceChecks(survey: Survey): CheckLine[] {
  return [userNamespace(survey), ...NAMESPACES.map(([namespace, without]) => ordinary(survey, namespace, without))];
}

function userNamespace(survey: Survey): CheckLine {
  const privileged = isPrivileged(survey.process);
  const errno = survey.errno({ kind: "namespace", namespace: "user", inUserNamespace: false });
  const essential = !privileged;
  if (errno === 0) return line("namespace.user", "user", privileged ? "for --userns private" : "there", { essential });
  const without = privileged ? "no --userns private" : "only root can run containers here";
  return line("namespace.user", "user", `${without} (${errnoName(errno)})`, {
    status: privileged ? "limited" : "missing",
    fix: userNamespaceFix(survey),
    essential,
  });
}

/** Settings that forbid user namespaces: the value that does, and the command that allows them. */
const SWITCHES: readonly (readonly [path: string, forbids: string, fix: string])[] = [
  ["/proc/sys/user/max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=15000"],
  ["/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"],
  [
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    "1",
    "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  ],
];

function userNamespaceFix({ sight }: Survey): string | null {
  sight.ask(SWITCHES.map(([path]) => look("text", path)));
  const forbidding = SWITCHES.find(([path, forbids]) => sight.text(path)?.trim() === forbids);
  return forbidding?.[2] ?? null;
}

function ordinary(survey: Survey, namespace: Namespace, without: string): CheckLine {
  const key = `namespace.${namespace}`;
  const essential = namespace === "mount";
  const direct = isPrivileged(survey.process);
  const errno = survey.errno({ kind: "namespace", namespace, inUserNamespace: !direct });
  if (errno === 0) return line(key, namespace, direct ? "there" : "in a user namespace", { essential });
  return line(key, namespace, `${without} (${errnoName(errno)})`, {
    status: USUAL.includes(namespace) ? "missing" : "limited",
    essential,
  });
}
