/**
 * What is mounted on this host of overlays, and what an overlay depends on.
 *
 * @module
 */
import type { OverlayConfig } from "../config/overlay.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { FileStatus, Look, Seen } from "../core/wire.ts";
import { isBelow, type MountEntry, parseMounts, visibleMounts } from "../host/mounts.ts";
import { type OverlayMount, overlayMount } from "../host/overlay_mounts.ts";
import { look } from "../host/sightings.ts";
import type { OverlayFacts, OverlayUser } from "../plan/overlay.ts";

const MOUNTS = "/proc/self/mountinfo";

/** Looks, answered in their order; none is no call. */
export function seenOf(core: Core, looks: readonly Look[]): readonly Seen[] {
  return looks.length === 0 ? [] : call(core, "observe", { looks: [...looks] }).seen;
}

/** The mounts that can be seen. */
export function visibleNow(core: Core): MountEntry[] {
  const [mounts] = seenOf(core, [look("text", MOUNTS)]);
  return visibleMounts(parseMounts(mounts?.text ?? ""));
}

/** The overlays of this mount namespace that can be seen. */
export function overlaysNow(core: Core): OverlayMount[] {
  return visibleNow(core).flatMap((mount) => overlayMount(mount) ?? []);
}

/** Reads them. */
export function overlayFacts(core: Core, { mountPoint, lower, upper, work }: OverlayConfig): OverlayFacts {
  const paths = [...new Set([mountPoint, ...lower, ...(upper === undefined ? [] : [upper]), ...(work ? [work] : [])])];
  const seen = seenOf(core, paths.map((path) => look("stat", path)));
  const statuses = Object.fromEntries(paths.map((path, index) => [path, seen[index]?.status ?? null]));
  const [upperSystem, workList] = upper === undefined || work === undefined
    ? []
    : seenOf(core, [look("file_system", upper), look("list", work)]);
  const visible = visibleNow(core);
  const mountOf = (path: string | undefined) =>
    path === undefined ? null : visible.findLast((mount) => isBelow(path, mount.mountPoint))?.id ?? null;
  const own = [upper, work].filter((path) => path !== undefined && statuses[path] != null) as string[];
  return {
    process: call(core, "process", {}),
    statuses,
    upperMagic: upperSystem?.magic ?? null,
    workNames: workList?.entries?.map(({ name }) => name) ?? null,
    mounts: [mountOf(upper), mountOf(work)],
    users: own.flatMap((path) => usersOf(core, path, statuses[path] ?? null)),
  };
}

/** One mount namespace's overlays. */
interface Table {
  /** A process in it; null: the own one. */
  readonly pid: number | null;
  readonly overlays: readonly OverlayMount[];
}

/** Overlays of any mount namespace that can be seen with this directory as upper or work one. */
function usersOf(core: Core, directory: string, status: FileStatus | null): OverlayUser[] {
  if (status === null) return [];
  const candidates = tables(core).flatMap(({ pid, overlays }) =>
    overlays.flatMap(({ mountPoint, upper, work }) =>
      [upper, work].flatMap((path) => path === null || !path.startsWith("/") ? [] : [{ pid, mountPoint, path }])
    )
  );
  const seen = seenOf(
    core,
    candidates.map(({ pid, path }) => look("stat", path, pid === null ? null : `/proc/${pid}/root`)),
  );
  return candidates.flatMap(({ pid, mountPoint }, index) => {
    const found = seen[index]?.status;
    const same = found != null && found.device === status.device && found.inode === status.inode;
    return same ? [{ directory, mountPoint, pid }] : [];
  });
}

/** The mount table of each mount namespace, read through one of its processes. */
function tables(core: Core): Table[] {
  const [proc] = seenOf(core, [look("list", "/proc")]);
  const pids = (proc?.entries ?? []).map(({ name }) => name).filter((name) => /^\d+$/.test(name));
  const [own, ...links] = seenOf(core, [
    look("link", "/proc/self/ns/mnt"),
    ...pids.map((pid) => look("link", `/proc/${pid}/ns/mnt`)),
  ]);
  const others = new Map<string, string>();
  links.forEach(({ text }, index) => {
    const pid = pids[index];
    if (text !== null && text !== own?.text && pid !== undefined && !others.has(text)) others.set(text, pid);
  });
  const [mine, ...texts] = seenOf(core, [
    look("text", MOUNTS),
    ...[...others.values()].map((pid) => look("text", `/proc/${pid}/mountinfo`)),
  ]);
  const overlays = (text: string | null | undefined) =>
    parseMounts(text ?? "").flatMap((mount) => overlayMount(mount) ?? []);
  return [
    { pid: null, overlays: overlays(mine?.text) },
    ...[...others.values()].map((pid, index) => ({ pid: Number(pid), overlays: overlays(texts[index]?.text) })),
  ];
}
