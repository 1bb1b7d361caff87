/**
 * A seccomp profile's file, `--security-opt seccomp=FILE`: docker's own format or the OCI's, resolved to the OCI's.
 *
 * Source: https://github.com/moby/profiles, seccomp; OCI runtime-spec, config-linux.md, "Seccomp".
 *
 * @module
 */
import { invalidConfig } from "../error.ts";
import { kernelAtLeast, type KernelVersion } from "../host/kernel.ts";
import { readJson } from "./document/json.ts";
import { quoted } from "./document/place.ts";
import type { LinuxSeccomp, LinuxSeccompArgument, LinuxSyscall, SeccompNumber } from "./oci.ts";

/** What decides which of docker's rules hold. */
export interface SeccompSituation {
  /** The container's capabilities. */
  readonly capabilities: readonly string[];
  /** uname(2) `machine`. */
  readonly architecture: string;
  readonly kernel: KernelVersion;
}

/** JSON of unknown shape. */
type Unknown = Readonly<Record<string, unknown>>;

/** Names of architectures in docker's conditions (Go's) and in `archMap` (libseccomp's), by uname(2). */
const ARCHITECTURES: Readonly<Record<string, readonly [go: string, seccomp: string]>> = {
  x86_64: ["amd64", "SCMP_ARCH_X86_64"],
  aarch64: ["arm64", "SCMP_ARCH_AARCH64"],
};

const ACTION = /^SCMP_ACT_(KILL|KILL_PROCESS|KILL_THREAD|TRAP|ERRNO|TRACE|ALLOW|LOG|NOTIFY)$/;
const COMPARISON = /^SCMP_CMP_(NE|LT|LE|EQ|GE|GT|MASKED_EQ)$/;
const KEYS = [
  "defaultAction",
  "defaultErrnoRet",
  "architectures",
  "archMap",
  "flags",
  "listenerPath",
  "listenerMetadata",
  "syscalls",
];
const RULE_KEYS = ["names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes"];
const ARGUMENT_KEYS = ["index", "value", "valueTwo", "op"];
const CONDITION_KEYS = ["caps", "arches", "minKernel"];

/** A profile of this situation. */
export interface ResolvedSeccomp {
  readonly profile: LinuxSeccomp;
  /** Where each of its rules is written: `syscalls[12]`. */
  readonly places: readonly string[];
}

/** Reads a profile. `path` is for messages. Errors: `invalid_config` with the key that is wrong. */
export function parseSeccompProfile(path: string, text: string, situation: SeccompSituation): LinuxSeccomp {
  return resolveSeccompProfile(path, text, situation).profile;
}

/** The same, with where its rules are written. */
export function resolveSeccompProfile(path: string, text: string, situation: SeccompSituation): ResolvedSeccomp {
  const reader = new ProfileReader(path);
  const profile = reader.object("", parseJson(path, text), KEYS);
  if (profile.listenerPath !== undefined || profile.listenerMetadata !== undefined) {
    throw reader.mistake("listenerPath", "listeners are not supported");
  }
  const defaultErrnoRet = reader.optionalNumber("defaultErrnoRet", profile.defaultErrnoRet);
  const flags = reader.texts("flags", profile.flags);
  const rules = reader.list("syscalls", profile.syscalls).flatMap((rule, index) => {
    const place = `syscalls[${index}]`;
    return rulesOf(reader, place, rule, situation).map((rule) => ({ place, rule }));
  });
  const resolved = {
    defaultAction: reader.text("defaultAction", profile.defaultAction, ACTION),
    ...(defaultErrnoRet !== undefined && { defaultErrnoRet }),
    architectures: architecturesOf(reader, profile, situation),
    ...(flags.length > 0 && { flags }),
    syscalls: rules.map(({ rule }) => rule),
  };
  return { profile: resolved, places: rules.map(({ place }) => place) };
}

function parseJson(path: string, text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    throw invalidConfig(`Read seccomp profile "${path}": not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** The OCI's list, or what docker's map has for this machine. */
function architecturesOf(reader: ProfileReader, profile: Unknown, { architecture }: SeccompSituation): string[] {
  const own = ARCHITECTURES[architecture]?.[1];
  const map = reader.list("archMap", profile.archMap);
  if (profile.architectures !== undefined && map.length > 0) {
    throw reader.mistake("archMap", `there may be either this or "architectures"`);
  }
  for (const [index, value] of map.entries()) {
    const entry = reader.object(`archMap[${index}]`, value, ["architecture", "subArchitectures"]);
    if (entry.architecture === own) {
      return [`${own}`, ...reader.texts(`archMap[${index}].subArchitectures`, entry.subArchitectures)];
    }
  }
  return reader.texts("architectures", profile.architectures);
}

/** One rule, or none when its conditions do not hold. */
function rulesOf(reader: ProfileReader, key: string, value: unknown, situation: SeccompSituation): LinuxSyscall[] {
  const rule = reader.object(key, value, RULE_KEYS);
  const includes = reader.object(`${key}.includes`, rule.includes ?? {}, CONDITION_KEYS);
  const excludes = reader.object(`${key}.excludes`, rule.excludes ?? {}, CONDITION_KEYS);
  const names = reader.texts(`${key}.names`, rule.names);
  if (rule.name !== undefined) names.push(reader.text(`${key}.name`, rule.name, /./));
  if (names.length === 0) throw reader.mistake(`${key}.names`, "no system call is named");
  const errnoRet = reader.optionalNumber(`${key}.errnoRet`, rule.errnoRet);
  const args = reader.list(`${key}.args`, rule.args).map((argument, index) =>
    argumentOf(reader, `${key}.args[${index}]`, argument)
  );
  const resolved = {
    names,
    action: reader.text(`${key}.action`, rule.action, ACTION),
    ...(errnoRet !== undefined && { errnoRet }),
    ...(args.length > 0 && { args }),
  };
  const held = everyCondition(reader, `${key}.includes`, includes, situation) &&
    !anyCondition(reader, `${key}.excludes`, excludes, situation);
  return held ? [resolved] : [];
}

/** Docker's `includes`: all of the capabilities, one of the architectures, at least the kernel. */
function everyCondition(reader: ProfileReader, key: string, condition: Unknown, situation: SeccompSituation): boolean {
  const caps = reader.texts(`${key}.caps`, condition.caps);
  const arches = reader.texts(`${key}.arches`, condition.arches);
  return caps.every((name) => situation.capabilities.includes(name)) &&
    (arches.length === 0 || arches.includes(goName(situation))) &&
    (condition.minKernel === undefined || isKernel(reader, `${key}.minKernel`, condition.minKernel, situation));
}

/** Docker's `excludes`: any of them. */
function anyCondition(reader: ProfileReader, key: string, condition: Unknown, situation: SeccompSituation): boolean {
  const caps = reader.texts(`${key}.caps`, condition.caps);
  const arches = reader.texts(`${key}.arches`, condition.arches);
  return caps.some((name) => situation.capabilities.includes(name)) || arches.includes(goName(situation)) ||
    (condition.minKernel !== undefined && isKernel(reader, `${key}.minKernel`, condition.minKernel, situation));
}

function goName({ architecture }: SeccompSituation): string {
  return ARCHITECTURES[architecture]?.[0] ?? architecture;
}

function isKernel(reader: ProfileReader, key: string, value: unknown, { kernel }: SeccompSituation): boolean {
  const [major = "", minor = ""] = reader.text(key, value, /^\d+\.\d+$/).split(".");
  return kernelAtLeast(kernel, Number(major), Number(minor));
}

function argumentOf(reader: ProfileReader, key: string, value: unknown): LinuxSeccompArgument {
  const argument = reader.object(key, value, ARGUMENT_KEYS);
  const index = reader.optionalNumber(`${key}.index`, argument.index) ?? 0;
  if (index > 5) throw reader.mistake(`${key}.index`, "a system call has arguments 0 to 5");
  const valueTwo = reader.optionalBits(`${key}.valueTwo`, argument.valueTwo);
  return {
    index,
    value: reader.optionalBits(`${key}.value`, argument.value) ?? 0,
    ...(valueTwo !== undefined && { valueTwo }),
    op: reader.text(`${key}.op`, argument.op, COMPARISON),
  };
}

/** Reads values of the right shape; a mistake names the file and the key. Null counts as absent: Go writes it for an empty list. */
class ProfileReader {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  mistake(key: string, cause: string): Error {
    return invalidConfig(`Read seccomp profile "${this.#path}"${key === "" ? "" : ` at "${key}"`}: ${cause}`);
  }

  object(key: string, value: unknown, known: readonly string[]): Unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.mistake(key, "not an object");
    for (const name of Object.keys(value)) {
      if (!known.includes(name)) throw this.mistake(key === "" ? name : `${key}.${name}`, "unknown key");
    }
    return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== null));
  }

  list(key: string, value: unknown): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw this.mistake(key, "not a list");
    return value;
  }

  texts(key: string, value: unknown): string[] {
    return this.list(key, value).map((item, index) => this.text(`${key}[${index}]`, item, /./));
  }

  text(key: string, value: unknown, shape: RegExp): string {
    if (value === undefined) throw this.mistake(key, "missing");
    if (typeof value !== "string" || !shape.test(value)) {
      throw this.mistake(key, `${quoted(value)} is not what belongs here`);
    }
    return value;
  }

  optionalNumber(key: string, value: unknown): number | undefined {
    if (value === undefined) return undefined;
    if (!Number.isSafeInteger(value) || Number(value) < 0) {
      throw this.mistake(key, `${quoted(value)} is not a number`);
    }
    return Number(value);
  }

  /** 64 bits, exactly. */
  optionalBits(key: string, value: unknown): SeccompNumber | undefined {
    if (typeof value !== "bigint" || value < 0n || value >= 1n << 64n) return this.optionalNumber(key, value);
    return `${value}`;
  }
}
