/**
 * The container's root: layers, `--rootfs`, or the running system itself.
 *
 * @module
 */
import type { FileStatus, HostStep, OverlayLayer, Owner, RootSource, StageStep, UserMapping } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { kernelAtLeast } from "../host/kernel.ts";
import { fileSystemAt, isBelow, visibleMounts } from "../host/mounts.ts";
import { type HostPiece, hostRoot, type LayerTop } from "../image/host_root.ts";
import type { RunContext } from "./run_context.ts";
import { closedDirectory, makeDirectory, privateDirectory, removeTree } from "./directories.ts";
import { mountOptions, MS } from "./mount_options.ts";
import { hostID } from "./user_namespace.ts";
import { readOnlyRoot } from "./protection.ts";

/** The steps that concern the root. */
export interface RootPlan {
  /** Makes what the container writes to. */
  readonly create: readonly HostStep[];
  readonly before: readonly HostStep[];
  /** Mounts it; everything else is mounted in it afterwards. */
  readonly opening: readonly StageStep[];
  /** Once everything is mounted in it. */
  readonly closing: readonly StageStep[];
  readonly afterwards: readonly HostStep[];
  /** Removes what the container wrote. */
  readonly delete: readonly HostStep[];
  /** Whose ids files right in the data directory may have; null: this user's or root's. */
  readonly dataRemover: UserMapping | null;
  /** What the container writes is in its data directory. */
  readonly usesData: boolean;
}

/** Plans the root. Errors: `kernel_lacks` no file system here can hold what the container writes. */
export function rootPlan(context: RunContext): RootPlan {
  const { config: { image, readOnly } } = context;
  const plan = image.kind === "host"
    ? hostPlan(context)
    : image.copyOnWrite
    ? layeredPlan(image.path, context)
    : directPlan(image.path, context);
  return readOnly ? { ...plan, closing: [...plan.closing, ...readOnlyRoot(context.spec)] } : plan;
}

/** A directory that is copied on write. */
function layeredPlan(path: string, context: RunContext): RootPlan {
  const layers = layerMaker(context);
  const layer = layers.make(path, topOf(context.facts.image.paths["/"] ?? null));
  return {
    ...layers.plan(),
    opening: [mountRoot({ kind: "overlay", layer }, context)],
    closing: [],
  };
}

/** A directory itself. What has to be made in it to mount on is removed again. */
function directPlan(source: string, context: RunContext): RootPlan {
  return {
    create: [],
    before: [],
    opening: [mountRoot({ kind: "bind", source, recursive: true, idmapped: context.idmapped }, context)],
    closing: [],
    afterwards: missingMountPoints(source, context),
    delete: [],
    dataRemover: null,
    usesData: false,
  };
}

function mountRoot(root: RootSource, { paths }: RunContext): StageStep {
  return { kind: "mount_root", path: paths.rootfs, root };
}

/** Mount points that were not there, parents too, the deepest first. What lies in another mount goes with that. */
function missingMountPoints(root: string, { spec, facts, paths }: RunContext): HostStep[] {
  const missing = new Map<string, boolean>();
  const destinations = spec.mounts.map(({ destination }) => destination);
  for (const { destination, type, source = "" } of spec.mounts) {
    if (destinations.some((other) => other !== destination && isBelow(destination, other))) continue;
    const isFile = type === "bind" && (isBelow(source, paths.etc) || isFileThere(facts.sources[source] ?? null));
    const names = destination.split("/").slice(1);
    names.forEach((_, index) => {
      const path = `/${names.slice(0, index + 1).join("/")}`;
      if (facts.image.paths[path] === null) missing.set(path, isFile && index === names.length - 1);
    });
  }
  return [...missing].sort(([a], [b]) => a < b ? 1 : -1)
    .map(([path, file]) => ({ kind: "remove_mount_point", root, path, file }));
}

function isFileThere(status: FileStatus | null): boolean {
  return status !== null && status.kind !== "directory";
}

/** The running system: see lib/image/host_root.ts. */
function hostPlan(context: RunContext): RootPlan {
  const { facts, spec, config } = context;
  const { process, home, directories } = facts;
  const { root, pieces } = hostRoot(facts.mounts, facts.hostTree, { process, home, directories });
  const layers = layerMaker(context);
  const source: RootSource = root === "empty"
    ? { kind: "tmpfs", data: "mode=755" }
    : { kind: "overlay", layer: layers.make("/", root) };
  const destinations = spec.mounts.map(({ destination }) => destination);
  // What one of the spec's mounts covers anyway is not mounted first.
  const wanted = pieces.filter(({ kind, path }) =>
    kind === "directory" || kind === "symlink" || !destinations.includes(path)
  );
  const opening: StageStep[] = [mountRoot(source, context)];
  const closing: StageStep[] = [];
  for (const piece of wanted) {
    const filled = [...destinations, ...pieces.map(({ path }) => path)].some((path) =>
      path !== piece.path && isBelow(path, piece.path)
    );
    opening.push(...pieceSteps(piece, { layers, root, filled }));
    const flags = closingFlags(piece, filled, config.readOnly);
    if (flags !== null) closing.push({ kind: "remount", destination: piece.path, flags, propagation: null });
  }
  return { ...layers.plan(), opening, closing };
}

const HIDDEN = MS.NOSUID | MS.NODEV | MS.NOEXEC;

/** What pieces depend on. */
interface PieceSituation {
  readonly layers: LayerMaker;
  readonly root: LayerTop | "empty";
  /** Something is mounted or made below it. */
  readonly filled: boolean;
}

function pieceSteps(piece: HostPiece, { layers, root, filled }: PieceSituation): StageStep[] {
  const { path } = piece;
  switch (piece.kind) {
    case "overlay": {
      const mount: StageStep = { kind: "mount_overlay", destination: path, layer: layers.make(path, piece.top) };
      const { flags } = mountOptions(piece.mountOptions);
      return [
        ...(root === "empty" ? [madeDirectory(path, 0o755)] : []),
        mount,
        ...(flags === 0 ? [] : [{ kind: "remount", destination: path, flags, propagation: null } as const]),
      ];
    }
    case "bind":
      return [{
        kind: "bind",
        source: path,
        destination: path,
        recursive: false,
        flags: mountOptions(piece.mountOptions).flags | MS.RDONLY,
        recursiveReadOnly: false,
        propagation: null,
        create: piece.file ? "file" : "directory",
      }];
    case "directory":
      return [madeDirectory(path, piece.mode)];
    case "symlink":
      return [{ kind: "make_symlink", path, target: piece.target }];
    case "fresh":
      return [tmpfs(path, MS.NOSUID | MS.NODEV, `mode=${piece.mode.toString(8)}`, "directory")];
    case "hidden": {
      const atTop = path.lastIndexOf("/") === 0;
      const flags = filled ? HIDDEN : HIDDEN | MS.RDONLY;
      return [tmpfs(path, flags, "mode=755", root === "empty" && atTop ? "directory" : "optional")];
    }
    default:
      return piece satisfies never;
  }
}

/** Flags that a piece gets at the end; null: it stays as it is. */
function closingFlags(piece: HostPiece, filled: boolean, readOnly: boolean): number | null {
  if (piece.kind === "hidden" && filled) return HIDDEN | MS.RDONLY;
  if (piece.kind === "overlay" && readOnly) return mountOptions(piece.mountOptions).flags | MS.RDONLY;
  return null;
}

function madeDirectory(path: string, mode: number): StageStep {
  return { kind: "make_directory", path, mode };
}

function tmpfs(destination: string, flags: number, data: string, create: "directory" | "optional"): StageStep {
  return { kind: "mount", source: "tmpfs", destination, type: "tmpfs", flags, data, create };
}

/** Makes overlays with numbered upper directories. */
interface LayerMaker {
  make(lower: string, top: LayerTop): OverlayLayer;
  /** The directories of all layers made so far. */
  plan(): Omit<RootPlan, "opening" | "closing">;
}

function layerMaker(context: RunContext): LayerMaker {
  const { idmapped, owner, remover, paths, config: { lasting } } = context;
  const place = layerPlace(context);
  const options = layerOptions(context);
  const create: HostStep[] = [];
  const before: HostStep[] = [];
  let count = 0;
  return {
    make(lower, top) {
      const number = count++ === 0 ? "" : `${count - 1}`;
      const upper = `${place}/upper${number}`;
      const work = `${place}/work${number}`;
      create.push(makeDirectory(upper, top.mode, ownerOf(top, context)), makeDirectory(work, 0o700, owner));
      // overlayfs.rst, "Volatile mount": its mark keeps the directories from being mounted again, which is for after a crash.
      if (lasting && options.includes("volatile")) before.push(removeTree(`${work}/work/incompat`, null));
      return { lower: [lower], upper, work, options, idmapped };
    },
    plan() {
      const isData = place === paths.data;
      const isRuntime = place === paths.layers;
      const made = isData ? [] : isRuntime ? privateDirectory(place, owner) : [closedDirectory(place, owner)];
      return {
        create: [...made, ...create],
        before,
        afterwards: [],
        delete: isData ? [] : [removeTree(place, remover)],
        dataRemover: isData ? remover : null,
        usesData: !isRuntime,
      };
    },
  };
}

/** On disk, whom the layer's top belongs to, so that the container sees the lower one's owner. */
function ownerOf({ uid, gid }: LayerTop, { mapping, remover, owner }: RunContext): Owner | null {
  // An ordinary user can give nothing away: to the container, all tops are its root's.
  if (remover !== null || mapping === null && uid === 0 && gid === 0) return null;
  if (mapping === null || owner === null) return { uid, gid };
  return {
    uid: hostID(mapping.uidMappings, uid) ?? owner.uid,
    gid: hostID(mapping.gidMappings, gid) ?? owner.gid,
  };
}

/** overlayfs.rst: outside of the initial user namespace its marks are user.overlay.* attributes, from Linux 5.11 on. */
function layerOptions({ confined, config, remover, facts: { kernel } }: RunContext): string[] {
  const options: string[] = [];
  if (confined && kernelAtLeast(kernel, 5, 11)) options.push("userxattr");
  // What the container writes is thrown away when it ends: nothing needs to be on disk then. An ordinary user could not take the
  // mark away that keeps such a layer from being mounted a second time.
  const thrownAway = config.lasting ? config.remove && remover === null : true;
  if (thrownAway && kernelAtLeast(kernel, 5, 10)) options.push("volatile");
  return options;
}

/** File systems that overlayfs takes no upper directory from: no whiteouts, no attributes, or an overlay itself. */
const NO_UPPER = /^(overlay|nfs4?|cifs|smb3|vfat|msdos|exfat|ntfs3?|9p|fuse(\..*|blk)?|ecryptfs)$/;

/**
 * Where upper directories go: the data directory, or the runtime directory where that cannot hold any (masu in a container).
 *
 * Those of a container that lives on are below a directory of their own, so that they can go before the rest of it does: as long
 * as that is there, the container is.
 */
function layerPlace({ config, facts: { mounts, directories }, paths }: RunContext): string {
  const visible = visibleMounts(mounts);
  const type = fileSystemAt(visible, directories.data);
  if (!NO_UPPER.test(type)) return config.lasting ? `${paths.data}/layers` : paths.data;
  const other = fileSystemAt(visible, directories.runtime);
  if (!NO_UPPER.test(other)) return paths.layers;
  throw new MasuError(
    "kernel_lacks",
    `Keep what the container writes in "${directories.data}": overlayfs cannot write to a file system of type "${type}"`,
    { hint: "name a directory on a disk or a tmpfs with --root DIR, or use --rootfs DIR" },
  );
}

function topOf(status: FileStatus | null): LayerTop {
  return status === null ? { mode: 0o755, uid: 0, gid: 0 } : { mode: status.mode, uid: status.uid, gid: status.gid };
}
