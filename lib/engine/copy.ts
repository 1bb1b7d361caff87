/**
 * `masu cp`: files from one place to another, as a tar stream between two processes with the rights of either side.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { FileKind, Store, TreeAnswer, TreeJob, TreePlace, TreeRequest, TreeSeen } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { containerFiles } from "./container_files.ts";
import {
  type CopyEnd,
  type CopyRule,
  copyRule,
  type CopySource,
  type CopyTarget,
  isDirectoryWritten,
  linkedPath,
  sourceOf,
} from "./copy_rule.ts";

/** What to copy. */
export interface CopyRequest {
  readonly source: CopyEnd;
  readonly destination: CopyEnd;
  /** Keep owners and extended attributes. Otherwise all belongs to the container's root, or to the caller. */
  readonly archive: boolean;
  /** Follow a symbolic link that is itself the source. */
  readonly followLink: boolean;
  /** The directory that the host's relative paths are relative to. */
  readonly directory: string;
}

/** What was copied. */
export interface CopyResult {
  /** Files, directories and all else. */
  readonly entries: number;
  /** Of files. */
  readonly bytes: number;
  /** What was left out or could not be kept as it was. */
  readonly failures: readonly MasuError[];
  /** How many more of those there are. */
  readonly moreFailures: number;
}

/**
 * Copies.
 *
 * Errors: `not_found`, `already_exists` the paths do not fit; what could not be read or written.
 */
export function copy(core: Core, store: Store, request: CopyRequest): CopyResult {
  return copyResult(call(core, "tree", copyJobs(core, store, request)).answers);
}

/** The request that does it, for who wants to wait for it on another thread: op `tree`. */
export function copyJobs(core: Core, store: Store, request: CopyRequest): TreeRequest {
  const { source, destination, archive } = request;
  if (source.kind !== "container" && destination.kind !== "container") {
    throw invalidConfig("Copy files: neither side is a container", "CONTAINER:PATH is a path in one");
  }
  const to = destination.kind === "stream" ? null : openSide(core, store, destination, request);
  if (source.kind === "stream") {
    return {
      jobs: [unpackJob(whole(to), { directory: whole(to).path, name: "." }, archive)],
      stream: { kind: "stdin" },
    };
  }
  const from = openSide(core, store, source, request);
  const described = sourceOf(from.path, { directory: "", followLink: request.followLink });
  const kind = sourceKind(from, described);
  if (to === null) {
    copyRule({ ...described, kind }, { path: "-", kind: "directory", mustBeDirectory: false });
    const name = kind === "directory" && described.contents ? "." : described.name;
    return { jobs: [packJob(from, described, name, archive)], stream: { kind: "stdout" } };
  }
  const rule = copyRule({ ...described, kind }, targetOf(to));
  return {
    jobs: [packJob(from, described, rule.name, archive), unpackJob(to, rule, archive)],
    stream: { kind: "none" },
  };
}

/** What is told of the jobs' answers. */
export function copyResult(answers: readonly TreeAnswer[]): CopyResult {
  const last = answers.at(-1);
  return {
    entries: last?.entries ?? 0,
    bytes: last?.bytes ?? 0,
    failures: answers.flatMap(({ failures }) => failures.map(({ error }) => failureOf(error))),
    moreFailures: answers.reduce((sum, { moreFailures }) => sum + moreFailures, 0),
  };
}

function failureOf({ code, message, hint }: TreeAnswer["failures"][number]["error"]): MasuError {
  return new MasuError(code, message, { hint: hint ?? undefined });
}

/** One side, and how to look at it. */
interface Side {
  readonly place: TreePlace;
  readonly path: string;
  look(path: string): TreeSeen;
}

function openSide(core: Core, store: Store, end: CopyEnd, { directory }: CopyRequest): Side {
  if (end.kind === "stream") throw new MasuError("bug", "Open one side of a copy: it is a stream");
  const place: TreePlace = end.kind === "host" ? { kind: "caller" } : containerFiles(core, store, end.container).place;
  const path = end.path.startsWith("/") ? end.path : `${directory}/${end.path}`;
  return { place, path, look: (path) => lookAt(core, place, path) };
}

/** A tar stream goes into a directory, which must be there. */
function whole(to: Side | null): Side {
  if (to === null) throw invalidConfig("Copy files: neither side is a container");
  const { kind, path } = targetOf(to);
  if (kind === "directory") return to;
  throw new MasuError("not_found", `Copy a tar stream to "${path}": there is no such directory`);
}

function lookAt(core: Core, place: TreePlace, path: string): TreeSeen {
  const job: TreeJob = { place, task: { kind: "look", paths: [path] } };
  const { answers: [answer] } = call(core, "tree", { jobs: [job], stream: { kind: "none" } });
  const seen = answer?.seen[0];
  if (seen === undefined) throw new MasuError("bug", `Look at "${path}": the core answered nothing`);
  return seen;
}

/** errno(3) of nothing being there. */
const ENOENT = 2;
const ENOTDIR = 20;

function kindAt({ status, errno }: TreeSeen, path: string): FileKind | null {
  if (status !== null) return status.kind;
  if (errno === ENOENT || errno === ENOTDIR) return null;
  throw new MasuError(errno === EACCES ? "denied" : "failed", `Look at "${path}": ${whyUnseen(errno)}`, {
    call: "openat2",
    errno: errno ?? undefined,
  });
}

const EACCES = 13;
const ELOOP = 40;

function whyUnseen(errno: number | null): string {
  switch (errno) {
    case EACCES:
      return "Permission denied (EACCES from openat2(2))";
    case ELOOP:
      return "symbolic links lead round in circles, or out of it (ELOOP from openat2(2))";
    default:
      return `errno ${errno} from openat2(2)`;
  }
}

function sourceKind(from: Side, { path, follow }: CopySource): FileKind {
  const seen = from.look(path);
  const own = kindAt(seen, path);
  const kind = own === "symlink" && follow ? seen.followed?.kind ?? null : own;
  if (kind !== null) return kind;
  throw new MasuError("not_found", `Copy "${path}": there is no such file or directory`);
}

/** As many as the kernel follows. path_resolution(7) */
const MAX_LINKS = 40;

/** What is at the destination, symbolic links followed: a link that leads to nothing yet says where a file goes. */
function targetOf(to: Side): CopyTarget {
  const mustBeDirectory = isDirectoryWritten(to.path);
  let path = to.path;
  for (let followed = 0; followed <= MAX_LINKS; followed++) {
    const seen = to.look(path);
    const kind = kindAt(seen, path);
    if (kind !== "symlink") return { path, kind, mustBeDirectory };
    if (seen.followed?.kind === "directory") return { path, kind: "directory", mustBeDirectory };
    path = linkedPath(path, seen.target ?? "");
  }
  throw new MasuError("failed", `Look at "${to.path}": ${whyUnseen(ELOOP)}`);
}

function packJob({ place }: Side, { path, follow }: CopySource, name: string, archive: boolean): TreeJob {
  return { place, task: { kind: "pack", path, name, follow, attributes: archive, cross: null } };
}

function unpackJob({ place }: Side, { directory }: CopyRule, archive: boolean): TreeJob {
  const inside = place.kind !== "caller";
  const options = { archive, setId: inside || archive, devices: inside, links: inside };
  return { place, task: { kind: "unpack", path: directory, options } };
}
