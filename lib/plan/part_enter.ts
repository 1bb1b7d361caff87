/**
 * A program in namespaces that are there, as a plan: nsenter(1). Pure.
 *
 * @module
 */
import type { EnterConfig, EnterPlace } from "../config/namespaces_enter.ts";
import type { JoinNamespace, JoinTarget, Namespace, Plan, StageStep } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { ALL_NAMESPACES, NAMESPACE_FILES, namespaceOfType, parseNamespaceLink } from "../host/namespace_files.ts";
import { fullCapabilitySets } from "../spec/capability_sets.ts";
import { escapeBlanks } from "./blank.ts";
import { partPlan } from "./part.ts";
import { identitySteps } from "./part_identity.ts";
import type { PartFacts } from "./part_namespaces.ts";

/** What is read of the host for it. */
export interface EnterFacts extends PartFacts {
  /** Whose namespaces; null: only files. */
  readonly target: JoinTarget | null;
  /** What the links in `/proc/PID/ns` say, by their names; of masu itself, and of the target. */
  readonly own: Readonly<Record<string, string | null>>;
  readonly links: Readonly<Record<string, string | null>>;
  /** What each file is, `net:[4026531840]`; null: no namespace, or its kind is not known. */
  readonly files: Readonly<Record<string, string | null>>;
  /** setgroups(2) is denied in the target's user namespace; null: not known. */
  readonly targetDenies: boolean | null;
}

/**
 * The plan.
 *
 * Errors: `denied` the target's namespaces cannot be seen; `invalid_config` a file is no namespace, or two are of one kind.
 */
export function enterPlan(written: EnterConfig, read: EnterFacts): Plan {
  const [config, facts] = escapeBlanks([written, read]);
  const join = joined(config, facts);
  const user = join.some(({ namespace }) => namespace === "user");
  return partPlan({
    clone: { join },
    part: {
      keepIds: true,
      target: facts.target,
      root: placeOf(config.root, "root", facts),
      directory: placeOf(config.directory, "cwd", facts),
    },
    exec: [
      ...(config.innerDirectory === undefined
        ? []
        : [{ kind: "change_directory", path: config.innerDirectory, create: false } as const]),
      ...credentialSteps(config, facts, user),
    ],
    environment: read.environment,
  });
}

function joined(config: EnterConfig, facts: EnterFacts): JoinNamespace[] {
  const { target, links } = facts;
  const files = [
    ...config.files.map((file) => checkKind(file, facts)),
    ...config.unnamed.map((path) => kindOf(path, facts)),
  ];
  files.forEach(({ namespace, path }, index) => {
    if (files.findIndex((other) => other.namespace === namespace) === index) return;
    throw invalidConfig(`Enter the namespace "${path}": another ${namespace} namespace is entered too`);
  });
  const ofTarget = target === null
    ? []
    : wantedOf(config, facts).filter((kind) => !files.some(({ namespace }) => namespace === kind)).map(
      (namespace): JoinNamespace => {
        if (links[NAMESPACE_FILES[namespace]] == null) throw unreadable(namespace, target.pid);
        return { namespace, path: `/proc/${target.pid}/ns/${NAMESPACE_FILES[namespace]}` };
      },
    );
  // One's own user namespace cannot be entered again: setns(2), EINVAL.
  return [...ofTarget, ...files].filter((join) => join.namespace !== "user" || differs(join, facts));
}

/** Those of the target that are named, or all that differ from masu's own. */
function wantedOf({ namespaces, all }: EnterConfig, { own, links, target }: EnterFacts): Namespace[] {
  if (!all) return [...namespaces];
  if (target !== null && Object.values(links).every((link) => link === null)) throw unreadable("user", target.pid);
  const differing = ALL_NAMESPACES.filter((namespace) => {
    const name = NAMESPACE_FILES[namespace];
    return links[name] != null && links[name] !== own[name];
  });
  return [...new Set([...differing, ...namespaces])];
}

function unreadable(namespace: Namespace, pid: number): MasuError {
  return new MasuError("denied", `Enter the ${namespace} namespace of process ${pid}: it cannot be seen`, {
    hint: "it is another user's process, or one that this kernel lets nobody trace: root may",
  });
}

function differs({ namespace, path }: JoinNamespace, { own, links, files }: EnterFacts): boolean {
  const name = NAMESPACE_FILES[namespace];
  return (path in files ? files[path] : links[name]) !== own[name];
}

/** A file whose kind was found out. */
function kindOf(path: string, { files }: EnterFacts): JoinNamespace {
  const link = parseNamespaceLink(files[path] ?? "");
  const namespace = link === null ? undefined : namespaceOfType(link.type);
  if (namespace !== undefined) return { namespace, path };
  throw new MasuError(
    "invalid_config",
    `Enter the namespace "${path}": it is no namespace, or its kind cannot be seen`,
    {
      hint: `say the kind, for example --net=${path}`,
    },
  );
}

/** A file whose kind was said: the kernel checks it, but says only EINVAL. setns(2) */
function checkKind(file: JoinNamespace, { files }: EnterFacts): JoinNamespace {
  const link = parseNamespaceLink(files[file.path] ?? "");
  const real = link === null ? undefined : namespaceOfType(link.type);
  if (real === undefined || real === file.namespace) return file;
  throw invalidConfig(`Enter the ${file.namespace} namespace "${file.path}": it is a ${real} namespace`);
}

function placeOf(place: EnterPlace | undefined, name: string, { target }: EnterFacts): string | null {
  if (place === undefined) return null;
  return place.kind === "path" ? place.path : `/proc/${target?.pid}/${name}`;
}

/** nsenter(1): in a user namespace the program is its root, without other groups, unless it is said otherwise. */
function credentialSteps(config: EnterConfig, facts: EnterFacts, user: boolean): StageStep[] {
  const { identity, preserveCredentials } = config;
  const root = user && !preserveCredentials;
  const { process: { lastCapability } } = facts;
  const { realUser = "0", effectiveUser = "0", realGroup = "0", effectiveGroup = "0" } = identity;
  return identitySteps(root ? { ...identity, realUser, effectiveUser, realGroup, effectiveGroup } : identity, {
    sets: user ? fullCapabilitySets(lastCapability) : facts.sets,
    lastCapability,
    // What is not known is left as it is.
    setgroupsDenied: user ? facts.targetDenies !== false : facts.setgroupsDenied,
    database: facts.database,
  });
}
