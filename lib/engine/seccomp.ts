/**
 * Seccomp profiles looked at: compiled, and calls tried on them. Nothing is loaded into the kernel.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ExamineFilterReply, FilterCall, FilterVerdict } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { kernelVersion } from "../host/kernel.ts";
import { DEFAULT_CAPABILITIES } from "../spec/capabilities.ts";
import type { LinuxSeccomp } from "../spec/oci.ts";
import { defaultSeccomp } from "../spec/seccomp_default.ts";
import { resolveSeccompProfile } from "../spec/seccomp_profile.ts";

/** Which profile, and for whom. */
export interface SeccompWanted {
  /** `default`, a profile's text with the name that messages have for it, or a profile as OCI has it. */
  readonly profile: "default" | { readonly path: string; readonly text: string } | LinuxSeccomp;
  /** Those of the container that it is for, `CAP_...`; absent: masu's default ones. */
  readonly capabilities?: readonly string[] | undefined;
  /** `x86_64`, `x32`, `x86`, `aarch64`, `arm`: in place of the profile's own; absent or empty: those of the profile. */
  readonly architectures?: readonly string[] | undefined;
}

/** A profile as it is compiled. */
export interface SeccompSubject {
  readonly profile: LinuxSeccomp;
  /** Where its rules are written. */
  readonly places: readonly string[];
  /** uname(2) `machine` of whoever would load it. */
  readonly machine: string;
}

/** What a filter does with a call. */
export interface SeccompVerdict extends Omit<FilterVerdict, "rule"> {
  /** Where the rule that decides is written: `syscalls[12]`; null: none does. */
  readonly rule: string | null;
}

/** The machine of each architecture. */
const MACHINES: Readonly<Record<string, string>> = {
  x86_64: "x86_64",
  x32: "x86_64",
  x86: "x86_64",
  aarch64: "aarch64",
  arm: "aarch64",
};

/** Names of architectures. */
export const SECCOMP_ARCHITECTURES: readonly string[] = Object.keys(MACHINES);

/** Reads a profile for a container with some capabilities. Errors: `invalid_config` with what is wrong, and where. */
export function seccompSubject(core: Core, wanted: SeccompWanted): SeccompSubject {
  const { release, machine: own } = call(core, "process", {});
  const { profile: source, capabilities = DEFAULT_CAPABILITIES, architectures = [] } = wanted;
  const machines = new Set(architectures.map((name) => MACHINES[name] ?? name));
  if (machines.size > 1) {
    throw new MasuError("invalid_config", `Compile for "${architectures.join(", ")}": no machine has all of them`, {
      hint: "x86_64, x86, x32; or aarch64, arm",
    });
  }
  const [machine = own] = machines;
  const situation = { capabilities, architecture: machine, kernel: kernelVersion(release) };
  const { profile, places } = resolve(source, situation);
  const listed = architectures.length > 0
    ? { architectures: architectures.map((name) => `SCMP_ARCH_${name.toUpperCase()}`) }
    : {};
  return { profile: { ...profile, ...listed }, places, machine };
}

function resolve(source: SeccompWanted["profile"], situation: Parameters<typeof resolveSeccompProfile>[2]) {
  if (typeof source === "object" && "text" in source) {
    return resolveSeccompProfile(source.path, source.text, situation);
  }
  const { capabilities, architecture, kernel } = situation;
  const profile = source === "default" ? defaultSeccomp(capabilities, architecture, kernel) : source;
  return { profile, places: (profile.syscalls ?? []).map((_, index) => `syscalls[${index}]`) };
}

/**
 * Compiles it. `listing`: with its instructions as text; `output`: a file for them as the kernel takes them, `-` for stdout.
 *
 * Errors: `invalid_config` the profile; `failed` the file cannot be written.
 */
export function compileSeccomp(
  core: Core,
  { profile, machine }: SeccompSubject,
  { listing = false, output = null }: { readonly listing?: boolean; readonly output?: string | null } = {},
): Omit<ExamineFilterReply, "verdicts"> {
  const { verdicts: _, ...reply } = call(core, "examine_filter", { profile, machine, listing, output, calls: [] });
  return reply;
}

/** What happens to calls: the compiled filter executed, as the kernel would. Errors: `invalid_config` the profile, or a call. */
export function trySeccomp(
  core: Core,
  { profile, places, machine }: SeccompSubject,
  calls: readonly FilterCall[],
): SeccompVerdict[] {
  const request = { profile, machine, listing: false, output: null, calls: [...calls] };
  return call(core, "examine_filter", request).verdicts.map(({ rule, ...verdict }) => ({
    ...verdict,
    rule: rule === null ? null : places[rule] ?? `syscalls[${rule}]`,
  }));
}

/** The text of a profile's file. Errors: `not_found`, `denied`, as they come; `invalid_config` it is no regular file. */
export function readSeccompProfile(core: Core, path: string): { path: string; text: string } {
  const { seen: [seen] } = call(core, "observe", { looks: [{ path, root: null, want: "text" }] });
  if (seen?.text !== null && seen?.text !== undefined) return { path, text: seen.text };
  const codes: ReadonlyMap<number | null | undefined, ["not_found" | "denied", string]> = new Map([
    [2, ["not_found", "there is no such file"]],
    [13, ["denied", "permission denied"]],
  ]);
  const [code, cause] = codes.get(seen?.errno) ??
    (["failed", `it cannot be read (errno ${seen?.errno ?? 0})`] as const);
  throw new MasuError(code, `Read seccomp profile "${path}": ${cause}`);
}
