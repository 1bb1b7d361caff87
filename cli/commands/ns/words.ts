/**
 * Flags that `masu ns run` and `masu ns enter` share, as words.
 *
 * @module
 */
import type { IdentityWords } from "../../../lib/config/part_identity.ts";
import type { FlagValues } from "../../flags.ts";
import type { IDENTITY_FLAGS, NAMESPACE_FLAGS } from "./run_flags.ts";

/** Names of the flags of setpriv(1). */
export type IdentityFlag = typeof IDENTITY_FLAGS[number]["name"];

/** Names of the flags of namespaces. */
export type NamespaceFlag = typeof NAMESPACE_FLAGS[number]["name"];

/** What is said of the program's identity. */
export function identityWords(flags: FlagValues<IdentityFlag>): IdentityWords {
  return {
    user: flags.text("setuid"),
    realUser: flags.text("ruid"),
    effectiveUser: flags.text("euid"),
    group: flags.text("setgid"),
    realGroup: flags.text("rgid"),
    effectiveGroup: flags.text("egid"),
    groups: flags.text("groups"),
    clearGroups: flags.on("clear-groups"),
    keepGroups: flags.on("keep-groups"),
    initGroups: flags.on("init-groups"),
    boundingSet: flags.all("bounding-set"),
    inheritable: flags.all("inh-caps"),
    ambient: flags.all("ambient-caps"),
    capDrop: flags.all("cap-drop"),
    capAdd: flags.all("cap-add"),
    noNewPrivileges: flags.on("no-new-privs"),
    parentDeathSignal: flags.text("pdeathsig"),
  };
}

/** The namespaces that are wanted, each with the file that was written for it. */
export function namespaceFiles(
  flags: FlagValues<NamespaceFlag>,
  words: readonly string[],
): (readonly [word: string, file: string | undefined])[] {
  return words.filter(isNamespaceFlag).flatMap((word) => {
    const text = flags.text(word);
    if (text === undefined || text === "false") return [];
    return [[word, text === "true" ? undefined : text] as const];
  });
}

function isNamespaceFlag(word: string): word is NamespaceFlag {
  return ["mount", "uts", "ipc", "net", "pid", "user", "cgroup", "time"].includes(word);
}
