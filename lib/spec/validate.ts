/**
 * What a container may not be asked for, because it would reach past its namespaces.
 *
 * @module
 */
import type { MountConfig } from "../config/run_config.ts";
import { invalidConfig } from "../error.ts";
import { isHosts } from "./namespaces.ts";
import type { LinuxNamespace, LinuxNamespaceType } from "./oci.ts";
import { sysctlNamespace, sysctlPath } from "./sysctl.ts";

/** The flags that leave a container without a namespace of its own. */
const OPTIONS: ReadonlyMap<LinuxNamespaceType, string> = new Map([["network", "--net"], ["ipc", "--ipc"]]);

/** Settings that have a flag of their own. */
const WITH_FLAG: ReadonlyMap<string, string> = new Map([
  ["kernel.hostname", "--hostname"],
  ["kernel.domainname", "--domainname"],
]);

/** Refuses a setting that is not the container's own. Errors: `invalid_config`. */
export function checkSysctl(name: string, namespaces: readonly LinuxNamespace[]): void {
  const flag = WITH_FLAG.get(name);
  if (flag !== undefined) throw invalidConfig(`Set "${name}" (--sysctl): this has a flag of its own`, `use ${flag}`);
  const namespace = sysctlNamespace(sysctlPath(name) ?? []);
  if (namespace === null) {
    throw invalidConfig(
      `Set "${name}" (--sysctl): this setting is not a container's own but the whole machine's`,
      "net.* (own network), fs.mqueue.* and kernel.shm*, msg*, sem (own IPC) can be set",
    );
  }
  if (isHosts(namespaces, namespace)) {
    const option = OPTIONS.get(namespace);
    throw invalidConfig(
      `Set "${name}" (--sysctl): with "${option} host" this setting is the whole machine's`,
      `leave ${option} host out`,
    );
  }
}

/** Files of /proc that something harmless may be mounted over (lxcfs does). Source: runc, checkProcMount. */
export const COVERABLE: readonly string[] = [
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/loadavg",
  "/proc/meminfo",
  "/proc/slabinfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/sys/crypto/fips_enabled",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/uptime",
];

/**
 * Refuses a mount over the root, and over what masu itself relies on in /proc: a fake /proc/self/attr or /proc/sys would take
 * what masu writes there. Errors: `invalid_config`.
 */
export function checkDestination(mount: MountConfig): void {
  const { destination } = mount;
  if (!destination.startsWith("/") || destination.split("/").some((part) => part === "..")) {
    throw invalidConfig(`Mount on "${destination}": not an absolute path without ".."`);
  }
  const path = destination.replace(/\/+(\.?\/+)*/g, "/").replace(/(.)\/\.?$/, "$1");
  if (path === "/") {
    throw invalidConfig(`Mount on "/": this is the container's root itself`, "use --rootfs DIR, or DIR as IMAGE");
  }
  if (path !== "/proc" && !path.startsWith("/proc/")) return;
  if (path === "/proc" && mount.kind === "bind" && mount.source === "/proc") return;
  if (COVERABLE.includes(path)) return;
  throw invalidConfig(
    `Mount on "${destination}": nothing may cover the container's /proc there`,
    `${COVERABLE.join(", ")} may be covered`,
  );
}
