/**
 * Who runs masu: what written words are read against.
 *
 * @module
 */

/** What stands at a path, as far as reading the command line needs to know. */
export type PathKind = "directory" | "other" | "missing";

/** The runtime caller's own directory, environment and files. Each is read only when a word asks for it. */
export interface Caller {
  /** The working directory, absolute. */
  directory(): string;
  readonly environment: Readonly<Record<string, string>>;
  /** The text of a file, which `where` named. Throws MasuError when it cannot be read. */
  readText(where: string, path: string): string;
  /** What is at an absolute path, symbolic links followed. */
  kindOf(path: string): PathKind;
}
