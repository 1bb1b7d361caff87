/** What the commands of `masu seccomp` have in common: which profile, for whom. */
import { parseCapabilityWord } from "../../../lib/config/capability.ts";
import { notAmong } from "../../../lib/config/mistake.ts";
import { hostPath } from "../../../lib/config/path.ts";
import {
  readSeccompProfile,
  SECCOMP_ARCHITECTURES,
  type SeccompSubject,
  seccompSubject,
} from "../../../lib/engine/seccomp.ts";
import { invalidConfig } from "../../../lib/error.ts";
import { ALL, CAPABILITIES, DEFAULT_CAPABILITIES } from "../../../lib/spec/capabilities.ts";
import type { Invocation } from "../../command.ts";
import type { Flag, FlagValues } from "../../flags.ts";
import { readLines } from "../../lines.ts";

/** Flags that say for whom. */
export const SITUATION_FLAGS = [
  {
    name: "cap",
    value: "CAPABILITY",
    repeatable: true,
    group: "Flags",
    help: "The container has this capability besides the default ones; several with commas, ALL: every one",
  },
] as const satisfies readonly Flag[];

/** Reads PROFILE: a file, `default`, or `-` for stdin. */
export async function subjectOf(
  written: string | undefined,
  { flags, process }: Invocation<"cap">,
  architectures: readonly string[],
): Promise<SeccompSubject> {
  if (written === undefined) {
    throw invalidConfig("Read operands: a profile is needed", "a file of JSON, default, or - for stdin");
  }
  const capabilities = capabilitiesOf(flags);
  const core = process.core();
  if (written === "default") return seccompSubject(core, { profile: "default", capabilities, architectures });
  const profile = written === "-"
    ? { path: "-", text: (await Array.fromAsync(readLines(process.stdin))).join("\n") }
    : readSeccompProfile(core, hostPath("PROFILE", written, () => process.caller.directory()));
  return seccompSubject(core, { profile, capabilities, architectures });
}

function capabilitiesOf(flags: FlagValues<"cap">): string[] {
  const named = flags.all("cap").flatMap((text) => text.split(",")).map((word) => parseCapabilityWord("--cap", word));
  return named.includes(ALL) ? [...CAPABILITIES] : [...new Set([...DEFAULT_CAPABILITIES, ...named])];
}

/** `x86_64` and its like; also as libseccomp and docker write it. Errors: `invalid_config`. */
export function architectureOf(text: string): string {
  const word = text.toLowerCase().replace(/^scmp_arch_/, "");
  const known = { amd64: "x86_64", arm64: "aarch64", i386: "x86" }[word] ?? word;
  if (!SECCOMP_ARCHITECTURES.includes(known)) {
    throw notAmong("--arch", text, "no such architecture", SECCOMP_ARCHITECTURES);
  }
  return known;
}
