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

/** On a v2 host systemd delegates to scopes of a user's own manager; elsewhere root gives cgroups away and moves the shell there. */
function delegationFix({ process, sight }: Survey, { mode, v1, v2 }: CgroupLayout): string | null {
  if (isPrivileged(process)) return null;
  if (mode === "v2" && hasSystemd(sight)) return "systemd-run --user --scope -p Delegate=yes -- masu run ...";
  const limiting = v1.filter(({ controllers }) => controllers.some((name) => GIVEN_AWAY.includes(name)));
  const mountPoints = [...limiting, ...(v2 === null ? [] : [v2])].map(({ mountPoint }) => mountPoint);
  const directories = [...new Set(mountPoints)].map((mountPoint) => `${mountPoint}/user-${process.uid}`);
  const files = directories.map((directory) => `${directory}/cgroup.procs`).join(" ");
  const all = directories.join(" ");
  return `sudo mkdir -p ${all} && sudo chown -R ${process.uid} ${all} && echo $$ | sudo tee ${files}`;
}

/** v1 controllers of a new cgroup that works without further settings. */
const GIVEN_AWAY: readonly string[] = ["memory", "cpu", "cpuacct", "pids", "freezer"];

function controller(survey: Survey, layout: CgroupLayout, name: string, without: string): CheckLine {
  const version = controllerVersion(layout, name);
  if (version !== null) return line(`cgroup.${name}`, name, version);
  return line(`cgroup.${name}`, name, without, { status: "limited", fix: controllerFix(survey, layout, name) });
}

function controllerFix({ process, sight }: Survey, layout: CgroupLayout, name: string): string | null {
  if (isPrivileged(process) || layout.mode !== "v2" || !hasSystemd(sight)) return null;
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
