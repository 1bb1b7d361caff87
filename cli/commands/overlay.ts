/** `masu overlay`: directories made of layers, without containers. */
import type { Command } from "../command.ts";
import { family } from "../family.ts";
import { diff } from "./overlay/diff.ts";
import { list } from "./overlay/list.ts";
import { mount } from "./overlay/mount.ts";
import { umount } from "./overlay/umount.ts";

export const overlay: Command = family({
  name: "overlay",
  group: "Parts of the kernel, without a container",
  summary: "Overlays: one directory made of layers; what was changed in it",
  description: [],
  examples: [
    ["masu overlay mount --lower base --upper changes merged", "See base in merged, and write what changes to changes"],
    ["masu overlay diff merged", "What changed"],
    ["masu overlay umount merged", "Keep changes, and nothing else"],
  ],
  subcommands: [mount, umount, diff, list],
});
