/** A virtual machine of Debian with systemd as its first process, for masu where systemd has the control groups. */
import { exists } from "../host.ts";
import { makeBusyboxRoot } from "../rootfs.ts";
import { MASU } from "../scratch.ts";
import { BUILD, command, debianKernel, type Kernel } from "./kernel.ts";
import { boot } from "./machine.ts";

/** With the user's own manager, and the bus of either. */
const PACKAGES = "systemd-sysv,dbus,dbus-user-session,libpam-systemd";
const LEFT_OUT = ["/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*"];
/** What only takes time there. */
const MASKED = [
  "getty.target",
  "serial-getty@ttyS0.service",
  "systemd-journal-flush.service",
  "systemd-sysusers.service",
  "systemd-update-utmp.service",
  "systemd-update-utmp-runlevel.service",
  "systemd-modules-load.service",
  "systemd-random-seed.service",
];

/** Control groups as systemd mounts them: v2 alone, or v1 with a v2 that has no controllers. */
export type Mode = "v2" | "v1";

/** Starts the machine, runs `script` there as a service, and returns all that it wrote on the console. */
export async function runUnderSystemd(directory: string, mode: Mode, script: string): Promise<string> {
  const kernel = await debianKernel();
  const base = await debianRoot();
  const own = await ownParts(directory, kernel, script);
  const initramfs = `${directory}/initramfs`;
  // initramfs buffer format: archives follow each other, and what is later wins.
  await command(directory, "sh", "-ec", `cat "${base}" "${own}" >"${initramfs}"`);
  const words = [`systemd.unified_cgroup_hierarchy=${mode === "v2" ? 1 : 0}`, "systemd.show_status=0"];
  return await boot(directory, {
    kernel,
    initramfs,
    words: [...words, ...MASKED.map((unit) => `systemd.mask=${unit}`)],
  });
}

/** A small Debian with systemd and the user ada, as an archive that is made once. */
async function debianRoot(): Promise<string> {
  const file = `${BUILD}/systemd.cpio`;
  if (exists(file)) return file;
  await Deno.mkdir(BUILD, { recursive: true });
  const root = await Deno.makeTempDir({ dir: BUILD, prefix: "systemd-" });
  await Deno.chmod(root, 0o755);
  const excluded = LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`);
  const include = `--include=${PACKAGES}`;
  await command(BUILD, "mmdebstrap", "--quiet", "--variant=essential", include, ...excluded, "bookworm", root);
  await command(
    root,
    "sh",
    "-ec",
    `echo ada:x:1000:1000:Ada:/home/ada:/bin/sh >>etc/passwd
    echo ada:x:1000: >>etc/group
    echo 'ada:*:19000::::::' >>etc/shadow
    mkdir -p home/ada
    chown 1000:1000 home/ada
    find . | cpio --quiet -o -H newc >"${root}.cpio"`,
  );
  await Deno.rename(`${root}.cpio`, file);
  await Deno.remove(root, { recursive: true });
  return file;
}

/** What this run adds to it: masu, an image of busybox, the module for overlays, the script. */
async function ownParts(directory: string, kernel: Kernel, script: string): Promise<string> {
  const root = `${directory}/guest`;
  const target = `${root}/etc/systemd/system/multi-user.target.wants`;
  for (
    const path of [`${root}/image`, `${root}/modules`, `${root}/usr/bin`, `${root}/var/lib/systemd/linger`, target]
  ) {
    await Deno.mkdir(path, { recursive: true });
  }
  await makeBusyboxRoot(`${root}/image`);
  await Deno.copyFile(`${root}/image/bin/busybox`, `${root}/usr/bin/busybox`);
  await Deno.copyFile(MASU, `${root}/usr/bin/masu`);
  await Deno.copyFile(`${kernel.modules}/kernel/fs/overlayfs/overlay.ko`, `${root}/modules/overlay.ko`);
  await Deno.copyFile(new URL("systemd_init.sh", import.meta.url).pathname, `${root}/init`);
  await Deno.chmod(`${root}/init`, 0o755);
  await Deno.copyFile(
    new URL("systemd_cases.service", import.meta.url).pathname,
    `${root}/etc/systemd/system/cases.service`,
  );
  await Deno.symlink("../cases.service", `${target}/cases.service`);
  await Deno.writeTextFile(`${root}/var/lib/systemd/linger/ada`, "");
  // Without one, systemd takes the machine for one that is started for the first time.
  await Deno.writeTextFile(`${root}/etc/machine-id`, `${"0123456789abcdef".repeat(2)}\n`);
  await Deno.writeTextFile(`${root}/script`, script);
  const file = `${directory}/own.cpio`;
  await command(root, "sh", "-ec", `find . | cpio --quiet -o -H newc >"${file}"`);
  return file;
}
