/** What the tests ask of this host, without changing it. */

/** Whom tests run as when they want an ordinary user: MASU_TEST_USER, or `masu-test`, which `.ci/run` makes. */
export const TEST_USER = Deno.env.get("MASU_TEST_USER") ?? "masu-test";

/** An account of /etc/passwd. */
export interface Account {
  /** Its user id. */
  readonly uid: number;
  /** Its group id. */
  readonly gid: number;
}

/** The ordinary user of the tests, if there is one and this process may become it. */
export function testUser(): Account | null {
  const line = Deno.readTextFileSync("/etc/passwd").split("\n").find((line) => line.startsWith(`${TEST_USER}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) return null;
  return succeeds("setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "true")
    ? { uid: Number(uid), gid: Number(gid) }
    : null;
}

/** The first of the user ids that /etc/subuid gives to the ordinary user of the tests; NaN: none. */
export function firstSubordinateID(): number {
  const line = (read("/etc/subuid") ?? "").split("\n").find((line) => line.startsWith(`${TEST_USER}:`));
  return Number(line?.split(":")[1] ?? NaN);
}

/**
 * Gives up the v1 hierarchies that nobody has mounted any more. One that was unmounted while a cgroup of it was still dying stays, until
 * it is mounted and unmounted once more. kernel/cgroup/cgroup.c, cgroup_kill_sb()
 */
export function releaseHierarchies(): void {
  const mounted = read("/proc/self/mountinfo") ?? "";
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers = ""] = line.split(":");
    const isMounted = new RegExp(` - cgroup \\S+ (\\S+,)?${controllers}(,|$)`, "m").test(mounted);
    if (controllers === "" || controllers.startsWith("name=") || isMounted) continue;
    succeeds("unshare", "--mount", "sh", "-c", `mount -t cgroup -o ${controllers} cgroup /mnt && umount /mnt`);
  }
}

/** A file's text; null: it cannot be read. */
export function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

/** True when the command ends with 0. */
export function succeeds(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** True when something is there. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
