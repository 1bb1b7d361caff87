/**
 * The contract of an OCI runtime's command line: engines read its output with parsers written for runc.
 *
 * It holds with `--log`, which engines give, where masu is called by a runtime's name, and for containers made from an OCI bundle:
 * success prints nothing, an error is one line, JSON documents are runc's, and exit statuses too.
 *
 * @module
 */

/** Runtimes whose output engines read: those that Podman's `runtime_supports_json` names. */
export const RUNTIMES = ["runc", "crun", "krun", "kata", "runsc", "youki"] as const;

/** The runtime that this program is called as; undefined: by another name. `argument0`: argv[0]. */
export function runtimeName(argument0: string): string | undefined {
  const base = argument0.slice(argument0.lastIndexOf("/") + 1);
  return RUNTIMES.find((name) => name === base);
}

/** Exit statuses of a runtime: runc's. */
export const RUNTIME_EXIT = {
  /** Whatever failed, wrong usage included. */
  failed: 1,
  /** `exec`: its program was not started. */
  execFailed: 255,
} as const;
