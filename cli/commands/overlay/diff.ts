/** `masu overlay diff`: what an upper layer changes, and how it is marked there. */
import { splitLayers } from "../../../lib/config/overlay.ts";
import { hostPath } from "../../../lib/config/path.ts";
import type { LayerEntry } from "../../../lib/core/wire.ts";
import {
  diffOverlay,
  layersAt,
  type OverlayChange,
  type OverlayLayers,
  readLayer,
  seesMarks,
} from "../../../lib/engine/overlay_diff.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command, Invocation } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";

const FLAGS = [
  { name: "upper", short: "u", value: "DIR", group: "Flags", help: "Compare this layer, mounted or not" },
  {
    name: "lower",
    short: "l",
    value: "DIR[:DIR...]",
    repeatable: true,
    group: "Flags",
    help: "With these, the topmost first",
  },
  { name: "raw", group: "Flags", help: "Show the upper layer as it is: whiteouts, opaque directories and all else" },
] as const satisfies readonly Flag[];

type Name = typeof FLAGS[number]["name"];

const LETTERS = { added: "A", changed: "C", deleted: "D" } as const satisfies Record<OverlayChange["change"], string>;

export const diff: Command<Name> = {
  name: "diff",
  group: "Parts of the kernel, without a container",
  operands: "[MOUNTPOINT]",
  summary: "Tell what was changed in an overlay, and how its upper layer says so",
  description: [
    "One line for each file: A added, C changed, or something in it, D deleted; then overlayfs's marks: a whiteout stands for a " +
    "deleted file, an opaque directory hides what is below it, a redirect says what a directory was called before.",
    "Marks that root made can be read by root alone.",
  ],
  flags: FLAGS,
  examples: [
    ["masu overlay diff merged", "Of a mounted overlay"],
    ["masu overlay diff --upper upper --lower lower", "Of layers that are not mounted"],
    ["masu overlay diff --raw merged", "What is in the upper layer"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run(invocation): number {
    const { flags, report, process } = invocation;
    const layers = layersOf(invocation);
    if (!seesMarks(process.core())) {
      report.warn(
        "Marks that root made (trusted.overlay) cannot be read: opaque directories of root show as usual ones",
      );
    }
    if (flags.on("raw")) {
      const entries = readLayer(process.core(), layers.upper);
      report.result(
        entries,
        entries.map((entry) => `${shape(entry)} ${escapeLine(entry.path)}${marks(entry)}`).join("\n"),
      );
      return EXIT.success;
    }
    const changes = diffOverlay(process.core(), layers);
    const line = (change: OverlayChange) =>
      `${LETTERS[change.change]} ${escapeLine(change.path)}${report.quiet ? "" : marks(change)}`;
    report.result(changes, changes.map(line).join("\n"));
    return EXIT.success;
  },
};

function layersOf({ flags, operands: [mountPoint, surplus], process }: Invocation<Name>): OverlayLayers {
  const path = (where: string, text: string) => hostPath(where, text, () => process.caller.directory());
  const upper = flags.text("upper");
  const lower = flags.all("lower").flatMap((text) => splitLayers(text)).map((text) => path("--lower", text));
  const named = upper !== undefined || lower.length > 0;
  if (surplus !== undefined || named === (mountPoint !== undefined)) {
    throw invalidConfig(
      'Read operands of "masu overlay diff": one mount point is needed, or layers',
      "masu overlay diff MOUNTPOINT, or --upper DIR --lower DIR",
    );
  }
  if (mountPoint !== undefined) return layersAt(process.core(), path("MOUNTPOINT", mountPoint));
  if (upper === undefined || lower.length === 0 && !flags.on("raw")) {
    const missing = upper === undefined ? "--upper" : "--lower";
    throw invalidConfig(`Read "masu overlay diff": flag "${missing}" is needed`, "--upper DIR --lower DIR");
  }
  return { upper: path("--upper", upper), lower };
}

const SHAPES = {
  file: "-",
  directory: "d",
  symlink: "l",
  block_device: "b",
  character_device: "c",
  fifo: "p",
  socket: "s",
} as const satisfies Record<LayerEntry["kind"], string>;

function shape({ kind }: LayerEntry): string {
  return SHAPES[kind];
}

function marks({ path = "", whiteout, opaque, redirect, metacopy }: Partial<LayerEntry>): string {
  const words = [
    ...(whiteout === "device" ? ["whiteout: character device 0:0"] : []),
    ...(whiteout === "attribute" ? ["whiteout: attribute"] : []),
    ...(opaque === true ? ["opaque"] : []),
    ...(redirect == null ? [] : [`was ${escapeLine(redirectedFrom(path, redirect))}`]),
    ...(metacopy === true ? ["metadata only"] : []),
  ];
  return words.length === 0 ? "" : `  (${words.join(", ")})`;
}

/** overlayfs.rst, "redirect_dir": a name alone is one in the same directory. */
function redirectedFrom(path: string, redirect: string): string {
  return redirect.startsWith("/") ? redirect : `${path.slice(0, path.lastIndexOf("/"))}/${redirect}`;
}
