/**
 * System call filters without containers.
 *
 * @module
 */
import type { ExamineFilterReply } from "../core/wire.ts";
import {
  compileSeccomp,
  seccompSubject,
  type SeccompVerdict,
  type SeccompWanted,
  trySeccomp,
} from "../engine/seccomp.ts";
import { parseCapability } from "../spec/capabilities.ts";
import { parseCallArgument } from "../spec/seccomp_values.ts";
import { usualCore } from "./core.ts";

/** For whom a profile is compiled. */
export interface SeccompOptions {
  /** The container's capabilities, with or without `CAP_`; absent: masu's default ones. */
  readonly capabilities?: readonly string[];
  /** `x86_64`, `x86`, `x32`; or `aarch64`, `arm`: in place of the profile's own. */
  readonly architectures?: readonly string[];
}

/** A call's name or number, and its arguments: numbers, or as `masu seccomp test` reads them. */
export type SeccompCall = readonly [call: string | number, ...args: (string | number | bigint)[]];

/** What a profile amounts to, with its instructions as text. */
export type SeccompFilter = Omit<ExamineFilterReply, "verdicts">;

/**
 * Compiles a profile: `default`, a text of JSON with a name for messages, or a document of the OCI. Nothing is loaded.
 *
 * Errors: `invalid_config` with the place of the mistake.
 */
export function compile(profile: SeccompWanted["profile"], options: SeccompOptions = {}): Promise<SeccompFilter> {
  return Promise.try(() => {
    const core = usualCore();
    return compileSeccomp(core, seccompSubject(core, wanted(profile, options)), { listing: true });
  });
}

/**
 * What would happen to calls, in their order: the compiled filter is executed as the kernel would.
 *
 * Errors: `invalid_config` the profile, or a call that the machine does not have.
 */
export function test(
  profile: SeccompWanted["profile"],
  calls: readonly SeccompCall[],
  options: SeccompOptions = {},
): Promise<SeccompVerdict[]> {
  return Promise.try(() => {
    const core = usualCore();
    const subject = seccompSubject(core, wanted(profile, options));
    return trySeccomp(
      core,
      subject,
      calls.map(([call, ...args]) => ({
        architecture: null,
        call: `${call}`,
        arguments: args.map((argument) => `${parseCallArgument(`${argument}`)}`),
      })),
    );
  });
}

function wanted(profile: SeccompWanted["profile"], { capabilities, architectures }: SeccompOptions): SeccompWanted {
  return { profile, capabilities: capabilities?.map(parseCapability), architectures };
}
