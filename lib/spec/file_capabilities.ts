/**
 * The capabilities of a file: its attribute `security.capability`. capabilities(7), "File capability extended attribute versioning";
 * `struct vfs_ns_cap_data` of linux/capability.h
 *
 * @module
 */
import { MasuError } from "../error.ts";
import { capabilitiesOfMask } from "./capability_sets.ts";

/** What execve(2) makes of it. */
export interface FileCapabilities {
  /** Of the attribute: 1, 2, or 3 of a user namespace; 0: the file has none. */
  readonly version: 0 | 1 | 2 | 3;
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  /** All that it permits is effective from the start. */
  readonly effective: boolean;
  /** Version 3: the host's id of the user who is root where it counts; null: it counts everywhere. */
  readonly rootUser: number | null;
}

/** No attribute. */
export const NO_FILE_CAPABILITIES: FileCapabilities = {
  version: 0,
  permitted: [],
  inheritable: [],
  effective: false,
  rootUser: null,
};

const EFFECTIVE = 1;
/** Bytes of each version: the header, 4 for each half of a set, and the root's id. */
const LENGTHS: Readonly<Record<number, number>> = { 1: 12, 2: 20, 3: 24 };

/** Reads the attribute, in hexadecimal. Errors: `failed` it is of no version that is known. */
export function parseFileCapabilities(hex: string): FileCapabilities {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const view = new DataView(bytes.buffer);
  const version = bytes.length < 4 ? 0 : view.getUint8(3);
  if (version !== 1 && version !== 2 && version !== 3 || bytes.length !== LENGTHS[version]) {
    throw new MasuError("failed", `Read the file capability "${hex}": no version of it that is known`);
  }
  const word = (at: number) => BigInt(view.getUint32(at, true));
  const mask = (at: number) => version === 1 ? word(at) : word(at) | word(at + 8) << 32n;
  return {
    version,
    permitted: capabilitiesOfMask(mask(4)),
    inheritable: capabilitiesOfMask(mask(8)),
    effective: (view.getUint8(0) & EFFECTIVE) !== 0,
    rootUser: version === 3 ? view.getUint32(20, true) : null,
  };
}

/** As getcap(8) writes it: `cap_net_raw=ep`. Empty: none. */
export function fileCapabilityText({ version, permitted, inheritable, effective, rootUser }: FileCapabilities): string {
  if (version === 0) return "";
  const flags = new Map<string, string[]>();
  for (const name of capabilitiesInOrder(permitted, inheritable)) {
    const inPermitted = permitted.includes(name);
    const word = `${effective ? "e" : ""}${inheritable.includes(name) ? "i" : ""}${inPermitted ? "p" : ""}`;
    flags.set(word, [...flags.get(word) ?? [], name.toLowerCase()]);
  }
  const text = [...flags].map(([word, names]) => `${names.join(",")}=${word}`).join(" ");
  return `${text === "" ? "=" : text}${rootUser === null ? "" : ` [rootid=${rootUser}]`}`;
}

function capabilitiesInOrder(one: readonly string[], other: readonly string[]): string[] {
  return [...one, ...other.filter((name) => !one.includes(name))];
}
