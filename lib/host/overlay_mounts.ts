/**
 * Overlays in a mount table.
 *
 * @module
 */
import { splitLayers } from "../config/overlay.ts";
import type { MountEntry } from "./mounts.ts";

/** A mounted overlay. */
export interface OverlayMount {
  readonly mountPoint: string;
  /** Topmost first, as they were named when it was mounted. */
  readonly lower: readonly string[];
  /** null: it is read-only. */
  readonly upper: string | null;
  readonly work: string | null;
  /** The others. */
  readonly options: readonly string[];
}

/** What a mount's line says of it; null: it is no overlay. */
export function overlayMount({ type, mountPoint, superOptions, options }: MountEntry): OverlayMount | null {
  if (type !== "overlay") return null;
  const values = superOptions.map((option) => {
    const [name = "", ...rest] = option.split("=");
    return { name, value: unescape(rest.join("=")), option };
  });
  const of = (name: string) => values.filter((option) => option.name === name).map(({ value }) => value);
  const lower = [...of("lowerdir").flatMap(layersOf), ...of("lowerdir+"), ...of("datadir+")];
  const named = new Set(["lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir"]);
  const others = values.filter(({ name }) => !named.has(name)).map(({ option }) => unescape(option));
  return {
    mountPoint,
    lower,
    upper: single(of("upperdir")),
    work: single(of("workdir")),
    options: [...new Set([...options.filter((option) => option !== "relatime"), ...others])],
  };
}

/** Two colons are before data-only layers. */
function layersOf(text: string): string[] {
  return splitLayers(text.replaceAll("::", ":"));
}

function single([value]: readonly string[]): string | null {
  return value === undefined ? null : value.replace(/\\([\\:,])/g, "$1");
}

/** seq_show_option() of the kernel writes commas, backslashes and blanks of a value in octal. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));
}
