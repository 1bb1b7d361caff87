/**
 * What an overlay's upper layer changes of its lower ones, with overlayfs's own marks.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { LayerEntry, TreeChangeKind } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { findOverlay } from "./overlay.ts";

/** The layers to compare. */
export interface OverlayLayers {
  readonly upper: string;
  /** Topmost first. */
  readonly lower: readonly string[];
}

/** One change. */
export interface OverlayChange extends Partial<Omit<LayerEntry, "path">> {
  /** What became of it. */
  readonly change: TreeChangeKind;
  /** Below the mount point. */
  readonly path: string;
}

/** The layers of the overlay on a path. Errors: `not_found`, `failed` it is no overlay, has no upper layer or does not say which. */
export function layersAt(core: Core, path: string): OverlayLayers {
  const { mountPoint, upper, lower } = findOverlay(core, path, "Compare");
  if (upper === null) {
    throw new MasuError("failed", `Compare "${mountPoint}": it is read-only, and has no upper layer`);
  }
  if ([upper, ...lower].some((layer) => !layer.startsWith("/"))) {
    throw new MasuError("failed", `Compare "${mountPoint}": the mount table does not say where its layers are`, {
      hint: "--upper DIR --lower DIR; masu diff for what a container changed",
    });
  }
  return { upper, lower };
}

/**
 * The changes, sorted by path. What is covered by an opaque directory is deleted too.
 *
 * Errors: those of reading the layers.
 */
export function diffOverlay(core: Core, { upper, lower }: OverlayLayers): OverlayChange[] {
  const layer = { lower: [...lower], upper, work: "", options: [], idmapped: false };
  const { answers: [answer] } = call(core, "tree", {
    jobs: [{
      place: { kind: "layers", user: null },
      task: { kind: "changes", overlays: [{ destination: "/", layer }], mountPoints: [] },
    }],
    stream: { kind: "none" },
  });
  const entries = new Map(readLayer(core, upper).map((entry) => [entry.path, entry]));
  return (answer?.changes ?? []).map(({ kind: change, path }) => ({ change, ...entries.get(path), path }));
}

/** All that is in an upper layer, as it is there: whiteouts are files. Sorted by path. */
export function readLayer(core: Core, upper: string): LayerEntry[] {
  return call(core, "layer", { path: upper }).entries;
}

/** Whether this process can read the marks of overlays that root mounted: xattr(7), "Trusted extended attributes". */
export function seesMarks(core: Core): boolean {
  const { capabilities, initialUserNamespace } = call(core, "process", {});
  return capabilities.includes("CAP_SYS_ADMIN") || !initialUserNamespace;
}
