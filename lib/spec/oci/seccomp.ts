/**
 * `linux.seccomp` of the OCI runtime-spec's `config.json`.
 *
 * Source: config-linux.md, "Seccomp".
 *
 * @module
 */

/** `linux.seccomp`. */
export interface LinuxSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  flags?: string[];
  /** A socket in the runtime namespace to which SCMP_ACT_NOTIFY's descriptor is sent. */
  listenerPath?: string;
  /** Is sent to the listener, as it is. */
  listenerMetadata?: string;
  syscalls?: LinuxSyscall[];
}

/** What becomes of some system calls. */
export interface LinuxSyscall {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: LinuxSeccompArgument[];
}

/** `op`: `SCMP_CMP_EQ` and so on. */
export interface LinuxSeccompArgument {
  index: number;
  value: SeccompNumber;
  valueTwo?: SeccompNumber;
  op: string;
}

/** 64 bits without a sign; decimal digits in a text where a number of JavaScript's would round them. */
export type SeccompNumber = number | string;
