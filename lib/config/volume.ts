/**
 * `--volume SOURCE:DESTINATION[:OPTIONS]`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { containerPath, hostPath } from "./path.ts";
import type { BindMount, MountPropagation } from "./run_config.ts";
import { plainWord } from "./text.ts";

/** mount_namespaces(7), "Shared subtrees". */
export const PROPAGATIONS: readonly MountPropagation[] = [
  "private",
  "rprivate",
  "slave",
  "rslave",
  "shared",
  "rshared",
];

type Change = Partial<Pick<BindMount, "readOnly" | "recursiveReadOnly" | "recursive">>;

/** What an option changes in the mount. */
const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  ["rw", { readOnly: false, recursiveReadOnly: false }],
  ["ro", { readOnly: true }],
  ["rro", { readOnly: true, recursiveReadOnly: true }],
  ["bind", { recursive: false }],
  ["rbind", { recursive: true }],
]);

/** mount(8) words that are passed on. */
const FLAGS: readonly string[] = ["nosuid", "suid", "nodev", "dev", "noexec", "exec"];

/** Options of docker and podman that masu does not do, and why. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["z", "masu sets no SELinux labels: leave it out, or relabel with chcon(1)"],
  ["Z", "masu sets no SELinux labels: leave it out, or relabel with chcon(1)"],
  ["U", "masu does not change owners: use chown(1) before"],
  ["O", "overlays of volumes are not supported yet: leave it out, or add ro"],
  ["idmap", "mounts with mapped ids are not supported yet"],
  ["nocopy", "it belongs to named volumes"],
  ["cached", "it means nothing on Linux: leave it out"],
  ["delegated", "it means nothing on Linux: leave it out"],
  ["consistent", "it means nothing on Linux: leave it out"],
]);

/** A bind mount. A relative SOURCE starts with `.`; a plain word would be a named volume. */
export function parseVolume(where: string, text: string, directory: () => string): BindMount {
  plainWord(where, text);
  const parts = text.split(":");
  if (parts.length > 3) throw mistake(where, text, "more than two colons", "--mount takes paths that hold a colon");
  const [source = "", destination] = parts;
  if (destination === undefined) {
    throw mistake(where, text, "anonymous volumes are not supported yet", "SOURCE:DESTINATION, or --tmpfs DESTINATION");
  }
  if (!/^(\/|\.{1,2}(\/|$))/.test(source)) {
    const hint = source === "" ? "SOURCE:DESTINATION" : `for the directory of that name write ./${source}`;
    throw mistake(where, text, source === "" ? "no source" : "named volumes are not supported yet", hint);
  }
  return withOptions(where, text, parts[2], {
    kind: "bind",
    source: hostPath(where, source, directory),
    destination: containerPath(where, destination),
    readOnly: false,
    recursiveReadOnly: false,
    recursive: true,
    createSource: true,
    options: [],
  });
}

function withOptions(where: string, text: string, words: string | undefined, plain: BindMount): BindMount {
  let mount = plain;
  for (const word of words?.split(",") ?? []) {
    const propagation = PROPAGATIONS.find((name) => name === word);
    const change = CHANGES.get(word);
    if (propagation !== undefined) mount = { ...mount, propagation };
    else if (change !== undefined) mount = { ...mount, ...change };
    else if (FLAGS.includes(word)) mount = { ...mount, options: [...mount.options, word] };
    else throw unknownOption(where, text, word);
  }
  return mount;
}

function unknownOption(where: string, text: string, word: string): Error {
  const why = REFUSED.get(word.split("=", 1)[0] ?? "");
  if (why !== undefined) return mistake(where, text, `the option "${word}" is not supported`, why);
  return notAmong(where, word, `no such option in "${text}"`, [...CHANGES.keys(), ...PROPAGATIONS, ...FLAGS]);
}
