/** Where the root comes from: the running system, a directory copied on write, a directory itself. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { image, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";
import { debianRoot, type DebianSuite } from "../rootfs.ts";
import { MASU, type Outcome, type Scratch } from "../scratch.ts";

const HOST = { image: "host" } as const;

kernelTest("run host changes nothing of the host", ["mount", "overlay"], async (scratch) => {
  const name = `masu-test-${Deno.pid}`;
  const passwd = await Deno.readTextFile("/etc/passwd");
  const script =
    `touch /etc/${name} /usr/${name} /root/${name} /var/${name} /${name} && rm /etc/passwd && rm -r /etc/default &&
    mkdir /etc/passwd && chmod 0 /etc && chown 1:1 /usr && ls -d /etc/${name} && [ ! -e /etc/default ]`;
  const usr = Deno.statSync("/usr");
  assertEquals(await inside(scratch, [], script, HOST), `/etc/${name}`);
  assertEquals(await Deno.readTextFile("/etc/passwd"), passwd);
  assertEquals([`/etc/${name}`, `/usr/${name}`, `/root/${name}`, `/var/${name}`, `/${name}`].filter(exists), []);
  assertEquals([Deno.statSync("/usr").uid, Deno.statSync("/etc").mode! & 0o777], [usr.uid, 0o755]);
  assert(exists("/etc/default"));
});

kernelTest(
  "run host shows nothing of other users, of masu, of /run and of /tmp",
  ["mount", "overlay"],
  async (scratch) => {
    await scratch.write("secret", "");
    const script =
      "for d in /home /var/lib/masu /run/masu /tmp; do [ ! -d $d ] || find $d -mindepth 1; done; stat -c %a /tmp /run";
    assertEquals(await inside(scratch, [], script, HOST), "1777\n755");
  },
);

kernelTest("run host -v brings in what is hidden", ["mount", "overlay"], async (scratch) => {
  await scratch.write("file", "brought");
  const flags = ["-v", `${scratch.path()}:/home/someone/data`, "-v", `${scratch.path()}:/tmp/data`];
  assertEquals(
    await inside(scratch, flags, "cat /home/someone/data/file /tmp/data/file; ls /home", HOST),
    "broughtbroughtsomeone",
  );
});

kernelTest("run host runs the host's programs with its libraries", ["mount", "overlay"], async (scratch) => {
  const { stdout } = await scratch.command("sha256sum", "/usr/bin/env");
  assertEquals(await inside(scratch, [], "sha256sum /usr/bin/env", HOST), stdout.trimEnd());
});

kernelTest("run --read-only makes a working directory that is missing", ["mount", "busybox"], async (scratch) => {
  const script = "pwd; touch /new/file 2>/dev/null || echo closed";
  assertEquals(await inside(scratch, ["--read-only", "--workdir", "/new/place"], script), "/new/place\nclosed");
});

kernelTest("run --read-only host lets no part of the system be written", ["mount", "overlay"], async (scratch) => {
  const script = "for d in / /etc /usr /var /root /home; do touch $d/f 2>/dev/null && echo $d; done; true";
  assertEquals(await inside(scratch, ["--read-only"], script, HOST), "");
});

/** What the system gets mounted in a mount namespace of its own, before masu starts there: $1 is a directory for it. */
const FURTHER = `
  mkdir "$1/lower" "$1/upper" "$1/work" && echo layered >"$1/lower/file"
  mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" none /srv
  mount -t tmpfs none /mnt && echo memory >/mnt/file
  shift; code=0; "$@" || code=$?; cat /srv/file; exit $code`;

/** Starts masu where further file systems are mounted. */
async function further(scratch: Scratch, ...args: string[]): Promise<Outcome> {
  const directory = await scratch.dir("further");
  return await scratch.command("unshare", "--mount", "sh", "-ec", FURTHER, "sh", directory, MASU, "run", ...args);
}

kernelTest("run host shows every file system on disk, copy on write", ["mount", "overlay"], async (scratch) => {
  const script = "cat /srv/file; echo changed >/srv/file; cat /srv/file; [ ! -e /mnt/file ] && echo empty";
  const { stdout, transcript } = await further(scratch, "host", "sh", "-c", script);
  assertEquals(stdout, "layered\nchanged\nempty\nlayered\n", transcript);
});

kernelTest(
  "run --userns private host names a file system whose owners cannot be mapped",
  ["mount", "overlay"],
  async (scratch) => {
    const { code, stderr, transcript } = await further(scratch, "--userns", "private", "host", "true");
    assertEquals(code, 125, transcript);
    assertStringIncludes(stderr, 'Map the owners of "/srv"', transcript);
  },
);

kernelTest("run DIR copies on write", ["mount", "overlay", "busybox"], async (scratch) => {
  const root = await image(scratch);
  const before = await Deno.readTextFile(`${root}/etc/passwd`);
  const script =
    "echo x >>/etc/passwd; rm /bin/ls; mkdir /new; touch /new/f; mv /etc/group /etc/moved; tail -n1 /etc/passwd; [ ! -e /bin/ls ] && [ ! -e /etc/group ] && ls -d /new/f";
  const outcome = await scratch.masu("run", root, "sh", "-c", script);
  assertEquals([outcome.code, outcome.stdout], [0, "x\n/new/f\n"], outcome.transcript);
  assertEquals(await Deno.readTextFile(`${root}/etc/passwd`), before);
  assertEquals([exists(`${root}/new`), exists(`${root}/bin/ls`), exists(`${root}/etc/group`)], [false, true, true]);
  assertEquals(await inside(scratch, [], "tail -n1 /etc/passwd"), before.trimEnd().split("\n").at(-1));
});

kernelTest("run --rootfs DIR changes the directory itself", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  await inside(scratch, [], "echo kept >/kept; rm /bin/ls", { direct: true });
  assertEquals([await Deno.readTextFile(`${root}/kept`), exists(`${root}/bin/ls`)], ["kept\n", false]);
});

for (const mode of [0o755, 0o700, 0o1777]) {
  kernelTest(
    `run DIR has the directory's own mode ${mode.toString(8)} and owner on /`,
    ["mount", "overlay", "busybox"],
    async (scratch) => {
      const root = await image(scratch);
      await Deno.chmod(root, mode);
      await Deno.chown(root, 12, 34);
      for (const direct of [false, true]) {
        assertEquals(await inside(scratch, [], "stat -c %a:%u:%g /", { direct }), `${mode.toString(8)}:12:34`);
      }
    },
  );
}

const AWKWARD = [
  "with space",
  "colon:s",
  "comma,s",
  "back\\slash",
  'quo"te',
  "new\nline",
  "percent%",
  "枡",
  "-dash",
  "x,upperdir=y",
  "${id}",
];
for (const name of AWKWARD.filter((name) => !name.includes("\n"))) {
  kernelTest(`run takes a root named ${JSON.stringify(name)}`, ["mount", "overlay", "busybox"], async (scratch) => {
    const root = await scratch.rootfs("busybox", name);
    for (const direct of [false, true]) {
      assertEquals(
        await inside(scratch, [], "cat /etc/hostname; id -un", { image: root, direct }).then((text) =>
          text.split("\n")[1]
        ),
        "root",
      );
    }
  });
}

kernelTest(
  "run refuses a directory without the program, and says where it looked",
  ["mount", "overlay"],
  async (scratch) => {
    const outcome = await scratch.masu("run", await scratch.dir("empty"), "sh");
    assertEquals(outcome.code, 127, outcome.transcript);
    assertStringIncludes(outcome.stderr, '"sh"');
  },
);

kernelTest(
  "run works on a directory that is on a file system of its own",
  ["mount", "overlay", "busybox"],
  async (scratch) => {
    const root = await scratch.dir("mounted");
    const script = `mount -t tmpfs none "$1" && cp -a "$2/." "$1" && shift 2 && exec "$@"`;
    for (const flag of [[], ["--rootfs"]]) {
      const outcome = await scratch.command(
        "unshare",
        "--mount",
        "sh",
        "-ec",
        script,
        "sh",
        root,
        await image(scratch),
        MASU,
        "run",
        ...flag,
        root,
        "id",
        "-u",
      );
      assertEquals([outcome.code, outcome.stdout], [0, "0\n"], outcome.transcript);
    }
  },
);

kernelTest(
  "run works where /tmp, /run and the root are read-only",
  ["mount", "overlay", "busybox"],
  async (scratch) => {
    const script =
      `mount -t tmpfs none /var/lib && mount -t tmpfs none /run && mount --bind "$1" /mnt && mount -o remount,bind,ro / &&
    ! touch /x 2>/dev/null && shift && exec "$@"`;
    const outcome = await scratch.command(
      "unshare",
      "--mount",
      "sh",
      "-ec",
      script,
      "sh",
      await image(scratch),
      MASU,
      "run",
      "/mnt",
      "id",
      "-u",
    );
    assertEquals([outcome.code, outcome.stdout], [0, "0\n"], outcome.transcript);
  },
);

kernelTest("run works inside of masu", ["mount", "overlay", "busybox"], async (scratch) => {
  const flags = ["--privileged", "-v", `${await image(scratch)}:/image`, "-v", `${MASU}:/usr/bin/masu:ro`];
  assertEquals(await inside(scratch, flags, "masu run /image sh -c 'id -u; echo $$'", HOST), "0\n1");
});

const RELEASES: [suite: DebianSuite, version: RegExp][] = [["bullseye", /^11\b/], ["bookworm", /^12\b/], [
  "trixie",
  /^13\b/,
]];
for (const [suite, version] of RELEASES) {
  kernelTest(`run starts the programs of Debian ${suite}`, ["mount", "overlay", "mmdebstrap"], async (scratch) => {
    const seen = await inside(scratch, [], "cat /etc/debian_version; ls --version >/dev/null && date +%s", {
      image: await debianRoot(suite),
    });
    assertMatch(seen, version);
    assertMatch(seen, /\n\d+$/);
  });
}
