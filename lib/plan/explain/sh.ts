/**
 * `--explain=sh`: a plan as a script for util-linux, iproute2 and coreutils that really does the same.
 *
 * The script has the plan's own groups. `afterwards` is a function that runs at the end, whatever happens. The inside
 * of the container is a second script, handed to unshare(1). What those tools cannot do (a system call filter before
 * util-linux 2.41, device programs, keyrings, a terminal relay) is said in a comment where it would stand.
 *
 * @module
 */
import type { CloneStep, IdMapping, Namespace, Plan, UserMapping } from "../../core/wire.ts";
import { hostCommands } from "./sh_host.ts";
import { joinCommands, stageScript } from "./sh_stage.ts";
import { word } from "./sh_word.ts";

/** Namespaces as options of unshare(1) and nsenter(1). */
const OPTION: Record<Namespace, string> = {
  mount: "--mount",
  uts: "--uts",
  ipc: "--ipc",
  network: "--net",
  pid: "--pid",
  user: "--user",
  cgroup: "--cgroup",
  time: "--time",
};

/** What the script is told about the call that it stands for. */
export interface ScriptHeader {
  /** The command, as it was typed. */
  readonly command: readonly string[];
  /** It makes a container that lives on. */
  readonly lasting?: boolean;
}

/**
 * Writes the script. Blanks must be filled in already, except those of processes and of the time of its start, which become shell variables.
 */
export function explainScript(plan: Plan, header: ScriptHeader): string {
  return [
    "#!/bin/sh",
    `# The same as: ${header.command.map(word).join(" ").replaceAll("\n", " ")}`,
    ...(header.lasting === true
      ? ["# But for this: nothing watches over the container, and it is deleted when its program ends."]
      : []),
    "# Needs util-linux 2.38; iproute2 for the loopback device; libcap (capsh) where capabilities are dropped.",
    "set -eu",
    "umask 022",
    "",
    "# afterwards: when the program has ended or anything failed",
    "afterwards() {",
    "  status=$?",
    "  set +e",
    "  trap - EXIT",
    ...[...plan.afterwards, ...plan.delete].flatMap(hostCommands).map((line) => `  ${line}`),
    "  exit $status",
    "}",
    "trap afterwards EXIT",
    "trap 'exit 130' INT",
    "trap 'exit 143' TERM",
    "",
    "# create, before: on the host",
    ...[...plan.create, ...plan.before].flatMap(hostCommands),
    "",
    "# network, inside, exec: what the container's first process does",
    `stage=${word(stageScript(plan))}`,
    "",
    "# clone: the container's first process",
    ...cloneLines(plan),
  ].join("\n") + "\n";
}

function cloneLines(plan: Plan): string[] {
  const { clone } = plan;
  const start = [...outsideWords(plan), ...enterWords(clone), "unshare", ...unshareWords(clone), "--", "sh", "-c"].join(
    " ",
  );
  const cgroup = clone.cgroup === null ? [] : [`echo 0 > ${word(`${clone.cgroup}/cgroup.procs`)}`];
  const user = clone.user === null ? [] : userLines(clone.user);
  if (clone.record.length === 0) {
    return [...user, `${start} ${word([...cgroup, 'eval "$0"'].join("\n"))} "$stage" && exit 0 || exit $?`];
  }
  const waiting = ["read -r _ <&3", "exec 3<&-", ...cgroup, 'eval "$0"'].join("\n");
  return [
    ...user,
    "# A shell gives what it starts in the background another stdin.",
    "exec 6<&0",
    "gate=$(mktemp -u)",
    'mkfifo -m 600 "$gate"',
    `${start} ${word(waiting)} "$stage" 3<"$gate" <&6 6<&- &`,
    "outer=$!",
    'exec 4>"$gate"',
    'rm "$gate"',
    ...(forks(clone)
      ? [
        "# The first process is the child of unshare(1), which forks for a pid namespace.",
        "pid=",
        'while kill -0 $outer && [ -z "$pid" ]; do pid=$(cat /proc/$outer/task/$outer/children); done',
        "pid=${pid% }",
      ]
      : ["pid=$outer"]),
    "start=$(cut -d' ' -f22 /proc/$pid/stat)",
    "monitor=$$ monitorStart=$(cut -d' ' -f22 /proc/$$/stat) started=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)",
    ...clone.record.flatMap(hostCommands),
    "echo go >&4",
    "exec 4>&-",
    "wait $outer && exit 0 || exit $?",
  ];
}

function forks(clone: CloneStep): boolean {
  return clone.namespaces.includes("pid") || clone.join.some(({ namespace }) => namespace === "pid");
}

/** The cgroups are joined as who started it: in the user namespace it may have no right to them. */
function outsideWords({ clone, inside }: Plan): string[] {
  const joins = clone.user === null
    ? []
    : inside.flatMap((step) => step.kind === "join_cgroups" ? joinCommands(step) : []);
  return joins.length === 0 ? [] : ["sh", "-c", word([...joins, 'exec "$@"'].join("\n")), "sh"];
}

/** Namespaces of others, and the user namespace of one's own: nsenter(1) gives its root all rights in it. */
function enterWords({ join, user }: CloneStep): string[] {
  const words = join.map(({ namespace, path }) => `${OPTION[namespace]}=${word(path)}`);
  // Whoever may not call setgroups(2) there has only one id, which is root's already.
  if (user !== null) {
    words.push("--user=/proc/$holder/ns/user", ...(user.denySetgroups ? ["--preserve-credentials"] : []));
  }
  return words.length === 0 ? [] : ["nsenter", ...(join.length > 0 ? ["--no-fork"] : []), ...words, "--"];
}

function unshareWords(clone: CloneStep): string[] {
  const words = clone.namespaces.filter((namespace) => namespace !== "user").map((namespace) => OPTION[namespace]);
  if (clone.namespaces.includes("mount")) words.push("--propagation unchanged");
  if (forks(clone)) words.push("--fork", "--kill-child");
  for (const { clock, seconds } of clone.timeOffsets) words.push(`--${clock} ${seconds}`);
  return words;
}

/** The user namespace, held by a process until it is entered. Its maps are written from outside, as masu does. */
function userLines(user: UserMapping): string[] {
  return [
    "hold=$(mktemp -u)",
    'mkfifo -m 600 "$hold"',
    'unshare --user -- cat "$hold" &',
    "holder=$!",
    "# It opens the fifo when it is in its namespace, and ends with this script.",
    'exec 5>"$hold"',
    'rm "$hold"',
    ...mapLines(user),
  ];
}

function mapLines(user: UserMapping): string[] {
  const flat = (maps: readonly IdMapping[]) => maps.map(({ containerID, hostID, size }) => [containerID, hostID, size]);
  if (user.tools !== null) {
    return [
      `${word(user.tools.newuidmap)} $holder ${flat(user.uidMappings).flat().join(" ")}`,
      `${word(user.tools.newgidmap)} $holder ${flat(user.gidMappings).flat().join(" ")}`,
    ];
  }
  const text = (maps: readonly IdMapping[]) => flat(maps).map((triple) => triple.join(" ")).join("\\n");
  return [
    ...(user.denySetgroups ? ["echo deny > /proc/$holder/setgroups"] : []),
    `printf '${text(user.uidMappings)}\\n' > /proc/$holder/uid_map`,
    `printf '${text(user.gidMappings)}\\n' > /proc/$holder/gid_map`,
  ];
}
