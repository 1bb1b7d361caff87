/**
 * The flags of `masu run`: docker's and podman's, with their meaning.
 *
 * @module
 */
import type { Flag } from "./flags.ts";

const CONTAINER = "Container";
const PROGRAM = "Program";
const FILES = "Root and mounts";
const NAMESPACES = "Namespaces";
const PRIVILEGES = "Privileges";
const LIMITS = "Limits and kernel settings";

/** In the order of the help. */
export const RUN_FLAGS = [
  { name: "name", value: "NAME", group: CONTAINER, help: "Name the container; else it has its ID only" },
  { name: "rm", group: CONTAINER, help: "Remove the container when it ends, which a foreground run always does" },
  { name: "init", group: CONTAINER, help: "Run a small init as PID 1, which forwards signals and reaps orphans" },
  { name: "label", short: "l", value: "NAME[=VALUE]", repeatable: true, group: CONTAINER, help: "Add a label" },
  { name: "annotation", value: "NAME=VALUE", repeatable: true, group: CONTAINER, help: "Add an OCI annotation" },
  { name: "cidfile", value: "FILE", group: CONTAINER, help: "Write the container's ID to FILE, which must not exist" },
  {
    name: "pidfile",
    aliases: ["pid-file"],
    value: "FILE",
    group: CONTAINER,
    help: "Write the PID of the container's first process to FILE",
  },
  { name: "stop-signal", value: "SIGNAL", group: CONTAINER, help: "Signal that asks the program to end" },

  { name: "interactive", short: "i", group: PROGRAM, help: "Keep stdin connected, which a foreground run always does" },
  { name: "tty", short: "t", group: PROGRAM, help: "Give the program a terminal of its own" },
  {
    name: "env",
    short: "e",
    value: "NAME[=VALUE]",
    repeatable: true,
    group: PROGRAM,
    help: "Set an environment variable; NAME alone takes the caller's value",
  },
  {
    name: "env-file",
    value: "FILE",
    repeatable: true,
    group: PROGRAM,
    help: "Read variables from FILE, one a line; --env wins",
  },
  { name: "workdir", short: "w", value: "DIR", group: PROGRAM, help: "Start in this directory of the container" },
  {
    name: "user",
    short: "u",
    value: "USER[:GROUP]",
    group: PROGRAM,
    help: "Run as this user, by number or by a name in the container's /etc/passwd",
  },
  { name: "group-add", value: "GROUP", repeatable: true, group: PROGRAM, help: "Add a group, by number or name" },
  {
    name: "entrypoint",
    value: "PROGRAM",
    group: PROGRAM,
    help: "Run this program; the operands after IMAGE are its arguments. A JSON array gives several words",
  },
  {
    name: "preserve-fds",
    value: "N",
    group: PROGRAM,
    help: "Pass on N open descriptors from 3 on",
  },

  {
    name: "rootfs",
    value: "DIR",
    group: FILES,
    help: "Use DIR itself as the root, not a copy of it; there is no IMAGE operand then",
  },
  { name: "read-only", group: FILES, help: "Make the container's root read-only" },
  {
    name: "volume",
    short: "v",
    value: "SOURCE:DEST[:OPTIONS]",
    repeatable: true,
    group: FILES,
    help: "Mount a directory or file of the host. OPTIONS: ro, rro (read-only with all that is mounted below), " +
      "rshared, rslave, rprivate, bind (without what is mounted below), nosuid, nodev, noexec",
  },
  {
    name: "mount",
    value: "KEY=VALUE[,...]",
    repeatable: true,
    group: FILES,
    help: "type=bind,source=PATH,destination=DEST, with readonly, bind-propagation=, bind-recursive=; or " +
      "type=tmpfs,destination=DEST, with tmpfs-size=, tmpfs-mode=",
  },
  {
    name: "tmpfs",
    value: "DEST[:OPTIONS]",
    repeatable: true,
    group: FILES,
    help: "Mount an empty file system in memory. OPTIONS: size=64m, mode=1777, noexec, ...",
  },
  { name: "shm-size", value: "SIZE", group: FILES, help: "Size of /dev/shm (default 64m)" },
  {
    name: "device",
    value: "HOST[:DEST[:rwm]]",
    repeatable: true,
    group: FILES,
    help: "Give the container a device of the host",
  },

  {
    name: "network",
    aliases: ["net"],
    value: "MODE",
    group: NAMESPACES,
    help: "none (loopback only), host, or container:NAME",
  },
  { name: "pid", value: "MODE", group: NAMESPACES, help: "private (default), host, or container:NAME" },
  { name: "ipc", value: "MODE", group: NAMESPACES, help: "private (default), host, or container:NAME" },
  { name: "uts", value: "MODE", group: NAMESPACES, help: "private (default), host, or container:NAME" },
  { name: "cgroupns", value: "MODE", group: NAMESPACES, help: "private (default), host, or container:NAME" },
  {
    name: "userns",
    value: "MODE",
    group: NAMESPACES,
    help:
      "host (default for root), or private (default for others): ids of its own, from /etc/subuid where it gives some",
  },
  {
    name: "uidmap",
    value: "CONTAINER:HOST[:SIZE]",
    repeatable: true,
    group: NAMESPACES,
    help: "A user namespace with these user ids; groups likewise, unless --gidmap says otherwise",
  },
  {
    name: "gidmap",
    value: "CONTAINER:HOST[:SIZE]",
    repeatable: true,
    group: NAMESPACES,
    help: "A user namespace with these group ids; users likewise, unless --uidmap says otherwise",
  },
  {
    name: "hostname",
    value: "NAME",
    group: NAMESPACES,
    help: "The container's host name (docker's -h; here -h is help)",
  },
  { name: "domainname", value: "NAME", group: NAMESPACES, help: "The container's NIS domain name" },
  {
    name: "time-offset",
    value: "CLOCK=SECONDS",
    repeatable: true,
    group: NAMESPACES,
    help: "Shift a clock, monotonic or boottime, in a time namespace",
  },

  {
    name: "cap-add",
    value: "CAPABILITY",
    repeatable: true,
    group: PRIVILEGES,
    help: "Add a capability (net_admin), or ALL",
  },
  { name: "cap-drop", value: "CAPABILITY", repeatable: true, group: PRIVILEGES, help: "Drop a capability, or ALL" },
  {
    name: "security-opt",
    value: "OPTION",
    repeatable: true,
    group: PRIVILEGES,
    help: "no-new-privileges=false (it is on otherwise), seccomp=FILE, seccomp=unconfined",
  },
  {
    name: "privileged",
    group: PRIVILEGES,
    help: "All capabilities and devices, nothing masked, no filter: root inside is root outside",
  },

  { name: "memory", short: "m", value: "SIZE", group: LIMITS, help: "Most memory, for example 512m" },
  { name: "memory-swap", value: "SIZE", group: LIMITS, help: "Most memory and swap together; -1: unlimited swap" },
  { name: "cpus", value: "NUMBER", group: LIMITS, help: "Most CPU time, in CPUs, for example 0.5" },
  { name: "cpu-shares", short: "c", value: "N", group: LIMITS, help: "Share of busy CPUs, 2 to 262144, of 1024" },
  { name: "cpuset-cpus", value: "LIST", group: LIMITS, help: "Run on these CPUs only, for example 0-2,4" },
  {
    name: "pids-limit",
    value: "N",
    group: LIMITS,
    help: "Most processes and threads (default 2048 where cgroups can be had); -1: unlimited",
  },
  {
    name: "ulimit",
    value: "NAME=SOFT[:HARD]",
    repeatable: true,
    group: LIMITS,
    help: "Limit a resource of each process, for example nofile=1024; -1: unlimited",
  },
  { name: "oom-score-adj", value: "N", group: LIMITS, help: "Preference of the OOM killer, -1000 to 1000" },
  {
    name: "sysctl",
    value: "NAME=VALUE",
    repeatable: true,
    group: LIMITS,
    help: "Set a kernel setting that belongs to the container's own namespaces",
  },
] as const satisfies readonly Flag[];

/** Names of the flags of `masu run`. */
export type RunFlagName = typeof RUN_FLAGS[number]["name"];
