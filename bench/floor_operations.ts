/**
 * A plan as the operation list of floor.c: the same system calls, decided and parsed before the clock starts.
 *
 * Only plans of root with a directory image are covered, which is what the launch benchmark makes.
 *
 * @module
 */
import type { HostStep, Namespace, OverlayLayer, Plan, StageStep } from "../lib/core/wire.ts";

/** CLONE_NEW* of clone(2). */
const CLONE: Record<Namespace, number> = {
  time: 0x80,
  mount: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
};
const MS_RDONLY = 1;
const MS_NOSUID_NODEV_NOEXEC = 2 | 4 | 8;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_PROPAGATION = { private: 1 << 18, slave: 1 << 19, shared: 1 << 20, unbindable: 1 << 17 } as const;

/** Numbers of the capabilities and limits, which floor.c wants and a plan has by name. */
export interface Numbers {
  readonly capability: (name: string) => number;
  readonly resource: (name: string) => number;
}

/** The whole list. `filter` is a file of `struct sock_filter`s; blanks must be filled in already. */
export function floorOperations(plan: Plan, program: readonly string[], filter: string, numbers: Numbers): string {
  const root = { path: "" };
  const flags = plan.clone.namespaces.reduce((sum, namespace) => sum + CLONE[namespace], 0);
  const stage = [...plan.network, ...plan.inside, ...plan.exec];
  const lines = [
    ["group", "before"],
    ...[...plan.create, ...plan.before].flatMap(hostOperation),
    ...(plan.clone.cgroup === null ? [] : [["into", plan.clone.cgroup]]),
    ["group", "inside"],
    ...stage.flatMap((step) => stageOperation(step, root, filter, program, numbers)),
    ["group", "afterwards"],
    ...[...plan.afterwards, ...plan.delete].flatMap(hostOperation),
    ["clone", String(flags)],
  ];
  const field = (text: string) => text === "" ? "-" : text.replaceAll("\n", "\\n");
  return lines.map((fields) => fields.map(field).join("\t")).join("\n") + "\n";
}

function hostOperation(step: HostStep): string[][] {
  switch (step.kind) {
    case "make_directory":
      return [
        ...(step.parents ? [["mkdir", step.path.slice(0, step.path.lastIndexOf("/")), step.mode.toString(8)]] : []),
        ["mkdir", step.path, step.mode.toString(8)],
      ];
    case "make_cgroup":
      return [["mkdir", step.path, "755"]];
    case "enable_controllers": {
      const names = [...step.needed.map(({ name }) => name), ...step.usual];
      return [["write", `${step.path}/cgroup.subtree_control`, names.map((name) => `+${name}`).join(" ")]];
    }
    case "write_file":
      return [["write", step.path, step.text]];
    case "write_control":
      return [["write", step.path, step.text]];
    case "remove_cgroup":
      return [["rmdir", step.path]];
    case "remove_tree":
      return [["rmtree", step.path]];
    case "remove_file":
      return [["unlink", step.path]];
    case "kill_cgroup":
    case "reserve_name":
    case "remove_mount_point":
    case "mount":
    case "unmount":
    case "change_owner":
    case "inherit_cpuset":
    case "attach_device_program":
    case "run_hook":
    case "move_network_device":
    case "start_unit":
    case "set_unit_properties":
    case "stop_unit":
      return [];
    default:
      return step satisfies never;
  }
}

function stageOperation(
  step: StageStep,
  root: { path: string },
  filter: string,
  program: readonly string[],
  numbers: Numbers,
): string[][] {
  const at = (path: string) => `${root.path}${path}`;
  const mask = (names: readonly string[]) =>
    `0x${names.reduce((sum, name) => sum | 1n << BigInt(numbers.capability(name)), 0n).toString(16)}`;
  switch (step.kind) {
    case "loopback_up":
      return [["loopback"]];
    case "join_cgroups":
      return step.paths.map((path) => ["write", path, "0"]);
    case "unshare_cgroup":
      return [["unshare", String(CLONE.cgroup)]];
    case "set_hostname":
      return [["hostname", step.name]];
    case "set_sysctl":
      return [["write", `/proc/sys/${step.name.replaceAll(".", "/")}`, step.value]];
    case "set_propagation":
      return [["mount", "", "/", "", String(propagation(step.propagation)), ""]];
    case "mount_root":
      root.path = step.path;
      if (step.root.kind !== "overlay") throw new Error(`The floor has no root of the kind "${step.root.kind}"`);
      return [overlay(step.root.layer, step.path)];
    case "mount":
      return [
        ...(step.create === "directory" ? [["mkdir", at(step.destination), "755"]] : []),
        ["mount", step.source, at(step.destination), step.type, String(step.flags), step.data],
      ];
    case "bind":
      return [
        ...(step.create === "file" ? [["create", at(step.destination), "644"]] : []),
        ["mount", step.source, at(step.destination), "", String(MS_BIND | (step.recursive ? MS_REC : 0)), ""],
        ...(step.flags === 0
          ? []
          : [["mount", "", at(step.destination), "", String(MS_BIND | MS_REMOUNT | step.flags), ""]]),
      ];
    case "remount":
      return [
        ...(step.flags === null
          ? []
          : [["mount", "", at(step.destination), "", String(MS_BIND | MS_REMOUNT | step.flags), ""]]),
        ...(step.propagation === null
          ? []
          : [["mount", "", at(step.destination), "", String(propagation(step.propagation)), ""]]),
      ];
    case "make_device":
      return [["mknod", at(step.path), (0o020000 | step.mode).toString(8), String(step.major), String(step.minor)]];
    case "make_symlink":
      return [["symlink", step.target, at(step.path)]];
    case "make_directory":
      return [["mkdir", at(step.path), step.mode.toString(8)]];
    case "mask":
      return maskOperation(step.path);
    case "read_only_path":
      return exists(step.path) === undefined ? [] : [
        ["mount", step.path, step.path, "", String(MS_BIND | MS_REC), ""],
        ["mount", "", step.path, "", String(MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID_NODEV_NOEXEC), ""],
      ];
    case "pivot_root":
      return [["pivot", root.path]];
    case "new_session":
      return [["setsid"]];
    case "new_keyring":
      return [["keyring", step.name]];
    case "set_rlimit":
      return [["rlimit", String(numbers.resource(step.resource)), String(step.soft), String(step.hard)]];
    case "set_umask":
      return [["umask", step.mask.toString(8)]];
    case "set_bounding_set":
      return [["bounding", mask(step.keep)]];
    case "set_capabilities":
      return [["caps", mask(step.permitted)]];
    case "no_new_privileges":
      return [["nnp"]];
    case "load_filter":
      return [["filter", filter]];
    case "change_directory":
      return [["chdir", step.path]];
    case "close_descriptors":
      return [["closerange"]];
    case "set_user":
      return [];
    case "execute":
      return [["exec", ...program]];
    default:
      throw new Error(`The floor has no operation for the step "${step.kind}"`);
  }
}

function overlay(layer: OverlayLayer, path: string): string[] {
  const data = [
    `lowerdir=${layer.lower.join(":")}`,
    `upperdir=${layer.upper}`,
    `workdir=${layer.work}`,
    ...layer.options,
  ];
  return ["mount", "overlay", path, "overlay", "0", data.join(",")];
}

/** A procfs or sysfs of a new container has the same paths as the host's. */
function exists(path: string): "directory" | "file" | undefined {
  try {
    return Deno.statSync(path).isDirectory ? "directory" : "file";
  } catch {
    return undefined;
  }
}

function maskOperation(path: string): string[][] {
  switch (exists(path)) {
    case "directory":
      return [["mount", "tmpfs", path, "tmpfs", String(MS_RDONLY), ""]];
    case "file":
      return [["mount", "/dev/null", path, "", String(MS_BIND), ""]];
    case undefined:
      return [];
  }
}

function propagation(word: string): number {
  const recursive = word.startsWith("r");
  const plain = recursive ? word.slice(1) : word;
  const bit = MS_PROPAGATION[plain as keyof typeof MS_PROPAGATION];
  return recursive ? bit | MS_REC : bit;
}
