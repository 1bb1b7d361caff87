/**
 * mount(2) flag words as mount(8) options, for people and for scripts.
 *
 * @module
 */
import { MS } from "../mount_options.ts";

/** Bit and its mount(8) word, in the order in which mount(8) prints them. */
const WORDS: readonly (readonly [bit: number, word: string])[] = [
  [MS.RDONLY, "ro"],
  [MS.NOSUID, "nosuid"],
  [MS.NODEV, "nodev"],
  [MS.NOEXEC, "noexec"],
  [MS.SYNCHRONOUS, "sync"],
  [MS.DIRSYNC, "dirsync"],
  [MS.NOSYMFOLLOW, "nosymfollow"],
  [MS.NOATIME, "noatime"],
  [MS.NODIRATIME, "nodiratime"],
  [MS.RELATIME, "relatime"],
  [MS.STRICTATIME, "strictatime"],
];

/** The words of a flag word, then the file system's own data: `ro,nosuid,size=64m`. Empty when there are none. */
export function mountWords(flags: number, data = ""): string {
  const words = WORDS.filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word);
  if (data !== "") words.push(data);
  return words.join(",");
}
