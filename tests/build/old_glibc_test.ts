/** dist/masu starts on a system with an older glibc than the one that it was built on. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { kernelTest } from "../needs.ts";
import { debianRoot } from "../rootfs.ts";
import { MASU } from "../scratch.ts";

/** Debian 11, read only, with /proc and the file under test; then a command in it. */
const IN_BULLSEYE = `
  mount --rbind "$1" "$1"
  mount -t tmpfs none "$1/mnt"
  touch "$1/mnt/masu"
  mount --bind "$2" "$1/mnt/masu"
  mount -t proc proc "$1/proc"
  mount -o remount,bind,ro "$1"
  root=$1; shift 2
  exec chroot "$root" "$@"`;

for (const front of [undefined, "0"]) {
  const way = front === undefined ? "" : " without its front";
  kernelTest(`masu${way} starts under the glibc of Debian 11`, ["mount", "mmdebstrap"], async (scratch) => {
    const root = await debianRoot("bullseye");
    const run = (...args: string[]) =>
      scratch.command("unshare", "--mount", "sh", "-ec", IN_BULLSEYE, "sh", root, MASU, "/mnt/masu", ...args, {
        env: { MASU_FRONT: front },
      });
    const version = await run("--version");
    assertEquals([version.code, version.stderr], [0, ""], version.transcript);
    const help = await run("--help");
    assertEquals(help.code, 0, help.transcript);
    assertStringIncludes(help.stdout, "run", help.transcript);
  });
}
