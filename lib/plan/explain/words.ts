/**
 * Each plan step in plain words, with the system call that does it.
 *
 * @module
 */
import type { DeviceRule, Filter, HostStep, OverlayLayer, RootSource, StageStep } from "../../core/wire.ts";
import { securebitsOf } from "../../spec/securebits.ts";
import { mountWords } from "./flags.ts";

/** One step, said. */
export interface Words {
  /** What happens, with its object in double quotes. */
  readonly text: string;
  /** The system call or calls, by man-page name. */
  readonly call: string;
}

/** Says a step of the runtime namespace. */
export function hostWords(step: HostStep): Words {
  switch (step.kind) {
    case "make_directory":
      return {
        text: `Make the directory ${quote(step.path)} (mode ${octal(step.mode)})${
          step.parents ? " and its parents" : ""
        }`,
        call: "mkdir(2)",
      };
    case "write_file":
      return {
        text: `Write ${step.text.length} characters to ${quote(step.path)} (mode ${octal(step.mode)})${
          step.exclusive ? ", which must not exist" : ""
        }`,
        call: step.exclusive ? "open(2) O_EXCL" : "open(2), rename(2)",
      };
    case "reserve_name":
      return { text: `Reserve the name ${quote(step.name)} by the link ${quote(step.path)}`, call: "symlink(2)" };
    case "write_control":
      return {
        text: `Write ${quote(step.text)} to ${quote(step.path)}${
          step.optional === true ? ", if there is such a file" : ""
        }`,
        call: "write(2)",
      };
    case "make_cgroup":
      return { text: `Make the cgroup ${quote(step.path)}, threaded where it can be nothing else`, call: "mkdir(2)" };
    case "enable_controllers":
      return { text: `Enable for cgroups in ${quote(step.path)} ${controllers(step)}`, call: "write(2)" };
    case "inherit_cpuset":
      return {
        text: `Give ${quote(step.path)} the CPUs and memory nodes of its parent, if it has none`,
        call: "write(2)",
      };
    case "attach_device_program":
      return {
        text: `Allow the devices ${step.rules.map(deviceRule).join("; ")} in ${quote(step.cgroup)}`,
        call: "bpf(2) BPF_PROG_ATTACH",
      };
    case "kill_cgroup":
      return { text: `End every process in the cgroup ${quote(step.path)}`, call: "write(2) cgroup.kill" };
    case "remove_cgroup":
      return { text: `Remove the cgroup ${quote(step.path)}`, call: "rmdir(2)" };
    case "remove_tree":
      return {
        text: `Remove ${quote(step.path)} and all below it${step.user === null ? "" : ", inside a user namespace"}`,
        call: "unlinkat(2)",
      };
    case "remove_file":
      return {
        text: `Remove the file ${quote(step.path)}${
          step.target === null ? "" : `, if it links to ${quote(step.target)}`
        }`,
        call: "unlink(2)",
      };
    case "remove_mount_point":
      return {
        text: `Remove the mount point ${quote(step.path)} made in ${quote(step.root)}, if it is empty`,
        call: step.file ? "unlinkat(2)" : "rmdir(2)",
      };
    case "mount":
      return {
        text: `Mount ${quote(step.source)} on ${quote(step.destination)}${step.data === "" ? "" : `, ${step.data}`}`,
        call: "mount(2)",
      };
    case "unmount":
      return { text: `Unmount ${quote(step.path)}`, call: "umount2(2)" };
    case "change_owner":
      return { text: `Give ${quote(step.path)} to ${step.owner.uid}:${step.owner.gid}`, call: "fchownat(2)" };
    case "run_hook":
      return { text: `Run the hook ${quote(step.hook.path)}`, call: "execve(2)" };
    case "move_network_device":
      return {
        text: `Move the network device ${quote(step.name)} into the container as ${quote(step.newName)}`,
        call: "netlink(7) RTM_NEWLINK",
      };
    case "start_unit":
      return { text: `Have systemd start the unit ${quote(step.name)}`, call: "org.freedesktop.systemd1(5)" };
    case "set_unit_properties":
      return { text: `Change the unit ${quote(step.name)}`, call: "org.freedesktop.systemd1(5)" };
    case "stop_unit":
      return { text: `Have systemd stop the unit ${quote(step.name)}`, call: "org.freedesktop.systemd1(5)" };
    default:
      return step satisfies never;
  }
}

function controllers({ needed, usual }: Extract<HostStep, { kind: "enable_controllers" }>): string {
  const must = needed.map(({ name, by }) => `${name} (for ${quote(by)})`);
  return [...must, ...(usual.length === 0 ? [] : [`${usual.join(", ")} if they can be had`])].join(", ");
}

/** Says a step of the container's first process. */
export function stageWords(step: StageStep): Words {
  switch (step.kind) {
    case "loopback_up":
      return { text: "Bring the loopback device up", call: "ioctl(2) SIOCSIFFLAGS" };
    case "join_cgroups":
      return { text: `Join the cgroups ${step.paths.map(quote).join(", ")}`, call: "write(2)" };
    case "unshare_cgroup":
      return { text: "Make these cgroups the roots that are seen", call: "unshare(2) CLONE_NEWCGROUP" };
    case "set_hostname":
      return { text: `Set the host name to ${quote(step.name)}`, call: "sethostname(2)" };
    case "set_domainname":
      return { text: `Set the NIS domain name to ${quote(step.name)}`, call: "setdomainname(2)" };
    case "set_sysctl":
      return { text: `Set ${step.name} to ${quote(step.value)}`, call: "write(2)" };
    case "set_oom_score_adj":
      return { text: `Set the out-of-memory score adjustment to ${step.value}`, call: "write(2)" };
    case "set_propagation":
      return { text: `Make all mounts ${step.propagation}, so that none made here reaches the host`, call: "mount(2)" };
    case "mount_root":
      return { text: `Mount ${rootWords(step.root)} on ${quote(step.path)} as the new root`, call: "mount(2)" };
    case "mount":
      return {
        text: `Mount ${step.type} on ${quote(step.destination)}${options(mountWords(step.flags, step.data))}`,
        call: "mount(2)",
      };
    case "mount_overlay":
      return { text: `Mount ${overlayWords(step.layer)} on ${quote(step.destination)}`, call: "mount(2)" };
    case "bind":
      return { text: bindWords(step), call: step.recursiveReadOnly ? "mount(2), mount_setattr(2)" : "mount(2)" };
    case "remount":
      return {
        text: `Change the mount ${quote(step.destination)}${
          step.flags === null ? "" : options(mountWords(step.flags) || "rw")
        }${step.propagation === null ? "" : ` to ${step.propagation}`}`,
        call: "mount(2) MS_REMOUNT",
      };
    case "make_device":
      return {
        text: `Make the device ${quote(step.path)} (${step.type} ${step.major}:${step.minor}, mode ${
          octal(step.mode)
        })`,
        call: "mknod(2)",
      };
    case "make_symlink":
      return { text: `Link ${quote(step.path)} to ${quote(step.target)}`, call: "symlink(2)" };
    case "make_directory":
      return { text: `Make the directory ${quote(step.path)} (mode ${octal(step.mode)})`, call: "mkdir(2)" };
    case "mask":
      return { text: `Hide ${quote(step.path)}`, call: "mount(2)" };
    case "read_only_path":
      return { text: `Make ${quote(step.path)} read-only`, call: "mount(2) MS_BIND, MS_REMOUNT" };
    case "pivot_root":
      return { text: "Enter the new root and leave the old one", call: "pivot_root(2), umount2(2)" };
    case "read_only_root":
      return { text: "Make the root read-only", call: "mount(2) MS_REMOUNT" };
    default:
      return execWords(step);
  }
}

/** The steps that change what the process itself is. */
type ExecStep = Exclude<
  StageStep,
  {
    kind:
      | "loopback_up"
      | "join_cgroups"
      | "unshare_cgroup"
      | "set_hostname"
      | "set_domainname"
      | "set_sysctl"
      | "set_oom_score_adj"
      | "set_propagation"
      | "mount_root"
      | "mount"
      | "mount_overlay"
      | "bind"
      | "remount"
      | "make_device"
      | "make_symlink"
      | "make_directory"
      | "mask"
      | "read_only_path"
      | "pivot_root"
      | "read_only_root";
  }
>;

function execWords(step: ExecStep): Words {
  switch (step.kind) {
    case "await_runtime":
      return { text: "Wait until the runtime has done its part", call: "recvmsg(2)" };
    case "await_start":
      return { text: `Wait on ${quote(step.path)} until the container is started`, call: "accept4(2)" };
    case "run_hook":
      return { text: `Run the hook ${quote(step.hook.path)} in the container's namespaces`, call: "execve(2)" };
    case "set_security_label":
      return {
        text: `Give the program the ${step.module === "apparmor" ? "AppArmor profile" : "SELinux label"} ${
          quote(step.label)
        }`,
        call: "write(2)",
      };
    case "set_personality":
      return { text: `Set the execution domain to 0x${step.persona.toString(16)}`, call: "personality(2)" };
    case "set_scheduler":
      return {
        text: `Use scheduling policy ${step.policy}, nice ${step.nice}, priority ${step.priority}`,
        call: "sched_setattr(2)",
      };
    case "set_io_priority":
      return { text: `Use I/O class ${step.class}, priority ${step.priority}`, call: "ioprio_set(2)" };
    case "set_affinity":
      return { text: `Run on the CPUs ${step.cpus}`, call: "sched_setaffinity(2)" };
    case "set_memory_policy":
      return {
        text: `Use memory policy ${step.mode}${step.nodes === "" ? "" : ` on the nodes ${step.nodes}`}`,
        call: "set_mempolicy(2)",
      };
    case "new_session":
      return { text: "Start a session without a controlling terminal", call: "setsid(2)" };
    case "open_terminal":
      return {
        text: `Open a pseudoterminal${
          step.rows > 0 ? ` of ${step.rows} rows and ${step.columns} columns` : ""
        } as stdin, stdout, stderr${step.console ? ' and "/dev/console"' : ""}`,
        call: "ioctl(2) TIOCGPTPEER, TIOCSCTTY",
      };
    case "new_keyring":
      return { text: `Start the session keyring ${quote(step.name)}`, call: "keyctl(2) KEYCTL_JOIN_SESSION_KEYRING" };
    case "set_rlimit":
      return {
        text: `Limit ${step.resource} to ${limit(step.soft)}, at most ${limit(step.hard)}`,
        call: "setrlimit(2)",
      };
    case "set_umask":
      return { text: `Set the file mode mask to ${octal(step.mask)}`, call: "umask(2)" };
    case "set_bounding_set":
      return {
        text: `Drop every capability for good but ${capabilities(step.keep)}`,
        call: "prctl(2) PR_CAPBSET_DROP",
      };
    case "set_user":
      return {
        text: `Become user ${step.uid}, group ${step.gid}${
          step.groups === null
            ? ""
            : step.groups.length === 0
            ? ", no further groups"
            : `, further groups ${step.groups.join(" ")}`
        }`,
        call: "setgroups(2), setresgid(2), setresuid(2)",
      };
    case "set_ids":
      return { text: idWords(step), call: "setgroups(2), setresgid(2), setresuid(2)" };
    case "set_parent_death_signal":
      return {
        text: step.signal === 0
          ? "Send no signal when the parent ends"
          : `Send signal ${step.signal} when the parent ends`,
        call: "prctl(2) PR_SET_PDEATHSIG",
      };
    case "set_capabilities":
      return {
        text: `Have the capabilities ${capabilities(step.effective)} (effective), ${
          capabilities(step.permitted)
        } (permitted), ${capabilities(step.inheritable)} (inheritable), ${capabilities(step.ambient)} (ambient)`,
        call: "capset(2)",
      };
    case "set_securebits":
      return {
        text: `Set the securebits ${securebitsOf(step.bits).join(" ") || "to none"}`,
        call: "prctl(2) PR_SET_SECUREBITS",
      };
    case "no_new_privileges":
      return { text: "Gain no privileges from now on", call: "prctl(2) PR_SET_NO_NEW_PRIVS" };
    case "load_filter":
      return { text: `Load ${filterWords(step.filter)}`, call: "seccomp(2)" };
    case "change_directory":
      return {
        text: `Go to the directory ${quote(step.path)}${step.create ? ", made when missing" : ""}`,
        call: "chdir(2)",
      };
    case "close_descriptors":
      return {
        text: step.keep === 0 ? "Close every descriptor from 3 on" : `Close every descriptor but 0 to ${2 + step.keep}`,
        call: "close_range(2)",
      };
    case "execute":
      return {
        text: `Execute ${step.arguments.map(quote).join(" ")}${step.reaper ? " as the child of a reaper" : ""}`,
        call: step.reaper ? "fork(2), execve(2)" : "execve(2)",
      };
    default:
      return step satisfies never;
  }
}

function rootWords(root: RootSource): string {
  switch (root.kind) {
    case "bind":
      return `the directory ${quote(root.source)}${root.idmapped ? " with mapped owners" : ""}`;
    case "overlay":
      return overlayWords(root.layer);
    case "tmpfs":
      return `an empty tmpfs${options(root.data)}`;
    default:
      return root satisfies never;
  }
}

function overlayWords(layer: OverlayLayer): string {
  return `an overlay of ${layer.lower.map(quote).join(", ")}${
    layer.idmapped ? " (owners mapped)" : ""
  } with changes in ${quote(layer.upper)}`;
}

function bindWords(step: Extract<StageStep, { kind: "bind" }>): string {
  const words = mountWords(step.flags);
  return `Show ${quote(step.source)} at ${quote(step.destination)}${options(words)}${
    step.recursiveReadOnly ? ", all below it read-only" : ""
  }${step.propagation === null ? "" : `, ${step.propagation}`}`;
}

function filterWords(filter: Filter): string {
  switch (filter.kind) {
    case "default":
      return "the default system call filter";
    case "profile":
      return "the system call filter of the given profile";
    case "program":
      return `a system call filter of ${filter.instructions.length} instructions`;
    default:
      return filter satisfies never;
  }
}

function deviceRule(rule: DeviceRule): string {
  const number = (value: number | null) => value === null ? "*" : String(value);
  return `${rule.allow ? "" : "not "}${rule.type} ${number(rule.major)}:${number(rule.minor)} ${rule.access}`;
}

function capabilities(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.map((name) => name.replace(/^CAP_/, "")).join(" ");
}

function limit(value: number): string {
  return value < 0 ? "unlimited" : String(value);
}

function options(words: string): string {
  return words === "" ? "" : ` (${words})`;
}

/** Octal digits, at least three. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(3, "0");
}

/** In double quotes, control characters as JSON escapes. */
export function quote(text: string): string {
  // JSON escapes C0 only: C1 controls, DEL and what reorders text must not reach a terminal either.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Who it becomes: real and effective ids, where they differ. */
function idWords(step: Extract<StageStep, { kind: "set_ids" }>): string {
  const pair = (what: string, real: number | null, effective: number | null): string[] => {
    if (real === null && effective === null) return [];
    if (real === effective) return [`${what} ${real}`];
    return [
      ...(real === null ? [] : [`the real ${what} ${real}`]),
      ...(effective === null ? [] : [`the effective ${what} ${effective}`]),
    ];
  };
  const groups = step.groups === null
    ? []
    : [step.groups.length === 0 ? "no other groups" : `the groups ${step.groups.join(", ")}`];
  return `Become ${
    [
      ...pair("user", step.realUid, step.effectiveUid),
      ...pair("group", step.realGid, step.effectiveGid),
      ...groups,
    ].join(", ")
  }`;
}
