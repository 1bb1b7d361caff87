/**
 * Which namespaces a container gets: new ones, the host's, or another container's.
 *
 * @module
 */
import type { NamespaceMode, RunConfig } from "../config/run_config.ts";
import { MasuError } from "../error.ts";
import type { ContainerFact, HostFacts } from "../host/facts.ts";
import type { LinuxNamespace, LinuxNamespaceType } from "./oci.ts";
import type { ContainerIds } from "./user_namespace.ts";

/** The options in the order in which other containers' namespaces are entered. */
const OPTIONS = [
  ["cgroup", "cgroupns"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["network", "network"],
  ["pid", "pid"],
] as const satisfies readonly (readonly [LinuxNamespaceType, keyof RunConfig])[];

/** Files in /proc/PID/ns. namespaces(7) */
const FILES: Readonly<Record<LinuxNamespaceType, string>> = {
  cgroup: "cgroup",
  ipc: "ipc",
  mount: "mnt",
  network: "net",
  pid: "pid",
  time: "time",
  user: "user",
  uts: "uts",
};

/** The namespaces by OCI's list; the host's are not in it. */
export function containerNamespaces(
  config: RunConfig,
  facts: Pick<HostFacts, "containers">,
  ids: ContainerIds,
): LinuxNamespace[] {
  const namespaces: LinuxNamespace[] = [];
  if (ids.kind === "joined") namespaces.push({ type: "user", path: namespaceFile("user", ids.pid) });
  if (ids.kind === "mapped") namespaces.push({ type: "user" });
  namespaces.push({ type: "mount" });
  for (const [type, option] of OPTIONS) {
    const mode = config[option];
    if (mode?.kind === "host") continue;
    if (mode?.kind === "container") {
      namespaces.push({ type, path: namespaceFile(type, container(facts, mode.container).pid) });
    } else {
      namespaces.push({ type });
    }
  }
  if (config.timeOffsets.length > 0) namespaces.push({ type: "time" });
  return namespaces;
}

/** First process of a container whose namespaces are joined; null: none is. */
export function joinedContainer(config: RunConfig, facts: Pick<HostFacts, "containers">): number | null {
  const pids = new Set<number>();
  for (const [, option] of OPTIONS) {
    const mode: NamespaceMode | undefined = config[option];
    if (mode?.kind === "container") pids.add(container(facts, mode.container).pid);
  }
  const [first = null] = pids;
  return first;
}

/** Whether a namespace of a type is new with this container. */
export function isOwn(namespaces: readonly LinuxNamespace[], type: LinuxNamespaceType): boolean {
  return namespaces.some((namespace) => namespace.type === type && namespace.path === undefined);
}

/** Whether a namespace of a type is the host's. */
export function isHosts(namespaces: readonly LinuxNamespace[], type: LinuxNamespaceType): boolean {
  return namespaces.every((namespace) => namespace.type !== type);
}

function namespaceFile(type: LinuxNamespaceType, pid: number): string {
  return `/proc/${pid}/ns/${FILES[type]}`;
}

function container({ containers }: Pick<HostFacts, "containers">, name: string): ContainerFact {
  const fact = containers[name];
  if (fact === undefined) {
    throw new MasuError("not_found", `Join container "${name}": no running container of that name`);
  }
  return fact;
}
