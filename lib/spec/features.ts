/**
 * The document of `masu features`: what of the runtime specification this masu knows, whether or not the host has it.
 *
 * Source: OCI runtime-spec 1.3, features.md, features-linux.md.
 *
 * @module
 */
import { kernelAtLeast, type KernelVersion } from "../host/kernel.ts";
import { MOUNT_OPTIONS } from "../plan/mount_options.ts";
import { CAPABILITIES } from "./capabilities.ts";
import {
  HOOKS,
  MEMORY_FLAGS,
  MEMORY_MODES,
  NAMESPACES,
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "./document/words.ts";
import { OCI_VERSION } from "./oci.ts";

/** The features structure. */
export interface Features {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks: readonly string[];
  readonly mountOptions: readonly string[];
  readonly linux: LinuxFeatures;
  /** Annotations of `config.json` that change what the container may do; a `.` at the end: all that begin so. */
  readonly potentiallyUnsafeConfigAnnotations: readonly string[];
}

/** Its Linux part. */
export interface LinuxFeatures {
  readonly namespaces: readonly string[];
  readonly capabilities: readonly string[];
  readonly cgroup: Readonly<Record<"v1" | "v2" | "systemd" | "systemdUser" | "rdma", boolean>>;
  readonly seccomp: SeccompFeatures;
  readonly apparmor: Enabled;
  readonly selinux: Enabled;
  readonly intelRdt: Enabled & { readonly schemata: boolean; readonly monitoring: boolean };
  readonly memoryPolicy: { readonly modes: readonly string[]; readonly flags: readonly string[] };
  readonly mountExtensions: { readonly idmap: Enabled };
  readonly netDevices: Enabled;
}

/** Words of `linux.seccomp`. */
export interface SeccompFeatures extends Enabled {
  readonly actions: readonly string[];
  readonly operators: readonly string[];
  readonly archs: readonly string[];
  readonly knownFlags: readonly string[];
  /** Those that this kernel has. */
  readonly supportedFlags: readonly string[];
}

/** Masu has it; the host may lack it. */
export interface Enabled {
  readonly enabled: boolean;
}

/** The oldest version of the specification that all of version 1 is compatible with. */
const OLDEST_VERSION = "1.0.0";

/** Since when kernels have a filter's flags: seccomp(2). */
const FLAG_KERNELS: ReadonlyMap<string, readonly [major: number, minor: number]> = new Map([
  ["SECCOMP_FILTER_FLAG_TSYNC", [3, 17]],
  ["SECCOMP_FILTER_FLAG_LOG", [4, 14]],
  ["SECCOMP_FILTER_FLAG_SPEC_ALLOW", [4, 17]],
  ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", [6, 0]],
]);

/** Annotations that masu acts on. */
const UNSAFE_ANNOTATIONS: readonly string[] = ["org.systemd.property."];

/** What this masu knows. */
export function features(kernel: KernelVersion): Features {
  return {
    ociVersionMin: OLDEST_VERSION,
    ociVersionMax: OCI_VERSION,
    hooks: HOOKS,
    mountOptions: [...MOUNT_OPTIONS].sort(),
    linux: {
      namespaces: NAMESPACES,
      capabilities: CAPABILITIES,
      cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp: {
        enabled: true,
        actions: SECCOMP_ACTIONS,
        operators: SECCOMP_OPERATORS,
        archs: SECCOMP_ARCHITECTURES,
        knownFlags: SECCOMP_FLAGS,
        supportedFlags: SECCOMP_FLAGS.filter((flag) => kernelAtLeast(kernel, ...(FLAG_KERNELS.get(flag) ?? [0, 0]))),
      },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      memoryPolicy: { modes: MEMORY_MODES, flags: MEMORY_FLAGS },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    potentiallyUnsafeConfigAnnotations: UNSAFE_ANNOTATIONS,
  };
}
