/**
 * `--tmpfs DESTINATION[:OPTIONS]`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { containerPath } from "./path.ts";
import type { TmpfsMount } from "./run_config.ts";
import { plainWord } from "./text.ts";

/** mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS", those that a new tmpfs can have. */
const FLAGS: readonly string[] = [
  "ro",
  "rw",
  "suid",
  "nosuid",
  "dev",
  "nodev",
  "exec",
  "noexec",
  "sync",
  "async",
  "dirsync",
  "atime",
  "noatime",
  "diratime",
  "nodiratime",
  "relatime",
  "strictatime",
];

/** tmpfs(5): what a value looks like. */
const VALUES: ReadonlyMap<string, RegExp> = new Map([
  ["size", /^[0-9]+[kmgtpe%]?$/i],
  ["mode", /^[0-7]{1,4}$/],
  ["uid", /^[0-9]{1,10}$/],
  ["gid", /^[0-9]{1,10}$/],
  ["nr_blocks", /^[0-9]+[kmgtpe]?$/i],
  ["nr_inodes", /^[0-9]+[kmgtpe]?$/i],
  ["huge", /^(never|always|within_size|advise)$/],
  ["mpol", /^[a-z0-9=:,-]+$/],
]);

/** A tmpfs of its own. */
export function parseTmpfs(where: string, text: string): TmpfsMount {
  plainWord(where, text);
  const colon = text.indexOf(":");
  const destination = containerPath(where, colon < 0 ? text : text.slice(0, colon));
  const options = colon < 0 ? [] : text.slice(colon + 1).split(",").filter((word) => word !== "");
  for (const option of options) checkOption(where, option);
  return { kind: "tmpfs", destination, options };
}

function checkOption(where: string, option: string): void {
  if (FLAGS.includes(option)) return;
  const equals = option.indexOf("=");
  const shape = equals < 0 ? undefined : VALUES.get(option.slice(0, equals));
  if (shape?.test(option.slice(equals + 1))) return;
  if (shape !== undefined) throw mistake(where, option, `not a value of ${option.slice(0, equals)}`, "see tmpfs(5)");
  if (option === "tmpcopyup") throw mistake(where, option, "masu does not copy what the image has there");
  if (VALUES.has(option)) throw mistake(where, option, "no value", `${option}=VALUE, see tmpfs(5)`);
  throw notAmong(where, option, "no such option of tmpfs", [...FLAGS, ...VALUES.keys()]);
}
