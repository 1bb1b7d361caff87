/**
 * Who uses a mount: what fuser(1) -m shows.
 *
 * @module
 */
import type { Core } from "../core/load.ts";
import { MasuError } from "../error.ts";
import { isBelow } from "../host/mounts.ts";
import type { OverlayMount } from "../host/overlay_mounts.ts";
import { look } from "../host/sightings.ts";
import { seenOf, visibleNow } from "./overlay_facts.ts";

/** A process that keeps a mount. */
export interface MountUser {
  readonly pid: number;
  readonly command: string;
}

/** errno(3). */
const EBUSY = 16;
/** So many are named. */
const TOLD = 5;

/** The error with who is to blame; any other error as it is. */
export function explainBusy(core: Core, { mountPoint }: OverlayMount, error: unknown): unknown {
  if (!(error instanceof MasuError) || error.errno !== EBUSY) return error;
  const below = visibleNow(core).map((mount) => mount.mountPoint)
    .filter((path) => path !== mountPoint && isBelow(path, mountPoint));
  const users = mountUsers(core, mountPoint);
  const told = users.slice(0, TOLD).map(({ pid, command }) => `${pid} (${command})`);
  const more = users.length > TOLD ? ` and ${users.length - TOLD} more` : "";
  const causes = [
    ...(users.length === 0 ? [] : [`it is used by process ${told.join(", ")}${more}`]),
    ...(below.length === 0 ? [] : [`on it is mounted ${below.map((path) => `"${path}"`).join(", ")}`]),
  ];
  const unknown = "it is used by a process that this user may not see, or by the kernel (a loop device, a swap file)";
  return new MasuError("failed", `Unmount "${mountPoint}": ${causes.length === 0 ? unknown : causes.join("; ")}`, {
    call: error.call,
    errno: EBUSY,
    hint: "end them, or --lazy: it goes when they do",
  });
}

/** Processes with their directory, root, program or an open file on a mount. */
export function mountUsers(core: Core, mountPoint: string): MountUser[] {
  const [top, proc] = seenOf(core, [look("stat", mountPoint), look("list", "/proc")]);
  const device = top?.status?.device;
  const pids = (proc?.entries ?? []).map(({ name }) => name).filter((name) => /^\d+$/.test(name)).map(Number);
  const open = seenOf(core, pids.map((pid) => look("list", `/proc/${pid}/fd`)));
  const links = pids.flatMap((pid, index) => [
    ...["cwd", "root", "exe"].map((name) => ({ pid, path: `/proc/${pid}/${name}` })),
    ...(open[index]?.entries ?? []).map(({ name }) => ({ pid, path: `/proc/${pid}/fd/${name}` })),
  ]);
  const seen = seenOf(core, links.flatMap(({ path }) => [look("link", path), look("stat", path)]));
  const users = new Set(links.flatMap(({ pid }, index) => {
    const [target, status] = [seen[index * 2]?.text ?? "", seen[index * 2 + 1]?.status];
    const there = device !== undefined && status?.device === device;
    return there || isBelow(target, mountPoint) ? [pid] : [];
  }));
  const found = pids.filter((pid) => users.has(pid));
  const commands = seenOf(
    core,
    found.flatMap((pid) => [
      look("text", `/proc/${pid}/cmdline`),
      look("text", `/proc/${pid}/comm`),
    ]),
  );
  return found.map((pid, index) => {
    const line = (commands[index * 2]?.text ?? "").replace(/\0+$/, "").replaceAll("\0", " ");
    return { pid, command: line === "" ? (commands[index * 2 + 1]?.text ?? "?").trim() : line };
  });
}
