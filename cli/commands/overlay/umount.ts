/** `masu overlay umount`: overlays, and nothing else. */
import { hostPath } from "../../../lib/config/path.ts";
import { unmountOverlay } from "../../../lib/engine/overlay.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";

const FLAGS = [
  { name: "lazy", group: "Flags", help: "Also while it is used: it goes when nobody uses it any more" },
] as const satisfies readonly Flag[];

export const umount: Command<typeof FLAGS[number]["name"]> = {
  name: "umount",
  aliases: ["unmount"],
  group: "Parts of the kernel, without a container",
  operands: "MOUNTPOINT...",
  summary: "Unmount overlays; their layers stay as they are",
  description: [
    "Only overlays: what else is mounted there is left alone. Where one is in use, the message says by which process. " +
    "The upper layer has all changes; its work directory can be removed.",
  ],
  flags: FLAGS,
  examples: [["masu overlay umount merged", "The layers stay"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ flags, operands, report, process }): number {
    if (operands.length === 0) {
      throw invalidConfig('Read operands of "masu overlay umount": a mount point is needed', "masu overlay list");
    }
    const paths = operands.map((text) => hostPath("MOUNTPOINT", text, () => process.caller.directory()));
    const gone = paths.map((path) => unmountOverlay(process.core(), path, { lazy: flags.on("lazy") }));
    report.result(gone, report.quiet ? "" : gone.map(({ mountPoint }) => escapeLine(mountPoint)).join("\n"));
    return EXIT.success;
  },
};
