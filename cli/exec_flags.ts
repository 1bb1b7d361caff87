/**
 * The flags of `masu exec`: docker's and runc's, with their meaning.
 *
 * @module
 */
import type { Flag } from "./flags.ts";

const PROGRAM = "Program";
const PRIVILEGES = "Privileges";

/** In the order of the help. */
export const EXEC_FLAGS = [
  {
    name: "interactive",
    front: true,
    short: "i",
    group: PROGRAM,
    help: "Keep stdin connected, which a program in the foreground always has",
  },
  { name: "tty", short: "t", front: true, group: PROGRAM, help: "Give the program a terminal of its own" },
  {
    name: "detach",
    front: true,
    short: "d",
    group: PROGRAM,
    help: "Return at once; the program runs on, and its output goes nowhere",
  },
  {
    name: "env",
    front: true,
    short: "e",
    value: "NAME[=VALUE]",
    repeatable: true,
    group: PROGRAM,
    help: "Set a variable over the container's own environment; NAME alone takes the caller's value",
  },
  {
    name: "env-file",
    value: "FILE",
    repeatable: true,
    group: PROGRAM,
    help: "Read variables from FILE, one a line; --env wins",
  },
  {
    name: "workdir",
    front: true,
    aliases: ["cwd"],
    short: "w",
    value: "DIR",
    group: PROGRAM,
    help: "Start in this directory of the container",
  },
  { name: "pid-file", value: "FILE", front: true, group: PROGRAM, help: "Write the program's PID to FILE" },
  { name: "preserve-fds", value: "N", front: true, group: PROGRAM, help: "Pass on N open descriptors from 3 on" },
  {
    name: "process",
    short: "p",
    front: true,
    value: "FILE",
    group: PROGRAM,
    help: "Take everything about the program from FILE, an OCI process document",
  },
  {
    name: "console-socket",
    front: true,
    value: "SOCKET",
    group: PROGRAM,
    help: "Send the terminal of a detached program to who listens on SOCKET",
  },
  {
    name: "pidfd-socket",
    front: true,
    value: "SOCKET",
    group: PROGRAM,
    help: "Send a pidfd of the program to who listens on SOCKET",
  },
  {
    name: "cgroup",
    value: "PATH",
    repeatable: true,
    group: PROGRAM,
    help: "Run it in a cgroup below the container's own: PATH, or CONTROLLER[,CONTROLLER]:PATH",
  },
  {
    name: "ignore-paused",
    front: true,
    group: PROGRAM,
    help: "Also in a paused container: the program waits until that is resumed",
  },
  {
    name: "user",
    short: "u",
    value: "USER[:GROUP]",
    group: PRIVILEGES,
    help: "Run as this user, by number or by a name in the container's /etc/passwd",
  },
  {
    name: "additional-gids",
    aliases: ["group-add"],
    short: "g",
    value: "GROUP",
    repeatable: true,
    group: PRIVILEGES,
    help: "Add a group, by number or name",
  },
  {
    name: "cap",
    aliases: ["cap-add"],
    short: "c",
    value: "CAPABILITY",
    repeatable: true,
    group: PRIVILEGES,
    help: "Add a capability (net_admin) to the container's own, or ALL",
  },
  { name: "privileged", group: PRIVILEGES, help: "All capabilities; the container's filter stays" },
  { name: "no-new-privs", group: PRIVILEGES, help: "Forbid new privileges, also where the container allows them" },
  { name: "apparmor", value: "PROFILE", group: PRIVILEGES, help: "Run it under this AppArmor profile" },
  { name: "process-label", value: "LABEL", group: PRIVILEGES, help: "Run it with this SELinux label" },
] as const satisfies readonly Flag[];

/** Names of the flags of `masu exec`. */
export type ExecFlagName = typeof EXEC_FLAGS[number]["name"];

/** Known from docker, podman, runc and crun, and not done. */
export const REFUSED_EXEC_FLAGS: readonly Flag[] = [
  {
    name: "detach-keys",
    value: "KEYS",
    group: PROGRAM,
    help: "",
    refused: "a program in the foreground ends with its masu; --detach starts one that does not",
  },
  { name: "latest", short: "l", group: PROGRAM, help: "", refused: "name the container" },
  { name: "preserve-fd", value: "FD", group: PROGRAM, help: "", refused: "--preserve-fds N passes on 3 to 2 + N" },
];
