/** Attacks on masu while it makes a bundle's container and runs other programs in it, as engines have it do. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Bundle, type Config, WAYS } from "../bundle.ts";
import { fields, image } from "../inside.ts";
import { MASU, type Scratch } from "../scratch.ts";
import { attackTest } from "./invariants.ts";
import { DESCRIPTOR_PATHS, leaking } from "./leaking.ts";

const NEEDS = ["mount", "pidns", "busybox"] as const;
/** How many programs an attack gets to see. */
const TIMES = 20;

async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

/** With all capabilities in a user namespace of its own, or in the host's. */
function privileged({ process, linux }: Config): void {
  const all = [...process.capabilities?.bounding ?? [], "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH"];
  process.capabilities = { bounding: all, effective: all, permitted: all };
  linux.maskedPaths = [];
}

/** Runs a bundle's container whose program attacks until its `/stop` is there, while others enter it. */
async function attacked(scratch: Scratch, words: string, change: (config: Config) => void): Promise<string> {
  const root = await image(scratch, { probe: true });
  const script =
    `mkfifo /stop; ${words} </stop & exec 9>/stop; while ! [ -e /end ]; do sleep 0.05; done; exec 9>&-; wait`;
  await using bundle = await Bundle.make(scratch, script, change, { probe: true });
  const created = await bundle.create();
  assertEquals(created.code, 0, created.transcript);
  const started = await bundle.masu("start");
  assertEquals(started.code, 0, started.transcript);
  await bundle.said("ready");
  for (let time = 0; time < TIMES; time++) {
    await bundle.exec((document) => document.args = ["sleep", "0.01"], time % 2 === 0 ? [] : ["--detach"]);
  }
  await Deno.writeTextFile(`${root}/end`, "");
  await bundle.ended();
  await Deno.remove(`${root}/end`);
  await Deno.remove(`${root}/stop`);
  return (await bundle.output()).stdout;
}

attackTest(
  "T1: a bundle's container that writes to every executable reaches none of masu's",
  [...NEEDS, "cc"],
  async (scratch) => {
    const before = await sha256(MASU);
    const seen = await attacked(scratch, "probe overwrite", privileged);
    assert(Number(/^seen (\d+)$/m.exec(seen)?.[1]) >= 3, seen);
    assertEquals(seen.split("\n").filter((line) => /^overwritten .*(memfd|masu)/.test(line)), []);
    assertEquals(await sha256(MASU), before);
  },
);

attackTest(
  "T2: a bundle's container cannot trace what enters it, nor list its descriptors",
  [...NEEDS, "cc"],
  async (scratch) => {
    const seen = await attacked(scratch, "probe attach", () => {});
    assertMatch(seen, /^seen \d+$/m);
    assertEquals(seen.split("\n").filter((line) => /memfd|masu|init/.test(line)), []);
  },
);

attackTest(
  "T1: a bundle's program that is a script for /proc/self/exe cannot start or change masu",
  NEEDS,
  async (scratch) => {
    const root = await image(scratch);
    await Deno.writeTextFile(`${root}/bin/trap`, "#!/proc/self/exe\n", { mode: 0o755 });
    const before = await sha256(MASU);
    for (const way of WAYS) {
      for (const args of [["/bin/trap"], ["trap", "stage", "3"], ["/proc/self/exe", "guard", "0"]]) {
        await using bundle = await Bundle.make(scratch, "", (config) => {
          privileged(config);
          config.process.args = args;
        });
        const outcome = await bundle.attempt(way);
        assert(way === "create" || outcome.code !== 0, outcome.transcript);
        assertEquals(outcome.stdout, "", outcome.transcript);
      }
    }
    await using bundle = await Bundle.make(scratch, "exec sleep 100", privileged);
    await bundle.create();
    await bundle.masu("start");
    for (const args of [["/bin/trap"], ["/proc/self/exe", "guard", "0"]]) {
      const outcome = await bundle.exec((document) => document.args = args);
      assert(outcome.code !== 0 && outcome.stdout === "", outcome.transcript);
    }
    assertEquals(await sha256(MASU), before);
  },
);

attackTest("T9: no working directory of a bundle leads out by way of a descriptor", NEEDS, async (scratch) => {
  const root = await image(scratch);
  for (const fd of [3, 9, 12]) await Deno.symlink(`/proc/self/fd/${fd}`, `${root}/link${fd}`);
  const marker = await scratch.write("marker", "");
  const script = `ls -d .${marker} ../..${marker}`;
  await using box = await Bundle.make(scratch, "exec sleep 100");
  await box.create();
  await box.masu("start");
  for (const path of [...DESCRIPTOR_PATHS, "/link3", "/link9", "/link12"]) {
    await using bundle = await Bundle.make(scratch, script, ({ process }) => process.cwd = path);
    const ran = await leaking(scratch, "run", "--bundle", bundle.directory, bundle.id);
    assert(ran.code !== 0 && ran.stdout === "", ran.transcript);
    const document = await scratch.write(
      "process.json",
      JSON.stringify({ ...box.config.process, cwd: path, args: ["sh", "-c", script] }),
    );
    for (const words of [["--process", document, box.id], ["--cwd", path, box.id, "sh", "-c", script]]) {
      const entered = await leaking(scratch, "exec", ...words);
      assert(entered.code !== 0 && entered.stdout === "", entered.transcript);
    }
  }
});

attackTest(
  "T9: a bundle's program has stdin, stdout, stderr and what was asked for",
  [...NEEDS, "cc"],
  async (scratch) => {
    await image(scratch, { probe: true });
    for (const [flags, open] of [[[], "0 1 2"], [["--preserve-fds", "2"], "0 1 2 3 4"]] as const) {
      await using bundle = await Bundle.make(scratch, "exec probe descriptors", () => {}, { probe: true });
      const ran = await leaking(scratch, "run", "--bundle", bundle.directory, ...flags, bundle.id);
      assertEquals(ran.stdout.trim(), open, ran.transcript);
      await using other = await Bundle.make(scratch, "probe descriptors; echo on; exec sleep 100", () => {}, {
        probe: true,
      });
      const script = 'out=$1; shift; exec "$0" "$@" >"$out/stdout" 2>"$out/stderr" </dev/null 3</ 4</ 5</';
      const words = ["create", "--bundle", other.directory, ...flags, other.id];
      const created = await scratch.command("sh", "-c", script, MASU, other.directory, ...words);
      assertEquals(created.code, 0, created.transcript);
      // What waits for its start holds nothing of the host.
      const pid = JSON.parse((await other.masu("state")).stdout).pid;
      const held = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => [
        name,
        readLink(`/proc/${pid}/fd/${name}`),
      ]);
      assertEquals(
        held.filter(([name, path]) => Number(name) > 2 + flags.length && path === "/"),
        [],
        JSON.stringify(held),
      );
      await other.masu("start");
      await other.said("on");
      assertEquals((await other.output()).stdout.split("\n")[0]?.trim(), open);
      const entered = await leaking(scratch, "exec", other.id, "probe", "descriptors");
      assertEquals(entered.stdout.trim(), "0 1 2", entered.transcript);
    }
  },
);

function readLink(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}

attackTest(
  "T2: the process that waits for start is not to be read by the container's user",
  [...NEEDS],
  async (scratch) => {
    await using bundle = await Bundle.make(scratch, "exec sleep 100", ({ process }) => {
      process.user = { uid: 65534, gid: 65534 };
      process.capabilities = {};
    });
    const created = await bundle.create();
    assertEquals(created.code, 0, created.transcript);
    const pid = JSON.parse((await bundle.masu("state")).stdout).pid;
    const look =
      `ls -l /proc/${pid}/fd /proc/${pid}/root/ /proc/${pid}/cwd/; cat /proc/${pid}/environ /proc/${pid}/maps`;
    const seen = await scratch.command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", look);
    assertEquals(seen.stdout.includes("->"), false, seen.transcript);
    assertEquals(seen.stderr.split("\n").filter((line) => /denied/.test(line)).length >= 4, true, seen.transcript);
  },
);

attackTest(
  "T19: a bundle's container that mounts over its /proc changes nothing of what a program gets",
  NEEDS,
  async (scratch) => {
    const names = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"];
    const fake = "mount -t tmpfs none /proc; mkdir -p /proc/self/fd /proc/self/attr /proc/self/task /proc/1; " +
      "for f in oom_score_adj attr/exec attr/current timens_offsets stat; do echo fake >/proc/self/$f; done; " +
      "ln -s self/fd /proc/fd; echo '1 (x) S 1 1' >/proc/1/stat";
    await using bundle = await Bundle.make(scratch, "exec sleep 1000", (config) => {
      privileged(config);
      config.process.oomScoreAdj = 123;
      config.process.noNewPrivileges = true;
    });
    await bundle.create();
    await bundle.masu("start");
    const seen = async () => {
      const file = scratch.path("pid");
      const document = JSON.stringify({ ...bundle.config.process, args: ["sleep", "100"] });
      const words = [
        "--detach",
        "--pid-file",
        file,
        "--process",
        await scratch.write("process.json", document),
        bundle.id,
      ];
      const outcome = await scratch.command("sh", "-c", 'exec "$0" exec "$@" >/dev/null 2>&1', MASU, ...words);
      assertEquals(outcome.code, 0, outcome.transcript);
      const proc = `/proc/${await Deno.readTextFile(file)}`;
      const read = (name: string) => Deno.readTextFile(`${proc}/${name}`);
      const status = fields(await read("status"), ...names);
      return [...status, await read("cgroup"), await read("oom_score_adj")].map((text) => text.trim());
    };
    const before = await seen();
    const mounted = await bundle.exec((document) => document.args = ["sh", "-c", fake]);
    assertEquals(mounted.code, 0, mounted.transcript);
    assertEquals(await seen(), before);
    const untouched = await bundle.exec((document) => {
      document.args = ["cat", "/proc/self/oom_score_adj", "/proc/self/attr/exec"];
    });
    assertEquals(untouched.stdout, "fake\nfake\n", untouched.transcript);
  },
);

attackTest("T8: a bundle's container cannot make or change cgroups", [...NEEDS, "cgroup1"], async (scratch) => {
  const script =
    "cd /sys/fs/cgroup; for d in . * */*; do mkdir $d/pwned && echo made; echo 1 >$d/cgroup.procs && echo moved; done 2>/dev/null; true";
  const changes: ((config: Config) => void)[] = [
    () => {},
    ({ linux }) => linux.namespaces.push({ type: "cgroup" }),
    privileged,
  ];
  for (const change of changes) {
    for (const way of WAYS) {
      await using bundle = await Bundle.make(scratch, script, change);
      const { code, stdout, transcript } = await bundle.attempt(way);
      assertEquals([code, stdout], [0, ""], transcript);
    }
  }
});
