/**
 * `--explain=sh` of a part: nsenter(1), unshare(1) and setpriv(1) that do the same.
 *
 * @module
 */
import type { CloneStep, IdMapping, Namespace, Plan, StageStep } from "../../core/wire.ts";
import { securebitChanges } from "../../spec/securebits.ts";
import { hostCommands } from "./sh_host.ts";
import type { ScriptHeader } from "./sh.ts";
import { stageCommands, type StageContext } from "./sh_stage.ts";
import { word } from "./sh_word.ts";

/** Namespaces as options of unshare(1) and nsenter(1), in their order. */
const OPTIONS: readonly (readonly [Namespace, string])[] = [
  ["user", "--user"],
  ["mount", "--mount"],
  ["uts", "--uts"],
  ["ipc", "--ipc"],
  ["network", "--net"],
  ["pid", "--pid"],
  ["cgroup", "--cgroup"],
  ["time", "--time"],
];

/** Writes the script. Blanks must be filled in already. */
export function explainPartScript(plan: Plan, { command }: ScriptHeader): string {
  const host = [...plan.create, ...plan.before].flatMap(hostCommands);
  const cleanup = [...plan.afterwards, ...plan.delete].flatMap(hostCommands);
  const line = programLine(plan);
  return [
    "#!/bin/sh",
    `# The same as: ${command.map(word).join(" ").replaceAll("\n", " ")}`,
    "set -eu",
    ...host,
    ...keptFiles(plan.clone),
    ...(cleanup.length === 0 ? [`exec ${line}`] : ["status=0", `${line} || status=$?`, ...cleanup, "exit $status"]),
  ].join("\n") + "\n";
}

function keptFiles({ part }: CloneStep): string[] {
  return (part?.keep ?? []).map(({ path }) => `[ -e ${word(path)} ] || : > ${word(path)}`);
}

/** Tools that each execute the next; what has no tool is a shell's lines in between. */
function programLine(plan: Plan): string {
  const { clone, network, inside, exec } = plan;
  const steps = [...network, ...inside].filter(({ kind }) => kind !== "unshare_cgroup" && !isOption(kind));
  const program = exec.find((step) => step.kind === "execute");
  const words = [
    ...enterWords(clone),
    ...unshareWords(plan),
    ...shellWords(steps, exec),
    ...privilegeWords(exec),
    ...(program?.kind === "execute" ? program.arguments.map(word) : []),
  ];
  return words.join(" ");
}

function isOption(kind: StageStep["kind"]): boolean {
  return kind === "set_propagation";
}

function enterWords({ join, part }: CloneStep): string[] {
  const places = [
    ...(part?.root == null ? [] : [`--root=${word(part.root)}`]),
    ...(part?.directory == null ? [] : [`--wd=${word(part.directory)}`]),
  ];
  if (join.length === 0 && places.length === 0) return [];
  const option = new Map(OPTIONS);
  const files = join.map(({ namespace, path }) => `${option.get(namespace)}=${word(path)}`);
  const ids = join.some(({ namespace }) => namespace === "user") && part?.keepIds === true;
  return ["nsenter", ...files, ...places, ...(ids ? ["--preserve-credentials"] : []), "--"];
}

function unshareWords({ clone, inside }: Plan): string[] {
  const { namespaces, user, timeOffsets, part } = clone;
  const made = new Set(namespaces);
  if (inside.some(({ kind }) => kind === "unshare_cgroup")) made.add("cgroup");
  if (made.size === 0) return [];
  const words = OPTIONS.filter(([namespace]) => made.has(namespace)).map(([namespace, option]) => {
    const kept = part?.keep.find((keep) => keep.namespace === namespace);
    return kept === undefined ? option : `${option}=${word(kept.path)}`;
  });
  if (made.has("pid")) words.push("--fork", "--kill-child");
  if (made.has("mount")) words.push(`--propagation ${propagationOf(inside)}`);
  if (user !== null) {
    words.push(...mapWords("user", user.uidMappings), ...mapWords("group", user.gidMappings));
    // unshare(1) denies it by itself where one's own group is mapped.
    const alone = user.gidMappings.length === 1 && user.gidMappings[0]?.size === 1;
    if (user.denySetgroups && !alone) words.push("--setgroups deny");
  }
  for (const { clock, seconds } of timeOffsets) words.push(`--${clock} ${seconds}`);
  return ["unshare", ...words, "--"];
}

function propagationOf(inside: readonly StageStep[]): string {
  const step = inside.find((step) => step.kind === "set_propagation");
  return step?.kind === "set_propagation" ? step.propagation.replace(/^r/, "") : "unchanged";
}

/** One id is one's own; unshare(1) maps a range around it. */
function mapWords(what: "user" | "group", maps: readonly IdMapping[]): string[] {
  const single = maps.find(({ size }) => size === 1);
  return [
    ...(single === undefined ? [] : [`--map-${what}=${single.containerID}`]),
    ...maps.filter((map) => map !== single).map(({ containerID, hostID, size }) =>
      `--map-${what}s=${hostID},${containerID},${size}`
    ),
  ];
}

/** A shell that does the steps and executes what follows. */
function shellWords(steps: readonly StageStep[], exec: readonly StageStep[]): string[] {
  const context: StageContext = { confined: false, root: "" };
  const lines = steps.flatMap((step) => stageCommands(step, context));
  const directory = exec.find((step) => step.kind === "change_directory");
  const to = directory?.kind === "change_directory" ? directory.path : undefined;
  if (context.root !== "") {
    const wd = to === undefined ? "" : ` --wd=${word(to)}`;
    return shell([...lines, `exec unshare --root=${word(context.root)}${wd} -- "$@"`]);
  }
  if (lines.length === 0 && to === undefined) return [];
  return shell([...lines, ...(to === undefined ? [] : [`cd ${word(to)}`]), 'exec "$@"']);
}

function shell(lines: readonly string[]): string[] {
  return ["sh", "-ec", word(lines.join("\n")), "sh"];
}

function privilegeWords(exec: readonly StageStep[]): string[] {
  // Sets may be written twice, before and after what needs them: setpriv(1) takes each option once.
  const words = [...new Set(exec.flatMap(setprivWords))];
  return words.length === 0 ? [] : ["setpriv", ...words, "--"];
}

function setprivWords(step: StageStep): string[] {
  switch (step.kind) {
    case "set_bounding_set":
      return [`--bounding-set=${only(step.keep)}`];
    case "set_ids":
      return idWords(step);
    case "set_capabilities":
      return [`--inh-caps=${only(step.inheritable)}`, `--ambient-caps=${only(step.ambient)}`];
    case "set_securebits":
      return [`--securebits=${securebitChanges(step.bits)}`];
    case "no_new_privileges":
      return ["--no-new-privs"];
    case "set_parent_death_signal":
      return [`--pdeathsig ${step.signal === 0 ? "clear" : step.signal}`];
    default:
      return [];
  }
}

function idWords(step: Extract<StageStep, { kind: "set_ids" }>): string[] {
  const pair = (real: number | null, effective: number | null, kind: "uid" | "gid"): string[] => {
    if (real !== null && real === effective) return [`--re${kind}=${real}`];
    return [
      ...(real === null ? [] : [`--r${kind}=${real}`]),
      ...(effective === null ? [] : [`--e${kind}=${effective}`]),
    ];
  };
  const group = step.realGid !== null || step.effectiveGid !== null;
  const groups = step.groups === null
    ? group ? ["--keep-groups"] : []
    : step.groups.length === 0
    ? ["--clear-groups"]
    : [`--groups=${step.groups.join(",")}`];
  return [
    ...pair(step.realUid, step.effectiveUid, "uid"),
    ...pair(step.realGid, step.effectiveGid, "gid"),
    ...groups,
  ];
}

function only(names: readonly string[]): string {
  return ["-all", ...names.map((name) => `+${name.replace("CAP_", "").toLowerCase()}`)].join(",");
}
