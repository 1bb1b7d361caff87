/**
 * Readers of names that the kernel gives meaning to: interfaces, host names, groups of resctrl.
 *
 * @module
 */
import type { Place } from "./place.ts";
import { textUpTo } from "./value.ts";

/** dev_valid_name() of the kernel: at most 15 bytes, no `/`, `:` and blanks, not `.` and `..`. */
const INTERFACE = /^(?!\.{1,2}$)[^/:\s\p{Cc}]{1,15}$/u;

/** __NEW_UTS_LEN: sethostname(2). */
const HOST = /^[^/\s\p{Cc}]{1,64}$/u;

/** A directory of its own below /sys/fs/resctrl, and none of the kernel's. */
const GROUP = /^(?!\.{1,2}$)[^/\p{Cc}]{1,128}$/u;

/** A network device's name. */
export function interfaceName(place: Place, value: unknown): string {
  return matching(INTERFACE, 15, "is no name of a network device")(place, value);
}

/** A host's or domain's name. */
export function hostName(place: Place, value: unknown): string {
  return matching(HOST, 64, "is no host name of at most 64 bytes")(place, value);
}

/** `linux.intelRdt.closID`. */
export function resctrlGroup(place: Place, value: unknown): string {
  const name = matching(GROUP, 128, "is no name of a group")(place, value);
  if (["info", "mon_groups", "mon_data"].includes(name)) throw place.wrongValue(name, "is the kernel's own directory");
  return name;
}

function matching(shape: RegExp, most: number, what: string): (place: Place, value: unknown) => string {
  return (place, value) => {
    const written = textUpTo(most)(place, value);
    if (!shape.test(written)) throw place.wrongValue(written, what);
    return written;
  };
}
