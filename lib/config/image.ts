/**
 * IMAGE: where the root file system comes from.
 *
 * @module
 */
import { MasuError } from "../error.ts";
import type { Caller } from "./caller.ts";
import { mistake } from "./mistake.ts";
import { hostPath } from "./path.ts";
import type { Image } from "./run_config.ts";
import { plainWord } from "./text.ts";

const WAYS = "use host (this system's own root, copy on write) or a root directory, for example ./rootfs";

/**
 * `host`, or a path: it starts with `/`, `./` or `../`, ends with `/`, or has a slash inside and is a directory. Every
 * other word is a reference, also when a directory has that name: what a word means does not depend on where it is typed.
 */
export function parseImage(word: string, caller: Caller): Image {
  plainWord("IMAGE", word);
  if (word === "host") return { kind: "host" };
  const path = hostPath("IMAGE", word, () => caller.directory());
  if (isPath(word)) return { kind: "directory", path: existing("IMAGE", path, caller), copyOnWrite: true };
  const directory = caller.kindOf(path) === "directory";
  if (directory && word.includes("/")) return { kind: "directory", path, copyOnWrite: true };
  const hint = directory ? `for the directory of that name write ./${word}` : WAYS;
  throw mistake("IMAGE", word, "images by reference are not supported yet", hint);
}

/** An image as a list of containers shows it. */
export function imageWord(image: Image): string {
  return image.kind === "host" ? "host" : image.path;
}

/** `--rootfs DIR`: the directory itself, without a copy. */
export function parseRootfs(where: string, word: string, caller: Caller): Image {
  const path = hostPath(where, word, () => caller.directory());
  return { kind: "directory", path: existing(where, path, caller), copyOnWrite: false };
}

function isPath(word: string): boolean {
  return /^\.{0,2}\/|\/$|^\.{1,2}$/.test(word);
}

function existing(where: string, path: string, caller: Caller): string {
  const kind = caller.kindOf(path);
  if (kind === "missing") throw new MasuError("not_found", `Read ${where} "${path}": no such directory`);
  if (kind === "other") {
    throw mistake(where, path, "not a directory", "archives are not supported yet: unpack it and name the directory");
  }
  return path;
}
