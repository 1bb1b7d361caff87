/** What a test must not leave behind on the host: mounts, cgroups, links, files, processes. */
import { exists } from "./host.ts";
import { awaited } from "./process.ts";

/** Directories that hold masu's state for root. */
const STATE = ["/run/masu", "/var/lib/masu"];
const CGROUPS = "/sys/fs/cgroup";

/** What there is on the host that a container could leave: one line each. */
export function takeStock(): ReadonlySet<string> {
  return new Set([...mounts(), ...cgroups(), ...links(), ...files(), ...temporaryFiles()]);
}

/** What is there now and was not there `before`. Waits a little: the kernel takes some things away only after a process's end. */
export async function leftOver(before: ReadonlySet<string>, timeoutMs = 2_000): Promise<string[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const running = descendants();
    const theirs = othersContainers(new Set(running.map(({ pid }) => pid)));
    const left = [...takeStock(), ...running.map(({ line }) => line)]
      .filter((line) => !before.has(line) && !theirs.some((id) => line.includes(`/${id}`)));
    if (left.length === 0 || Date.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ids of containers that run beside the test and that it did not start: their cgroups hold processes, and none of `ours`. */
export function othersContainers(ours: ReadonlySet<number>): string[] {
  return cgroups().flatMap((line) => {
    const match = /^cgroup (.*\/masu\/([^/]+))$/.exec(line);
    const [, path = "", id = ""] = match ?? [];
    const pids = (read(`${path}/cgroup.procs`) ?? "").split("\n").filter(Boolean).map(Number);
    return pids.length > 0 && !pids.some((pid) => ours.has(pid)) ? [id] : [];
  });
}

/** A process that a test left running. */
export interface Left {
  /** Its id. */
  readonly pid: number;
  /** What to say about it. */
  readonly line: string;
}

const adopted = adopt();

/**
 * Makes this process the one that orphans below it are given to (prctl(2), PR_SET_CHILD_SUBREAPER), so that a process cannot
 * leave the test's sight by losing its parent. Returns how to reap those that have ended.
 */
function adopt(): (pid: number) => void {
  const PR_SET_CHILD_SUBREAPER = 36;
  const WNOHANG = 1;
  const libc = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "u64"], result: "i32" },
    waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  });
  if (libc.symbols.prctl(PR_SET_CHILD_SUBREAPER, 1n) !== 0) throw new Error("prctl(PR_SET_CHILD_SUBREAPER) failed");
  return (pid) => void libc.symbols.waitpid(pid, null, WNOHANG);
}

/** The processes below this one that have not ended. Reaps the orphans that have, which nobody else waits for. */
export function descendants(): Left[] {
  const children = new Map<number, { pid: number; name: string; state: string }[]>();
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    const stat = Number.isInteger(pid) ? read(`/proc/${pid}/stat`) : null;
    const match = stat === null ? null : /^\d+ \((.*)\) (\S) (\d+)/s.exec(stat);
    if (match === null) continue;
    const [, name = "", state = "", parent = ""] = match;
    const siblings = children.get(Number(parent)) ?? [];
    siblings.push({ pid, name, state });
    children.set(Number(parent), siblings);
  }
  const below: Left[] = [];
  const walk = (parent: number) => {
    for (const { pid, name, state } of children.get(parent) ?? []) {
      if (state !== "Z") below.push({ pid, line: `process ${pid} (${name}): ${commandLine(pid)}` });
      else if (parent === Deno.pid && !awaited.has(pid)) adopted(pid);
      walk(pid);
    }
  };
  walk(Deno.pid);
  return below;
}

function commandLine(pid: number): string {
  return (read(`/proc/${pid}/cmdline`) ?? "").split("\0").join(" ").trim();
}

function mounts(): string[] {
  return (read("/proc/self/mountinfo") ?? "").split("\n").filter(Boolean).map((line) => `mount ${line.split(" ")[4]}`);
}

/** Cgroups of masu's, in every hierarchy. */
function cgroups(): string[] {
  return below(CGROUPS, (path, entry) => entry.isDirectory && /\/masu(\/|$)/.test(path)).map((path) =>
    `cgroup ${path}`
  );
}

function links(): string[] {
  return [...Deno.readDirSync("/sys/class/net")].map(({ name }) => `link ${name}`);
}

function files(): string[] {
  return [...STATE.flatMap(stateFiles), ...below("/dev/shm", () => true)].map((path) => `file ${path}`);
}

/** What a run left in a directory that masu writes to. masu's own directories may stay there, empty of containers and names. */
export function stateFiles(directory: string): string[] {
  return below(directory, (path, entry) => !entry.isDirectory || /\/(containers|names)\/[^/]+$/.test(path))
    .filter((path) => !KEPT.test(path));
}

/** What masu keeps whatever becomes of containers: what happened to them, the executable of their monitors, plans of commands. */
const KEPT = /\/masu\/(?:run\/)?(events(\.\d+)?|init-[0-9a-f]+|plans\/(?:bundles\/)?[^/]+)$/;

/** What Deno or masu would leave in /tmp. What other programs do there is none of ours. */
function temporaryFiles(): string[] {
  return [...Deno.readDirSync("/tmp")].map(({ name }) => name)
    .filter((name) => /deno|masu/i.test(name) && !name.startsWith("masu-test-"))
    .map((name) => `file /tmp/${name}`);
}

/** Paths below a directory, itself not counted. What vanishes meanwhile is passed over. */
function below(directory: string, wanted: (path: string, entry: Deno.DirEntry) => boolean): string[] {
  if (!exists(directory)) return [];
  const paths: string[] = [];
  const walk = (parent: string) => {
    let entries: Deno.DirEntry[];
    try {
      entries = [...Deno.readDirSync(parent)];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return;
      throw error;
    }
    for (const entry of entries) {
      const path = `${parent}/${entry.name}`;
      if (wanted(path, entry)) paths.push(path);
      if (entry.isDirectory) walk(path);
    }
  };
  walk(directory);
  return paths;
}

function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null; // the process or file has gone
  }
}
