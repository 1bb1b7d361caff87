/**
 * Steps of the runtime namespace as shell commands.
 *
 * @module
 */
import type { HostStep, Owner } from "../../core/wire.ts";
import { MasuError } from "../../error.ts";
import { mountWords } from "./flags.ts";
import { setUnitProperties, startUnit, stopUnit } from "./sh_unit.ts";
import { word, wordWithVariables } from "./sh_word.ts";
import { octal } from "./words.ts";

/** One step as lines of shell. */
export function hostCommands(step: HostStep): string[] {
  switch (step.kind) {
    case "make_directory":
      return makeDirectory(step);
    case "write_file":
      return writeFile(step);
    case "reserve_name":
      return [`ln -s ${word(step.target)} ${word(step.path)}`];
    case "write_control":
      return [writeControl(step)];
    case "make_cgroup": {
      const [path, type] = [step.path, `${step.path}/cgroup.type`].map(word);
      return [`mkdir -p ${path}`, `[ "$(cat ${type} 2>/dev/null)" != "domain invalid" ] || printf threaded > ${type}`];
    }
    case "enable_controllers":
      return enableControllers(step);
    case "inherit_cpuset":
      return ["cpus", "mems"].map((name) => {
        const [own, above] = [`${step.path}/cpuset.${name}`, `${step.path}/../cpuset.${name}`].map(word);
        return `[ -n "$(cat ${own})" ] || cat ${above} > ${own}`;
      });
    case "attach_device_program":
      return [`# Not here: no tool of util-linux loads the device program of ${word(step.cgroup)}.`];
    case "kill_cgroup":
      return killCgroup(step.path);
    case "remove_cgroup":
      if (step.recursive !== true) return [`rmdir ${word(step.path)} 2>/dev/null || true`];
      return [`find ${word(step.path)} -depth -type d -exec rmdir {} + 2>/dev/null || true`];
    case "remove_tree":
      return removeTree(step);
    case "remove_file":
      if (step.target === null) return [`rm -f ${word(step.path)}`];
      return [`[ "$(readlink ${word(step.path)})" != ${word(step.target)} ] || rm -f ${word(step.path)}`];
    case "remove_mount_point": {
      const path = `${step.root.replace(/\/$/, "")}${step.path}`;
      return [step.file ? `[ -s ${word(path)} ] || rm -f ${word(path)}` : `rmdir ${word(path)} 2>/dev/null || true`];
    }
    case "mount":
      return [mountCommand(step)];
    case "unmount":
      return [`umount ${step.lazy ? "-l " : ""}${word(step.path)}`];
    case "change_owner":
      return chown(step.path, step.owner);
    case "start_unit":
      return startUnit(step);
    case "set_unit_properties":
      return setUnitProperties(step);
    case "stop_unit":
      return stopUnit(step);
    case "run_hook":
    case "move_network_device":
      // Of containers made from an OCI bundle, for which there is no script.
      throw new MasuError("bug", `Write a script of a plan: it has a step "${step.kind}"`);
    default:
      return step satisfies never;
  }
}

function writeControl({ path, text, optional }: Extract<HostStep, { kind: "write_control" }>): string {
  const write = `printf %s ${wordWithVariables(text)} > ${word(path)}`;
  return optional === true ? `[ ! -e ${word(path)} ] || ${write}` : write;
}

/** All at once; where that is refused, what is needed, and of the others each that can be had, unless there are processes in the way. */
function enableControllers({ path, needed, usual }: Extract<HostStep, { kind: "enable_controllers" }>): string[] {
  const [file, procs] = [`${path}/cgroup.subtree_control`, `${path}/cgroup.procs`].map(word);
  const must = needed.map(({ name }) => `+${name}`);
  const all = [...must, ...usual.map((name) => `+${name}`)].join(" ");
  if (usual.length === 0) return [`printf %s ${word(all)} > ${file}`];
  return [
    `if ! printf %s ${word(all)} 2>/dev/null > ${file}; then`,
    ...(must.length === 0 ? [] : [`  printf %s ${word(must.join(" "))} > ${file}`]),
    `  ${must.length === 0 ? `[ -n "$(cat ${procs})" ] || ` : ""}for name in ${
      usual.join(" ")
    }; do printf %s "+$name" 2>/dev/null > ${file} || true; done`,
    "fi",
  ];
}

function mountCommand({ source, destination, type, flags, data }: Extract<HostStep, { kind: "mount" }>): string {
  const options = mountWords(flags, data);
  const kind = type === "" ? "" : `-t ${word(type)} `;
  return `mount ${kind}${options === "" ? "" : `-o ${word(options)} `}${word(source)} ${word(destination)}`;
}

function makeDirectory({ path, mode, parents, owner }: Extract<HostStep, { kind: "make_directory" }>): string[] {
  const make = parents
    ? `(umask ${octal(0o777 & ~mode)}; mkdir -p ${word(path)})`
    : `mkdir -m ${octal(mode)} ${word(path)}`;
  return [
    parents ? `[ -d ${word(path)} ] || ${make}` : make,
    ...chown(path, owner),
  ];
}

function writeFile({ path, text, mode, exclusive, owner }: Extract<HostStep, { kind: "write_file" }>): string[] {
  const write = `printf %s ${wordWithVariables(text)} > ${word(path)}`;
  return [`${exclusive ? `(set -C; ${write})` : write}`, `chmod ${octal(mode)} ${word(path)}`, ...chown(path, owner)];
}

function chown(path: string, owner: Owner | null | undefined): string[] {
  return owner == null ? [] : [`chown ${owner.uid}:${owner.gid} ${word(path)}`];
}

/** `cgroup.kill` where the kernel has it; a v1 cgroup has only its list of processes. */
function killCgroup(path: string): string[] {
  const kill = word(`${path}/cgroup.kill`);
  const list = word(`${path}/cgroup.procs`);
  return [
    `if [ -e ${kill} ]; then echo 1 > ${kill}; elif [ -e ${list} ]; then`,
    `  while [ -n "$(cat ${list})" ]; do kill -KILL $(cat ${list}) 2>/dev/null || true; done`,
    "fi",
  ];
}

function removeTree({ path, user }: Extract<HostStep, { kind: "remove_tree" }>): string[] {
  if (user === null) return [`rm -rf --one-file-system ${word(path)}`];
  return [`unshare --user --map-auto --map-root-user rm -rf --one-file-system ${word(path)}`];
}
