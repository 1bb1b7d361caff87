/**
 * An overlay without a container, as it is written.
 *
 * @module
 */
import { invalidConfig } from "../error.ts";
import { mistake, notAmong } from "./mistake.ts";
import { hostPath } from "./path.ts";
import { plainWord } from "./text.ts";

/** What was written. */
export interface OverlayWords {
  /** Layers, several in one word with colons between them; a backslash takes the meaning of a colon away. */
  readonly lower: readonly string[];
  readonly upper?: string | undefined;
  readonly work?: string | undefined;
  readonly readOnly?: boolean;
  readonly volatile?: boolean;
  readonly userxattr?: boolean;
  readonly index?: string | undefined;
  readonly metacopy?: string | undefined;
  readonly redirectDir?: string | undefined;
  readonly xino?: string | undefined;
  /** Options of overlayfs by their own names. */
  readonly options?: readonly string[];
}

/** What is meant. */
export interface OverlayConfig {
  readonly mountPoint: string;
  /** Topmost first. */
  readonly lower: readonly string[];
  /** undefined: nothing can be changed. */
  readonly upper?: string;
  readonly work?: string;
  /** Nobody named the work directory: it is made beside the upper one. */
  readonly workBeside: boolean;
  readonly readOnly: boolean;
  /** `index=on`, as the kernel reads them. */
  readonly options: readonly string[];
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  index: ["on", "off"],
  metacopy: ["on", "off"],
  "redirect-dir": ["on", "off", "follow", "nofollow"],
  xino: ["on", "off", "auto"],
};

/** Layers, and what --option must not say a second time. */
const OWN = ["lowerdir", "lowerdir+", "datadir+", "upperdir", "workdir"];

/** Reads them. Errors: `invalid_config` for the first mistake. */
export function parseOverlay(words: OverlayWords, mountPoint: string, directory: () => string): OverlayConfig {
  const path = (where: string, text: string) => hostPath(where, text, directory);
  const lower = words.lower.flatMap((text) => splitLayers(text)).map((text) => path("--lower", text));
  if (lower.length === 0) throw invalidConfig('Read "masu overlay mount": no lower layer is named', "--lower DIR");
  const upper = words.upper === undefined ? undefined : path("--upper", words.upper);
  checkUpper(words, lower);
  const work = words.work === undefined
    ? upper === undefined ? undefined : `${upper}.work`
    : path("--work", words.work);
  return {
    mountPoint: path("MOUNTPOINT", mountPoint),
    lower,
    ...(upper !== undefined && { upper }),
    ...(work !== undefined && { work }),
    workBeside: words.work === undefined && upper !== undefined,
    readOnly: words.readOnly === true || upper === undefined,
    options: optionsOf(words),
  };
}

function checkUpper({ upper, work, readOnly, volatile }: OverlayWords, lower: readonly string[]): void {
  if (upper === undefined) {
    if (work !== undefined) throw mistake("--work", work, "it belongs to an upper layer", "--upper DIR");
    if (volatile === true) throw invalidConfig('Read flag "--volatile": there is no upper layer', "--upper DIR");
    if (readOnly !== true) {
      throw invalidConfig('Read "masu overlay mount": no upper layer is named', "--upper DIR, or --read-only");
    }
    if (lower.length < 2) {
      throw invalidConfig(
        'Read "masu overlay mount": one lower layer alone makes no overlay',
        "a second --lower, or --upper DIR",
      );
    }
  }
}

/** `A:B` as `A` and `B`; `A\:B` is one path with a colon. */
export function splitLayers(text: string): string[] {
  const layers = [""];
  for (const [part] of text.matchAll(/\\[\\:,]|:|[^:\\]+|\\/g)) {
    if (part === ":") layers.push("");
    else layers.push((layers.pop() ?? "") + (part.length === 2 && part.startsWith("\\") ? part.slice(1) : part));
  }
  if (layers.includes("")) throw mistake("--lower", text, "a layer is empty");
  return layers;
}

function optionsOf(words: OverlayWords): string[] {
  const named: [name: string, text: string | undefined][] = [
    ["index", words.index],
    ["metacopy", words.metacopy],
    ["redirect-dir", words.redirectDir],
    ["xino", words.xino],
  ];
  const options = named.flatMap(([name, text]) => {
    if (text === undefined) return [];
    const choices = CHOICES[name] ?? [];
    const value = { true: "on", false: "off" }[text] ?? text;
    if (!choices.includes(value)) throw notAmong(`--${name}`, text, "no such value", choices);
    return [`${name.replace("-", "_")}=${value}`];
  });
  if (words.volatile === true) options.push("volatile");
  if (words.userxattr === true) options.push("userxattr");
  const all = [...options, ...(words.options ?? []).flatMap((text) => text.split(",")).map(ownOption)];
  return checkOptions([...new Set(all)]);
}

function ownOption(text: string): string {
  plainWord("--option", text);
  const [name = ""] = text.split("=");
  if (OWN.includes(name)) throw mistake("--option", text, "layers have flags of their own", "--lower, --upper, --work");
  return text;
}

/** What the kernel would refuse with EINVAL alone. overlayfs.rst, "Metadata only copy up", "User xattr" */
export function checkOptions(options: string[]): string[] {
  const has = (option: string) => options.includes(option);
  const conflicts: [one: string, other: string][] = [
    ["metacopy=on", "redirect_dir=off"],
    ["metacopy=on", "redirect_dir=nofollow"],
    ["userxattr", "metacopy=on"],
    ["userxattr", "redirect_dir=on"],
  ];
  const found = conflicts.find(([one, other]) => has(one) && has(other));
  if (found !== undefined) {
    throw invalidConfig(`Read the overlay's options: ${found[0]} does not go with ${found[1]}`);
  }
  return options;
}

/** A path in mount data, where a colon divides layers, a comma options, and a backslash takes their meaning away. */
export function escapeLayer(path: string): string {
  return path.replace(/[\\:,]/g, "\\$&");
}
