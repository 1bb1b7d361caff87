/** Root file systems for containers: one of busybox, made in a moment, and small Debian ones, made once and kept in build/. */
import { exists } from "./host.ts";

/** A kind of root file system. */
export type RootfsKind = "busybox" | DebianSuite;

/** A Debian release, for another glibc than the host's. */
export type DebianSuite = "bullseye" | "bookworm" | "trixie";

const PASSWD = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
ada:x:1000:1000:Ada:/home/ada:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
`;
const GROUP = `root:x:0:
daemon:x:1:
tty:x:5:
audio:x:29:ada
staff:x:50:ada
ada:x:1000:
nogroup:x:65534:
`;
const DIRECTORIES = ["bin", "dev", "etc", "home", "home/ada", "proc", "root", "run", "sys", "usr", "usr/bin", "var"];

/** Fills `directory` with a static busybox, its applets and accounts for root, ada (1000, in audio and staff) and nobody. */
export async function makeBusyboxRoot(directory: string): Promise<void> {
  for (const name of DIRECTORIES) await Deno.mkdir(`${directory}/${name}`, { recursive: true, mode: 0o755 });
  await Deno.mkdir(`${directory}/tmp`);
  await Deno.chmod(`${directory}/tmp`, 0o1777);
  await Deno.writeTextFile(`${directory}/etc/passwd`, PASSWD);
  await Deno.writeTextFile(`${directory}/etc/group`, GROUP);
  const { path, applets } = await (busybox ??= findBusybox());
  await Deno.copyFile(path, `${directory}/bin/busybox`);
  await Deno.chmod(`${directory}/bin/busybox`, 0o755);
  for (const applet of applets) Deno.symlinkSync("busybox", `${directory}/bin/${applet}`);
  if (Deno.uid() === 0) await Deno.chown(`${directory}/home/ada`, 1000, 1000);
}

let busybox: Promise<{ path: string; applets: string[] }> | null = null;

async function findBusybox(): Promise<{ path: string; applets: string[] }> {
  const path = (await output("sh", "-c", "command -v busybox")).trim();
  const names = (await output(path, "--list")).split("\n");
  return { path, applets: names.filter((name) => name !== "" && name !== "busybox") };
}

/** The directory of a minimal Debian root: the C library, a shell and coreutils. Shared: no test may write there. */
export async function debianRoot(suite: DebianSuite): Promise<string> {
  const roots = new URL("../build/roots/", import.meta.url).pathname;
  const directory = `${roots}${suite}`;
  if (exists(directory)) return directory;
  await Deno.mkdir(roots, { recursive: true });
  const packages = "libc6,libc-bin,libgcc-s1,dash,coreutils,base-files,base-passwd";
  const made = await Deno.makeTempDir({ dir: roots, prefix: `${suite}-` });
  await output("mmdebstrap", "--quiet", "--variant=extract", `--include=${packages}`, suite, made);
  await Deno.chmod(made, 0o755);
  for (const name of ["dev", "mnt", "proc", "sys", "tmp"]) await Deno.mkdir(`${made}/${name}`, { recursive: true });
  if (!exists(`${made}/bin/sh`)) await Deno.symlink("dash", `${made}/bin/sh`);
  await Deno.rename(made, directory);
  return directory;
}

async function output(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed:\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
