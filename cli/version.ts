/**
 * Which masu this is.
 *
 * @module
 */
import { OCI_VERSION } from "../lib/spec/oci.ts";
import configuration from "../deno.json" with { type: "json" };

/** deno.json has it, and nothing else. */
export const VERSION: string = configuration.version;

/** What `--version` prints. The front prints the same without V8: core-rs/init/src/front/answer.rs. */
export const VERSION_LINE = `masu ${VERSION}`;

/** What `--version` prints for engines, who look for runc's words. `name`: the runtime that masu is called as, if any. */
export function runtimeVersion(name = "runc"): string {
  return `${name} version ${VERSION}\ncommit: v${VERSION}\nspec: ${OCI_VERSION}`;
}
