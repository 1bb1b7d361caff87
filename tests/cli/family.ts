/** The processes that a foreground run consists of. */

/** masu itself, which is the monitor once the program runs; its guard; and the container's first process. */
export interface Family {
  readonly monitor: number;
  readonly guard: number;
  readonly first: number;
}

/** The family of the masu with this pid, once all of it is there. */
export async function familyOf(monitor: number, timeoutMs = 20_000): Promise<Family> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const children = childrenOf(monitor);
    const guard = children.find((pid) => nameOf(pid) === "masu-guard");
    const first = children.find((pid) => pid !== guard);
    if (guard !== undefined && first !== undefined) return { monitor, guard, first };
    if (Date.now() > deadline) {
      throw new Error(`masu ${monitor} has the children ${children.map((pid) => `${pid} (${nameOf(pid)})`)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The children of a process, of whichever of its threads; none when it has gone. */
export function childrenOf(pid: number): number[] {
  const children: number[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
      const text = Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`);
      children.push(...text.split(" ").filter((word) => word !== "").map(Number));
    }
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  return children;
}

/** A process's name; empty when it has gone. */
export function nameOf(pid: number): string {
  return fileOf(pid, "comm").trimEnd();
}

/** A file of a process in /proc; empty when it has gone. */
export function fileOf(pid: number, name: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${name}`);
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}

/** The state letter of `/proc/PID/stat`; empty when it has gone. proc_pid_stat(5) */
export function stateOf(pid: number): string {
  return /\) (\S)/.exec(fileOf(pid, "stat"))?.[1] ?? "";
}

/** Waits until `is` returns true. */
export async function until(what: string, is: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!is()) {
    if (Date.now() > deadline) throw new Error(`After ${timeoutMs} ms still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** ENOENT, or ESRCH of a file that was opened before its process went. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Error && error.message.includes("os error 3)");
}
