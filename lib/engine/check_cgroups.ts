/**
 * Control groups: which kind, where this user may make them, and which limits can be set.
 *
 * @module
 */
import { type CgroupLayout, cgroupLayout, layoutLooks, mountedHierarchies } from "../cgroup/layout.ts";
import { controllerVersion } from "../cgroup/resources.ts";
import { parseMounts } from "../host/mounts.ts";
import { isPrivileged } from "../host/process.ts";
import { look, type Sightings } from "../host/sightings.ts";
import type { CheckLine, Survey } from "./check.ts";
import { lineMaker } from "./check_line.ts";

const line = lineMaker("Control groups");

const MOUNTINFO = "/proc/self/mountinfo";
const OWN = "/proc/self/cgroup";
const SYSTEMD = "/run/systemd/system";

/** Controllers, and which flags are refused without them. */
const CONTROLLERS: readonly (readonly [name: string, without: string])[] = [
  ["memory", "no --memory"],
  ["cpu", "no --cpus and no --cpu-shares"],
  ["pids", "no --pids-limit, and no default limit of processes"],
  ["cpuset", "no --cpuset-cpus"],
];

/** The mode, the place, the controllers. */
export function cgroupChecks(survey: Survey): CheckLine[] {
  const layout = readLayout(survey);
  if (layout.mode === "none" || layout.mode === "disabled") {
    return [line("cgroup.mode", "mode", "no hierarchy is mounted: containers cannot be limited", {
      status: "limited",
      fix: "sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    })];
  }
  const delegated = layout.v2?.base != null || layout.v1.some(({ base }) => base !== null);
  return [
    line("cgroup.mode", "mode", layout.mode),
    place(survey, layout, delegated),
    ...CONTROLLERS.map(([name, without]) => controller(survey, layout, name, without)),
    swap(layout),
    devices(layout),
  ];
}

function readLayout({ process, sight }: Survey): CgroupLayout {
  sight.ask([look("text", MOUNTINFO), look("text", OWN), look("stat", SYSTEMD)]);
  const mounted = mountedHierarchies(parseMounts(sight.text(MOUNTINFO) ?? ""), sight.text(OWN) ?? "");
  const looks = layoutLooks(mounted);
  sight.ask(looks);
  return cgroupLayout(mounted, looks.map(({ want, path }) => sight.seen(want, path)), process);
}

function place(survey: Survey, layout: CgroupLayout, delegated: boolean): CheckLine {
  const { v1, v2 } = layout;
  const where = v2?.base ?? v1.find(({ base }) => base !== null)?.base;
  if (delegated) return line("cgroup.delegation", "place", `below ${where}`);
  return line("cgroup.delegation", "place", "this user may not make any: containers cannot be limited", {
    status: "limited",
    fix: delegationFix(survey, layout),
  });
}

/** systemd delegates to a user's own manager and to scopes below it; elsewhere root gives a directory away. */
function delegationFix({ process, sight }: Survey, { v2 }: CgroupLayout): string | null {
  if (v2 === null || isPrivileged(process)) return null;
  if (hasSystemd(sight)) return "systemd-run --user --scope -p Delegate=yes -- masu run ...";
  return `sudo sh -c 'mkdir ${v2.mountPoint}/user && chown -R ${process.uid} ${v2.mountPoint}/user && ` +
    `echo $PPID > ${v2.mountPoint}/user/cgroup.procs'`;
}

function controller(survey: Survey, layout: CgroupLayout, name: string, without: string): CheckLine {
  const version = controllerVersion(layout, name);
  if (version !== null) return line(`cgroup.${name}`, name, version);
  return line(`cgroup.${name}`, name, without, { status: "limited", fix: controllerFix(survey, layout, name) });
}

function controllerFix({ process, sight }: Survey, layout: CgroupLayout, name: string): string | null {
  if (isPrivileged(process) || layout.v2 === null || !hasSystemd(sight)) return null;
  const unit = "/etc/systemd/system/user@.service.d/delegate.conf";
  return `printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | sudo install -D /dev/stdin ${unit} && ` +
    `sudo systemctl daemon-reload  # for ${name}; then log in again`;
}

function hasSystemd(sight: Sightings): boolean {
  return sight.status(SYSTEMD)?.kind === "directory";
}

function swap({ swapAccounting }: CgroupLayout): CheckLine {
  if (swapAccounting) return line("cgroup.swap", "swap", "accounted");
  return line("cgroup.swap", "swap", "no --memory-swap: the kernel does not account swap", {
    status: "limited",
    fix: "boot with swapaccount=1",
  });
}

function devices({ deviceControl }: CgroupLayout): CheckLine {
  if (deviceControl) return line("cgroup.devices", "devices", "restricted to what a container is given");
  return line("cgroup.devices", "devices", "restricted by the user namespace alone");
}
