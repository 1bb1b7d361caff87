/** A virtual machine of Debian's kernel whose only file system is in memory: control groups as masu meets them on v2 alone. */
import { exists, succeeds } from "../host.ts";
import { makeBusyboxRoot } from "../rootfs.ts";
import { Running } from "../process.ts";
import { MASU } from "../scratch.ts";
import { BUILD, command, debianKernel, type Kernel } from "./kernel.ts";

/** What the compiled program and its core load, where a distribution has them. */
const LIBRARIES = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1"];
const LOADER = "/lib64/ld-linux-x86-64.so.2";
/** From power on to the end of the script; processors are emulated. */
const DEADLINE_MS = 500_000;
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** What a machine is made of. */
export interface Parts {
  readonly kernel: Kernel;
  readonly initramfs: string;
  /** Words for the kernel's command line. */
  readonly words?: readonly string[];
}

/** Starts the machine, runs `script` there as its first process's child, and returns all that it wrote on the console. */
export async function runInMachine(directory: string, script: string): Promise<string> {
  const kernel = await debianKernel();
  const initramfs = await makeInitramfs(directory, kernel, script);
  return await boot(directory, { kernel, initramfs });
}

/** For the kernel of every machine. no_timer_check: beside others that work, an emulated timer ticks later than a kernel allows one to. */
const WORDS = ["console=ttyS0", "quiet", "loglevel=1", "panic=-1", "no_timer_check"];

/** Starts a machine, and returns all that its script wrote on the console. Throws when that does not come to its end. */
export async function boot(directory: string, { kernel, initramfs, words = [] }: Parts): Promise<string> {
  await using machine = new Running({
    // deno-fmt-ignore
    argv: [
      "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "2048", "-no-reboot", "-nographic",
      "-nic", "none", "-kernel", kernel.image, "-initrd", initramfs,
      "-append", [...WORDS, ...words].join(" "),
    ],
    env: { PATH, TMPDIR: directory },
    cwd: directory,
  });
  const { stdout, transcript } = await machine.outcome(DEADLINE_MS);
  if (!stdout.includes("\nmachine ends")) throw new Error(`The script did not come to its end\n${transcript}`);
  return stdout.replaceAll("\r\n", "\n");
}

/** True when the machine can be had here: the emulator, and what packs and fetches its parts. */
export function hasMachine(): boolean {
  return Deno.build.arch === "x86_64" && succeeds("qemu-system-x86_64", "--version") && succeeds("cpio", "--version") &&
    (exists(`${BUILD}/kernel`) || succeeds("apt-cache", "show", "linux-image-cloud-amd64"));
}

/** A busybox, masu with what it loads, the module for overlays, and the script. */
async function makeInitramfs(directory: string, kernel: Kernel, script: string): Promise<string> {
  const root = `${directory}/guest`;
  await makeBusyboxRoot(root);
  for (const name of ["lib", "lib64", "modules", "image"]) await Deno.mkdir(`${root}/${name}`);
  await makeBusyboxRoot(`${root}/image`);
  await Deno.copyFile(MASU, `${root}/bin/masu`);
  await Deno.copyFile(LOADER, `${root}${LOADER}`);
  for (const name of LIBRARIES) await Deno.copyFile(`/lib/x86_64-linux-gnu/${name}`, `${root}/lib/${name}`);
  await Deno.copyFile(`${kernel.modules}/kernel/fs/overlayfs/overlay.ko`, `${root}/modules/overlay.ko`);
  await Deno.copyFile(new URL("init.sh", import.meta.url).pathname, `${root}/init`);
  await Deno.chmod(`${root}/init`, 0o755);
  await Deno.writeTextFile(`${root}/script`, script);
  const file = `${directory}/initramfs`;
  await command(root, "sh", "-ec", `find . | cpio --quiet -o -H newc >"${file}"`);
  return file;
}
