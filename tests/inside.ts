/** What a container sees: it runs a script there, or reads a table of the kernel's there. */
import { assertEquals } from "@std/assert";
import { exists, testUser } from "./host.ts";
import { probe } from "./probe.ts";
import type { Outcome, Running, Scratch, StartOptions } from "./scratch.ts";

/** How a container is made for a look. */
export interface InsideOptions extends StartOptions {
  /** The image; a root of busybox, made for this test, when not given. */
  readonly image?: string;
  /** Use the image itself: `--rootfs`. */
  readonly direct?: boolean;
  /** Put the probe at `/bin/probe`. Needs "cc". */
  readonly probe?: boolean;
}

/** Runs a shell script in a new container and returns how that ended. */
export async function attempt(
  scratch: Scratch,
  flags: readonly string[],
  script: string,
  options: InsideOptions = {},
): Promise<Outcome> {
  return await scratch.masu(...await words(scratch, flags, script, options), options);
}

/** What a script says in a new container. Fails when it, or masu, failed. */
export async function inside(
  scratch: Scratch,
  flags: readonly string[],
  script: string,
  options: InsideOptions = {},
): Promise<string> {
  const outcome = await attempt(scratch, flags, script, options);
  assertEquals([outcome.code, outcome.stderr], [0, ""], outcome.transcript);
  return outcome.stdout.trimEnd();
}

/** Starts a script in a new container beside the test, and waits until it has said `ready`. */
export async function alongside(
  scratch: Scratch,
  flags: readonly string[],
  script: string,
  options: InsideOptions = {},
): Promise<Running> {
  const running = await scratch.spawn(...await words(scratch, flags, script, options), options);
  await running.until(/^ready$/m);
  return running;
}

/** The test's root of busybox, made once; for the ordinary user one that belongs to them. */
export async function image(scratch: Scratch, options: Pick<InsideOptions, "probe" | "asUser"> = {}): Promise<string> {
  const name = options.asUser === true ? "user-image" : "image";
  const path = scratch.path(name);
  if (!exists(path)) {
    await scratch.rootfs("busybox", name);
    const user = options.asUser === true ? testUser() : null;
    if (user !== null) await scratch.command("chown", "-R", `${user.uid}:${user.gid}`, path);
  }
  // Once: a running program must not be written to.
  const program = `${path}/bin/probe`;
  if (options.probe === true && !exists(program)) await Deno.copyFile(await probe(), program);
  return path;
}

/** One line of a mount table. proc_pid_mountinfo(5) */
export interface SeenMount {
  /** The directory of the file system that is the mount's root. */
  readonly root: string;
  /** Where it is. */
  readonly destination: string;
  /** `ro`, `nosuid` and so on, of the mount itself. */
  readonly options: readonly string[];
  /** `shared:1`, `master:1`; empty when private. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Of the file system. */
  readonly superOptions: readonly string[];
}

/** Reads a mount table: by destination, the topmost mount of each. */
export function mountTable(mountinfo: string): Map<string, SeenMount> {
  const table = new Map<string, SeenMount>();
  for (const line of mountinfo.split("\n").filter(Boolean)) {
    const [front = "", back = ""] = line.split(" - ");
    const [, , , root = "", destination = "", options = "", ...propagation] = front.split(" ");
    const [type = "", source = "", superOptions = ""] = back.split(" ");
    table.set(destination, {
      root,
      destination,
      options: options.split(","),
      propagation,
      type,
      source,
      superOptions: superOptions.split(","),
    });
  }
  return table;
}

/** The mount table of a new container. */
export async function mountsInside(
  scratch: Scratch,
  flags: readonly string[],
  options: InsideOptions = {},
): Promise<Map<string, SeenMount>> {
  return mountTable(await inside(scratch, flags, "cat /proc/self/mountinfo", options));
}

/** The fields of /proc/PID/status that a table asks for: `status(text, "Uid", "Gid")`. */
export function fields(status: string, ...names: readonly string[]): string[] {
  return names.map((name) =>
    (new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*$`, "m").exec(status)?.[1] ?? "none").replaceAll("\t", " ")
  );
}

async function words(
  scratch: Scratch,
  flags: readonly string[],
  script: string,
  options: InsideOptions,
): Promise<string[]> {
  const path = options.image ?? await image(scratch, options);
  const root = options.direct === true ? ["--rootfs", path] : [path];
  return ["run", ...flags, ...root, "sh", "-c", script];
}
