/**
 * The kernel: its version, overlay, seccomp, and system calls that masu has a fallback for.
 *
 * @module
 */
import { kernelAtLeast, kernelVersion } from "../host/kernel.ts";
import { isPrivileged } from "../host/process.ts";
import { look } from "../host/sightings.ts";
import type { CheckLine, Survey } from "./check.ts";
import { errnoName, lineMaker } from "./check_line.ts";

const line = lineMaker("Kernel");

/** The oldest kernel that masu works on. */
const OLDEST = [4, 18] as const;

/** System calls that newer kernels add, and what is without them. */
const SYSTEM_CALLS: readonly (readonly [name: string, without: string])[] = [
  ["clone3", "clone(2) is used instead, and a v2 cgroup is joined after the start"],
  ["openat2", "paths in containers are resolved step by step instead"],
  ["close_range", "descriptors are closed one by one instead"],
  ["pidfd_open", "processes are watched by their PIDs instead"],
  ["open_tree", "no mounts with mapped ids, and no mounts by descriptor"],
  ["mount_setattr", "no volumes that are read-only with all that is mounted below (rro)"],
  ["keyctl", "containers share the caller's session keyring"],
];

/** Actions of seccomp profiles. seccomp(2) */
const ACTIONS = ["KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "LOG", "ALLOW", "NOTIFY"];

/** Everything about the kernel itself. */
export function kernelChecks(survey: Survey): CheckLine[] {
  return [version(survey), procfs(survey), ...overlays(survey), mappedMounts(survey), filter(survey), ...calls(survey)];
}

function version({ process: { release, machine } }: Survey): CheckLine {
  const fine = kernelAtLeast(kernelVersion(release), ...OLDEST);
  const detail = `Linux ${release} on ${machine}`;
  if (fine) return line("kernel.version", "version", detail, { essential: true });
  return line("kernel.version", "version", `${detail}: masu needs ${OLDEST.join(".")} or newer`, {
    status: "missing",
    essential: true,
  });
}

function procfs({ sight }: Survey): CheckLine {
  const path = "/proc/self/mountinfo";
  sight.ask([look("text", path)]);
  if (sight.text(path) !== null) return line("kernel.proc", "/proc", "mounted", { essential: true });
  return line("kernel.proc", "/proc", "not mounted", {
    status: "missing",
    fix: "mount -t proc proc /proc",
    essential: true,
  });
}

function overlays(survey: Survey): CheckLine[] {
  const without = "host and root directories cannot be copied on write; --rootfs DIR works";
  const nested = overlay(survey, true, "in a user namespace", `${without} in a user namespace`);
  return isPrivileged(survey.process) ? [overlay(survey, false, "overlay", without), nested] : [nested];
}

function overlay(survey: Survey, inUserNamespace: boolean, detail: string, without: string): CheckLine {
  const key = inUserNamespace ? "kernel.overlay_userns" : "kernel.overlay";
  const name = inUserNamespace ? "overlay, user ns" : "overlay";
  const errno = survey.errno({ kind: "overlay", inUserNamespace });
  if (errno === 0) return line(key, name, inUserNamespace ? detail : "copies on write");
  const optional = inUserNamespace && isPrivileged(survey.process);
  const old = inUserNamespace && !kernelAtLeast(kernelVersion(survey.process.release), 5, 11);
  return line(key, name, `${without} (${errnoName(errno)}${old ? ", needs Linux 5.11" : ""})`, {
    status: optional ? "limited" : "missing",
    fix: errno === ENODEV ? "sudo modprobe overlay" : null,
  });
}

/** errno(3): no such file system. */
const ENODEV = 19;

function mappedMounts(survey: Survey): CheckLine {
  const key = "kernel.idmapped_mounts";
  const errno = survey.errno({ kind: "idmapped_mount", path: "/" });
  if (errno === 0) return line(key, "id-mapped mounts", "on the root file system");
  const without = isPrivileged(survey.process)
    ? "with --userns private, files of the image belong to nobody"
    : "only root has them; not needed";
  return line(key, "id-mapped mounts", `${without} (${errnoName(errno)})`, {
    status: isPrivileged(survey.process) ? "limited" : "ok",
  });
}

function filter(survey: Survey): CheckLine {
  const missing = ACTIONS.filter((action) =>
    survey.errno({ kind: "seccomp_action", action: `SCMP_ACT_${action}` }) !== 0
  );
  if (missing.length === 0) return line("kernel.seccomp", "seccomp", "all actions");
  if (missing.includes("ERRNO")) {
    return line("kernel.seccomp", "seccomp", "no filters: only --security-opt seccomp=unconfined works", {
      status: "missing",
    });
  }
  return line("kernel.seccomp", "seccomp", `no profiles with ${missing.join(", ")}`, { status: "limited" });
}

/** errno(3): no such system call; or EPERM of a filter that masu itself runs under, which for masu is the same. */
const ENOSYS = 38;

function calls(survey: Survey): CheckLine[] {
  return SYSTEM_CALLS.map(([name, without]) => {
    const errno = survey.errno({ kind: "system_call", name });
    const key = `system_call.${name}`;
    if (errno !== ENOSYS) return line(key, `${name}(2)`, "there");
    return line(key, `${name}(2)`, `not there: ${without}`, { status: "limited" });
  });
}
