/**
 * What of the runtime specification masu knows, on this kernel.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import { kernelVersion } from "../host/kernel.ts";
import { type Features, features } from "../spec/features.ts";

/** The document of `masu features`. */
export function runtimeFeatures(core: Core): Features {
  const { release } = call(core, "process", {});
  return features(kernelVersion(release));
}
