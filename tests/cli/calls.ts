/** What a program does to the host's files and mounts, by strace(1). */
import { TEST_USER } from "../host.ts";
import type { Outcome, Scratch, StartOptions } from "../scratch.ts";

/** How a traced program ended, and its changes. */
export interface Traced extends Outcome {
  /** System calls, each a line of strace, that change what is outside of the process. */
  readonly changes: readonly string[];
  /** All calls that name a file. */
  readonly calls: readonly string[];
}

/** Calls that change something by their very name. */
const CHANGES = [
  "mkdir",
  "mkdirat",
  "rmdir",
  "unlink",
  "unlinkat",
  "rename",
  "renameat",
  "renameat2",
  "link",
  "linkat",
  "symlink",
  "symlinkat",
  "mknod",
  "mknodat",
  "chmod",
  "fchmodat",
  "chown",
  "lchown",
  "fchownat",
  "truncate",
  "utimensat",
  "mount",
  "umount2",
  "move_mount",
  "mount_setattr",
  "pivot_root",
  "unshare",
  "setns",
  "creat",
].join("|");

/** Runs a command under strace, with all that it starts, and keeps the calls that succeeded in changing something. */
export async function trace(
  scratch: Scratch,
  argv: readonly string[],
  options: StartOptions & { readonly alone?: boolean } = {},
): Promise<Traced> {
  const { alone, asUser, ...others } = options;
  const log = scratch.path("calls");
  const filter = "trace=%file,unshare,setns,open,openat,openat2,pivot_root,move_mount,mount_setattr";
  // strace itself is root's, so that setuid programs have their effect.
  const user = asUser === true ? ["-u", TEST_USER] : [];
  const words = [...(alone === true ? [] : ["-f"]), ...user, "-qq", "-y", "-e", filter, "-o", log, ...argv];
  const env = asUser === true ? userEnvironment(scratch) : {};
  const outcome = await scratch.command("strace", ...words, { ...others, env: { ...env, ...others.env } });
  const calls = (await Deno.readTextFile(log)).split("\n").map((line) => line.replace(/^\d+ +/, ""));
  const named = new RegExp(`^(${CHANGES})\\(.* = 0`);
  const opened = /^open(at2?)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC|APPEND).* = \d/;
  return { ...outcome, calls, changes: calls.filter((line) => named.test(line) || opened.test(line)) };
}

function userEnvironment(scratch: Scratch): Record<string, string> {
  const path = (name: string) => scratch.path(`user-${name}`);
  return { HOME: path("home"), TMPDIR: path("tmp"), XDG_RUNTIME_DIR: path("runtime") };
}
