/**
 * `--sysctl NAME=VALUE`: the grammar. Which of them belong to a container's namespaces is decided with the spec.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { plainText } from "./text.ts";

/** Dotted words. No slash, no `..`, no `+`: what becomes a path below /proc/sys must be nothing else. */
const NAME = /^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)+$/;

/** One setting. */
export function parseSysctl(where: string, text: string): readonly [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 0) throw mistake(where, text, "no value", "NAME=VALUE, for example net.ipv4.ip_forward=1");
  const name = text.slice(0, equals);
  if (!NAME.test(name)) {
    throw mistake(where, text, "not the name of a kernel setting", "words with dots, for example net.ipv4.ip_forward");
  }
  return [name, plainText(where, text.slice(equals + 1))];
}
