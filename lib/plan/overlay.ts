/**
 * Whether an overlay can be mounted, and how. Pure.
 *
 * @module
 */
import { checkOptions, escapeLayer, type OverlayConfig } from "../config/overlay.ts";
import type { FileStatus, MountOverlayRequest, ProcessReply } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { isBelow } from "../host/mounts.ts";
import { word } from "./explain/sh_word.ts";

/** What is read of the host for it. */
export interface OverlayFacts {
  readonly process: Pick<ProcessReply, "uid" | "capabilities" | "initialUserNamespace">;
  /** What is at the paths that are named; null: nothing. */
  readonly statuses: Readonly<Record<string, FileStatus | null>>;
  /** The upper directory's file system: statfs(2). */
  readonly upperMagic: number | null;
  /** Names in the work directory; null: there is none, or it cannot be read. */
  readonly workNames: readonly string[] | null;
  /** The innermost mounts of the upper and of the work directory. */
  readonly mounts: readonly [upper: number | null, work: number | null];
  /** Overlays that use the upper or the work directory. */
  readonly users: readonly OverlayUser[];
}

/** Another overlay with the same directory. */
export interface OverlayUser {
  readonly directory: string;
  readonly mountPoint: string;
  /** A process in whose mount namespace it is; null: in this one. */
  readonly pid: number | null;
}

/** OVERLAYFS_SUPER_MAGIC of linux/magic.h. */
const OVERLAY_MAGIC = 0x794c7630;
/** What the kernel itself makes in a work directory, and uses again. */
const KERNELS_OWN = ["work", "index"];

/** What mounts it. Errors: `denied`, `not_found`, `invalid_config`, `failed` what the kernel would refuse with EINVAL alone, and what it would not refuse and should. */
export function overlayRequest(config: OverlayConfig, facts: OverlayFacts): MountOverlayRequest {
  const { mountPoint, lower, upper, work, workBeside, readOnly, options } = config;
  checkRights(facts);
  for (const path of [mountPoint, ...lower, ...(upper === undefined ? [] : [upper])]) {
    checkDirectory(mountPoint, path, facts);
  }
  const makeWork = workBeside && facts.statuses[work ?? ""] == null;
  if (upper !== undefined && work !== undefined) checkUpper(mountPoint, upper, work, makeWork, facts);
  const used = readOnly ? undefined : facts.users[0];
  if (used !== undefined) {
    const where = used.pid === null ? "" : ` in the mount namespace of process ${used.pid}`;
    throw failure(
      mountPoint,
      `"${used.directory}" is used by the overlay on "${used.mountPoint}"${where}`,
      `masu overlay umount ${
        word(used.mountPoint)
      }, or other directories: two overlays that share one destroy its files`,
    );
  }
  return {
    destination: mountPoint,
    lower: [...lower],
    upper: upper ?? null,
    work: work ?? null,
    makeWork,
    options: withUserAttributes(options, facts),
    readOnly,
  };
}

/** In a user namespace the kernel gives nobody `trusted.` attributes. */
function withUserAttributes(options: readonly string[], { process }: OverlayFacts): string[] {
  if (process.initialUserNamespace || options.includes("userxattr")) return [...options];
  return checkOptions([...options, "userxattr"]);
}

function checkRights({ process: { capabilities, initialUserNamespace } }: OverlayFacts): void {
  if (capabilities.includes("CAP_SYS_ADMIN")) return;
  const hint = initialUserNamespace
    ? "in a user namespace everybody may: masu ns run --user --map-root --mount -- masu overlay mount ..."
    : "root of the user namespace has it";
  throw new MasuError("denied", 'Mount "overlay": it needs the capability CAP_SYS_ADMIN', { hint });
}

function checkDirectory(mountPoint: string, path: string, { statuses }: Pick<OverlayFacts, "statuses">): void {
  const status = statuses[path] ?? null;
  if (status?.kind === "directory") return;
  const missing = status === null;
  const cause = missing ? `there is no directory "${path}"` : `"${path}" is not a directory`;
  throw new MasuError(missing ? "not_found" : "invalid_config", `Mount "overlay" on "${mountPoint}": ${cause}`, {
    ...(missing && { hint: `mkdir -p ${word(path)}` }),
  });
}

function checkUpper(
  mountPoint: string,
  upper: string,
  work: string,
  makeWork: boolean,
  { statuses, upperMagic, workNames, mounts }: OverlayFacts,
): void {
  if (upperMagic === OVERLAY_MAGIC) {
    throw failure(
      mountPoint,
      `"${upper}" is on an overlay itself, which cannot be an upper layer`,
      "a directory of another file system, for example of a tmpfs",
    );
  }
  if (isBelow(work, upper) || isBelow(upper, work)) {
    throw failure(mountPoint, `"${work}" and "${upper}" contain each other`, "--work DIR beside the upper layer");
  }
  if (makeWork) return;
  checkDirectory(mountPoint, work, { statuses });
  if (statuses[work]?.device !== statuses[upper]?.device || mounts[0] !== mounts[1]) {
    throw failure(
      mountPoint,
      `"${work}" is on another file system than "${upper}", or on another mount of it`,
      "--work DIR beside the upper layer; without --work masu makes one there",
    );
  }
  const alien = workNames?.find((name) => !KERNELS_OWN.includes(name));
  if (alien !== undefined) {
    throw failure(mountPoint, `the work directory "${work}" is not empty: it has "${alien}"`, "an empty directory");
  }
}

function failure(mountPoint: string, cause: string, hint: string): MasuError {
  return new MasuError("failed", `Mount "overlay" on "${mountPoint}": ${cause}`, { hint });
}

/** The same for mount(8). */
export function overlayScript({ destination, lower, upper, work, makeWork, options, readOnly }: MountOverlayRequest) {
  const data = [
    ...(readOnly ? ["ro"] : []),
    `lowerdir=${lower.map(escapeLayer).join(":")}`,
    ...(upper === null ? [] : [`upperdir=${escapeLayer(upper)}`]),
    ...(work === null ? [] : [`workdir=${escapeLayer(work)}`]),
    ...options,
  ].join(",");
  return [
    "#!/bin/sh",
    "set -eu",
    ...(makeWork && work !== null ? [`[ -d ${word(work)} ] || mkdir -m 700 ${word(work)}`] : []),
    `mount -t overlay -o ${word(data)} overlay ${word(destination)}`,
  ].join("\n") + "\n";
}

/** The same for a person. */
export function overlayText({ destination, lower, upper, work, makeWork, options, readOnly }: MountOverlayRequest) {
  const lines = [
    ...(makeWork && work !== null ? [`Make the directory "${work}"  (mkdir(2))`] : []),
    `Mount an overlay on "${destination}"${readOnly ? ", read-only" : ""}  (mount(2))`,
    ...lower.map((path, index) => `  lower ${index + 1}: "${path}"`),
    ...(upper === null ? [] : [`  upper: "${upper}"`]),
    ...(work === null ? [] : [`  work: "${work}"`]),
    ...(options.length === 0 ? [] : [`  options: ${options.join(", ")}`]),
  ];
  return lines.join("\n");
}
