/**
 * Which masu this is.
 *
 * @module
 */
import configuration from "../deno.json" with { type: "json" };

/** deno.json has it, and nothing else. */
export const VERSION: string = configuration.version;

/** What `--version` prints. The front prints the same without V8: core-rs/init/src/front/answer.rs. */
export const VERSION_LINE = `masu ${VERSION}`;
