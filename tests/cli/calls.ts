/** What a program does to the host's files and mounts, by strace(1). */
import type { Outcome, Scratch, StartOptions } from "../scratch.ts";

/** How a traced program ended, and its changes. */
export interface Traced extends Outcome {
  /** System calls, each a line of strace, that change what is outside of the process. */
  readonly changes: readonly string[];
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
  const log = scratch.path("calls");
  await Deno.writeTextFile(log, "");
  await Deno.chmod(log, 0o666);
  const follow = options.alone === true ? [] : ["-f"];
  const filter = "trace=%file,unshare,setns,open,openat,openat2,pivot_root,move_mount,mount_setattr";
  const outcome = await scratch.command("strace", ...follow, "-qq", "-y", "-e", filter, "-o", log, ...argv, options);
  const lines = (await Deno.readTextFile(log)).split("\n").map((line) => line.replace(/^\d+ +/, ""));
  const named = new RegExp(`^(${CHANGES})\\(.* = 0`);
  const opened = /^open(at2?)?\(.*O_(WRONLY|RDWR|CREAT|TRUNC|APPEND).* = \d/;
  return { ...outcome, changes: lines.filter((line) => named.test(line) || opened.test(line)) };
}
