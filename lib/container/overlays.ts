/**
 * Overlays without containers: one directory made of layers.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { overlays } from "@masu/masu";
 *
 * const place = await Deno.makeTempDir();
 * for (const name of ["lower", "upper", "merged"]) await Deno.mkdir(`${place}/${name}`);
 * await Deno.writeTextFile(`${place}/lower/old`, "old");
 *
 * await overlays.mount(`${place}/merged`, { lower: [`${place}/lower`], upper: `${place}/upper` });
 * await Deno.writeTextFile(`${place}/merged/new`, "new");
 * await Deno.remove(`${place}/merged/old`);
 * const changes = await overlays.diff(`${place}/merged`);
 * await overlays.umount(`${place}/merged`);
 *
 * assert(changes.map(({ change, path }) => `${change} ${path}`).join() === "added /new,deleted /old");
 * assert(changes[1]?.whiteout === "device");
 * await Deno.remove(place, { recursive: true });
 * ```
 *
 * @module
 */
import { escapeLayer, type OverlayWords, parseOverlay } from "../config/overlay.ts";
import { hostPath } from "../config/path.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { LayerEntry } from "../core/wire.ts";
import { listOverlays, mountOverlay, unmountOverlay } from "../engine/overlay.ts";
import { diffOverlay, layersAt, type OverlayChange, type OverlayLayers, readLayer } from "../engine/overlay_diff.ts";
import type { OverlayMount } from "../host/overlay_mounts.ts";
import { workingDirectory } from "../host/process.ts";
import { usualCore } from "./core.ts";

/**
 * Mounts an overlay on a directory that is there.
 *
 * Errors: `invalid_config` an option; `denied`; `not_found` a layer; `failed` what the kernel refuses, or should.
 */
export function mount(mountPoint: string, options: OverlayWords): Promise<OverlayMount> {
  return Promise.try(() => {
    const core = usualCore();
    const words = { ...options, lower: options.lower.map(escapeLayer) };
    return mountOverlay(core, parseOverlay(words, mountPoint, () => directoryOf(core)));
  });
}

/** Unmounts the overlay on a path; its layers stay. Errors: `not_found`; `failed` it is used, by whom; it is no overlay. */
export function umount(mountPoint: string, { lazy = false }: { readonly lazy?: boolean } = {}): Promise<OverlayMount> {
  return Promise.try(() => {
    const core = usualCore();
    return unmountOverlay(core, absolute(core, mountPoint), { lazy });
  });
}

/** What was changed in a mounted overlay, or what one layer changes of others. Errors: `not_found`, `failed`. */
export function diff(overlay: string | OverlayLayers): Promise<OverlayChange[]> {
  return Promise.try(() => {
    const core = usualCore();
    const layers = typeof overlay === "string" ? layersAt(core, absolute(core, overlay)) : overlay;
    return diffOverlay(core, {
      upper: absolute(core, layers.upper),
      lower: layers.lower.map((path) => absolute(core, path)),
    });
  });
}

/** All that is in an upper layer, with overlayfs's marks. */
export function layer(upper: string): Promise<LayerEntry[]> {
  return Promise.try(() => readLayer(usualCore(), absolute(usualCore(), upper)));
}

/** The overlays of this mount namespace. */
export function list(): Promise<OverlayMount[]> {
  return Promise.try(() => listOverlays(usualCore()));
}

function absolute(core: Core, path: string): string {
  return hostPath("path", path, () => directoryOf(core));
}

function directoryOf(core: Core): string {
  return workingDirectory(call(core, "process", {}));
}
