/** What `create --bundle` and `run --bundle` decide by themselves: what the document leaves to the runtime, and their own flags. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config } from "../bundle.ts";
import { exists } from "../host.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU } from "../scratch.ts";

const NEEDS: readonly Need[] = ["mount", "busybox"];

interface Case {
  readonly name: string;
  readonly script: string;
  readonly says: string;
  readonly change?: (config: Config, directory: string) => void;
  readonly flags?: readonly string[];
  /** In the root before: directories and their modes. */
  readonly root?: Readonly<Record<string, number>>;
}

const CASES: readonly Case[] = [
  {
    name: "a tmpfs gets the mode of the directory that it covers",
    root: { scratch: 0o1777 },
    change: ({ mounts }) => mounts.push({ destination: "/scratch", type: "tmpfs", source: "tmpfs" }),
    script: "stat -c %a /scratch",
    says: "1777",
  },
  {
    name: "a tmpfs gets the mode that the document says before that of the directory",
    root: { scratch: 0o1777 },
    change: ({ mounts }) => mounts.push({ destination: "/scratch", type: "tmpfs", source: "t", options: ["mode=700"] }),
    script: "stat -c %a /scratch",
    says: "700",
  },
  {
    name: "a working directory that is missing is made before the root becomes read-only",
    change: (config) => {
      config.root.readonly = true;
      config.process.cwd = "/new/place";
    },
    script: "pwd; touch /new/file 2>/dev/null || echo closed",
    says: "/new/place\nclosed",
  },
  {
    name: "a read-only tmpfs takes what is mounted in it first",
    change: ({ mounts }) =>
      mounts.push(
        { destination: "/closed", type: "tmpfs", source: "tmpfs", options: ["ro"] },
        { destination: "/closed/open", type: "tmpfs", source: "tmpfs" },
      ),
    script: "touch /closed/open/f && echo open; touch /closed/f 2>/dev/null || echo closed",
    says: "open\nclosed",
  },
  {
    name: "the default devices and links are there",
    script:
      "for n in null zero full random urandom tty; do stat -c %F:%t,%T /dev/$n; done; for n in fd stdin stdout stderr ptmx; do readlink /dev/$n; done",
    says: [
      ...["1,3", "1,5", "1,7", "1,8", "1,9", "5,0"].map((numbers) => `character special file:${numbers}`),
      ...["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"],
    ].join("\n"),
  },
  {
    name: "a /dev that is bound stays as it is",
    change: (config, directory) => {
      Deno.mkdirSync(`${directory}/dev`);
      config.linux.maskedPaths = [];
      config.mounts = config.mounts.map((mount) =>
        mount.destination === "/dev" ? { ...mount, type: "bind", source: "dev", options: ["bind"] } : mount
      ).filter(({ destination }) => !destination.startsWith("/dev/"));
    },
    script: "ls /dev | wc -l",
    says: "0",
  },
  {
    name: "a root and a source that are not absolute are below the bundle",
    change: (config, directory) => {
      Deno.symlinkSync(config.root.path, `${directory}/rootfs`);
      config.root.path = "rootfs";
      Deno.writeTextFileSync(`${directory}/words`, "of the bundle\n");
      config.mounts.push({ destination: "/words", type: "bind", source: "./words", options: ["bind", "ro"] });
    },
    script: "cat /words",
    says: "of the bundle",
  },
  {
    name: "a working directory that is missing is made",
    change: ({ process }) => process.cwd = "/far/away",
    script: "pwd",
    says: "/far/away",
  },
  {
    name: "without capabilities there are none, and without a umask it is 022",
    change: ({ process }) => delete process.capabilities,
    script: "grep -E '^Cap(Prm|Bnd)' /proc/self/status | tr '\\t' ' '; umask",
    says: "CapPrm: 0000000000000000\nCapBnd: 0000000000000000\n0022",
  },
  {
    name: "a limit of 0 is none",
    change: ({ linux }) => linux.resources = { cpu: { shares: 0, quota: 0 }, memory: { limit: 0 }, pids: { limit: 0 } },
    script: "echo there",
    says: "there",
  },
];

for (const { name, script, says, change, flags = [], root = {} } of CASES) {
  kernelTest(`of a bundle ${name}`, NEEDS, async (scratch) => {
    await using bundle = await Bundle.make(scratch, script);
    for (const [path, mode] of Object.entries(root)) {
      Deno.mkdirSync(`${bundle.root}/${path}`);
      Deno.chmodSync(`${bundle.root}/${path}`, mode);
    }
    change?.(bundle.config, bundle.directory);
    await Deno.writeTextFile(`${bundle.directory}/config.json`, JSON.stringify(bundle.config));
    const outcome = await bundle.run(flags);
    assertEquals([outcome.code, outcome.stdout.trimEnd()], [0, says], outcome.transcript);
  });
}

kernelTest("a bundle's run ends with the program's status, and takes the container away", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "exit 7");
  assertEquals((await bundle.run()).code, 7);
  assertEquals(await bundle.status(), null);
  await using killed = await Bundle.make(scratch, "kill -9 $$", ({ linux }) => {
    linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
  });
  assertEquals((await killed.run()).code, 137);
});

kernelTest(
  "a bundle's run --keep leaves the container, and nothing when it could not start",
  NEEDS,
  async (scratch) => {
    await using bundle = await Bundle.make(scratch, "exit 7");
    const pidFile = scratch.path("pid");
    const ran = await bundle.run(["--keep", "--pid-file", pidFile]);
    assertEquals(ran.code, 7, ran.transcript);
    assertEquals(await bundle.status(), "stopped");
    assert(/^[1-9]\d*$/.test(await Deno.readTextFile(pidFile)));
    await using missing = await Bundle.make(scratch, "", ({ process }) => process.args = ["/no/such/program"]);
    await Deno.remove(pidFile);
    const outcome = await missing.run(["--keep", "--pid-file", pidFile]);
    assertEquals([outcome.code, exists(pidFile)], [1, false], outcome.transcript);
    assertEquals(await missing.status(), null, outcome.transcript);
  },
);

kernelTest("a bundle's run --detach leaves a program that runs", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "sleep 60");
  const script = 'exec "$@" >/dev/null 2>&1 </dev/null';
  const words = ["run", "--detach", "--bundle", bundle.directory, bundle.id];
  const outcome = await scratch.command("sh", "-c", script, "sh", MASU, ...words);
  assertEquals(outcome.code, 0, outcome.transcript);
  assertEquals(await bundle.status(), "running");
});

for (const command of ["create", "run"] as const) {
  kernelTest(
    `a bundle's ${command} of an ID that is taken says so, and leaves that container alone`,
    NEEDS,
    async (scratch) => {
      await using bundle = await Bundle.make(scratch, "sleep 60");
      assertEquals((await bundle.create()).code, 0);
      const outcome = await bundle.masu(command, "--bundle", bundle.directory);
      assertEquals(outcome.code, 1, outcome.transcript);
      assertStringIncludes(outcome.stderr, "container with given ID already exists", outcome.transcript);
      assertEquals(await bundle.status(), "created");
    },
  );
}

kernelTest("a bundle's program inherits as many descriptors as --preserve-fds says", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "ls /proc/self/fd | wc -l; cat <&3; echo $LISTEN_FDS");
  await scratch.write("words", "from outside\n");
  const script = 'words=$1; shift; exec 3<"$words" 4<"$words" 5<"$words"; exec "$@"';
  const run = (...flags: string[]) =>
    scratch.command(
      ...["sh", "-c", script, "sh", scratch.path("words"), MASU, "run", ...flags] as [string, ...string[]],
      "--bundle",
      bundle.directory,
      bundle.id,
    );
  const two = await run("--preserve-fds", "2");
  // ls has one of its own for the directory.
  assertEquals(two.stdout, "6\nfrom outside\n\n", two.transcript);
  const many = await run("--preserve-fds", "9");
  assertEquals(many.code, 1, many.transcript);
});

kernelTest("a bundle's program gets systemd's sockets, and is told of them", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, 'cat <&3; echo "$LISTEN_FDS $LISTEN_PID"');
  await scratch.write("words", "from outside\n");
  const script = 'words=$1; shift; exec 3<"$words"; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"';
  const outcome = await scratch.command(
    ...["sh", "-c", script, "sh", scratch.path("words"), MASU, "run"] as [string, ...string[]],
    "--bundle",
    bundle.directory,
    bundle.id,
  );
  assertEquals(outcome.stdout, "from outside\n1 1\n", outcome.transcript);
});

const REFUSED: readonly (readonly [name: string, flags: readonly string[], says: string, change?: Case["change"]])[] = [
  ["flags that config.json is for", ["--memory", "5m"], "of a bundle this is said in its config.json"],
  ["--no-pivot", ["--no-pivot"], "a program that may chroot(2) would get out"],
  ["a console socket without a terminal", ["--console-socket", "/run/s"], "process.terminal is not set"],
  ["no mount namespace", [], "has no mount namespace", ({ linux }) => {
    linux.namespaces = [{ type: "pid" }];
    linux.maskedPaths = [];
    linux.readonlyPaths = [];
  }],
  ["a root that is missing", [], "no such file or directory", ({ root }) => root.path = "/no/such/root"],
  ["a source that is missing", [], "no such file or directory", ({ mounts }) => {
    mounts.push({ destination: "/mnt", type: "bind", source: "/no/such/source", options: ["bind"] });
  }],
];
for (const [name, flags, says, change] of REFUSED) {
  kernelTest(`a bundle is refused with ${name}, and nothing is left`, NEEDS, async (scratch) => {
    await using bundle = await Bundle.make(scratch, "true", (config) => change?.(config, ""));
    const outcome = await bundle.masu("create", "--bundle", bundle.directory, ...flags);
    assertEquals(outcome.code, 1, outcome.transcript);
    assertStringIncludes(outcome.stderr, says, outcome.transcript);
    assertEquals(outcome.stderr.trimEnd().split("\n").length, 1, outcome.transcript);
    assertEquals(await bundle.status(), null);
  });
}

kernelTest("a bundle's plan is explained, and nothing is touched", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "true", (config) => {
    config.hooks = { poststop: [{ path: "/bin/true" }] };
  });
  const text = await bundle.masu("--explain", "create", "--bundle", bundle.directory);
  assertStringIncludes(text.stdout, `"${bundle.root}" as the new root`, text.transcript);
  const json = await bundle.masu("--explain=json", "create", "--bundle", bundle.directory);
  assertEquals(JSON.parse(json.stdout).inside.some(({ kind }: { kind: string }) => kind === "pivot_root"), true);
  const script = await bundle.masu("--explain=sh", "create", "--bundle", bundle.directory);
  assertEquals(script.code, 1, script.transcript);
  assertEquals(exists(`/run/masu/containers/${bundle.id}`), false);
});
