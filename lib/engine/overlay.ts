/**
 * Overlays without a container: mounted, listed and unmounted.
 *
 * @module
 */
import type { OverlayConfig } from "../config/overlay.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import { MasuError } from "../error.ts";
import type { OverlayMount } from "../host/overlay_mounts.ts";
import { overlayMount } from "../host/overlay_mounts.ts";
import { look } from "../host/sightings.ts";
import { overlayRequest, overlayScript, overlayText } from "../plan/overlay.ts";
import { explainBusy } from "./overlay_busy.ts";
import { overlayFacts, overlaysNow, seenOf, visibleNow } from "./overlay_facts.ts";
import type { ExplainForm } from "./run.ts";

/** Mounts it. Errors: what the host cannot do, before anything is touched; those of mount(2), explained. */
export function mountOverlay(core: Core, config: OverlayConfig): OverlayMount {
  const request = overlayRequest(config, overlayFacts(core, config));
  call(core, "mount_overlay", request);
  const { destination, lower, upper, work, options, readOnly } = request;
  return {
    mountPoint: destination,
    lower,
    upper,
    work,
    options: [readOnly ? "ro" : "rw", ...options],
  };
}

/** Tells what would be done, and touches nothing. Errors: as {@link mountOverlay}. */
export function explainOverlay(core: Core, config: OverlayConfig, form: ExplainForm): string {
  const request = overlayRequest(config, overlayFacts(core, config));
  switch (form) {
    case "text":
      return overlayText(request);
    case "json":
      return JSON.stringify(request, null, 2);
    case "sh":
      return overlayScript(request);
    default:
      return form satisfies never;
  }
}

/** The overlays of this mount namespace. */
export function listOverlays(core: Core): OverlayMount[] {
  return overlaysNow(core);
}

/** The overlay that is mounted on a path. Errors: `not_found` there is no mount; `failed` it is no overlay. */
export function findOverlay(core: Core, path: string, action: string): OverlayMount {
  const visible = visibleNow(core);
  const exact = visible.find(({ mountPoint }) => mountPoint === path);
  if (exact !== undefined) {
    const overlay = overlayMount(exact);
    if (overlay !== null) return overlay;
    throw new MasuError("failed", `${action} "${path}": what is mounted there is no overlay but ${exact.type}`, {
      hint: "umount(8) is for others; masu overlay list",
    });
  }
  // By a symbolic link, perhaps.
  const overlays = visible.flatMap((mount) => overlayMount(mount) ?? []);
  const [wanted, ...seen] = seenOf(
    core,
    [path, ...overlays.map(({ mountPoint }) => mountPoint)].map((path) => look("stat", path)),
  );
  const status = wanted?.status;
  const found = overlays.find((_, index) => {
    const other = seen[index]?.status;
    return status != null && other != null && status.device === other.device && status.inode === other.inode;
  });
  if (found !== undefined) return found;
  const cause = status == null ? "there is no such directory" : "nothing is mounted there";
  throw new MasuError("not_found", `${action} "${path}": ${cause}`, { hint: "masu overlay list shows the overlays" });
}

/** Unmounts the overlay on a path. Errors: `failed` it is no overlay, or it is used: by whom. */
export function unmountOverlay(core: Core, path: string, { lazy }: { readonly lazy: boolean }): OverlayMount {
  const overlay = findOverlay(core, path, "Unmount");
  try {
    call(core, "unmount", { path: overlay.mountPoint, lazy });
  } catch (error) {
    throw explainBusy(core, overlay, error);
  }
  return overlay;
}
