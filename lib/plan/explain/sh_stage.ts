/**
 * The container's first process as a shell script: what is inside, then one long exec line.
 *
 * After pivot_root(2) the host's tools are gone, so everything is done while they are still there, at the new root's
 * path, and the root is entered at last, by `mount -n --move` and chroot(2).
 *
 * @module
 */
import type { OverlayLayer, Plan, Propagation, RootSource, StageStep } from "../../core/wire.ts";
import { mountWords } from "./flags.ts";
import { execLine } from "./sh_exec.ts";
import { word } from "./sh_word.ts";
import { octal } from "./words.ts";

/** Where the new root is while it is made, and what is to be said later. */
export interface StageContext {
  /** In a user namespace, which was entered when the cgroups were joined already. */
  readonly confined: boolean;
  /** The mount point of the new root; empty before it is there. */
  root: string;
}

/** The file system that hides a directory. */
const EMPTY = "ro,nosuid,nodev,noexec,size=0,nr_inodes=1,mode=555";

/** The whole script of the first process. */
export function stageScript(plan: Plan): string {
  const context: StageContext = { confined: plan.clone.user !== null, root: "" };
  const lines = ["set -eu"];
  const steps = [...plan.network, ...plan.inside];
  const unshared = steps.findIndex(({ kind }) => kind === "unshare_cgroup");
  const commands = (some: readonly StageStep[]) => some.flatMap((step) => stageCommands(step, context));
  lines.push(...commands(steps.slice(0, unshared + 1)));
  const rest = [...commands(steps.slice(unshared + 1)), ...execLine(plan.exec, context.root)];
  if (unshared < 0) return [...lines, ...rest].join("\n");
  // The shell itself cannot unshare: the rest runs in a shell that unshare(1) becomes.
  return [...lines, `exec unshare --cgroup -- sh -c ${word(["set -eu", ...rest].join("\n"))}`].join("\n");
}

/** Joins cgroups: a shell's 0 is the shell itself. */
export function joinCommands({ paths }: Extract<StageStep, { kind: "join_cgroups" }>): string[] {
  return paths.map((path) => `echo 0 > ${word(path)}`);
}

/** A step of the groups `network` and `inside`; those of `exec` are words of the last line. */
export function stageCommands(step: StageStep, context: StageContext): string[] {
  const at = (path: string) => word(`${context.root}${path}`);
  switch (step.kind) {
    case "loopback_up":
      return ["ip link set lo up"];
    case "join_cgroups":
      return context.confined ? [] : joinCommands(step);
    case "unshare_cgroup":
      return [];
    case "set_hostname":
      return [`hostname ${word(step.name)} 2>/dev/null || printf %s ${word(step.name)} > /proc/sys/kernel/hostname`];
    case "set_domainname":
      return [
        `domainname ${word(step.name)} 2>/dev/null || printf %s ${word(step.name)} > /proc/sys/kernel/domainname`,
      ];
    case "set_sysctl":
      return [`printf %s ${word(step.value)} > ${word(`/proc/sys/${step.name.replaceAll(".", "/")}`)}`];
    case "set_oom_score_adj":
      return [`echo ${step.value} > /proc/self/oom_score_adj`];
    case "set_propagation":
      return [`mount -n --make-${step.propagation} /`];
    case "mount_root":
      context.root = step.path;
      return rootCommands(step.path, step.root);
    case "mount":
      return [...make(step.create, at(step.destination)), ...mountCommand(step, at(step.destination))];
    case "mount_overlay":
      return [`mkdir -p ${at(step.destination)}`, ...overlayCommands(step.layer, at(step.destination))];
    case "bind":
      return bindCommands(step, at(step.destination));
    case "remount":
      return [
        ...(step.flags === null
          ? []
          : [`mount -n -o remount,bind,${mountWords(step.flags) || "rw"} ${at(step.destination)}`]),
        ...propagationCommand(step.propagation, at(step.destination)),
      ];
    case "make_device":
      return [
        `mknod -m ${octal(step.mode)} ${at(step.path)} ${step.type}${
          step.type === "p" ? "" : ` ${step.major} ${step.minor}`
        }`,
        ...(step.uid === 0 && step.gid === 0 ? [] : [`chown ${step.uid}:${step.gid} ${at(step.path)}`]),
      ];
    case "make_symlink":
      return [`[ -L ${at(step.path)} ] || ln -s ${word(step.target)} ${at(step.path)}`];
    case "make_directory":
      return [`[ -d ${at(step.path)} ] || mkdir -p -m ${octal(step.mode)} ${at(step.path)}`];
    case "mask":
      return [
        `if [ -d ${at(step.path)} ]; then mount -n -t tmpfs -o ${EMPTY} tmpfs ${at(step.path)}`,
        `elif [ -e ${at(step.path)} ]; then mount -n --bind ${at("/dev/null")} ${at(step.path)}; fi`,
      ];
    case "read_only_path":
      return [
        `if [ -e ${at(step.path)} ]; then mount -n --rbind ${at(step.path)} ${at(step.path)}`,
        `  mount -n -o remount,bind,ro,nosuid,nodev,noexec ${at(step.path)}; fi`,
      ];
    case "read_only_root":
      return [`mount -n -o remount,bind,ro ${word(context.root)}`];
    case "pivot_root":
      return [];
    default:
      throw new Error(`A plan has the step "${step.kind}" outside the group exec`);
  }
}

function rootCommands(path: string, root: RootSource): string[] {
  switch (root.kind) {
    case "bind":
      return [
        ...unmapped(root.idmapped),
        `mount -n --${root.recursive ? "r" : ""}bind ${word(root.source)} ${word(path)}`,
      ];
    case "overlay":
      return overlayCommands(root.layer, word(path));
    case "tmpfs":
      return [`mount -n -t tmpfs${root.data === "" ? "" : ` -o ${word(root.data)}`} tmpfs ${word(path)}`];
    default:
      return root satisfies never;
  }
}

function overlayCommands(layer: OverlayLayer, at: string): string[] {
  const escaped = (path: string) => path.replace(/[\\:,]/g, "\\$&");
  const options = [
    `lowerdir=${layer.lower.map(escaped).join(":")}`,
    `upperdir=${escaped(layer.upper)}`,
    `workdir=${escaped(layer.work)}`,
    ...layer.options,
  ].join(",");
  return [...unmapped(layer.idmapped), `mount -n -t overlay -o ${word(options)} overlay ${at}`];
}

/** What mount(8) can do only outside of the container's user namespace, and not for overlays. */
function unmapped(idmapped: boolean): string[] {
  return idmapped ? ["# Not here: owners mapped through the user namespace. Files of the host belong to nobody."] : [];
}

function make(create: "directory" | "file" | "optional", at: string): string[] {
  if (create === "optional") return [];
  if (create === "directory") return [`[ -d ${at} ] || mkdir -p -m 755 ${at}`];
  return [`[ -e ${at} ] || { mkdir -p -m 755 "$(dirname ${at})"; : > ${at}; }`];
}

function mountCommand(step: Extract<StageStep, { kind: "mount" }>, at: string): string[] {
  const words = mountWords(step.flags, step.data);
  const mount = `mount -n -t ${word(step.type)}${words === "" ? "" : ` -o ${word(words)}`} ${word(step.source)} ${at}`;
  return [step.create === "optional" ? `[ ! -e ${at} ] || ${mount}` : mount];
}

function bindCommands(step: Extract<StageStep, { kind: "bind" }>, at: string): string[] {
  const flags = mountWords(step.flags);
  const lines = [
    ...make(step.create, at),
    `mount -n --${step.recursive ? "r" : ""}bind ${word(step.source)} ${at}`,
    ...(flags === "" ? [] : [`mount -n -o remount,bind,${flags} ${at}`]),
    ...(step.recursiveReadOnly ? recursiveReadOnly(at) : []),
    ...propagationCommand(step.propagation, at),
  ];
  return step.create === "optional" ? [`if [ -e ${at} ]; then`, ...lines.map((line) => `  ${line}`), "fi"] : lines;
}

/** One by one, each with the flags that it has: mount(8) knows ro=recursive from util-linux 2.39 on only. */
function recursiveReadOnly(at: string): string[] {
  return [
    `findmnt -Rnlo VFS-OPTIONS,TARGET ${at} | while read -r options target; do`,
    '  mount -n -o "remount,bind,ro${options#r[ow]}" "$target"',
    "done",
  ];
}

function propagationCommand(propagation: Propagation | null, at: string): string[] {
  return propagation === null ? [] : [`mount -n --make-${propagation} ${at}`];
}
