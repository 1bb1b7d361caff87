/** `masu cgroup`, as a person types it, on this host's own hierarchies: each test in a group of its own, which it deletes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TEST_USER } from "../host.ts";
import { kernelTest } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

/** A name that no other test has. */
function groupName(): string {
  return `masu-test-${crypto.randomUUID().slice(0, 8)}`;
}

/** Runs a test with a group's name, and takes away what it made, whatever becomes of it. */
async function withGroup(scratch: Scratch, test: (group: string) => Promise<void>): Promise<void> {
  const group = groupName();
  try {
    await test(group);
  } finally {
    await scratch.masu("cgroup", "delete", "--recursive", "--kill", group);
  }
}

kernelTest("masu cgroup create, set and get do it in several hierarchies at once", ["cgroup1"], async (scratch) => {
  await withGroup(scratch, async (group) => {
    const made = await scratch.masu(
      "cgroup",
      "create",
      `${group}/a`,
      "--memory",
      "30M",
      "--cpus",
      "10%",
      "--pids",
      "50",
    );
    assertEquals([made.code, made.stdout], [0, `${group}/a\n`], made.transcript);
    const got = await scratch.masu("cgroup", "get", "-q", `${group}/a`, "memory", "cpus", "pids");
    assertEquals(got.stdout, "31457280\n0.1\n50\n", got.transcript);
    const set = await scratch.masu("cgroup", "set", `${group}/a`, "memory.limit_in_bytes=20M", "cpu.shares=512");
    assertEquals(set.stdout, "memory.limit_in_bytes=20971520\ncpu.shares=512\n", set.transcript);
    const again = await scratch.masu("cgroup", "create", `${group}/a`);
    assertEquals(again.code, 1, again.transcript);
    assertStringIncludes(again.stderr, "it is there already");
  });
});

kernelTest("masu cgroup set tells what a value became, and why one is refused", ["cgroup1"], async (scratch) => {
  await withGroup(scratch, async (group) => {
    await scratch.masu("cgroup", "create", group);
    const rounded = await scratch.masu(
      "cgroup",
      "set",
      "--json",
      group,
      "memory.limit_in_bytes=31457281",
      "cpu.shares=1",
    );
    assertEquals(rounded.code, 0, rounded.transcript);
    assertStringIncludes(rounded.stderr, 'became "31457280", not "31457281"');
    const values = JSON.parse(rounded.stdout) as { changed: boolean; value: string }[];
    assertEquals(values.map(({ changed, value }) => [changed, value]), [[true, "31457280"], [true, "2"]]);
    const refused = await scratch.masu("cgroup", "set", group, "cpu.cfs_period_us=1");
    assertEquals(refused.code, 1, refused.transcript);
    assertStringIncludes(refused.stderr, "EINVAL from write(2)");
    const unknown = await scratch.masu("cgroup", "set", group, "memory.limt_in_bytes=1M");
    assertEquals(unknown.code, 1, unknown.transcript);
    assertStringIncludes(unknown.stderr, "memory.limit_in_bytes");
    const empty = await scratch.masu("cgroup", "set", group);
    assertEquals(empty.code, 2, empty.transcript);
  });
});

kernelTest(
  "masu cgroup run limits a program, ends with its status and leaves nothing",
  ["cgroup1"],
  async (scratch) => {
    const run = await scratch.masu("cgroup", "run", "--pids", "20", "--", "sh", "-c", "cat /proc/self/cgroup; exit 7");
    assertEquals(run.code, 7, run.transcript);
    const [, group] = /:pids:(\/masu-run-[0-9a-f]+)\n/.exec(run.stdout) ?? [];
    assert(group !== undefined, run.transcript);
    const left = await scratch.masu("cgroup", "get", group);
    assertStringIncludes(left.stderr, "there is none", left.transcript);
    const absent = await scratch.masu("cgroup", "run", "--pids", "5", "--", "/absent");
    assertEquals(absent.code, 127, absent.transcript);
  },
);

kernelTest("masu cgroup run in a group that is there stays in it", ["cgroup1"], async (scratch) => {
  await withGroup(scratch, async (group) => {
    await scratch.masu("cgroup", "create", group);
    const run = await scratch.masu(
      "cgroup",
      "run",
      "--group",
      group,
      "--memory",
      "50M",
      "--",
      "cat",
      "/proc/self/cgroup",
    );
    assertEquals(run.code, 0, run.transcript);
    assertStringIncludes(run.stdout, `:memory:/${group}`);
    const got = await scratch.masu("cgroup", "get", "-q", group, "memory");
    assertEquals(got.stdout, "52428800\n", got.transcript);
    // masu becomes the program, as cgexec(1) does.
    await using program = await scratch.spawn("cgroup", "run", "--group", group, "--", "sh", "-c", "echo $$");
    const { stdout, transcript } = await program.outcome();
    assertEquals(stdout, `${program.pid}\n`, transcript);
  });
});

kernelTest("masu cgroup move, list, freeze, thaw and delete act on processes", ["cgroup1"], async (scratch) => {
  await withGroup(scratch, async (group) => {
    await scratch.masu("cgroup", "create", group);
    await using sleeper = await scratch.spawnCommand("sleep", "100");
    const pid = `${sleeper.pid}`;
    const moved = await scratch.masu("cgroup", "move", group, "-", { stdin: `${pid}\n` });
    assertEquals([moved.code, moved.stdout], [0, `${pid}\n`], moved.transcript);
    const listed = await scratch.masu("cgroup", "list", group);
    assertStringIncludes(listed.stdout, `${pid} sleep`);
    for (const controllers of [[], ["--controllers", "freezer"]]) {
      const frozen = await scratch.masu("cgroup", "freeze", ...controllers, group);
      assertEquals(frozen.code, 0, frozen.transcript);
      const thawed = await scratch.masu("cgroup", "thaw", ...controllers, group);
      assertEquals(thawed.code, 0, thawed.transcript);
    }
    const stays = await scratch.masu("cgroup", "delete", group);
    assertEquals(stays.code, 1, stays.transcript);
    assertStringIncludes(stays.stderr, `process ${pid} is in it`);
    const absent = await scratch.masu("cgroup", "move", group, "4194304");
    assertEquals(absent.code, 1, absent.transcript);
    assertStringIncludes(absent.stderr, "there is no such process (ESRCH");
    const killed = await scratch.masu("cgroup", "delete", "--kill", group);
    assertEquals([killed.code, killed.stdout], [0, `${group}\n`], killed.transcript);
  });
});

kernelTest("masu cgroup stats counts what a group used", ["cgroup1"], async (scratch) => {
  await withGroup(scratch, async (group) => {
    await scratch.masu("cgroup", "create", group, "--cpus", "20%");
    const script = "timeout 1 sh -c 'while :; do :; done'; true";
    await scratch.masu("cgroup", "run", "--group", group, "--", "sh", "-c", script);
    const { stdout, transcript } = await scratch.masu("cgroup", "stats", "--json", group);
    const [stats] = JSON.parse(stdout) as { cpu: { usageNs: number; throttledPeriods: number } }[];
    assert(stats !== undefined, transcript);
    assert(stats.cpu.usageNs > 0.1e9 && stats.cpu.usageNs < 0.4e9, transcript);
    assert(stats.cpu.throttledPeriods > 3, transcript);
  });
});

kernelTest("masu cgroup events tells of a group until it is deleted", ["cgroup1"], async (scratch) => {
  await withGroup(scratch, async (group) => {
    await scratch.masu("cgroup", "create", group, "--pids", "2");
    await using watcher = await scratch.spawn("cgroup", "events", "--json", group);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await scratch.masu("cgroup", "run", "--group", group, "--", "sh", "-c", "sleep 0 & sleep 0 & sleep 0 & wait");
    await scratch.masu("cgroup", "delete", "--kill", group);
    const { code, stdout, transcript } = await watcher.outcome();
    assertEquals(code, 0, transcript);
    assertStringIncludes(stdout, '"pids.max"', transcript);
    assertStringIncludes(stdout, '"removed"', transcript);
  });
});

kernelTest(
  "masu cgroup mount mounts a named hierarchy, and says where a controller is",
  ["cgroup1", "mount"],
  async (scratch) => {
    const name = groupName();
    const place = scratch.path("hierarchy");
    const script = [
      `"$MASU" cgroup mount --name ${name} "$PLACE"`,
      `"$MASU" cgroup create --hierarchy ${name} x/y`,
      `"$MASU" cgroup list -q --hierarchy "$PLACE"`,
      `"$MASU" cgroup delete -r --hierarchy ${name} x`,
      `"$MASU" cgroup mount -c memory,cpu "$PLACE.two" || echo "status $?"`,
      `umount "$PLACE"`,
    ].join("\n");
    const env = {
      MASU: Deno.env.get("MASU_BIN") ?? new URL("../../dist/masu", import.meta.url).pathname,
      PLACE: place,
    };
    const { stdout, stderr, transcript } = await scratch.command("unshare", "--mount", "sh", "-ec", script, { env });
    assertEquals(stdout, `${place}\nx/y\n/\n/x\n/x/y\nx\nstatus 1\n`, transcript);
    assertStringIncludes(stderr, "EBUSY from mount(2)", transcript);
  },
);

kernelTest("masu cgroup says what cannot be meant", [], async (scratch) => {
  const cases: [words: string[], code: number, message: string][] = [
    [["create"], 2, "a control group is required"],
    [["create", "a/../b"], 2, "it must name a control group"],
    [["get", "masu-test-absent"], 1, "there is none"],
    [["delete", "/"], 2, "it is the root"],
    [["list", "--controllers", "memroy"], 2, "no hierarchy that is mounted has it"],
    [["set", "x", "memory.max"], 2, "a control file and its value are needed"],
    [["move", "x"], 2, "a process is required"],
    [["--cgroup-manager", "disabled", "create", "x"], 2, "acts on control groups itself"],
    [["run", "--json", "true"], 125, "it prints no result"],
  ];
  for (const [words, code, message] of cases) {
    const outcome = await scratch.masu("cgroup", ...words);
    assertEquals(outcome.code, code, outcome.transcript);
    assertStringIncludes(outcome.stderr, message, outcome.transcript);
  }
});

kernelTest("masu cgroup acts on a group that was given to a user", ["cgroup1", "user"], async (scratch) => {
  await withGroup(scratch, async (group) => {
    const asUser = (...words: string[]) => scratch.masu("cgroup", ...words, { asUser: true });
    const own = await asUser("create", group);
    assertEquals(own.code, 1, own.transcript);
    assertStringIncludes(own.stderr, "this user may make none");
    await scratch.masu("cgroup", "create", "--user", TEST_USER, "--controllers", "pids", group);
    const made = await asUser("create", "--controllers", "pids", `/${group}/a`, "--pids", "5");
    assertEquals(made.code, 0, made.transcript);
    const run = await asUser("run", "--group", `/${group}/a`, "--", "cat", "/proc/self/cgroup");
    assertStringIncludes(run.stdout, `:pids:/${group}/a`, run.transcript);
    const limit = await asUser("set", `/${group}`, "pids.max=100");
    assertEquals(limit.code, 1, limit.transcript);
    assertStringIncludes(limit.stderr, "this user may not change it (EACCES");
  });
});
