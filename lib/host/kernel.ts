/**
 * The kernel's version, and what depends on it.
 *
 * @module
 */

/** uname(2) `release`, taken apart. */
export interface KernelVersion {
  /** As the kernel says it, for example `6.12.9-amd64`. */
  readonly release: string;
  readonly major: number;
  readonly minor: number;
}

/** Takes a release apart. What is no number counts as 0. */
export function kernelVersion(release: string): KernelVersion {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return { release, major: Number(major), minor: Number(minor) };
}

/** Whether the kernel is `major.minor` or newer. A distribution may have brought a feature to an older one: prefer a probe where one is cheap. */
export function kernelAtLeast(version: KernelVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
