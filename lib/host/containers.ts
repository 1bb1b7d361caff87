/**
 * Containers of this user that a config refers to: `--net container:X` and its kin.
 *
 * @module
 */
import type { NamespaceMode, RunConfig } from "../config/run_config.ts";
import type { Look } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { containerPaths, namePath } from "../state/paths.ts";
import type { ContainerFact, StateDirectories } from "./facts.ts";
import { look, type Sightings } from "./sightings.ts";

/** The words after `container:`, each once. */
export function referredContainers(config: RunConfig): string[] {
  const modes: readonly (NamespaceMode | undefined)[] = [
    config.pid,
    config.ipc,
    config.uts,
    config.network,
    config.cgroupns,
  ];
  const words = modes.flatMap((mode) => mode?.kind === "container" ? [mode.container] : []);
  return [...new Set(words)];
}

/** First looks: what the word names. */
export function nameLooks(words: readonly string[], directories: StateDirectories): Look[] {
  return words.map((word) => look("link", namePath(directories, word)));
}

/** Second looks: the container's record. */
export function recordLooks(words: readonly string[], directories: StateDirectories, sightings: Sightings): Look[] {
  return words.map((word) => look("text", recordPath(word, directories, sightings)));
}

/** Third looks: whether its first process is still the same one. */
export function processLooks(words: readonly string[], directories: StateDirectories, sightings: Sightings): Look[] {
  return words.map((word) => look("text", `/proc/${recordOf(word, directories, sightings).pid}/stat`));
}

/** The container behind a word, once all three looks were made. Errors: `not_found` there is none, or it does not run. */
export function containerFact(word: string, directories: StateDirectories, sightings: Sightings): ContainerFact {
  const { id, pid, start } = recordOf(word, directories, sightings);
  const stat = sightings.text(`/proc/${pid}/stat`);
  // proc_pid_stat(5): the name in parentheses may hold blanks; field 22 is the 20th after it.
  const since = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  if (since !== `${start}`) throw notRunning(word);
  return { id, pid };
}

function recordPath(word: string, directories: StateDirectories, sightings: Sightings): string {
  const target = sightings.seen("link", namePath(directories, word)).text;
  // The name's link points to `../containers/ID`: only its last word counts, so that it cannot lead elsewhere.
  return containerPaths(directories, target?.split("/").at(-1) ?? word).state;
}

function recordOf(
  word: string,
  directories: StateDirectories,
  sightings: Sightings,
): ContainerFact & { readonly start: number } {
  const text = sightings.text(recordPath(word, directories, sightings));
  if (text === null) {
    throw new MasuError("not_found", `Find container "${word}": no such container`, {
      hint: "masu list --all shows this user's containers",
    });
  }
  const record = parseRecord(text);
  if (record === null) throw notRunning(word);
  return record;
}

function parseRecord(text: string): ContainerFact & { readonly start: number } | null {
  try {
    const { id, pid, masu } = JSON.parse(text);
    const start = masu?.start;
    return typeof id === "string" && Number.isInteger(pid) && Number.isInteger(start) ? { id, pid, start } : null;
  } catch {
    return null;
  }
}

function notRunning(word: string): MasuError {
  return new MasuError("not_found", `Join the namespaces of container "${word}": it is not running`);
}
