/**
 * Programs of the host, and file systems that a container's own /dev and /proc are made of.
 *
 * @module
 */
import { look } from "../host/sightings.ts";
import type { CheckLine, Survey } from "./check.ts";
import { lineMaker } from "./check_line.ts";

const line = lineMaker("Tools and file systems");

const FILESYSTEMS = "/proc/filesystems";
const OS_RELEASE = "/etc/os-release";

/** Names of one program's package. */
export interface Packages {
  readonly debian: string;
  readonly fedora: string;
  readonly alpine: string;
  readonly arch: string;
  readonly suse: string;
}

const INSTALLERS: Readonly<Record<keyof Packages, string>> = {
  debian: "sudo apt-get install",
  fedora: "sudo dnf install",
  alpine: "sudo apk add",
  arch: "sudo pacman -S",
  suse: "sudo zypper install",
};

/** os-release(5): which family an ID or an ID_LIKE belongs to. */
const FAMILIES: ReadonlyMap<string, keyof Packages> = new Map([
  ["debian", "debian"],
  ["ubuntu", "debian"],
  ["fedora", "fedora"],
  ["rhel", "fedora"],
  ["centos", "fedora"],
  ["alpine", "alpine"],
  ["arch", "arch"],
  ["suse", "suse"],
  ["opensuse", "suse"],
]);

/** Programs, what they are for, and their packages. */
const TOOLS: readonly (readonly [program: string, purpose: string, packages: Packages])[] = [
  ["unshare", "the script of --explain=sh", same("util-linux")],
  [
    "ip",
    "the script of --explain=sh",
    { debian: "iproute2", fedora: "iproute", alpine: "iproute2", arch: "iproute2", suse: "iproute2" },
  ],
  ["nft", "published ports, which masu does not do yet", same("nftables")],
  ["criu", "checkpoints, which masu does not do yet", same("criu")],
];

const TOOL_FILESYSTEMS: readonly (readonly [name: string, without: string])[] = [
  ["tmpfs", "no /dev and no --tmpfs"],
  ["devpts", "no -t"],
  ["mqueue", "no POSIX message queues in containers"],
];

/** Programs in the search path, and file systems. */
export function toolChecks(survey: Survey): CheckLine[] {
  const { sight, searchPath } = survey;
  const places = (program: string) => searchPath.map((directory) => `${directory}/${program}`);
  sight.ask([
    look("text", FILESYSTEMS),
    ...TOOLS.flatMap(([program]) => places(program).map((path) => look("stat", path))),
  ]);
  const tools = TOOLS.map(([program, purpose, packages]) => {
    const path = places(program).find((path) => isProgram(survey, path));
    if (path !== undefined) return line(`tool.${program}`, program, `${path}, for ${purpose}`);
    const fix = installCommand(survey, packages);
    return line(`tool.${program}`, program, `not found; for ${purpose}`, { status: "limited", fix });
  });
  return [...fileSystems(survey), ...tools];
}

function isProgram({ sight }: Survey, path: string): boolean {
  const status = sight.status(path);
  return status?.kind === "file" && (status.mode & 0o111) !== 0;
}

function fileSystems({ sight }: Survey): CheckLine[] {
  const known = (sight.text(FILESYSTEMS) ?? "").split("\n").map((row) => row.split("\t").at(-1));
  return TOOL_FILESYSTEMS.map(([name, without]) => {
    if (known.includes(name)) return line(`file_system.${name}`, name, "there");
    const fix = `sudo modprobe ${name}`;
    return line(`file_system.${name}`, name, without, { status: "missing", fix, essential: name === "tmpfs" });
  });
}

/** The command of this distribution that installs a package; null where it is not known. */
export function installCommand({ sight }: Survey, packages: Packages): string | null {
  sight.ask([look("text", OS_RELEASE)]);
  const release = sight.text(OS_RELEASE) ?? "";
  const words = [...release.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].flatMap(([, value = ""]) =>
    value.replaceAll('"', "").split(" ")
  );
  const family = words.map((word) => FAMILIES.get(word)).find((family) => family !== undefined);
  return family === undefined ? null : `${INSTALLERS[family]} ${packages[family]}`;
}

function same(name: string): Packages {
  return { debian: name, fedora: name, alpine: name, arch: name, suse: name };
}
