/** `masu overlay list`: the overlays of this mount namespace. */
import { listOverlays } from "../../../lib/engine/overlay.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { OverlayMount } from "../../../lib/host/overlay_mounts.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import { escapeLine } from "../../paint.ts";
import { type Column, table } from "../../table.ts";

const COLUMNS: readonly Column<OverlayMount>[] = [
  { title: "MOUNTPOINT", cell: ({ mountPoint }) => mountPoint },
  { title: "UPPER", cell: ({ upper }) => upper ?? "" },
  { title: "LOWER", cell: ({ lower }) => lower.join(" ") },
];

export const list: Command<never> = {
  name: "list",
  aliases: ["ls"],
  group: "Parts of the kernel, without a container",
  operands: "",
  summary: "List the overlays of this mount namespace with their layers",
  description: [],
  flags: [],
  examples: [["masu overlay list --json", "With work directories and options"]],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ operands: [surplus], report, process }): number {
    if (surplus !== undefined) throw invalidConfig(`Read operand "${surplus}" of "masu overlay list": it takes none`);
    const overlays = listOverlays(process.core());
    const text = report.quiet
      ? overlays.map(({ mountPoint }) => escapeLine(mountPoint)).join("\n")
      : table(COLUMNS, overlays, { paint: report.paint });
    report.result(overlays, text);
    return EXIT.success;
  },
};
