/**
 * `--security-opt`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { parseBoolean } from "./number.ts";
import { hostPath } from "./path.ts";
import type { SeccompConfig } from "./run_config.ts";

/** What all of them say together; later ones win. */
export interface SecurityOptions {
  readonly noNewPrivileges?: boolean;
  readonly seccomp?: SeccompConfig;
}

const NAMES = ["no-new-privileges", "seccomp=FILE", "seccomp=unconfined"];

/** Reads each option, with `=` or, as docker once wrote it, with `:`. */
export function parseSecurityOptions(
  where: string,
  words: readonly string[],
  directory: () => string,
): SecurityOptions {
  let options: SecurityOptions = {};
  for (const word of words) options = { ...options, ...parseOne(where, word, directory) };
  return options;
}

function parseOne(where: string, word: string, directory: () => string): SecurityOptions {
  const [, name = "", value] = /^([^=:]*)(?:[=:](.*))?$/s.exec(word) ?? [];
  switch (name) {
    case "no-new-privileges":
      return { noNewPrivileges: value === undefined || parseBoolean(where, value) };
    case "seccomp":
      return { seccomp: parseSeccomp(where, word, value ?? "", directory) };
    case "apparmor":
    case "label":
      return withoutLabels(where, word, name, value);
    case "systempaths":
    case "mask":
    case "unmask":
    case "proc-opts":
    case "credentialspec":
    case "writable-cgroups":
      throw mistake(where, word, "this option is not supported", `${NAMES.join(", ")} are`);
    default:
      throw notAmong(where, word, "no such option", NAMES);
  }
}

function parseSeccomp(where: string, word: string, value: string, directory: () => string): SeccompConfig {
  if (value === "unconfined") return { kind: "unconfined" };
  if (value === "builtin") return { kind: "default" };
  if (value === "") throw mistake(where, word, "no profile", "seccomp=FILE or seccomp=unconfined");
  return { kind: "file", path: hostPath(where, value, directory) };
}

/** masu sets no AppArmor profile and no SELinux label: asking for none is granted, asking for one is refused. */
function withoutLabels(where: string, word: string, name: string, value: string | undefined): SecurityOptions {
  const none = name === "apparmor" ? "unconfined" : "disable";
  if (value === none) return {};
  throw mistake(where, word, "masu sets no labels of security modules", `${name}=${none} is what a container gets`);
}
