/**
 * What `masu cp` means by two paths: docker's rules, which are nearly those of cp(1). Pure; what is there is told.
 *
 * @module
 */
import { mistake } from "../config/mistake.ts";
import { plainWord } from "../config/text.ts";
import type { FileKind } from "../core/wire.ts";
import { MasuError } from "../error.ts";

/** One side of a copy. */
export type CopyEnd =
  | { readonly kind: "container"; readonly container: string; readonly path: string }
  | { readonly kind: "host"; readonly path: string }
  /** A tar stream: stdin or stdout. */
  | { readonly kind: "stream" };

/** Reads `CONTAINER:PATH`, a path of the host, or `-`. A path with a colon is written with a slash or dot first. */
export function parseCopyEnd(where: string, written: string): CopyEnd {
  if (written === "-") return { kind: "stream" };
  const colon = written.indexOf(":");
  if (colon < 0 || written.startsWith("/") || written.startsWith(".")) {
    if (written === "") throw mistake(where, written, "no path");
    plainWord(where, written);
    return { kind: "host", path: written };
  }
  const [container, path] = [written.slice(0, colon), written.slice(colon + 1)];
  if (container === "") throw mistake(where, written, "no container before the colon", `./${written} is a path`);
  if (path === "") throw mistake(where, written, "no path after the colon", `all of it is ${container}:/`);
  plainWord(where, path);
  return { kind: "container", container, path: path.startsWith("/") ? path : `/${path}` };
}

/** A path that is copied from. */
export interface CopySource {
  readonly path: string;
  /** Follow a symbolic link at the path itself. */
  readonly follow: boolean;
  /** Only what is in the directory is copied, not the directory itself. */
  readonly contents: boolean;
  /** What it is called where it is copied into. */
  readonly name: string;
  /** A slash says that it is a directory. */
  readonly mustBeDirectory: boolean;
}

/** Reads the path that is copied from, made absolute against `directory`. */
export function sourceOf(written: string, { directory, followLink }: SourceOptions): CopySource {
  const path = written.startsWith("/") ? written : `${directory}/${written}`;
  const mustBeDirectory = /(^|\/)(\.{0,2})$/.test(written);
  const name = cleaned(path).split("/").at(-1) ?? "";
  const contents = /(^|\/)\.$/.test(written) || name === "";
  return { path, follow: followLink || mustBeDirectory, contents, name, mustBeDirectory };
}

/** What a source's path depends on. */
export interface SourceOptions {
  /** The directory that a relative path is relative to. */
  readonly directory: string;
  /** `--follow-link` */
  readonly followLink: boolean;
}

/** A path that is copied to. */
export interface CopyTarget {
  /** Absolute, symbolic links at its end followed. */
  readonly path: string;
  /** What is there; null: nothing. */
  readonly kind: FileKind | null;
  /** A slash says that it is a directory. */
  readonly mustBeDirectory: boolean;
}

/** Whether a path is written as that of a directory. */
export function isDirectoryWritten(path: string): boolean {
  return /(^|\/)(\.{0,2})$/.test(path);
}

/** What is put where. */
export interface CopyRule {
  /** The directory that is copied into. */
  readonly directory: string;
  /** What the source is called in it; `.`: its contents go right into it. */
  readonly name: string;
}

/**
 * Where a source goes. `kind`: what it is.
 *
 * Errors: `not_found`, `already_exists`: the paths do not fit.
 */
export function copyRule(source: CopySource & { readonly kind: FileKind }, target: CopyTarget): CopyRule {
  const isDirectory = source.kind === "directory";
  const action = `Copy "${source.path}" to "${target.path}"`;
  if (source.mustBeDirectory && !isDirectory) {
    throw new MasuError("not_found", `${action}: the source is no directory`, {
      hint: "leave the slash at its end out",
    });
  }
  switch (target.kind) {
    case "directory":
      return { directory: target.path, name: isDirectory && source.contents ? "." : source.name };
    case null:
      if (target.mustBeDirectory && !isDirectory) {
        throw new MasuError("not_found", `${action}: there is no such directory`, { hint: "make it first" });
      }
      return beside(target.path, action);
    case "file":
      if (target.mustBeDirectory || isDirectory) {
        throw new MasuError("already_exists", `${action}: what is there is no directory`);
      }
      return beside(target.path, action);
    default:
      throw new MasuError("already_exists", `${action}: what is there is a ${target.kind.replace("_", " ")}`, {
        hint: "only files are replaced",
      });
  }
}

function beside(path: string, action: string): CopyRule {
  const plain = path.replace(/(\/\.?)+$/, "");
  const slash = plain.lastIndexOf("/");
  const name = plain.slice(slash + 1);
  if (name === "" || name === "..") throw new MasuError("not_found", `${action}: there is no such directory`);
  return { directory: plain.slice(0, slash) || "/", name };
}

/** The path that a symbolic link at `path` leads to. `..` stays: only the kernel knows what is above a symbolic link. */
export function linkedPath(path: string, target: string): string {
  if (target.startsWith("/")) return target;
  const plain = path.replace(/\/+$/, "");
  return `${plain.slice(0, plain.lastIndexOf("/"))}/${target}`;
}

/** `.` and `..` resolved as text: good for a name. */
function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
