/**
 * The flags of `masu ns enter`: nsenter(1)'s, with their meaning, and setpriv(1)'s.
 *
 * @module
 */
import type { Flag } from "../../flags.ts";
import { IDENTITY_FLAGS, REFUSED_IDENTITY_FLAGS } from "./run_flags.ts";

const NAMESPACES = "Namespaces to enter";
const PROGRAM = "Program";

function namespace<Name extends string>(name: Name, short: string, what: string, aliases: readonly string[] = []) {
  const help = `The ${what} namespace; with =FILE the one that is kept there`;
  return { name, short, aliases, value: "FILE", bare: "true", group: NAMESPACES, help } as const;
}

/** In the order of the help. */
export const NS_ENTER_FLAGS = [
  { name: "target", short: "t", value: "PID", group: NAMESPACES, help: "Those of this process" },
  { name: "all", short: "a", group: NAMESPACES, help: "All that differ, also when some are named; as when none is" },
  namespace("mount", "m", "mount"),
  namespace("uts", "u", "UTS"),
  namespace("ipc", "i", "IPC"),
  namespace("net", "n", "network", ["network"]),
  namespace("pid", "p", "PID"),
  namespace("user", "U", "user"),
  namespace("cgroup", "C", "cgroup"),
  namespace("time", "T", "time"),
  {
    name: "root",
    short: "r",
    value: "DIR",
    bare: "true",
    group: PROGRAM,
    help: "Have the target's root directory, or with =DIR one of the caller's",
  },
  {
    name: "wd",
    aliases: ["workdir"],
    short: "w",
    value: "DIR",
    bare: "true",
    group: PROGRAM,
    help: "Start in the target's directory, or with =DIR in one of the caller's",
  },
  { name: "wdns", short: "W", value: "DIR", group: PROGRAM, help: "Start in this directory of the namespaces" },
  { name: "env", short: "e", group: PROGRAM, help: "Have the target's environment" },
  {
    name: "preserve-credentials",
    group: PROGRAM,
    help: "Stay who one is in a user namespace, with the caller's groups",
  },
  ...IDENTITY_FLAGS,
] as const satisfies readonly Flag[];

/** Names of {@link NS_ENTER_FLAGS}. */
export type NsEnterFlag = typeof NS_ENTER_FLAGS[number]["name"];

/** Known from nsenter(1) and setpriv(1), and not done. */
export const REFUSED_NS_ENTER_FLAGS: readonly Flag[] = [
  ...REFUSED_IDENTITY_FLAGS,
  {
    name: "no-fork",
    short: "F",
    group: PROGRAM,
    help: "",
    refused: "masu makes a second process only where the namespaces need one",
  },
  { name: "follow-context", short: "Z", group: PROGRAM, help: "", refused: "SELinux labels are not supported" },
  {
    name: "user-parent",
    group: NAMESPACES,
    help: "",
    refused: "the parent of a user namespace has no file: name a process that is in it",
  },
  {
    name: "net-socket",
    short: "N",
    value: "FD",
    group: NAMESPACES,
    help: "",
    refused: "name the process or the file: masu ns list shows them",
  },
  {
    name: "join-cgroup",
    short: "c",
    group: PROGRAM,
    help: "",
    refused: "masu cgroup run joins cgroups; of a container masu exec does",
  },
];
