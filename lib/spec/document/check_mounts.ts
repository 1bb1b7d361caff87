/**
 * Mounts, devices and paths in the container.
 *
 * Source: config.md, "Mounts"; config-linux.md, "Devices".
 *
 * @module
 */
import type { Mount, Spec } from "../oci.ts";
import { COVERABLE } from "../validate.ts";
import { checkMappings } from "./check_namespaces.ts";
import type { Place } from "./place.ts";

/** Options that make a mount one of something that is there already. */
const BINDS: readonly string[] = ["bind", "rbind"];

/** Options that map owners. Without maps of its own, a mount has the container's. */
const IDMAPS: readonly string[] = ["idmap", "ridmap"];

/** Errors: `invalid_config`. */
export function checkMounts(place: Place, spec: Spec): void {
  for (const [index, mount] of spec.mounts.entries()) {
    const here = place.at(index);
    checkDestination(here.at("destination"), mount);
    checkOwners(here, mount, spec);
    if (isBind(mount) && mount.source === undefined) throw here.at("source").wrong("is missing: what is bound?");
    if (!isBind(mount) && mount.type === undefined) {
      throw here.at("type").wrong("is missing, and this is no bind mount");
    }
  }
}

/** Whether a mount shows what is mounted elsewhere. */
function isBind({ type, options = [] }: Mount): boolean {
  return type === "bind" || options.some((option) => BINDS.includes(option));
}

/** A fake /proc would take what masu writes into it: into /proc/self/attr, below /proc/sys. */
function checkDestination(place: Place, mount: Mount): void {
  const { destination, type, source } = mount;
  if (destination === "/") throw place.wrongValue(destination, "is the container's root itself", "write root");
  if (destination === "/proc") {
    if (type === "proc" || isBind(mount) && source === "/proc") return;
    throw place.wrongValue(destination, "can be nothing but proc");
  }
  if (!destination.startsWith("/proc/") || COVERABLE.includes(destination)) return;
  throw place.wrongValue(destination, "may not be covered", `${COVERABLE.join(", ")} may be`);
}

/** mount_setattr(2), MOUNT_ATTR_IDMAP. */
function checkOwners(place: Place, mount: Mount, { linux }: Spec): void {
  const { uidMappings, gidMappings, options = [] } = mount;
  const asked = options.find((option) => IDMAPS.includes(option));
  if (uidMappings === undefined && gidMappings === undefined) {
    const own = linux.namespaces.some(({ type }) => type === "user");
    if (asked !== undefined && !own) {
      throw place.at("options").wrongValue(asked, "needs uidMappings and gidMappings, or a user namespace");
    }
    return;
  }
  if (uidMappings === undefined) throw place.at("uidMappings").wrong("is missing beside gidMappings");
  if (gidMappings === undefined) throw place.at("gidMappings").wrong("is missing beside uidMappings");
  if (!isBind(mount)) throw place.at("uidMappings").wrong("is for bind mounts");
  checkMappings(place.at("uidMappings"), uidMappings);
  checkMappings(place.at("gidMappings"), gidMappings);
}
