/**
 * A program in namespaces that are there, in the words of nsenter(1).
 *
 * @module
 */
import type { Namespace } from "../core/wire.ts";
import { invalidConfig } from "../error.ts";
import { NAMESPACE_WORDS, namespaceOf } from "./namespaces_run.ts";
import { parseWhole } from "./number.ts";
import { type IdentityConfig, type IdentityWords, parseIdentity } from "./part_identity.ts";
import { containerDirectory, hostPath } from "./path.ts";

/** Whose namespaces: a process's or a container's; or none but those of files. */
export type EnterTarget =
  | { readonly kind: "process"; readonly pid: number }
  | { readonly kind: "container"; readonly word: string };

/** A directory: the target's own, or a path. */
export type EnterPlace = { readonly kind: "target" } | { readonly kind: "path"; readonly path: string };

/** What is asked for. */
export interface EnterConfig {
  readonly arguments: readonly string[];
  readonly target?: EnterTarget;
  /** Of the target; empty with a target: all that differ from masu's own. */
  readonly namespaces: readonly Namespace[];
  /** All that differ, besides what files say. */
  readonly all: boolean;
  /** Files whose kind was said. */
  readonly files: readonly { readonly namespace: Namespace; readonly path: string }[];
  /** Files whose kind is to be found out. */
  readonly unnamed: readonly string[];
  readonly root?: EnterPlace;
  readonly directory?: EnterPlace;
  /** In the namespaces that are entered. */
  readonly innerDirectory?: string;
  readonly preserveCredentials: boolean;
  /** The environment of the target instead of the caller's. */
  readonly targetEnvironment: boolean;
  readonly identity: IdentityConfig;
}

/** The same as it is written. */
export interface EnterWords extends IdentityWords {
  readonly target?: string | undefined;
  readonly container?: string | undefined;
  /** By `NAMESPACE_WORDS`; undefined: the target's. */
  readonly namespaces: readonly (readonly [word: string, file: string | undefined])[];
  readonly all?: boolean;
  readonly unnamed?: readonly string[];
  /** `true`: the target's. */
  readonly root?: string | undefined;
  readonly directory?: string | undefined;
  readonly innerDirectory?: string | undefined;
  readonly preserveCredentials?: boolean;
  readonly targetEnvironment?: boolean;
}

const MOST_PIDS = 4_194_304;

/** Reads all of it. `directory`: the caller's own. Errors: `invalid_config`, with the flag. */
export function parseEnter(words: EnterWords, program: readonly string[], directory: () => string): EnterConfig {
  const target = parseTarget(words);
  const { namespaces, unnamed = [], innerDirectory } = words;
  const root = parsePlace("--root", words.root, { target, directory });
  const place = parsePlace("--wd", words.directory, { target, directory });
  if (place !== undefined && innerDirectory !== undefined) {
    throw invalidConfig('Read flag "--wdns": it contradicts --wd');
  }
  const own = namespaces.filter(([, file]) => file === undefined).map(([word]) => namespaceOf(`--${word}`, word));
  const [first] = own;
  if (target === undefined && first !== undefined) {
    const word = [...NAMESPACE_WORDS].find(([, namespace]) => namespace === first)?.[0];
    throw invalidConfig(`Read flag "--${word}": whose namespace is not said`, `--target PID, or --${word}=FILE`);
  }
  if (target === undefined && words.all === true) {
    throw invalidConfig('Read flag "--all": whose namespaces is not said', "--target PID, or a container");
  }
  if (target === undefined && words.targetEnvironment === true) {
    throw invalidConfig('Read flag "--env": whose environment is not said', "--target PID, or a container");
  }
  const files = namespaces.flatMap(([word, file]) =>
    file === undefined
      ? []
      : [{ namespace: namespaceOf(`--${word}`, word), path: hostPath(`--${word}`, file, directory) }]
  );
  return {
    arguments: program,
    ...(target !== undefined && { target }),
    namespaces: own,
    all: words.all === true || own.length === 0 && files.length === 0,
    files,
    unnamed: unnamed.map((path) => hostPath("FILE", path, directory)),
    ...(root !== undefined && { root }),
    ...(place !== undefined && { directory: place }),
    ...(innerDirectory !== undefined && { innerDirectory: containerDirectory("--wdns", innerDirectory) }),
    preserveCredentials: words.preserveCredentials === true,
    targetEnvironment: words.targetEnvironment === true,
    identity: parseIdentity(words),
  };
}

function parseTarget({ target, container }: EnterWords): EnterTarget | undefined {
  if (target !== undefined) {
    return { kind: "process", pid: parseWhole("--target", target, { least: 1, most: MOST_PIDS }) };
  }
  return container === undefined ? undefined : { kind: "container", word: container };
}

interface PlaceSituation {
  readonly target: EnterTarget | undefined;
  readonly directory: () => string;
}

function parsePlace(where: string, text: string | undefined, situation: PlaceSituation): EnterPlace | undefined {
  if (text === undefined || text === "false") return undefined;
  if (text !== "true") return { kind: "path", path: hostPath(where, text, situation.directory) };
  if (situation.target !== undefined) return { kind: "target" };
  throw invalidConfig(`Read flag "${where}": whose is not said`, `--target PID, or ${where}=DIR`);
}
