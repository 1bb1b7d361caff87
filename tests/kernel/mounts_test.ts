/** What is mounted in a container: the kernel's file systems, volumes, and what is left of them afterwards. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MASKED_PATHS, READONLY_PATHS } from "../../lib/spec/defaults.ts";
import { exists } from "../host.ts";
import { alongside, attempt, image, inside, mountsInside, mountTable } from "../inside.ts";
import { kernelTest } from "../needs.ts";

const SAFE = ["nodev", "noexec", "nosuid"];

/** Mounts of every container: type, and options without the ones about access times. */
const USUAL: Readonly<Record<string, [type: string, options: string[]]>> = {
  "/": ["overlay", ["rw"]],
  "/proc": ["proc", [...SAFE, "rw"]],
  "/dev": ["tmpfs", ["nosuid", "rw"]],
  "/dev/pts": ["devpts", ["noexec", "nosuid", "rw"]],
  "/dev/mqueue": ["mqueue", [...SAFE, "rw"]],
  "/dev/shm": ["tmpfs", [...SAFE, "rw"]],
  "/sys": ["sysfs", [...SAFE, "ro"]],
};

kernelTest("run mounts the kernel's file systems with safe options", ["mount", "busybox"], async (scratch) => {
  const mounts = await mountsInside(scratch, []);
  const seen = Object.fromEntries(
    Object.keys(USUAL).map((path) => {
      const { type = "", options = [] } = mounts.get(path) ?? {};
      return [path, [type, options.filter((option) => !/atime$/.test(option)).sort()]];
    }),
  );
  assertEquals(seen, USUAL);
  const others = [...mounts.keys()].filter((path) => !(path in USUAL));
  const expected = /^\/(sys\/fs\/cgroup(\/|$)|etc\/(hosts|hostname|resolv\.conf)$|proc\/|sys\/)/;
  assertEquals(others.filter((path) => !expected.test(path)), []);
  assertEquals([...mounts.values()].filter(({ propagation }) => propagation.length > 0), [], "all are private");
});

kernelTest("run shows cgroups read-only, and the container's own only", ["cgroup1", "busybox"], async (scratch) => {
  const mounts = await mountsInside(scratch, []);
  const cgroups = [...mounts.values()].filter(({ destination }) => destination.startsWith("/sys/fs/cgroup"));
  assert(cgroups.length > 4, JSON.stringify(cgroups));
  for (const { destination, options } of cgroups) assert(options.includes("ro"), destination);
  const outcome = await attempt(scratch, [], "ls /sys/fs/cgroup/memory; mkdir /sys/fs/cgroup/memory/x");
  assertEquals(outcome.code, 1, outcome.transcript);
  assertStringIncludes(outcome.stderr, "Read-only file system");
  assert(!outcome.stdout.includes("masu"), outcome.transcript);
});

kernelTest("run hides what the masked paths hold", ["mount", "busybox"], async (scratch) => {
  const script = 'for p in "$@"; do if [ -d $p ]; then find $p -mindepth 1; elif [ -e $p ]; then cat $p; fi; done';
  const outcome = await scratch.masu("run", await image(scratch), "sh", "-c", script, "sh", ...MASKED_PATHS);
  assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "", ""], outcome.transcript);
  const there = MASKED_PATHS.filter(exists);
  assert(there.length > 3, `only ${there} exist here`);
});

kernelTest("run --privileged masks nothing and lets /proc/sys be written", ["mount", "busybox"], async (scratch) => {
  const mounts = await mountsInside(scratch, ["--privileged"]);
  assertEquals([...mounts.keys()].filter((path) => path.startsWith("/proc/")), []);
  assert(mounts.get("/sys")?.options.includes("rw"));
});

for (const path of READONLY_PATHS.filter(exists)) {
  kernelTest(`run makes ${path} read-only`, ["mount", "busybox"], async (scratch) => {
    const mounts = await mountsInside(scratch, []);
    const { options = [] } = mounts.get(path) ?? {};
    assertEquals(["ro", ...SAFE].filter((option) => !options.includes(option)), [], options.join());
  });
}

kernelTest("run lets no setting of the kernel be written", ["mount", "busybox"], async (scratch) => {
  const before = await Deno.readTextFile("/proc/sys/vm/overcommit_memory");
  const outcome = await attempt(scratch, ["--cap-add", "ALL"], "echo 2 >/proc/sys/vm/overcommit_memory");
  assertEquals(outcome.code, 1, outcome.transcript);
  assertStringIncludes(outcome.stderr, "Read-only file system");
  assertEquals(await Deno.readTextFile("/proc/sys/vm/overcommit_memory"), before);
});

kernelTest("run fills /dev with these nodes and links", ["mount", "busybox"], async (scratch) => {
  const listing = await inside(
    scratch,
    [],
    `cd /dev; for n in *; do if [ -L $n ]; then echo "$n -> $(readlink $n)"; else stat -c '%n %a %u %t:%T' $n; fi; done`,
  );
  assertEquals(listing.split("\n"), [
    ...(exists("/proc/kcore") ? ["core -> /proc/kcore"] : []),
    "fd -> /proc/self/fd",
    "full 666 0 1:7",
    "mqueue 1777 0 0:0",
    "null 666 0 1:3",
    "ptmx -> pts/ptmx",
    "pts 755 0 0:0",
    "random 666 0 1:8",
    "shm 1777 0 0:0",
    "stderr -> /proc/self/fd/2",
    "stdin -> /proc/self/fd/0",
    "stdout -> /proc/self/fd/1",
    "tty 666 0 5:0",
    "urandom 666 0 1:9",
    "zero 666 0 1:5",
  ]);
});

kernelTest("run gives device nodes that work and terminals of its own", ["mount", "busybox"], async (scratch) => {
  const script = `echo x >/dev/null && head -c 2 /dev/zero | od -An -tx1 && head -c 4 /dev/urandom | wc -c &&
    ls /dev/pts && stat -c %a /dev/pts/ptmx && ! echo x >/dev/full 2>/dev/null`;
  assertEquals((await inside(scratch, [], script)).replaceAll(" ", ""), "0000\n4\nptmx\n666");
});

kernelTest(
  "run writes hosts, hostname and resolv.conf for the container alone",
  ["mount", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    await Deno.writeTextFile(`${root}/etc/hosts`, "192.0.2.1 from-the-image\n");
    const own = exists("/etc/resolv.conf") ? await Deno.readTextFile("/etc/resolv.conf") : "";
    const script = "cat /etc/hostname /etc/hosts; echo --; cat /etc/resolv.conf; echo gone >/etc/resolv.conf";
    const [names = "", resolver = ""] = (await inside(scratch, ["--hostname", "box"], `${script}; echo`)).split("--\n");
    assertMatch(names, /^box\n127\.0\.0\.1\s+localhost\n[^]*\n127\.0\.1\.1\s+box\n$/);
    assertEquals(resolver.trimEnd(), own.trimEnd());
    assertEquals(exists("/etc/resolv.conf") ? await Deno.readTextFile("/etc/resolv.conf") : "", own);
    assertEquals(await Deno.readTextFile(`${root}/etc/hosts`), "192.0.2.1 from-the-image\n");
  },
);

kernelTest("run --net host has the host's names", ["mount", "busybox"], async (scratch) => {
  const hosts = (await inside(scratch, ["--net", "host"], "cat /etc/hosts")).trimEnd();
  assert(hosts.startsWith((await Deno.readTextFile("/etc/hosts")).trimEnd()), hosts);
});

kernelTest("run -v FILE:/etc/hosts takes the person's file", ["mount", "busybox"], async (scratch) => {
  const file = await scratch.write("hosts", "192.0.2.1 mine\n");
  assertEquals(await inside(scratch, ["-v", `${file}:/etc/hosts:ro`], "cat /etc/hosts"), "192.0.2.1 mine");
});

kernelTest("run -v shares a directory both ways", ["mount", "busybox"], async (scratch) => {
  const data = await scratch.dir("data");
  await scratch.write("data/in", "from the host");
  assertEquals(
    await inside(scratch, ["-v", `${data}:/made/data`], "cat /made/data/in; echo out >/made/data/out"),
    "from the host",
  );
  assertEquals(await Deno.readTextFile(`${data}/out`), "out\n");
});

kernelTest("run -v takes a relative path and a file", ["mount", "busybox"], async (scratch) => {
  await scratch.write("file", "content");
  assertEquals(
    await inside(scratch, ["-v", "./file:/made/file"], "cat /made/file", { cwd: scratch.path() }),
    "content",
  );
});

kernelTest("run -v makes a missing directory of the host; --mount does not", ["mount", "busybox"], async (scratch) => {
  const [made, missing] = [scratch.path("made/deep"), scratch.path("missing")];
  assertEquals(await inside(scratch, ["-v", `${made}:/data`], "ls -A /data"), "");
  assert(Deno.statSync(made).isDirectory);
  const outcome = await attempt(scratch, ["--mount", `type=bind,source=${missing},destination=/data`], "true");
  assertEquals([outcome.code, exists(missing)], [125, false], outcome.transcript);
  assertStringIncludes(outcome.stderr, missing);
});

const OPTIONS: [words: string, has: string[], hasNot: string[]][] = [
  ["rw", ["rw"], ["nosuid", "nodev", "noexec"]],
  ["ro", ["ro"], ["nosuid"]],
  ["nosuid", ["rw", "nosuid"], ["nodev"]],
  ["nodev,noexec", ["nodev", "noexec"], ["nosuid"]],
  ["ro,nosuid,nodev,noexec", ["ro", "nosuid", "nodev", "noexec"], []],
];
for (const [words, has, hasNot] of OPTIONS) {
  kernelTest(`run -v SOURCE:DEST:${words} mounts with exactly that`, ["mount", "busybox"], async (scratch) => {
    const data = await scratch.dir("data");
    const { options = [] } = (await mountsInside(scratch, ["-v", `${data}:/data:${words}`])).get("/data") ?? {};
    assertEquals([...has, ...hasNot].filter((option) => options.includes(option)), has, options.join());
  });
}

/** A directory with a tmpfs mounted on its `below`, as long as `body` runs. */
async function withMountBelow(path: string, body: () => Promise<void>): Promise<void> {
  await Deno.mkdir(`${path}/below`, { recursive: true });
  await mustRun("mount", "-t", "tmpfs", "below", `${path}/below`);
  try {
    await Deno.writeTextFile(`${path}/below/file`, "below");
    await body();
  } finally {
    await mustRun("umount", `${path}/below`);
  }
}

async function mustRun(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** What the mount below a volume is like: absent, or its access. */
const BELOW: [flag: string, how: string, access: "rw" | "ro" | null][] = [
  ["-v", "", "rw"],
  ["-v", "rw", "rw"],
  ["-v", "ro", "rw"],
  ["-v", "rro", "ro"],
  ["-v", "bind", null],
  ["-v", "bind,ro", null],
  ["--mount", "bind-recursive=disabled", null],
  ["--mount", "readonly", "rw"],
  ["--mount", "readonly,bind-recursive=readonly", "ro"],
  ["--mount", "readonly,bind-recursive=writable", "rw"],
];
for (const [flag, how, access] of BELOW) {
  kernelTest(`run ${flag} ${how || "without options"} shows a mount below as ${access ?? "not there"}`, [
    "mount",
    "busybox",
  ], async (scratch) => {
    const data = await scratch.dir("data");
    await withMountBelow(data, async () => {
      const word = flag === "-v"
        ? `${data}:/data${how === "" ? "" : `:${how}`}`
        : `type=bind,source=${data},destination=/data,${how}`;
      const mounts = await mountsInside(scratch, [flag, word]);
      const below = mounts.get("/data/below");
      assertEquals(below === undefined ? null : below.options.includes("ro") ? "ro" : "rw", access);
    });
  });
}

kernelTest(
  "run -v :rro lets nothing be written below, as root with every capability",
  ["mount", "busybox"],
  async (scratch) => {
    const data = await scratch.dir("data");
    await withMountBelow(data, async () => {
      const script =
        "for f in /data/x /data/below/x; do echo x >$f; done; mount -o remount,bind,rw /data/below; echo x >/data/below/x";
      const outcome = await attempt(scratch, ["-v", `${data}:/data:rro`, "--cap-add", "DAC_OVERRIDE"], script);
      assert(outcome.code !== 0, outcome.transcript);
      assertEquals([exists(`${data}/x`), exists(`${data}/below/x`)], [false, false]);
    });
  },
);

/** Mount events between the host and a volume: what each side sees of the other's later mounts. */
const PROPAGATION: [option: string, containerSees: boolean, hostSees: boolean][] = [
  ["rprivate", false, false],
  ["rslave", true, false],
  ["rshared", true, true],
];
for (const [option, containerSees, hostSees] of PROPAGATION) {
  kernelTest(`run -v :${option} propagates mounts as it says`, ["mount", "busybox"], async (scratch) => {
    const data = await scratch.dir("data");
    await mustRun("mount", "--bind", data, data);
    try {
      await mustRun("mount", "--make-shared", data);
      await Deno.mkdir(`${data}/host`);
      await Deno.mkdir(`${data}/container`);
      const script =
        `mount -t tmpfs inside /data/container && echo ready && read go && grep -c ' /data/host ' /proc/self/mountinfo`;
      const running = await alongside(scratch, ["--privileged", "-v", `${data}:/data:${option}`], script);
      const table = mountTable(await Deno.readTextFile("/proc/self/mountinfo"));
      await mustRun("mount", "-t", "tmpfs", "outside", `${data}/host`);
      await running.write("go\n");
      const { stdout, transcript } = await running.outcome();
      await mustRun("umount", `${data}/host`);
      if (table.has(`${data}/container`)) await mustRun("umount", `${data}/container`);
      assertEquals(
        [stdout, table.has(`${data}/container`)],
        [`ready\n${containerSees ? 1 : 0}\n`, hostSees],
        transcript,
      );
    } finally {
      await mustRun("umount", "--recursive", data);
    }
  });
}

const TMPFS: [flags: string[], destination: string, options: string[], superOptions: string[]][] = [
  [["--tmpfs", "/t"], "/t", SAFE, []],
  [["--tmpfs", "/t:size=64k,mode=700,exec"], "/t", ["nosuid", "nodev"], ["size=64k", "mode=700"]],
  [["--tmpfs", "/t:ro"], "/t", ["ro"], []],
  [["--mount", "type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1770"], "/t", SAFE, ["size=1024k", "mode=1770"]],
  [["--mount", "type=tmpfs,dst=/t,readonly"], "/t", ["ro"], []],
  [["--shm-size", "1m"], "/dev/shm", SAFE, ["size=1024k"]],
  [[], "/dev/shm", SAFE, ["size=65536k"]],
];
for (const [flags, destination, options, superOptions] of TMPFS) {
  kernelTest(`run ${flags.join(" ")} mounts a tmpfs on ${destination}`, ["mount", "busybox"], async (scratch) => {
    const mount = (await mountsInside(scratch, flags)).get(destination);
    assertEquals(mount?.type, "tmpfs");
    assertEquals(options.filter((option) => !mount?.options.includes(option)), [], mount?.options.join());
    assertEquals(
      superOptions.filter((option) => !mount?.superOptions.includes(option)),
      [],
      mount?.superOptions.join(),
    );
  });
}

kernelTest("run --tmpfs size= and --shm-size hold", ["mount", "busybox"], async (scratch) => {
  const flags = ["--tmpfs", "/t:size=64k", "--shm-size", "128k"];
  const script = "for d in /t /dev/shm; do dd if=/dev/zero of=$d/f bs=1k count=1000 2>/dev/null; wc -c <$d/f; done";
  assertEquals(await inside(scratch, flags, script), "65536\n131072");
});

kernelTest(
  "run --read-only lets only volumes, /dev, /run and tmpfs be written",
  ["mount", "busybox"],
  async (scratch) => {
    const data = await scratch.dir("data");
    const script =
      "for d in / /etc /root /run /t /dev /dev/shm /data; do touch $d/f 2>/dev/null && echo $d; done; true";
    const seen = await inside(scratch, ["--read-only", "--tmpfs", "/t", "-v", `${data}:/data`], script);
    assertEquals(seen.split("\n"), ["/run", "/t", "/dev", "/dev/shm", "/data"]);
  },
);

kernelTest(
  "run mounts what lies below after what lies above, whatever was written first",
  ["mount", "busybox"],
  async (scratch) => {
    const [outer, inner] = [await scratch.dir("outer"), await scratch.dir("inner")];
    await scratch.write("outer/name", "outer");
    await scratch.write("inner/name", "inner");
    const flags = ["-v", `${inner}:/data/a/b`, "--tmpfs", "/data/a", "-v", `${outer}:/data`];
    assertEquals(await inside(scratch, flags, "cat /data/name /data/a/b/name"), "outerinner");
  },
);

kernelTest("run refuses two mounts at one place", ["busybox"], async (scratch) => {
  const outcome = await attempt(scratch, ["--tmpfs", "/t", "-v", `${scratch.path()}:/t`], "true");
  assertEquals(outcome.code, 125, outcome.transcript);
  assertStringIncludes(outcome.stderr, '"/t"');
});

kernelTest("run -v refuses a file on a directory, and names both", ["mount", "busybox"], async (scratch) => {
  const file = await scratch.write("file", "");
  const outcome = await attempt(scratch, ["-v", `${file}:/etc`], "true");
  assertEquals(outcome.code, 125, outcome.transcript);
  assertStringIncludes(outcome.stderr, `"${file}" on "/etc"`);
});

const AWKWARD = [
  "with space",
  "colon:s",
  "comma,s",
  "back\\slash",
  'quo"te',
  "new\\012line",
  "percent%41",
  "枡",
  "-dash",
  "lowerdir=x",
];
for (const name of AWKWARD) {
  kernelTest(`run --mount takes a source named ${JSON.stringify(name)}`, ["mount", "busybox"], async (scratch) => {
    const data = await scratch.dir(name);
    await scratch.write(`${name}/file`, "content");
    const mount = `type=bind,"source=${data.replaceAll('"', '""')}","destination=/d/${name.replaceAll('"', '""')}"`;
    const root = await image(scratch);
    const { stdout, transcript } = await scratch.masu("run", "--mount", mount, root, "cat", `/d/${name}/file`);
    assertEquals(stdout, "content", transcript);
  });
}

/** A tree's names, modes and owners. */
async function listing(directory: string): Promise<string> {
  const { stdout } = await new Deno.Command("find", { args: [directory, "-printf", "%P %y %m %U:%G %s\n"] }).output();
  return new TextDecoder().decode(stdout).split("\n").sort().join("\n");
}

kernelTest(
  "run --rootfs leaves the directory as it was, but for what the program did",
  ["mount", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    await Deno.remove(`${root}/sys`);
    await Deno.remove(`${root}/proc`);
    const file = await scratch.write("file", "content");
    const before = await listing(root);
    const flags = [
      "-v",
      `${file}:/opt/deep/file`,
      "--tmpfs",
      "/srv/tmp",
      "-v",
      `${scratch.path("made")}:/srv/tmp/inner`,
    ];
    await inside(scratch, flags, "test -s /opt/deep/file && test -d /proc/1 && test -d /srv/tmp/inner", {
      direct: true,
    });
    assertEquals(await listing(root), before);
    await inside(scratch, flags, "echo mine >/opt/mine", { direct: true });
    assertEquals((await listing(root)).replaceAll(/^opt.*\n/gm, ""), before);
    assertEquals(await Deno.readTextFile(`${root}/opt/mine`), "mine\n");
    assertEquals(exists(`${root}/opt/deep`), false);
  },
);

kernelTest("run --rootfs removes made mount points after a failure too", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  const before = await listing(root);
  const outcome = await scratch.masu("run", "--tmpfs", "/made/deep", "--rootfs", root, "/no/such/program");
  assertEquals(outcome.code, 127, outcome.transcript);
  assertEquals(await listing(root), before);
});
