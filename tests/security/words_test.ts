/** Words that would become paths, lines of files or codes of terminals: ids, names, users, values. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { alongside, attempt, image, inside } from "../inside.ts";
import { attackTest } from "./invariants.ts";

/** C0 without tab and newline, DEL, C1: what drives a terminal. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

attackTest("T17: no user but 0, root and none is root", ["mount", "busybox"], async (scratch) => {
  for (const user of ["1", "1:2", "1:0", "4294967294", "1000:root"]) {
    assert(await inside(scratch, ["-u", user], "id -u") !== "0", user);
  }
  for (
    const user of [
      "",
      "0x1",
      "0x0",
      "-1",
      "+1",
      "4294967295",
      "4294967296",
      "18446744073709551616",
      " 1",
      "1 ",
      "1:",
      ":1",
      "1:2:3",
      "1\n",
      "００",
    ]
  ) {
    const outcome = await attempt(scratch, ["-u", user], "id -u");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
  }
});

const NAMES = ["../x", "a/b", "/tmp/pwned", ".", "..", "-x", "", "a\nb", "a b", "a\x1b[2Jb", "枡", "x".repeat(5_000)];
for (const name of NAMES) {
  attackTest(
    `T18: the name ${JSON.stringify(name.slice(0, 20))} is refused, to make and to join`,
    ["busybox"],
    async (scratch) => {
      for (const flags of [[`--name=${name}`], [`--net=container:${name}`], ["--hostname", name]]) {
        const outcome = await attempt(scratch, flags, "echo ran");
        if (flags[0] === "--hostname" && /^[a-z]$/.test(name)) continue;
        assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
        assert(!CONTROLS.test(outcome.stderr), "the message drives the terminal");
      }
    },
  );
}

attackTest(
  "T18: a name leads to a container of this user's and nowhere else",
  ["mount", "busybox"],
  async (scratch) => {
    // Whoever could write the state directory is root; a name's link still leads to a container's ID only.
    const state = await scratch.dir("state");
    await Deno.mkdir(`${state}/data/names`, { recursive: true });
    await Deno.mkdir(`${state}/containers`);
    await scratch.write("state.json", JSON.stringify({ id: "evil", pid: 1, masu: { start: 0 } }));
    await Deno.symlink(scratch.path(), `${state}/data/names/evil`);
    const outcome = await scratch.masu("--root", state, "run", "--net", "container:evil", await image(scratch), "true");
    assertEquals(outcome.code, 125, outcome.transcript);
  },
);

const VALUES: [flag: string, value: string][] = [
  ["--label", "a=b\x1b]0;owned\x07"],
  ["--label", "a\nb=c"],
  ["--annotation", "a=b\nc"],
  ["--hostname", "a\nb"],
  ["--hostname", "a\x1b[31m"],
  ["--domainname", "a\nnameserver 192.0.2.1"],
  ["--sysctl", "net.ipv4.ip_forward=1\n1"],
  ["--tmpfs", "/a\nb"],
  ["-v", "/tmp:/a\nb"],
  ["-v", "/tmp\x1b[2J:/a"],
  ["--mount", "type=bind,source=/tmp,destination=/a\x1bb"],
  ["-w", "/a\x07b"],
  ["--device", "/dev/null:/dev/a\nb"],
];
for (const [flag, value] of VALUES) {
  attackTest(`T21: ${flag} ${JSON.stringify(value)} is refused`, ["busybox"], async (scratch) => {
    const outcome = await attempt(scratch, [flag, value], "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assert(!CONTROLS.test(outcome.stderr), "the message drives the terminal");
    assert(outcome.stderr.trimEnd().split("\n").every((line) => /^(masu|hint|step): /.test(line)), outcome.transcript);
  });
}

attackTest("T21: an environment variable may hold anything, and no file of masu's is broken by it", [
  "mount",
  "busybox",
], async (scratch) => {
  const value = 'x\n"},"pid":1,"a":{"\x1b[2J';
  const flags = ["--name", "first", "-e", `VALUE=${value}`, "--label", 'quote="\\'];
  await using running = await alongside(scratch, flags, 'printf %s "$VALUE" | wc -c; echo ready; read end');
  assertEquals(running.stdout, `${value.length}\nready\n`);
  assertEquals(await inside(scratch, ["--net", "container:first"], "echo joined"), "joined");
  const names = [...Deno.readDirSync("/run/masu/containers")].map(({ name }) => name);
  const states = names.map((name) => `/run/masu/containers/${name}/state.json`).filter(exists);
  assert(states.length > 0);
  for (const state of states) JSON.parse(await Deno.readTextFile(state));
});

attackTest("T21: what the image says does not reach the terminal raw", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  await Deno.writeTextFile(
    `${root}/etc/passwd`,
    "evil:x:5:5::/\x1b[2J\nX=1:/bin/sh\nroot:x:0:0::/r\x1b]0;x\x07:/bin/sh\n",
  );
  assertEquals(await inside(scratch, [], "echo $HOME"), "/");
  await Deno.writeTextFile(`${root}/bin/evil`, "#!/no\x1b[2J\nX\n", { mode: 0o755 });
  const outcome = await scratch.masu("run", root, "evil");
  assert(outcome.code === 126 || outcome.code === 127, outcome.transcript);
  assert(!CONTROLS.test(outcome.stderr), "the message drives the terminal");
});

attackTest("T6: ten thousand id maps and a path of a megabyte end in a clean error", ["busybox"], async (scratch) => {
  const maps = Array.from({ length: 10_000 }, (_, index) => `--uidmap=${index}:${100_000 + index}:1`);
  const long = `/${"a/".repeat(50_000)}`;
  for (
    const flags of [maps, ["--tmpfs", long], ["-w", long], ["-v", `${long}:/x`], [
      "-e",
      `A=${"x".repeat(100_000)}`,
      "--hostname",
      "x".repeat(100_000),
    ]]
  ) {
    const outcome = await attempt(scratch, flags, "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.stderr.slice(0, 500));
    assert(
      /^masu: /.test(outcome.stderr) && !/panicked|\bat .*\.ts/.test(outcome.stderr),
      outcome.stderr.slice(0, 500),
    );
  }
});

const SYSCTLS = [
  "kernel.core_pattern=|/pwned",
  "kernel.modprobe=/pwned",
  "kernel.sysrq=1",
  "kernel.hostname=x",
  "vm.overcommit_memory=1",
  "fs.file-max=1",
  "fs.binfmt_misc.register=x",
  "net.x+kernel.core_pattern=x",
  "net/../kernel/core_pattern=x",
  "net.../kernel/core_pattern=x",
  "net..kernel.core_pattern=x",
  "net.ipv4/../../kernel/core_pattern=x",
  "/proc/sys/kernel/core_pattern=x",
  "net.=x",
  ".net.ipv4.ip_forward=1",
  "kernel.msgmax/../core_pattern=x",
  "kernel.shm_rmid_forced.x=1",
  "NET.ipv4.ip_forward=1",
];
for (const setting of SYSCTLS) {
  attackTest(`T28: --sysctl ${setting} is refused`, ["busybox"], async (scratch) => {
    for (const flags of [[], ["--privileged"]]) {
      const outcome = await attempt(scratch, [...flags, "--sysctl", setting], "echo ran");
      assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, "--sysctl");
    }
  });
}
