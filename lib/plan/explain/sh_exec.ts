/**
 * The group `exec` as one line: prlimit(1), setsid(1), setpriv(1) and chroot(1) that each execute the next; or capsh(1) in the
 * place of the last two, where the container may not do what these need when their turn comes.
 *
 * @module
 */
import type { StageStep } from "../../core/wire.ts";
import { securebitChanges } from "../../spec/securebits.ts";
import { CAPABILITIES } from "../../spec/capabilities.ts";
import { word } from "./sh_word.ts";
import { octal } from "./words.ts";

/** What is gathered from the steps before it can be put in the order that the tools need. */
interface Gathered {
  comments: string[];
  before: string[];
  limits: string[];
  session: boolean;
  privileges: string[];
  /** The bounding set; null: as it is. */
  kept: readonly string[] | null;
  noNewPrivileges: boolean;
  user: { uid: number; gid: number; groups: readonly number[] | null };
  directory: string;
  program: Extract<StageStep, { kind: "execute" }> | undefined;
  umask: string;
}

/** The lines that end the first process's script: the root is entered and the program executed. */
export function execLine(steps: readonly StageStep[], root: string): string[] {
  const all = gather(steps);
  const { program } = all;
  if (program === undefined) throw new Error("A plan ends without an execute step");
  const tools: string[][] = [
    ...(all.limits.length === 0 ? [] : [["prlimit", ...all.limits]]),
    ...(all.session ? [["setsid"]] : []),
    ...enter(all, root),
  ];
  return [
    ...all.comments,
    ...all.before,
    `umask ${all.umask}`,
    ...(root === "" ? [`cd ${word(all.directory)}`] : [`cd ${word(root)}`, "mount -n --move . /"]),
    `set -- ${program.arguments.map(word).join(" ")}`,
    // The tools are found now: the PATH that follows is the container's.
    ...tools.map(([tool = ""]) => `${tool}=$(command -v ${tool})`),
    `exec env -i ${program.environment.map(word).join(" ")} \\`,
    ...tools.map(([tool = "", ...words]) => `  ${[`"$${tool}"`, ...words].join(" ")} \\`),
    '  "$@"',
  ];
}

/** What enters the root and gives up what the container shall not have. */
function enter(all: Gathered, root: string): string[][] {
  const { user, directory, kept, privileges } = all;
  const setpriv = privileges.length === 0 ? [] : [["setpriv", ...privileges]];
  if (root === "") return setpriv;
  const isRoot = user.uid === 0 && user.gid === 0;
  const groups = user.groups?.join(",") ?? "";
  const needed = ["CAP_SYS_CHROOT", ...(isRoot && groups === "" ? [] : ["CAP_SETUID", "CAP_SETGID"])];
  if (kept !== null && needed.some((name) => !kept.includes(name))) return [capsh(all, kept)];
  // chroot(1) sets groups, unshare(1) goes to a directory: whichever is needed.
  if (groups !== "") {
    return [...setpriv, [
      "chroot",
      `--userspec=${user.uid}:${user.gid}`,
      `--groups=${groups}`,
      ".",
      ...goTo(directory),
    ]];
  }
  const change = isRoot ? [] : [`--setgid=${user.gid}`, `--setuid=${user.uid}`];
  return [...setpriv, ["unshare", "--root=.", `--wd=${word(directory)}`, ...change, "--"]];
}

/** capsh(1) does in the order of its words what setpriv(1) does all at once, and all without execve(2) in between. */
function capsh({ user, directory, noNewPrivileges }: Gathered, kept: readonly string[]): string[] {
  const dropped = CAPABILITIES.filter((name) => !kept.includes(name)).map((name) => name.toLowerCase());
  const groups = user.groups === null ? [] : [`--groups=${user.groups.join(",")}`];
  return [
    "capsh",
    "--chroot=.",
    ...(dropped.length === 0 ? [] : [`--drop=${dropped.join(",")}`]),
    ...groups,
    `--gid=${user.gid}`,
    `--uid=${user.uid}`,
    ...(noNewPrivileges ? ["--no-new-privs"] : []),
    "--shell=/bin/sh",
    "--",
    "-c",
    word(`cd ${word(directory)} && exec "$0" "$@"`),
  ];
}

/** The container's own shell goes to a directory, where the host's tool cannot. */
function goTo(directory: string): string[] {
  return directory === "/" ? [] : ["sh", "-c", word('cd "$0" && exec "$@"'), word(directory)];
}

function gather(steps: readonly StageStep[]): Gathered {
  const all: Gathered = {
    comments: [],
    before: [],
    limits: [],
    session: false,
    privileges: [],
    kept: null,
    noNewPrivileges: false,
    user: { uid: 0, gid: 0, groups: null },
    directory: "/",
    program: undefined,
    umask: "022",
  };
  for (const step of steps) gatherOne(step, all);
  return all;
}

function gatherOne(step: StageStep, all: Gathered): void {
  switch (step.kind) {
    case "new_session":
      all.session = true;
      return;
    case "open_terminal":
      all.comments.push("# Not here: a terminal relay. script(1) around this whole script is the nearest.");
      return;
    case "new_keyring":
      all.comments.push("# Not here: keyctl(1) of keyutils would start a session keyring.");
      return;
    case "set_oom_score_adj":
      all.before.push(`echo ${step.value} > /proc/self/oom_score_adj`);
      return;
    case "set_rlimit":
      all.limits.push(
        `--${step.resource.replace("RLIMIT_", "").toLowerCase()}=${limit(step.soft)}:${limit(step.hard)}`,
      );
      return;
    case "set_umask":
      all.umask = octal(step.mask);
      return;
    case "set_bounding_set":
      all.kept = step.keep;
      all.privileges.push(`--bounding-set=${only(step.keep)}`);
      return;
    case "set_user":
      all.user = { uid: step.uid, gid: step.gid, groups: step.groups };
      return;
    case "set_capabilities":
      all.privileges.push(`--inh-caps=${only(step.inheritable)}`, `--ambient-caps=${only(step.ambient)}`);
      return;
    case "set_securebits":
      all.privileges.push(`--securebits=${securebitChanges(step.bits)}`);
      return;
    case "no_new_privileges":
      all.noNewPrivileges = true;
      all.privileges.push("--no-new-privs");
      return;
    case "load_filter":
      all.comments.push("# Not here: the system call filter. setpriv --seccomp-filter of util-linux 2.41 loads one.");
      return;
    case "change_directory":
      all.directory = step.path;
      return;
    case "close_descriptors":
      if (step.keep === 0) all.before.push("exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-");
      return;
    case "execute":
      all.program = step;
      if (step.reaper) {
        all.comments.push("# Not here: the reaper as PID 1. catatonit or tini in the container would do.");
      }
      return;
    default:
      throw new Error(`A plan has the step "${step.kind}" in the group exec`);
  }
}

function only(names: readonly string[]): string {
  return ["-all", ...names.map((name) => `+${name.replace("CAP_", "").toLowerCase()}`)].join(",");
}

function limit(value: number): string {
  return value < 0 ? "unlimited" : String(value);
}
