/** Bundles whose root directory leads elsewhere: links for directories, mounts over what masu relies on, a hostile /dev. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config, WAYS } from "../bundle.ts";
import { exists } from "../host.ts";
import { image } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const NEEDS = ["mount", "pidns", "busybox"] as const;

for (const way of WAYS) {
  for (const name of ["proc", "sys"]) {
    attackTest(`T3: /${name} of a bundle that is a link is refused by ${way}`, NEEDS, async (scratch) => {
      const root = await image(scratch);
      await Deno.remove(`${root}/${name}`);
      await Deno.mkdir(`${root}/bad/self/attr`, { recursive: true });
      await Deno.symlink("/bad", `${root}/${name}`);
      await using bundle = await Bundle.make(scratch, "echo ran");
      const outcome = await bundle.attempt(way);
      assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, `/${name}`);
      assertEquals([...Deno.readDirSync(`${root}/bad`)].map(({ name }) => name), ["self"]);
      assertEquals(await bundle.status(), null);
    });
  }
}

/** Mounts that would let the container say what masu reads and writes below /proc. */
const COVERS: [destination: string, type: "tmpfs" | "bind" | "proc"][] = [
  ["/proc/self/attr", "tmpfs"],
  ["/proc/self", "tmpfs"],
  ["/proc/sys", "bind"],
  ["/proc/sys/net", "bind"],
  ["/proc/self/attr/exec", "bind"],
  ["/proc/../proc/self/oom_score_adj", "bind"],
  ["/./proc/./self", "tmpfs"],
  ["/proc/1/attr", "tmpfs"],
  ["/proc/thread-self", "tmpfs"],
];
for (const [destination, type] of COVERS) {
  attackTest(`T4: a bundle's ${type} on ${destination} is refused`, NEEDS, async (scratch) => {
    const file = await scratch.write("file", "");
    const source = type === "bind"
      ? (destination.endsWith("exec") || destination.endsWith("adj") ? file : "/tmp")
      : type;
    for (const way of WAYS) {
      await using bundle = await Bundle.make(scratch, "echo ran", ({ mounts }) => {
        mounts.push({ destination, type, source, options: type === "bind" ? ["rbind", "rw"] : [] });
      });
      const outcome = await bundle.attempt(way);
      assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, "/proc");
    }
  });
}

attackTest("T4: a bundle may cover /proc/cpuinfo, and have no /proc at all", NEEDS, async (scratch) => {
  const file = await scratch.write("cpuinfo", "one\n");
  await using bundle = await Bundle.make(scratch, "cat /proc/cpuinfo", ({ mounts }) => {
    mounts.push({ destination: "/proc/cpuinfo", type: "bind", source: file, options: ["bind", "ro"] });
  });
  const outcome = await bundle.attempt("create");
  assertEquals([outcome.code, outcome.stdout], [0, "one\n"], outcome.transcript);
  await using bare = await Bundle.make(scratch, "ls -A /proc; echo ran", (config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/proc"));
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
  });
  const ran = await bare.attempt("run");
  assertEquals([ran.code, ran.stdout], [0, "ran\n"], ran.transcript);
});

/** Where a mount destination leads if a link in the root is followed on the host. */
const LEADS: [link: string, target: (host: string) => string, destination: string][] = [
  ["data", (host) => host, "/data/pwned/deep"],
  ["data", (host) => `../../../../../../../../..${host}`, "/data/pwned"],
  ["dev", (host) => host, "/dev/pwned"],
  ["etc", (host) => host, "/etc/pwned"],
];
for (const [link, target, destination] of LEADS) {
  attackTest(`T15: a bundle's /${link} -> ${target("HOST")} makes nothing on the host`, NEEDS, async (scratch) => {
    const root = await image(scratch);
    const host = await scratch.dir("host");
    if (exists(`${root}/${link}`)) await Deno.remove(`${root}/${link}`, { recursive: true });
    await Deno.symlink(target(host), `${root}/${link}`);
    const file = await scratch.write("file", "mine");
    const changes: ((config: Config) => void)[] = [
      ({ mounts }) => mounts.push({ destination, type: "tmpfs", source: "none" }),
      ({ mounts }) => mounts.push({ destination, type: "bind", source: file, options: ["bind"] }),
      (config) => {
        // As some engines have it: no /dev of its own, so that the device nodes go to the root's.
        config.mounts = config.mounts.filter((mount) => !mount.destination.startsWith("/dev"));
        config.linux.devices = [{ path: "/dev/pwned-device", type: "c", major: 1, minor: 3 }];
      },
      (config) => config.linux.maskedPaths.push(destination),
    ];
    for (const [index, change] of changes.entries()) {
      for (const way of WAYS) {
        await using bundle = await Bundle.make(scratch, "echo x >/data/f; echo x >/dev/f", change);
        const { transcript } = await bundle.attempt(way);
        assertEquals([...Deno.readDirSync(host)], [], `change ${index}\n${transcript}`);
      }
    }
  });
}

attackTest("T24: a bundle's working directory through a link to / is made in the container", NEEDS, async (scratch) => {
  const root = await image(scratch);
  await Deno.symlink("/", `${root}/link`);
  await Deno.symlink("../../../../../../../..", `${root}/up`);
  for (const link of ["link", "up"]) {
    for (const way of WAYS) {
      await using bundle = await Bundle.make(scratch, "pwd", ({ process }) => {
        process.cwd = `/${link}${scratch.path()}/pwned`;
      });
      const { stdout, transcript } = await bundle.attempt(way);
      assertEquals(stdout, `${scratch.path()}/pwned\n`, transcript);
      assertEquals(exists(scratch.path("pwned")), false);
    }
  }
});

/** What stands where masking could take /dev/null from. */
const NULLS: [what: string, make: string][] = [
  ["a link to a setting of the kernel", "ln -s /proc/sys/kernel/core_pattern null"],
  ["a regular file", "echo fake >null"],
  ["another device", "mknod null c 1 5"],
  ["a directory", "mkdir null"],
  ["nothing", "true"],
];
for (const [what, make] of NULLS) {
  attackTest(`T11, T12: a bundle's masks stay masks where its /dev/null is ${what}`, NEEDS, async (scratch) => {
    const dev = await scratch.dir("dev");
    const made = await scratch.command("sh", "-c", make, { cwd: dev });
    assertEquals(made.code, 0, made.transcript);
    const root = await image(scratch);
    await scratch.command("sh", "-c", make, { cwd: `${root}/dev` });
    const script = "echo pwned >/proc/keys; echo pwned >/proc/timer_list; cat /proc/keys /proc/timer_list";
    const changes: ((config: Config) => void)[] = [
      (config) => {
        config.mounts = config.mounts.filter((mount) => !mount.destination.startsWith("/dev"));
        config.mounts.push({ destination: "/dev", type: "bind", source: dev, options: ["rbind", "rw"] });
      },
      (config) => config.mounts = config.mounts.filter((mount) => !mount.destination.startsWith("/dev")),
    ];
    for (const change of changes) {
      for (const way of WAYS) {
        await using bundle = await Bundle.make(scratch, script, change);
        const outcome = await bundle.attempt(way);
        // Either it does not start, or what is masked is empty.
        assertEquals(outcome.stdout, "", outcome.transcript);
        if (make.startsWith("echo")) assertEquals(await Deno.readTextFile(`${dev}/null`), "fake\n");
      }
    }
  });
}

attackTest("T13: a bundle's terminal is never what its root has at /dev/console and /dev/pts", [
  ...NEEDS,
  "python3",
], async (scratch) => {
  const root = await image(scratch);
  await Deno.mkdir(`${root}/dev/pts`);
  for (const name of ["console", "ptmx", "tty", ...Array.from({ length: 10 }, (_, number) => `pts/${number}`)]) {
    await Deno.symlink("/proc/sysrq-trigger", `${root}/dev/${name}`);
  }
  const terminal = "import pty,sys,os;sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
  for (const own of [true, false]) {
    await using bundle = await Bundle.make(scratch, "cat /proc/self/mountinfo", (config) => {
      config.process.terminal = true;
      if (!own) config.mounts = config.mounts.filter((mount) => !mount.destination.startsWith("/dev"));
    });
    const { stdout, transcript } = await scratch.command(
      "python3",
      "-c",
      terminal,
      MASU,
      "run",
      "--bundle",
      bundle.directory,
      bundle.id,
    );
    assert(!/sysrq-trigger \/dev|sysrq-trigger [^\n]*console/.test(stdout), transcript);
    const console = stdout.split("\n").filter((line) => / \/dev\/console /.test(line));
    assert(console.every((line) => / \/\d+ \/dev\/console .* - devpts /.test(line)), transcript);
    if (own) assertEquals(console.length, 1, transcript);
  }
});

attackTest("T30: what a bundle masks and makes read-only is so for root", NEEDS, async (scratch) => {
  const script = `for p in /proc/keys /proc/timer_list /proc/interrupts; do cat $p; done; ls -A /sys/firmware /proc/acpi
    umount /proc/interrupts 2>&1; echo 1 2>&1 >/proc/sys/kernel/msgmax; echo h 2>&1 >/proc/sysrq-trigger`;
  for (const way of WAYS) {
    await using bundle = await Bundle.make(scratch, script);
    const { stdout, stderr, transcript } = await bundle.attempt(way);
    const said = `${stdout}${stderr}`.split("\n").filter(Boolean);
    const expected = /^\/[a-z/]+:$|^umount: .*(permitted|denied)|^sh: can't create \/proc\/|No such file/;
    assertEquals(said.filter((line) => !expected.test(line)), [], transcript);
    assert(said.length >= 3, transcript);
  }
});
