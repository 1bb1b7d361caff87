/** `masu cap decode`: masks to names, and back. */
import { parseNames } from "../../../lib/config/capability_run.ts";
import { mistake } from "../../../lib/config/mistake.ts";
import { invalidConfig } from "../../../lib/error.ts";
import { ALL, CAPABILITIES } from "../../../lib/spec/capabilities.ts";
import { capabilitiesOfMask, maskOfCapabilities, maskText } from "../../../lib/spec/capability_sets.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { readLines } from "../../lines.ts";
import type { Process } from "../../process.ts";

const FLAGS = [
  {
    name: "encode",
    short: "e",
    group: "Flags",
    help: "The other way round: names, with commas between them, to a mask",
  },
] as const satisfies readonly Flag[];

/** A mask with what is written before it. */
interface Decoded {
  readonly label: string;
  readonly mask: string;
  readonly capabilities: readonly string[];
}

export const decode: Command<typeof FLAGS[number]["name"]> = {
  name: "decode",
  group: "Parts of the kernel, without a container",
  operands: "[MASK...]",
  summary: "Tell the capabilities of hexadecimal masks, or the mask of names",
  description: [
    "As capsh --decode. Without operands lines of stdin are read, also those of /proc/PID/status: what is before a mask stays. " +
    "-q prints the names alone.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cap decode 0x3000", "0x0000000000003000=cap_net_admin,cap_net_raw"],
    ["grep ^Cap /proc/1/status | masu cap decode", "The sets of init"],
    ["masu cap decode --encode net_admin,net_raw", "0000000000003000"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  async run({ flags, operands, report, process }): Promise<number> {
    const lines = operands.length > 0 ? operands : await linesOf(process);
    const decoded = flags.on("encode") ? lines.map(encodeOne) : lines.map(decodeOne);
    const line = ({ label, mask, capabilities }: Decoded) => {
      if (flags.on("encode")) return mask;
      const names = capabilities.map((name) => name.toLowerCase()).join(",");
      return report.quiet ? names : `${label}0x${mask}=${names}`;
    };
    report.result(
      decoded.map(({ label, ...rest }) => ({ ...(label !== "" && { name: label.replace(/:?\s*$/, "") }), ...rest })),
      decoded.map(line).join("\n"),
    );
    return EXIT.success;
  },
};

async function linesOf({ stdin }: Process): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(stdin)) if (line.trim() !== "") lines.push(line.trim());
  if (lines.length === 0) {
    throw invalidConfig(
      'Read operands of "masu cap decode": no mask is named, and stdin has none',
      "masu cap decode 3000",
    );
  }
  return lines;
}

function decodeOne(text: string): Decoded {
  const [, label = "", hex] = /^(?:(\S+:\s*))?(?:0x)?([0-9a-f]{1,16})$/i.exec(text) ?? [];
  if (hex === undefined) throw mistake("MASK", text, "not a hexadecimal mask of at most 16 digits", "names: --encode");
  const mask = BigInt(`0x${hex}`);
  return {
    label: label.replace(/\s*$/, label === "" ? "" : " "),
    mask: maskText(mask),
    capabilities: capabilitiesOfMask(mask),
  };
}

function encodeOne(text: string): Decoded {
  const names = parseNames("NAMES", [text]);
  const capabilities = names.includes(ALL) ? CAPABILITIES : names;
  const mask = maskOfCapabilities(capabilities);
  return { label: "", mask: maskText(mask), capabilities: capabilitiesOfMask(mask) };
}
