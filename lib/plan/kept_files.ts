/**
 * What a container has on the host besides its root: directories of masu's own, its name, the files that were asked for.
 *
 * @module
 */
import type { HostStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { namePath } from "../state/paths.ts";
import { ID, PID } from "./blank.ts";
import type { RunContext } from "./run_context.ts";
import { writeFile } from "./directories.ts";

/** A step that makes something, and one that removes it again. */
export interface MadeAndRemoved {
  readonly making: readonly HostStep[];
  readonly removing: readonly HostStep[];
}

const NOTHING: MadeAndRemoved = { making: [], removing: [] };

/** The link that makes a name this container's. Errors: `already_exists` it is another's. */
export function nameSteps({ config, facts }: RunContext): MadeAndRemoved {
  const { name } = config;
  if (name === undefined) return NOTHING;
  if (facts.taken.name !== null) {
    throw new MasuError("already_exists", `Use name "${name}" (--name): container "${facts.taken.name}" has it`, {
      hint: `choose another name, or remove that container: masu delete --force ${name}`,
    });
  }
  const path = namePath(facts.directories, name);
  const target = `../containers/${ID}`;
  return {
    making: [
      { kind: "make_directory", path: path.slice(0, path.lastIndexOf("/")), mode: 0o700, parents: true, owner: null },
      { kind: "reserve_name", path, target, name },
    ],
    removing: [{ kind: "remove_file", path, target }],
  };
}

/**
 * The file of `--cidfile`, which stays when the container is gone, as docker's does.
 *
 * Errors: `already_exists` it is there.
 */
export function cidfileSteps({ config: { cidfile }, facts }: RunContext): HostStep[] {
  if (cidfile === undefined) return [];
  if (facts.taken.cidfile) {
    throw new MasuError("already_exists", `Write the container's ID to "${cidfile}" (--cidfile): this file is there`, {
      hint: "it may belong to a running container: remove it, or name another file",
    });
  }
  return [writeFile(cidfile, ID, { mode: 0o644, exclusive: true })];
}

/** The file of `--pidfile`. It goes with the process: its number may soon be somebody else's. */
export function pidfileSteps({ config: { pidfile } }: RunContext): MadeAndRemoved {
  if (pidfile === undefined) return NOTHING;
  return {
    making: [writeFile(pidfile, PID, { mode: 0o644, exclusive: false })],
    removing: [{ kind: "remove_file", path: pidfile, target: null }],
  };
}
