/**
 * The container's /dev: nodes and links.
 *
 * @module
 */
import type { StageStep } from "../core/wire.ts";
import { mayOpen } from "../host/device_nodes.ts";
import { DEFAULT_DEVICES, DEV_LINKS } from "../spec/defaults.ts";
import type { LinuxDevice } from "../spec/oci.ts";
import type { PlanContext } from "./context.ts";

/** The steps that fill a fresh /dev. */
export function deviceSteps(context: PlanContext): StageStep[] {
  const { spec, confined, facts } = context;
  const named = spec.linux.devices ?? [];
  const taken = new Set(named.map(({ path }) => path));
  const devices = [...DEFAULT_DEVICES.filter(({ path }) => !taken.has(path)), ...named];
  const nodes = confined ? devices.flatMap((device) => boundNode(device, context)) : devices.map(madeNode);
  const links = facts.kcore ? [...DEV_LINKS, ["/dev/core", "/proc/kcore"] as const] : DEV_LINKS;
  return [
    ...parentsOf(devices),
    ...nodes,
    ...links.map(([path, target]): StageStep => ({ kind: "make_symlink", path, target })),
  ];
}

function madeNode({ path, type, major, minor, fileMode = 0o666, uid = 0, gid = 0 }: LinuxDevice): StageStep {
  return { kind: "make_device", path, type: type === "u" ? "c" : type, major, minor, mode: fileMode, uid, gid };
}

/** In a user namespace nodes cannot be made, only the host's bound. mknod(2): EPERM without CAP_MKNOD in the initial one. */
function boundNode({ path, type, major, minor }: LinuxDevice, { wishes, facts }: PlanContext): StageStep[] {
  const named = wishes.deviceSources.get(path);
  const source = named ?? path;
  const status = facts.devices[source] ?? null;
  const isIt = status !== null && status.major === major && status.minor === minor &&
    (status.kind === "block_device") === (type === "b");
  // With --privileged all nodes of the host are meant, as far as this user can use them; named ones are shown in any case.
  if (!isIt || named === undefined && !mayOpen(status, facts.process)) return [];
  return [{
    kind: "bind",
    source,
    destination: path,
    recursive: false,
    flags: 0,
    recursiveReadOnly: false,
    propagation: null,
    create: "file",
  }];
}

/** Directories below /dev that nodes stand in. */
function parentsOf(devices: readonly LinuxDevice[]): StageStep[] {
  const parents = new Set(devices.map(({ path }) => path.slice(0, path.lastIndexOf("/"))));
  parents.delete("/dev");
  return [...parents].filter((path) => path !== "").map((path) => ({ kind: "make_directory", path, mode: 0o755 }));
}
