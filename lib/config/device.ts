/**
 * `--device HOST[:CONTAINER][:rwm]`.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { containerPath } from "./path.ts";
import type { DeviceConfig } from "./run_config.ts";
import { plainWord } from "./text.ts";

const ACCESS = /^(?!.*(.).*\1)[rwm]{1,3}$/;

/** One device; the same path and `rwm` where nothing else is written. */
export function parseDevice(where: string, text: string): DeviceConfig {
  plainWord(where, text);
  const parts = text.split(":");
  if (parts.length > 3) throw mistake(where, text, "more than two colons", "HOST:CONTAINER:rwm");
  const [source = "", second, third] = parts;
  if (/^[^/]+\/[^/=]+=.+$/.test(text)) {
    throw mistake(where, text, "CDI devices are not supported", "name the device's file, for example /dev/dri/card0");
  }
  if (!source.startsWith("/")) throw mistake(where, text, "not an absolute path of a device");
  const secondIsAccess = second !== undefined && third === undefined && ACCESS.test(second);
  const access = secondIsAccess ? second : third ?? "rwm";
  if (!ACCESS.test(access)) throw mistake(where, text, `"${access}" is not made of r, w and m, each once at most`);
  const destination = containerPath(where, secondIsAccess ? source : second ?? source);
  return { source, destination, access };
}
