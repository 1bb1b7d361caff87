/**
 * The flags of `masu run` and `masu create`: docker's and podman's, with their meaning.
 *
 * @module
 */
import type { Flag } from "./flags.ts";
import { RESOURCE_FLAGS } from "./resource_flags.ts";

const CONTAINER = "Container";
const LIFE = "Start and end";
const PROGRAM = "Program";
const FILES = "Root and mounts";
const NAMESPACES = "Namespaces";
const PRIVILEGES = "Privileges";
const LIMITS = "Limits and kernel settings";

/** In the order of the help. */
export const RUN_FLAGS = [
  { name: "name", value: "NAME", group: CONTAINER, help: "Name the container; else it has its ID only" },
  { name: "init", group: CONTAINER, help: "Run a small init as PID 1, which forwards signals and reaps orphans" },
  { name: "label", short: "l", value: "NAME[=VALUE]", repeatable: true, group: CONTAINER, help: "Add a label" },
  { name: "annotation", value: "NAME=VALUE", repeatable: true, group: CONTAINER, help: "Add an OCI annotation" },
  { name: "cidfile", value: "FILE", group: CONTAINER, help: "Write the container's ID to FILE, which must not exist" },
  {
    name: "pidfile",
    front: true,
    aliases: ["pid-file"],
    value: "FILE",
    group: CONTAINER,
    help: "Write the PID of the container's first process to FILE",
  },

  { name: "detach", short: "d", group: LIFE, help: "Start the container, print its ID and leave it running" },
  { name: "rm", group: LIFE, help: "Remove the container when it ends, which a foreground run always does" },
  {
    name: "restart",
    value: "POLICY",
    group: LIFE,
    help: "Start it again when it has ended: no (default), on-failure[:N], unless-stopped or always",
  },
  {
    name: "stop-signal",
    value: "SIGNAL",
    group: LIFE,
    help: "Signal that asks the program to end (default TERM)",
  },
  {
    name: "stop-timeout",
    value: "SECONDS",
    group: LIFE,
    help: "How long masu stop waits before it kills (default 10); -1: for ever",
  },
  {
    name: "log-driver",
    value: "DRIVER",
    group: LIFE,
    help: "Where output goes while nobody is attached: json-file (default), none, or passthrough, masu's own stdout",
  },
  {
    name: "log-opt",
    value: "NAME=VALUE",
    repeatable: true,
    group: LIFE,
    help: "max-size=10m (default; -1: no limit) and max-file=3 (default) of json-file",
  },
  {
    name: "health-cmd",
    value: "COMMAND",
    group: LIFE,
    help: "Line for /bin/sh that succeeds while the program is well",
  },
  { name: "health-interval", value: "TIME", group: LIFE, help: "From one check to the next (default 30s)" },
  { name: "health-timeout", value: "TIME", group: LIFE, help: "How long a check may take (default 30s)" },
  { name: "health-retries", value: "N", group: LIFE, help: "Failures in a row that make it unhealthy (default 3)" },
  {
    name: "health-start-period",
    value: "TIME",
    group: LIFE,
    help: "How long failures do not count after a start (default 0s)",
  },
  {
    name: "health-start-interval",
    value: "TIME",
    group: LIFE,
    help: "From one check to the next in that time (default 5s)",
  },
  { name: "no-healthcheck", group: LIFE, help: "Make no health checks, even where the image asks for them" },

  { name: "interactive", short: "i", group: PROGRAM, help: "Keep stdin open, which a foreground run always does" },
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
    front: true,
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

  ...RESOURCE_FLAGS,
  {
    name: "device-cgroup-rule",
    value: "RULE",
    repeatable: true,
    group: "Limits of devices and networks",
    help: "Allow devices that may come later, for example 'c 189:* rwm'",
  },
  {
    name: "cgroup-parent",
    value: "PATH",
    group: LIMITS,
    help: "Make the container's cgroup below this one, for example /web (default /masu)",
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

/** Those of `masu create`, which starts nothing. */
export const CREATE_FLAGS: readonly Flag[] = RUN_FLAGS.filter(({ name }) => name !== "detach");

/** Names of the flags of `masu run`. */
export type RunFlagName = typeof RUN_FLAGS[number]["name"];
