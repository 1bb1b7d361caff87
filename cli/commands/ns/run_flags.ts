/**
 * The flags of `masu ns run`: unshare(1)'s and setpriv(1)'s, with their meaning.
 *
 * @module
 */
import type { Flag } from "../../flags.ts";

const NAMESPACES = "Namespaces to make";
const IDS = "Users and groups of a user namespace";
const MOUNTS = "Mounts";
const PROGRAM = "Program";

/** A namespace, or with a file one that is kept there. */
function namespace<Name extends string>(name: Name, short: string, help: string, aliases: readonly string[] = []) {
  return { name, short, aliases, value: "FILE", bare: "true", group: NAMESPACES, help } as const;
}

/** Whether each of the namespaces is wanted, in the words of unshare(1) and nsenter(1). */
export const NAMESPACE_FLAGS = [
  namespace("mount", "m", "Mounts; with =FILE kept there, as with --keep"),
  namespace("uts", "u", "Host name and domain name"),
  namespace("ipc", "i", "System V IPC and POSIX message queues"),
  namespace("net", "n", "Network: nothing but a loopback device, which is down", ["network"]),
  namespace("pid", "p", "Process IDs: the program is PID 1"),
  namespace("user", "U", "User and group IDs: the program is nobody unless ids are mapped"),
  namespace("cgroup", "C", "Cgroups: its own are the roots that it sees"),
  namespace("time", "T", "Clocks: monotonic and boottime"),
] as const satisfies readonly Flag[];

/** setpriv(1)'s, and those of unshare(1) and nsenter(1) that mean the same. */
export const IDENTITY_FLAGS = [
  { name: "setuid", aliases: ["reuid"], short: "S", value: "USER", group: PROGRAM, help: "Run as this user" },
  {
    name: "setgid",
    aliases: ["regid"],
    short: "G",
    value: "GROUP",
    group: PROGRAM,
    help: "Run as this group, and without the caller's other groups unless --keep-groups is written",
  },
  { name: "ruid", value: "USER", group: PROGRAM, help: "The real user alone" },
  { name: "euid", value: "USER", group: PROGRAM, help: "The effective user alone" },
  { name: "rgid", value: "GROUP", group: PROGRAM, help: "The real group alone" },
  { name: "egid", value: "GROUP", group: PROGRAM, help: "The effective group alone" },
  { name: "groups", value: "GROUP,...", group: PROGRAM, help: "Exactly these supplementary groups" },
  { name: "clear-groups", group: PROGRAM, help: "No supplementary groups" },
  { name: "keep-groups", group: PROGRAM, help: "The caller's supplementary groups" },
  { name: "init-groups", group: PROGRAM, help: "Those that /etc/group gives to the user of --setuid" },
  {
    name: "bounding-set",
    value: "+CAP,-CAP",
    repeatable: true,
    group: PROGRAM,
    help: "Change the capability bounding set: -all,+chown leaves one",
  },
  {
    name: "inh-caps",
    aliases: ["inheritable-caps"],
    value: "+CAP,-CAP",
    repeatable: true,
    group: PROGRAM,
    help: "Change the inheritable capabilities",
  },
  {
    name: "ambient-caps",
    value: "+CAP,-CAP",
    repeatable: true,
    group: PROGRAM,
    help: "Change the ambient capabilities, which must be inheritable too",
  },
  {
    name: "cap-drop",
    value: "CAP",
    repeatable: true,
    group: PROGRAM,
    help: "Take a capability, or ALL, from every set",
  },
  {
    name: "cap-add",
    value: "CAP",
    repeatable: true,
    group: PROGRAM,
    help: "Leave this one with --cap-drop ALL, and give it to a program that is not root too (ambient)",
  },
  {
    name: "no-new-privs",
    aliases: ["nnp"],
    group: PROGRAM,
    help: "No program behind it gets privileges, setuid or not",
  },
  {
    name: "pdeathsig",
    value: "SIGNAL",
    group: PROGRAM,
    help: "Send it this signal when the process that started it ends; keep or clear",
  },
] as const satisfies readonly Flag[];

/** In the order of the help. */
export const NS_RUN_FLAGS = [
  ...NAMESPACE_FLAGS,
  {
    name: "keep",
    value: "[KIND=]FILE",
    repeatable: true,
    group: NAMESPACES,
    help: "Bind the namespace on FILE, where it stays until that is unmounted; KIND need not be said of a single one",
  },
  {
    name: "hostname",
    value: "NAME",
    group: NAMESPACES,
    help: "Give the new UTS namespace this host name; implies --uts",
  },
  { name: "monotonic", value: "SECONDS", group: NAMESPACES, help: "Shift the clock; implies --time" },
  { name: "boottime", value: "SECONDS", group: NAMESPACES, help: "Shift the clock; implies --time" },
  {
    name: "fork",
    short: "f",
    group: NAMESPACES,
    help: "Nothing to ask for: masu makes a second process where the namespaces need one",
  },
  {
    name: "kill-child",
    value: "SIGNAL",
    bare: "SIGKILL",
    group: NAMESPACES,
    help: "Nothing to ask for: a second process ends with masu, by SIGKILL",
  },
  {
    name: "map-root-user",
    aliases: ["map-root"],
    short: "r",
    group: IDS,
    help: "Be root in a new user namespace; implies --user, as all of these do",
  },
  { name: "map-current-user", short: "c", group: IDS, help: "Be who one is in a new user namespace" },
  { name: "map-user", value: "USER", group: IDS, help: "Be this user" },
  { name: "map-group", value: "GROUP", group: IDS, help: "Be in this group" },
  {
    name: "map-users",
    value: "RANGE",
    repeatable: true,
    group: IDS,
    help:
      "Map INNER:OUTER:COUNT; or auto: the subordinate ids from 0 on; subids: the same as themselves; all: every id",
  },
  { name: "map-groups", value: "RANGE", repeatable: true, group: IDS, help: "The same for groups" },
  { name: "map-auto", group: IDS, help: "Both auto" },
  { name: "setgroups", value: "WORD", group: IDS, help: "allow, or deny setgroups(2)" },
  {
    name: "keep-caps",
    group: IDS,
    help: "Give the capabilities of the user namespace to a program that is not root too",
  },
  {
    name: "mount-proc",
    value: "DIR",
    bare: "/proc",
    group: MOUNTS,
    help: "Mount a procfs there that shows the new pid namespace; implies --mount",
  },
  {
    name: "propagation",
    value: "KIND",
    group: MOUNTS,
    help: "What mounts do to those outside: private (default), slave, shared or unchanged; implies --mount",
  },
  {
    name: "rootfs",
    aliases: ["root"],
    short: "R",
    value: "DIR",
    group: MOUNTS,
    help: "Make this directory the root, with pivot_root(2); implies --mount",
  },
  {
    name: "bind",
    value: "SOURCE:DESTINATION[:ro]",
    repeatable: true,
    group: MOUNTS,
    help: "Bind a file or directory on another, below the new root if there is one; implies --mount",
  },
  { name: "wd", aliases: ["workdir"], short: "w", value: "DIR", group: PROGRAM, help: "Start in this directory" },
  ...IDENTITY_FLAGS,
] as const satisfies readonly Flag[];

/** Names of {@link NS_RUN_FLAGS}. */
export type NsRunFlag = typeof NS_RUN_FLAGS[number]["name"];

/** Known from unshare(1) and setpriv(1), and not done. */
export const REFUSED_IDENTITY_FLAGS: readonly Flag[] = [
  { name: "dump", short: "d", group: PROGRAM, help: "", refused: "masu cap list shows what a process has" },
  { name: "securebits", value: "BITS", group: PROGRAM, help: "", refused: "setpriv(1) --securebits, run by masu" },
  { name: "selinux-label", value: "LABEL", group: PROGRAM, help: "", refused: "runcon(1) sets one" },
  { name: "apparmor-profile", value: "PROFILE", group: PROGRAM, help: "", refused: "aa-exec(1) sets one" },
  {
    name: "landlock-access",
    value: "ACCESS",
    group: PROGRAM,
    help: "",
    refused: "setpriv(1) of util-linux 2.41 does it",
  },
  { name: "landlock-rule", value: "RULE", group: PROGRAM, help: "", refused: "setpriv(1) of util-linux 2.41 does it" },
  {
    name: "seccomp-filter",
    value: "FILE",
    group: PROGRAM,
    help: "",
    refused: "setpriv(1) of util-linux 2.41 loads one",
  },
  { name: "ptracer", value: "PID", group: PROGRAM, help: "", refused: "setpriv(1) of util-linux 2.41 does it" },
  { name: "reset-env", group: PROGRAM, help: "", refused: "env -i, run by masu, with the variables that are needed" },
];

/** Those of {@link REFUSED_IDENTITY_FLAGS}, and unshare(1)'s. */
export const REFUSED_NS_RUN_FLAGS: readonly Flag[] = [
  ...REFUSED_IDENTITY_FLAGS,
  {
    name: "load-interp",
    short: "l",
    value: "STRING",
    group: NAMESPACES,
    help: "",
    refused: "write it to /proc/sys/fs/binfmt_misc/register, mounted inside",
  },
  {
    name: "owner",
    value: "UID:GID",
    group: IDS,
    help: "",
    refused: "the owner is who runs masu: setpriv(1) runs it as another user",
  },
  {
    name: "forward-signals",
    group: PROGRAM,
    help: "",
    refused: "leave it out: signals are passed on in any case",
  },
];
