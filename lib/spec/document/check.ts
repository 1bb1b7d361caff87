/**
 * What has to fit together in `config.json`, beyond the shape of each key.
 *
 * Source: config.md, config-linux.md; the kernel's own rules by man page.
 *
 * @module
 */
import type { Spec } from "../oci.ts";
import { checkIds, checkNamespaces, checkSysctls } from "./check_namespaces.ts";
import { checkMounts } from "./check_mounts.ts";
import { checkProcess } from "./check_process.ts";
import type { Place } from "./place.ts";

/** Semantic Versioning 2.0.0, without what follows a `+`. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/** Errors: `invalid_config` with the key. */
export function checkSpec(place: Place, spec: Spec): void {
  checkVersion(place.at("ociVersion"), spec.ociVersion);
  checkProcess(place.at("process"), spec.process);
  checkNamespaces(place, spec);
  checkIds(place.at("linux"), spec.linux);
  checkSysctls(place.at("linux").at("sysctl"), spec.linux);
  checkMounts(place.at("mounts"), spec);
}

/** All of version 1 is one to the specification: config.md, "Specification version". */
function checkVersion(place: Place, version: string): void {
  const major = VERSION.exec(version)?.[1];
  if (major === undefined) throw place.wrongValue(version, "is no version", "1.3.0");
  if (major !== "1") {
    throw place.wrongValue(
      version,
      "is of another specification than masu's",
      "versions 1.0.0 to 1.3.0, and later ones of 1",
    );
  }
}
