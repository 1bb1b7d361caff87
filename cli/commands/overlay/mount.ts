/** `masu overlay mount`: several directories as one. */
import { type OverlayConfig, parseOverlay } from "../../../lib/config/overlay.ts";
import { explainOverlay, mountOverlay } from "../../../lib/engine/overlay.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command, Invocation } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { explainForm } from "../../global_options.ts";
import { escapeLine } from "../../paint.ts";
import { tellPlan } from "../../told_plan.ts";

const LAYERS = "Layers";
const OPTIONS = "Options of overlayfs";

const FLAGS = [
  {
    name: "lower",
    short: "l",
    value: "DIR[:DIR...]",
    repeatable: true,
    group: LAYERS,
    help: "What is seen and never changed, the topmost first; \\: is a colon in a path",
  },
  { name: "upper", short: "u", value: "DIR", group: LAYERS, help: "What is written to" },
  {
    name: "work",
    short: "w",
    value: "DIR",
    group: LAYERS,
    help: "An empty directory on the file system of the upper one; without it UPPER.work is made",
  },
  { name: "read-only", short: "r", group: LAYERS, help: "No changes, and no upper layer is needed" },
  {
    name: "index",
    value: "on|off",
    bare: "on",
    group: OPTIONS,
    help: "Keep hard links together when one is changed",
  },
  {
    name: "metacopy",
    value: "on|off",
    bare: "on",
    group: OPTIONS,
    help: "Copy no content of a file of which only owner, mode or times change",
  },
  {
    name: "redirect-dir",
    value: "on|off|follow|nofollow",
    bare: "on",
    group: OPTIONS,
    help: "Rename directories of lower layers in place of EXDEV",
  },
  {
    name: "xino",
    value: "on|off|auto",
    bare: "on",
    group: OPTIONS,
    help: "Inode numbers that tell the layers' file systems apart",
  },
  { name: "volatile", group: OPTIONS, help: "Never sync: fast, and lost when the host crashes" },
  {
    name: "userxattr",
    group: OPTIONS,
    help: "Marks in attributes that user namespaces may write; masu does it by itself in one",
  },
  {
    name: "option",
    short: "o",
    value: "NAME[=VALUE]",
    repeatable: true,
    group: OPTIONS,
    help: "Any other, by overlayfs's name",
  },
] as const satisfies readonly Flag[];

type Name = typeof FLAGS[number]["name"];

export const mount: Command<Name> = {
  name: "mount",
  group: "Parts of the kernel, without a container",
  operands: "MOUNTPOINT",
  summary: "Show several directories as one, and write what changes to the upper one",
  description: [
    "As mount -t overlay, with colons, commas and backslashes of paths as they are, as many layers as there are, and checks of what the " +
    "kernel refuses with EINVAL, or does not refuse though files are lost by it: an upper directory of another overlay.",
    "It needs root, or a user namespace: masu ns run --user --map-root --mount -- masu overlay mount ...",
  ],
  flags: FLAGS,
  examples: [
    ["masu overlay mount --lower lower --upper upper --work work merged", "The three directories of an overlay"],
    ["masu overlay mount --lower top:middle:bottom --read-only merged", "Layers without changes"],
    ["masu overlay mount --explain=sh --lower lower --upper upper merged", "The line for mount(8)"],
  ],
  runsProgram: false,
  makesPlan: true,
  hasResult: true,
  run(invocation): number {
    const { globals, report, process } = invocation;
    const config = readOverlay(invocation);
    report.debug(`config ${JSON.stringify(config)}`);
    const form = explainForm(globals);
    if (form !== undefined) {
      tellPlan(report, form, explainOverlay(process.core(), config, form));
      return EXIT.success;
    }
    const overlay = mountOverlay(process.core(), config);
    report.result(overlay, report.quiet ? "" : escapeLine(overlay.mountPoint));
    return EXIT.success;
  },
};

function readOverlay({ flags, operands: [mountPoint, surplus], process }: Invocation<Name>): OverlayConfig {
  if (mountPoint === undefined || surplus !== undefined) {
    throw invalidConfig('Read operands of "masu overlay mount": one mount point is needed', "mkdir it first");
  }
  const words = {
    lower: flags.all("lower"),
    upper: flags.text("upper"),
    work: flags.text("work"),
    readOnly: flags.on("read-only"),
    volatile: flags.on("volatile"),
    userxattr: flags.on("userxattr"),
    index: flags.text("index"),
    metacopy: flags.text("metacopy"),
    redirectDir: flags.text("redirect-dir"),
    xino: flags.text("xino"),
    options: flags.all("option"),
  };
  return parseOverlay(words, mountPoint, () => process.caller.directory());
}
