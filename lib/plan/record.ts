/**
 * What is written down of a container once its first process exists.
 *
 * @module
 */
import type { HostStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { OCI_VERSION } from "../spec/oci.ts";
import { namePath } from "../state/paths.ts";
import { COMMAND, CREATED, ID, PID, START } from "./blank.ts";
import type { PlanContext } from "./context.ts";

/** Raised on any change of the record's shape. */
export const RECORD_VERSION = 1;

/** The link that makes a name this container's. Errors: `already_exists` it is another's. */
export function nameSteps({ config, facts }: PlanContext): { before: HostStep[]; afterwards: HostStep[] } {
  const { name } = config;
  if (name === undefined) return { before: [], afterwards: [] };
  if (facts.taken.name !== null) {
    throw new MasuError("already_exists", `Use name "${name}" (--name): container "${facts.taken.name}" has it`, {
      hint: "choose another name, or remove that container",
    });
  }
  const path = namePath(facts.directories, name);
  const target = `../containers/${ID}`;
  return {
    before: [
      { kind: "make_directory", path: path.slice(0, path.lastIndexOf("/")), mode: 0o700, parents: true, owner: null },
      { kind: "reserve_name", path, target, name },
    ],
    afterwards: [{ kind: "remove_file", path, target }],
  };
}

/**
 * The record itself, and the files that were asked for. Those stay when the container is gone, as docker's do, except the pid:
 * it may soon be somebody else's.
 *
 * Errors: `already_exists` the file of `--cidfile` is there.
 */
export function recordSteps(context: PlanContext): { record: HostStep[]; afterwards: HostStep[] } {
  const { config: { cidfile, pidfile }, facts, paths } = context;
  if (cidfile !== undefined && facts.taken.cidfile) {
    throw new MasuError("already_exists", `Write the container's ID to "${cidfile}" (--cidfile): this file is there`, {
      hint: "it may belong to a running container: remove it, or name another file",
    });
  }
  const record: HostStep[] = [writeFile(paths.state, `${recordText(context)}\n`, { mode: 0o600, exclusive: false })];
  if (cidfile !== undefined) record.push(writeFile(cidfile, ID, { mode: 0o644, exclusive: true }));
  if (pidfile !== undefined) record.push(writeFile(pidfile, PID, { mode: 0o644, exclusive: false }));
  return { record, afterwards: pidfile === undefined ? [] : [{ kind: "remove_file", path: pidfile, target: null }] };
}

function writeFile(path: string, text: string, { mode, exclusive }: { mode: number; exclusive: boolean }): HostStep {
  return { kind: "write_file", path, text, mode, exclusive };
}

/** OCI's state (runtime.md, "State"), without the status, which is what is true when it is asked; and masu's own part. */
function recordText({ config, spec, paths }: PlanContext): string {
  const { name, image, labels, stopSignal, terminal } = config;
  const document = {
    ociVersion: OCI_VERSION,
    id: ID,
    pid: PID,
    bundle: paths.directory,
    ...(spec.annotations !== undefined && { annotations: spec.annotations }),
    masu: {
      version: RECORD_VERSION,
      ...(name !== undefined && { name }),
      created: CREATED,
      start: START,
      image: image.kind === "host" ? "host" : image.path,
      command: COMMAND,
      terminal,
      ...(labels.length > 0 && { labels: Object.fromEntries(labels) }),
      ...(stopSignal !== undefined && { stopSignal }),
    },
  };
  // Those that are no texts once they are filled in. A person's text cannot look like these: its blanks are escaped.
  return [PID, START, COMMAND].reduce(
    (text, blank) => text.replace(`"${blank}"`, () => blank),
    JSON.stringify(document),
  );
}
