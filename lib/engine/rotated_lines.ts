/**
 * Lines of a file that somebody else appends to and rotates: `PATH`, older ones `PATH.1`, `PATH.2` and so on.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ReadReply, WatchedFile } from "../core/wire.ts";

/** As much as is read at once. */
const BLOCK = 256 * 1024;

/** A file that is there. */
interface Present {
  readonly path: string;
  readonly file: string;
  readonly size: number;
}

/** The file that is read; it is kept open, so that its rest can be read whatever becomes of its name. */
interface Current {
  readonly file: string;
  readonly descriptor: number;
  offset: number;
}

/** Reads each whole line once, however the files are renamed meanwhile, unless one is deleted before it was come to. */
export class RotatedLines {
  readonly #core: Core;
  readonly #path: string;
  #current: Current | undefined;
  /** Of the current file. */
  #size = 0;
  #skipsLine = false;
  #end: Present | undefined;
  #isPastEnd = false;
  /** The file that had the plain name when there was nothing more to read. */
  #newest: string | undefined;

  /** Nothing is opened until something is read. */
  constructor(core: Core, path: string) {
    this.#core = core;
    this.#path = path;
  }

  /** Ends at what is there now, however fast more is written. Until {@link goOn}. */
  endHere(): void {
    this.#end = this.#files()[0];
    this.#isPastEnd = false;
  }

  /** Ends nowhere. */
  goOn(): void {
    this.#end = undefined;
  }

  /** The lines that come next, without their ends; none: there are none at the moment. */
  read(): string[] {
    for (;;) {
      const current = this.#current ?? this.#openOldest();
      if (current === undefined) {
        this.#newest = undefined;
        return [];
      }
      if (this.#isAtEnd(current)) return [];
      const lines = this.#linesOf(current);
      if (lines.length > 0) return lines;
      const now = this.#look(this.#path, 0, 0);
      this.#newest = now.file ?? undefined;
      if (now.file === current.file) return [];
      // It was rotated, so that nothing is added to it any more; but something may have been before.
      const rest = this.#linesOf(current);
      if (rest.length > 0) return rest;
      if (!this.#advance(current)) return [];
    }
  }

  /** Begins where at least `count` lines are left, where there are so many, and not many more. */
  skipToLast(count: number): void {
    let missing = count;
    let oldest: Present | undefined;
    for (const file of this.#filesToEnd()) {
      for (let end = file.size; end > 0;) {
        const start = Math.max(0, end - BLOCK);
        missing -= this.#look(file.path, start, end - start).text.split("\n").length - 1;
        end = start;
        if (missing >= 0) continue;
        // The block begins somewhere in a line. A file that is gone already is left out.
        this.#skipsLine = this.#open(file, start) !== undefined && start > 0;
        return;
      }
      oldest = file;
    }
    this.#open(oldest, 0);
  }

  /** A file has the plain name. */
  isThere(): boolean {
    return this.#look(this.#path, 0, 0).file !== null;
  }

  /** What {@link read} has seen, for the op `watch`. */
  seen(): WatchedFile {
    const isCurrent = this.#newest !== undefined && this.#newest === this.#current?.file;
    return { path: this.#path, file: this.#newest ?? null, size: isCurrent ? this.#size : 0 };
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #isAtEnd({ file, offset }: Current): boolean {
    return this.#end !== undefined && (this.#isPastEnd || (file === this.#end.file && offset >= this.#end.size));
  }

  #linesOf(current: Current): string[] {
    const { descriptor, offset } = current;
    const bytes = this.#end?.file === current.file ? Math.min(BLOCK, Math.max(0, this.#end.size - offset)) : BLOCK;
    const { text, next, size } = call(this.#core, "read", { path: "", offset, bytes, lines: true, descriptor });
    this.#size = size;
    if (bytes < BLOCK && this.#end !== undefined && text !== "" && !text.endsWith("\n")) {
      // The end was seen in the middle of a write: it is before that line.
      this.#end = { ...this.#end, size: offset };
      return [];
    }
    current.offset = next;
    const lines = text.split("\n");
    // Lines end, unless one is longer than a block.
    if (lines.at(-1) === "") lines.pop();
    if (!this.#skipsLine || lines.length === 0) return lines;
    this.#skipsLine = false;
    lines.shift();
    return lines.length > 0 ? lines : this.#linesOf(current);
  }

  /** Goes on with the next newer file. False: there is none, now or any more. */
  #advance({ file }: Current): boolean {
    const files = this.#files();
    const index = files.findIndex((present) => present.file === file);
    // The end is in this file, or in one that was deleted as this one was.
    if (file === this.#end?.file) this.#isPastEnd = true;
    if (index < 0 && !files.some((present) => present.file === this.#end?.file)) this.#isPastEnd = true;
    // One that was deleted was the oldest.
    const next = index < 0 ? files.at(-1) : files[index - 1];
    if (next === undefined) return false;
    // Where that fails, it is gone too, and what comes next is found the same way.
    this.#open(next, 0);
    return true;
  }

  /** None: there is no file. One that is gone before it is open was not the oldest any more. */
  #openOldest(): Current | undefined {
    for (;;) {
      const oldest = this.#files().at(-1);
      if (oldest === undefined) return undefined;
      const current = this.#open(oldest, 0);
      if (current !== undefined) return current;
    }
  }

  /** Opens it, by whatever name it has now. */
  #open(wanted: Present | undefined, offset: number): Current | undefined {
    if (wanted === undefined) return undefined;
    for (
      const path of [
        wanted.path,
        ...this.#files().filter(({ file }) => file === wanted.file).map(({ path }) => path),
      ]
    ) {
      const { file, descriptor } = call(this.#core, "read", { path, offset: 0, bytes: 0, lines: true, keep: true });
      if (descriptor === null) continue;
      if (file === wanted.file) {
        this.#close();
        this.#current = { file, descriptor, offset };
        return this.#current;
      }
      call(this.#core, "close_descriptors", { descriptors: [descriptor] });
    }
    return undefined;
  }

  #close(): void {
    if (this.#current === undefined) return;
    call(this.#core, "close_descriptors", { descriptors: [this.#current.descriptor] });
    this.#current = undefined;
  }

  /** Those that are there, the newest first. While they are renamed one may be missing, or be there twice. */
  #files(): Present[] {
    const files: Present[] = [];
    for (let number = 0, gap = 0; gap < 2; number++) {
      const path = number === 0 ? this.#path : `${this.#path}.${number}`;
      const { file, size } = this.#look(path, 0, 0);
      gap = file === null ? gap + 1 : 0;
      if (file !== null && !files.some((present) => present.file === file)) files.push({ path, file, size });
    }
    return files;
  }

  /** Those that are read before the end, as they were then. */
  #filesToEnd(): Present[] {
    const files = this.#files();
    const end = this.#end;
    const index = files.findIndex(({ file }) => file === end?.file);
    return end === undefined || index < 0 ? files : [end, ...files.slice(index + 1)];
  }

  #look(path: string, offset: number, bytes: number): ReadReply {
    return call(this.#core, "read", { path, offset, bytes, lines: false });
  }
}
