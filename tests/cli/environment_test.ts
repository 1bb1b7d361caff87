/** What surrounds masu does not change what it does: environment, temporary directories, read-only systems, files planted by others. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { testUser } from "../host.ts";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU } from "../scratch.ts";
import { trace } from "./calls.ts";

const CONTAINER: Need[] = ["mount", "pidns", "overlay", "busybox"];

kernelTest("masu run works without any environment", CONTAINER, async (scratch) => {
  const rootfs = await image(scratch);
  const { code, stdout, transcript } = await scratch.command("env", "-i", MASU, "run", rootfs, "env");
  assertEquals(code, 0, transcript);
  const names = stdout.trimEnd().split("\n").map((line) => line.split("=")[0]).sort();
  assertEquals(names, ["HOME", "HOSTNAME", "PATH", "container"]);
});

const VARIABLES: [name: string, env: Record<string, string | undefined>][] = [
  ["HOME unset", { HOME: undefined }],
  ["a HOME that is missing", { HOME: "/nonexistent" }],
  ["a HOME that is no path", { HOME: "\u001b]0;x\u0007" }],
  ["TMPDIR missing", { TMPDIR: "/nonexistent" }],
  ["TMPDIR no directory", { TMPDIR: "/etc/passwd" }],
  ["variables of Deno's", {
    DENO_DIR: "/nonexistent",
    DENO_V8_FLAGS: "--bad",
    DENO_TLS_CA_STORE: "x",
  }],
  ["a loader's variables", { LD_LIBRARY_PATH: "/nonexistent", LD_BIND_NOW: "1", GLIBC_TUNABLES: "x" }],
  ["a locale that is missing", { LANG: "xx_XX", LC_ALL: "xx_XX.UTF-8" }],
];
for (const [name, env] of VARIABLES) {
  kernelTest(`masu run works with ${name}`, CONTAINER, async (scratch) => {
    const result = await scratch.masu("run", await image(scratch), "echo", "hello", { env });
    assertEquals([result.code, result.stdout, result.stderr], [0, "hello\n", ""], result.transcript);
  });
}

/** masu, its root and its own directories are mounted in places that do not depend on /tmp; then /tmp is changed. */
const PREPARE = `
mount --make-rprivate /
mount -t tmpfs none /mnt
mkdir /mnt/root /mnt/bin
mount --bind "$1" /mnt/root
touch /mnt/bin/masu
mount --bind "$0" /mnt/bin/masu
cd /
`;
const SURROUNDINGS: [name: string, script: string][] = [
  ["/tmp read-only", "mount -t tmpfs -o ro none /tmp"],
  ["/tmp mounted noexec", "mount -t tmpfs -o noexec none /tmp"],
  [
    "/tmp full",
    "mount -t tmpfs -o size=4k,nr_inodes=2 none /tmp; head -c 100000 /dev/zero >/tmp/full 2>/dev/null || true",
  ],
  ["/dev/shm read-only", "mount -t tmpfs -o ro none /dev/shm"],
  [
    "a read-only root",
    "for d in /run/masu /var/lib/masu; do mount -t tmpfs none $d; done; mount -o remount,bind,ro /; ! touch /x 2>/dev/null",
  ],
  [
    "/tmp absent",
    `mkdir /mnt/upper /mnt/work /mnt/new; mknod /mnt/upper/tmp c 0 0
     mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/new
     for d in /run/masu /var/lib/masu; do mount -t tmpfs none /mnt/new$d; done
     for d in /proc /sys /dev /mnt; do mount --rbind $d /mnt/new$d; done
     cd /mnt/new; mkdir old; pivot_root . old; umount -l /old; [ ! -e /tmp ]`,
  ],
];
for (const [name, script] of SURROUNDINGS) {
  kernelTest(`masu run works with ${name}`, CONTAINER, async (scratch) => {
    const rootfs = await image(scratch);
    await scratch.masu("run", rootfs, "true"); // makes /run/masu and /var/lib/masu
    const run = "exec /mnt/bin/masu run /mnt/root echo hello";
    const all = ["sh", "-ec", `${PREPARE}\n${script}\n${run}`, MASU, rootfs] as const;
    const { code, stdout, stderr, transcript } = await scratch.command("unshare", "--mount", ...all);
    assertEquals([code, stdout, stderr], [0, "hello\n", ""], transcript);
  });
}

kernelTest("masu run says where it cannot write when nothing is writable", CONTAINER, async (scratch) => {
  const rootfs = await image(scratch);
  const script = 'mount --make-rprivate /; mount -o remount,bind,ro /; exec "$0" run "$1" true';
  const { code, stderr, transcript } = await scratch.command("unshare", "--mount", "sh", "-ec", script, MASU, rootfs);
  assertEquals(code, 125, transcript);
  assertStringIncludes(stderr, "/masu", transcript);
  assertStringIncludes(stderr, "Read-only file system (EROFS from mkdir(2))\nstep: create ", transcript);
  assertStringIncludes(stderr, "\nhint: ", transcript);
});

for (const asUser of [false, true]) {
  const who = asUser ? " as an ordinary user" : "";
  const needs: Need[] = asUser ? [...CONTAINER, "strace", "user"] : [...CONTAINER, "strace"];

  kernelTest(
    `masu run${who} writes to its own directories and the kernel's, and nowhere else`,
    needs,
    async (scratch) => {
      const rootfs = await image(scratch, { asUser });
      const argv = [MASU, "run", "--name", "n", "--tmpfs", "/t", rootfs, "true"];
      const { code, changes, transcript } = await trace(scratch, argv, { asUser });
      assertEquals(code, 0, transcript);
      const own = asUser
        ? [scratch.path("user-runtime/masu"), scratch.path("user-home/.local")]
        : ["/run/masu", "/var/lib/masu"];
      const places = [...own, "/sys/fs/cgroup", "/proc", "/dev/null", "/dev/tty", "memfd:"];
      assertEquals(changes.length > 20, true, "strace saw what masu makes");
      assertEquals(changes.filter((line) => !places.some((place) => line.includes(place)) && !isInside(line)), []);
    },
  );

  kernelTest(`masu run${who} opens nothing in a temporary directory`, needs, async (scratch) => {
    const rootfs = await image(scratch, { asUser });
    const temporary = await scratch.dir(asUser ? "user-tmp" : "tmp", 0o777);
    const user = testUser();
    if (user !== null) await Deno.chown(temporary, user.uid, user.gid); // another user's, for root
    const env = { TMPDIR: temporary };
    const { calls, code, transcript } = await trace(scratch, [MASU, "run", rootfs, "true"], { asUser, env });
    assertEquals(code, 0, transcript);
    const lines = calls.filter((line) => !line.startsWith("execve("));
    assertEquals(lines.filter((line) => line.includes(temporary)), []);
    const others = lines.filter((line) =>
      /"\/tmp/.test(line) && !line.includes(scratch.path()) && !line.includes(MASU)
    );
    assertEquals(others, []);
  });
}

kernelTest(
  "masu run does not look at files planted beside it or in its working directory",
  [...CONTAINER, "strace"],
  async (scratch) => {
    const rootfs = await image(scratch);
    const trap = await scratch.dir("trap", 0o777);
    for (
      const name of ["deno.json", "package.json", "node_modules", ".env", "libc.so.6", "masu_core.so", "masu.js", "run"]
    ) {
      await scratch.write(`trap/${name}`, "{ not even JSON");
    }
    const env = { PATH: `${trap}:${Deno.env.get("PATH")}` };
    const { calls, code, stdout, transcript } = await trace(scratch, [MASU, "run", rootfs, "echo", "hello"], {
      cwd: trap,
      env,
    });
    assertEquals([code, stdout], [0, "hello\n"], transcript);
    const lines = calls.map((line) => line.replaceAll(/AT_FDCWD<[^>]*>/g, "")).filter((line) => line.includes(trap));
    assertEquals(lines.filter((line) => !/getcwd|execve/.test(line)), []);
  },
);

kernelTest("masu run works with descriptors 0 to 2 closed", CONTAINER, async (scratch) => {
  const rootfs = await image(scratch);
  for (const closed of ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]) {
    const script = `"$0" run "$1" sh -c 'exit 3' ${closed}`;
    const { code, transcript } = await scratch.command("sh", "-c", script, MASU, rootfs);
    assertEquals(code, 3, transcript);
  }
});

kernelTest("masu run in a directory that is gone needs it for relative paths only", CONTAINER, async (scratch) => {
  const rootfs = await image(scratch);
  const run = async (image: string) => {
    const gone = await scratch.dir("gone");
    const script = 'rmdir "$2"; exec "$0" run "$1" pwd';
    return await scratch.command("sh", "-c", script, MASU, image, gone, { cwd: gone });
  };
  const whole = await run(rootfs);
  assertEquals([whole.code, whole.stdout, whole.stderr], [0, "/\n", ""], whole.transcript);
  const { code, stderr, transcript } = await run("./rootfs");
  assertEquals(code, 125, transcript);
  const error = 'masu: Find working directory ".": No such file or directory (ENOENT from getcwd(2))';
  assertEquals(stderr, `${error}\nhint: it was removed: cd to one that is there\n`, transcript);
});

kernelTest("what runs a program in the working directory says that it is gone", ["userns"], async (scratch) => {
  for (const words of [["ns", "run", "--uts", "true"], ["cap", "run", "--drop", "all", "true"]]) {
    const gone = await scratch.dir("gone");
    const script = 'rmdir "$1"; shift; exec "$0" "$@"';
    const { code, stderr, transcript } = await scratch.command("sh", "-c", script, MASU, gone, ...words, { cwd: gone });
    assertEquals(code, 125, transcript);
    assertStringIncludes(stderr, 'masu: Find working directory ".": No such file or directory', transcript);
  }
});

kernelTest("masu run works with few descriptors and a small stack", CONTAINER, async (scratch) => {
  const rootfs = await image(scratch);
  const script = 'ulimit -n 64; ulimit -s 1024; exec "$0" run "$1" echo hello';
  const { code, stdout, transcript } = await scratch.command("sh", "-c", script, MASU, rootfs);
  assertEquals([code, stdout], [0, "hello\n"], transcript);
});

/** A path below a directory that strace(1), outside, has no name for: one of a file system that only the container has. */
function isInside(line: string): boolean {
  return /\(\d+<\/(dev|sys|proc|etc|t)?>, /.test(line) || /^(mount|pivot_root|umount2|unshare)\(/.test(line);
}
