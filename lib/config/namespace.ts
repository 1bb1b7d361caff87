/**
 * Which namespace a container gets: `--pid`, `--ipc`, `--uts`, `--cgroupns` and `--net`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import type { NamespaceMode } from "./run_config.ts";
import { parseContainerName } from "./text.ts";

const CONTAINER = "container:";

/** `private`, `host` or `container:NAME`. */
export function parseNamespace(where: string, text: string): NamespaceMode {
  if (text === "private" || text === "host") return { kind: text };
  if (text.startsWith(CONTAINER)) return joined(where, text);
  throw unknown(where, text, ["private", "host", "container:NAME"]);
}

/**
 * `--ipc`: like {@link parseNamespace}, and `shareable`, which is what a private one always is here: another container
 * may join it.
 */
export function parseIpcNamespace(where: string, text: string): NamespaceMode {
  if (text === "shareable") return { kind: "private" };
  if (text === "none") {
    throw mistake(where, text, "a container without /dev/shm is not supported", "private gives it one of its own");
  }
  return parseNamespace(where, text);
}

/** `--net`: `none` (nothing but loopback), `host` or `container:NAME`. */
export function parseNetwork(where: string, text: string): NamespaceMode {
  if (text === "none" || text === "host") return { kind: text };
  if (text.startsWith(CONTAINER)) return joined(where, text);
  const managed = /^(bridge|default|private|slirp4netns|pasta|macvlan|ipvlan)(:|$)/.test(text);
  const hint = "none (loopback only), host (the host's own), or container:NAME (another container's)";
  if (managed) throw mistake(where, text, "masu makes no networks yet", hint);
  if (text.startsWith("ns:")) throw unknown(where, text, ["none", "host", "container:NAME"]);
  throw mistake(where, text, "no such network", hint);
}

function joined(where: string, text: string): NamespaceMode {
  return { kind: "container", container: parseContainerName(where, text.slice(CONTAINER.length)) };
}

function unknown(where: string, text: string, choices: readonly string[]): Error {
  if (text.startsWith("ns:")) {
    return mistake(where, text, "a namespace cannot be given by its path yet", "container:NAME joins a container's");
  }
  return notAmong(where, text, "no such mode", choices);
}
