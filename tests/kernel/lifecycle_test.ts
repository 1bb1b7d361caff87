/** Containers that live on: what becomes of them at each command and at each end. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import type { Scratch } from "../scratch.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];

/** Who makes it: root, or the ordinary user. */
const WHO: [who: string, asUser: boolean, needs: Need[]][] = [
  ["", false, NEEDS],
  [" as an ordinary user", true, [...NEEDS, "user", "subuid"]],
];

for (const [who, asUser, needs] of WHO) {
  kernelTest(`create, start, stop and delete lead a container through its life${who}`, needs, async (scratch) => {
    const id = await scratch.container("create", await image(scratch, { asUser }), "sleep", "1000", { asUser });
    assertEquals(await status(scratch, id, asUser), "created");
    for (const [verb, after] of [["start", "running"], ["stop", "stopped"], ["start", "running"]] as const) {
      const flags = verb === "stop" ? ["-t", "0"] : [];
      const { code, stdout, transcript } = await scratch.masu(verb, ...flags, id, { asUser });
      assertEquals([code, stdout], [0, `${id}\n`], transcript);
      assertEquals(await status(scratch, id, asUser), after);
    }
    const refused = await scratch.masu("delete", id, { asUser });
    assertEquals([refused.code, refused.stdout], [1, ""], refused.transcript);
    const { code, stdout, transcript } = await scratch.masu("delete", "-f", id, { asUser });
    assertEquals([code, stdout], [0, `${id}\n`], transcript);
    assertEquals((await scratch.masu("state", id, { asUser })).code, 1);
  });

  kernelTest(`what a container wrote is there when it is started again${who}`, needs, async (scratch) => {
    const script = "cat /kept 2>/dev/null; echo more >> /kept";
    const id = await scratch.container("create", await image(scratch, { asUser }), "sh", "-c", script, { asUser });
    for (const expected of ["", "more\n", "more\nmore\n"]) {
      const { code, stdout, transcript } = await scratch.masu("start", "-a", id, { asUser });
      assertEquals([code, stdout], [0, expected], transcript);
    }
  });

  kernelTest(`run -d --rm leaves nothing when its program ends${who}`, needs, async (scratch) => {
    const script = "echo written > /file; exit 3";
    const args = ["run", "-d", "--rm", await image(scratch, { asUser }), "sh", "-c", script];
    const { code, stdout, transcript } = await scratch.masu(...args, { asUser });
    assertEquals(code, 0, transcript);
    await until("it is gone", async () => (await scratch.masu("state", stdout.trim(), { asUser })).code === 1);
  });

  kernelTest(`restart starts a container again, one with --rm too${who}`, needs, async (scratch) => {
    const args = ["run", "-d", "--rm", await image(scratch, { asUser }), "sh", "-c", "echo x >> /starts; sleep 1000"];
    const id = await scratch.container(...args, { asUser });
    const before = await first(scratch, id, asUser);
    const { code, stdout, transcript } = await scratch.masu("restart", "-t", "0", id, { asUser });
    assertEquals([code, stdout], [0, `${id}\n`], transcript);
    assert(await first(scratch, id, asUser) !== before);
    const starts = await scratch.masu("exec", id, "cat", "/starts", { asUser });
    assertEquals(starts.stdout, "x\nx\n", starts.transcript);
  });
}

kernelTest("kill ends a container, and wait says how", NEEDS, async (scratch) => {
  const id = await scratch.container("run", "-d", await image(scratch), "sleep", "1000");
  const waiting = await scratch.spawn("wait", id);
  assertEquals((await scratch.masu("kill", id)).stdout, `${id}\n`);
  const { code, stdout, transcript } = await waiting.outcome();
  assertEquals([code, stdout], [137, "137\n"], transcript);
  // Of one that has ended, at once.
  assertEquals((await scratch.masu("wait", id)).stdout, "137\n");
  const again = await scratch.masu("kill", id);
  assertEquals(again.code, 1, again.transcript);
});

kernelTest("kill sends the signal that is named, in docker's words and in runc's", NEEDS, async (scratch) => {
  const script = "trap 'exit 5' USR1; trap 'exit 6' USR2; echo up; while :; do sleep 0.05; done";
  for (const [words, status] of [[["-s", "USR1"], 5], [["USR2"], 6]] as const) {
    const id = await scratch.container("run", "-d", await image(scratch), "sh", "-c", script);
    await until("it listens", async () => await output(id) === "up\n");
    await scratch.masu("kill", id, ...words);
    assertEquals((await scratch.masu("wait", id)).stdout, `${status}\n`);
  }
});

kernelTest(
  "stop asks with the container's own signal, waits as long as it says, then kills",
  NEEDS,
  async (scratch) => {
    const root = await image(scratch);
    const script = "trap 'exit 7' HUP; trap '' TERM; echo up; while :; do sleep 0.05; done";
    const make = async (...flags: string[]) => {
      const id = await scratch.container("run", "-d", ...flags, root, "sh", "-c", script);
      await until("it listens", async () => await output(id) === "up\n");
      return id;
    };
    const polite = await make("--stop-signal", "HUP");
    assertEquals((await scratch.masu("stop", polite)).code, 0);
    assertEquals((await scratch.masu("wait", polite)).stdout, "7\n");
    const deaf = await make("--stop-timeout", "1");
    const since = Date.now();
    assertEquals((await scratch.masu("stop", deaf)).code, 0);
    const took = Date.now() - since;
    assert(took >= 1000 && took < 5000, `${took} ms`);
    assertEquals((await scratch.masu("wait", deaf)).stdout, "137\n");
  },
);

kernelTest("stop of many takes one grace period, not many", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const ids: string[] = [];
  const script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
  for (let count = 0; count < 4; count++) ids.push(await scratch.container("run", "-d", root, "sh", "-c", script));
  for (const id of ids) await until("it listens", async () => await output(id) === "up\n");
  const since = Date.now();
  const { stdout, transcript } = await scratch.masu("stop", "-t", "1", ...ids);
  const took = Date.now() - since;
  assertEquals(stdout, ids.map((id) => `${id}\n`).join(""), transcript);
  assert(took >= 1000 && took < 2500, `${took} ms`);
});

kernelTest("pause stops all processes, and resume lets them go on", NEEDS, async (scratch) => {
  const script = "while :; do sleep 0.02; done";
  const id = await scratch.container("run", "-d", await image(scratch), "sh", "-c", script);
  assertEquals((await scratch.masu("pause", id)).stdout, `${id}\n`);
  assertEquals(await status(scratch, id), "paused");
  const then = await processTime(scratch, id);
  await pauseFor(200);
  assertEquals(await processTime(scratch, id), then);
  assertEquals((await scratch.masu("unpause", id)).stdout, `${id}\n`);
  assertEquals(await status(scratch, id), "running");
  await until("it goes on", async () => await processTime(scratch, id) !== then);
});

kernelTest("stop and delete end a container that is paused", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const stopped = await scratch.container("run", "-d", root, "sleep", "1000");
  await scratch.masu("pause", stopped);
  const { code, transcript } = await scratch.masu("stop", "-t", "1", stopped);
  assertEquals(code, 0, transcript);
  assertEquals(await status(scratch, stopped), "stopped");
  const deleted = await scratch.container("run", "-d", root, "sleep", "1000");
  await scratch.masu("pause", deleted);
  const deletion = await scratch.masu("rm", "-f", deleted);
  assertEquals(deletion.code, 0, deletion.transcript);
});

const POLICIES: [policy: string, exit: number, starts: number][] = [
  ["no", 1, 1],
  ["on-failure:2", 1, 3],
  ["on-failure:2", 0, 1],
];
for (const [policy, exit, starts] of POLICIES) {
  kernelTest(`--restart ${policy} starts a program that ends with ${exit} ${starts} times`, NEEDS, async (scratch) => {
    const script = `echo start; exit ${exit}`;
    const flags = ["run", "-d", "--restart", policy];
    const id = await scratch.container(...flags, await image(scratch), "sh", "-c", script);
    assertEquals((await scratch.masu("wait", id)).stdout, `${exit}\n`);
    assertEquals(await output(id), "start\n".repeat(starts));
  });
}

kernelTest("--restart always starts again until a person stops it", NEEDS, async (scratch) => {
  const script = "echo start; exit 0";
  const id = await scratch.container("run", "-d", "--restart", "always", await image(scratch), "sh", "-c", script);
  await until("it has started thrice", async () => (await output(id)).length >= 3 * 6);
  const { code, transcript } = await scratch.masu("stop", id);
  assertEquals(code, 0, transcript);
  assertEquals(await status(scratch, id), "stopped");
  const before = await output(id);
  await pauseFor(500);
  assertEquals(await output(id), before);
});

kernelTest(
  "a container is unhealthy after so many failed checks, and healthy after one good one",
  NEEDS,
  async (scratch) => {
    const flags = ["--health-cmd", "test -e /well", "--health-interval", "50ms", "--health-retries", "2"];
    const id = await scratch.container("run", "-d", ...flags, await image(scratch), "sleep", "1000");
    const health = async (filter: string) => (await scratch.masu("list", "-q", "--filter", `health=${filter}`)).stdout;
    await until("it is unhealthy", async () => (await health("unhealthy")).includes(id.slice(0, 12)));
    await scratch.masu("exec", id, "touch", "/well");
    await until("it is healthy", async () => (await health("healthy")).includes(id.slice(0, 12)));
  },
);

kernelTest("update changes limits while a container runs, and for its next starts", NEEDS, async (scratch) => {
  const id = await scratch.container("run", "-d", "-m", "64m", await image(scratch), "sleep", "1000");
  const limit = async () => {
    const v1 = `/sys/fs/cgroup/memory/masu/${id}/memory.limit_in_bytes`;
    const v2 = `/sys/fs/cgroup/masu/${id}/memory.max`;
    return (await Deno.readTextFile(exists(v1) ? v1 : v2)).trim();
  };
  for (const [word, bytes] of [["32m", 32 << 20], ["128m", 128 << 20]] as const) {
    const { code, stdout, transcript } = await scratch.masu("update", "-m", word, id);
    assertEquals([code, stdout], [0, `${id}\n`], transcript);
    assertEquals(await limit(), `${bytes}`);
  }
  const refused = await scratch.masu("update", "--memory-swap", "64m", id);
  assertEquals(refused.code, 2, refused.transcript);
  assertStringIncludes(refused.stderr, "less than --memory");
  const nothing = await scratch.masu("update", "-m", "0", id);
  assertEquals(nothing.code, 2, nothing.transcript);
  await scratch.masu("restart", "-t", "0", id);
  assertEquals(await limit(), `${128 << 20}`);
});

kernelTest("update loses none of many changes at once", NEEDS, async (scratch) => {
  const id = await scratch.container("create", await image(scratch), "true");
  const changes = [
    "--memory=64m",
    "--pids-limit=9",
    "--cpu-shares=77",
    "--cpus=0.5",
    "--cpuset-cpus=0",
    "--restart=always",
  ];
  for (const updated of await Promise.all(changes.map((flag) => scratch.masu("update", flag, id)))) {
    assertEquals(updated.code, 0, updated.transcript);
  }
  const { stdout } = await scratch.masu("inspect", "--json", id);
  const [{ config }] = JSON.parse(stdout);
  const { memory, pidsLimit, cpuShares, cpus, cpusetCpus } = config.resources;
  const kept = [memory, pidsLimit, cpuShares, cpus, cpusetCpus, config.restart.kind];
  assertEquals(kept, [64 << 20, 9, 77, 0.5, "0", "always"]);
});

kernelTest(
  "update refuses what a running container has no cgroup for, and keeps it for none",
  ["cgroup1", ...NEEDS],
  async (scratch) => {
    const id = await scratch.container("run", "-d", await image(scratch), "sleep", "1000");
    const refused = await scratch.masu("update", "--cpuset-cpus", "0", id);
    assertEquals(refused.code, 2, refused.transcript);
    assertStringIncludes(refused.stderr, 'it runs without the cgroup controller "cpuset"');
    await scratch.masu("stop", "-t", "0", id);
    const { code, transcript } = await scratch.masu("update", "--cpuset-cpus", "0", id);
    assertEquals(code, 0, transcript);
    await scratch.masu("start", id);
    const { stdout } = await scratch.masu("exec", id, "grep", "Cpus_allowed_list", "/proc/self/status");
    assertMatch(stdout, /:\s*0\n/);
  },
);

kernelTest("update says that a run in the foreground cannot be changed", NEEDS, async (scratch) => {
  const name = `front-${Deno.pid}`;
  const masu = await scratch.spawn("run", "--name", name, await image(scratch), "sh", "-c", "echo up; read line");
  await masu.until(/up/);
  const { code, stderr, transcript } = await scratch.masu("update", "-m", "64m", name);
  assertEquals(code, 1, transcript);
  assertStringIncludes(stderr, `Update container "${name}": it runs in the foreground`);
  await masu.closeStdin();
  await masu.outcome();
});

kernelTest("update changes the restart policy of a container that runs", NEEDS, async (scratch) => {
  const id = await scratch.container("run", "-d", await image(scratch), "sleep", "1000");
  const { code, transcript } = await scratch.masu("update", "--restart", "on-failure", id);
  assertEquals(code, 0, transcript);
  const before = await first(scratch, id);
  // Not asked for by any command: the policy is what decides.
  Deno.kill(Number(before), "SIGKILL");
  await until("it runs again", async () => {
    const now = await first(scratch, id);
    return now !== before && now !== "0";
  });
});

kernelTest("rename gives the old name away, while the container runs", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const [old, fresh] = [`old-${Deno.pid}`, `new-${Deno.pid}`];
  const id = await scratch.container("run", "-d", "--name", old, root, "sleep", "1000");
  const { code, transcript } = await scratch.masu("rename", old, fresh);
  assertEquals(code, 0, transcript);
  assertEquals(await status(scratch, fresh), "running");
  const other = await scratch.container("create", "--name", old, root, "true");
  assert(other !== id);
  const taken = await scratch.masu("rename", old, fresh);
  assertEquals(taken.code, 1, taken.transcript);
  // What was renamed can still be changed, and is deleted with its new name.
  assertEquals((await scratch.masu("update", "--restart", "always", fresh)).code, 0);
  assertEquals((await scratch.masu("rm", "-f", fresh)).code, 0);
  await scratch.container("create", "--name", fresh, root, "true");
});

kernelTest("a name is taken as long as its container is there", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const name = `one-${Deno.pid}`;
  const id = await scratch.container("create", "--name", name, root, "true");
  for (const verb of [["create"], ["run"], ["run", "-d"]]) {
    const { stderr, transcript } = await scratch.masu(...verb, "--name", name, root, "true");
    assertStringIncludes(stderr, `Use name "${name}" (--name): container "${id}" has it`, transcript);
  }
  await scratch.masu("rm", name);
  assertEquals((await scratch.masu("run", "--name", name, root, "true")).code, 0);
});

kernelTest("run -d that cannot start its program leaves nothing", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const name = `none-${Deno.pid}`;
  const cases: [args: string[], code: number][] = [
    [[root, "/missing"], 127],
    [[root, "/etc/passwd"], 126],
    [["--sysctl", "net.ipv4.ip_forward=many", root, "true"], 125],
  ];
  for (const [args, code] of cases) {
    const outcome = await scratch.masu("run", "-d", "--name", name, ...args);
    assertEquals([outcome.code, outcome.stdout], [code, ""], outcome.transcript);
    assertMatch(outcome.stderr, /^masu: .*\nstep: \w+ \d+ of the plan\n/);
    assertEquals((await scratch.masu("state", name)).code, 1);
  }
});

kernelTest("--cidfile is written once, --pidfile at each start", NEEDS, async (scratch) => {
  const [cidfile, pidfile] = [scratch.path("cid"), scratch.path("pid")];
  const flags = ["--cidfile", cidfile, "--pidfile", pidfile];
  const id = await scratch.container("run", "-d", ...flags, await image(scratch), "sleep", "1000");
  assertEquals(await Deno.readTextFile(cidfile), id);
  assertEquals(await Deno.readTextFile(pidfile), await first(scratch, id));
  await scratch.masu("stop", "-t", "0", id);
  assertEquals(exists(pidfile), false);
  const { code, transcript } = await scratch.masu("start", id);
  assertEquals(code, 0, transcript);
  assertEquals(await Deno.readTextFile(pidfile), await first(scratch, id));
});

kernelTest("two commands on one container at once give one order", NEEDS, async (scratch) => {
  const id = await scratch.container("create", await image(scratch), "sleep", "1000");
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => scratch.masu("start", id)));
  for (const { code, transcript } of outcomes) assertEquals(code, 0, transcript);
  const mixed = await Promise.all([
    scratch.masu("restart", "-t", "0", id),
    scratch.masu("start", id),
    scratch.masu("restart", "-t", "0", id),
    scratch.masu("stop", "-t", "0", id),
  ]);
  for (const { code, transcript } of mixed) assertEquals(code, 0, transcript);
  assertMatch(await status(scratch, id), /^(running|stopped)$/);
  const deletions = await Promise.all(Array.from({ length: 3 }, () => scratch.masu("rm", "-f", id)));
  assertEquals(deletions.filter(({ code }) => code === 0).length >= 1, true, deletions[0]?.transcript);
  assertEquals((await scratch.masu("state", id)).code, 1);
});

kernelTest("system prune deletes what does not run when it is asked to, and nothing else", NEEDS, async (scratch) => {
  // A root directory of its own: all that does not run is meant.
  const root = ["--root", await scratch.dir("state", 0o700)];
  const rootfs = await image(scratch);
  const make = async (...args: string[]) => (await scratch.masu(...root, ...args)).stdout.trim();
  const created = await make("create", rootfs, "true");
  const running = await make("run", "-d", rootfs, "sleep", "1000");
  const nothing = await scratch.masu(...root, "system", "prune");
  assertEquals([nothing.code, nothing.stdout], [0, ""], nothing.transcript);
  const dry = await scratch.masu(...root, "system", "prune", "--all", "--dry-run");
  assertEquals(dry.stdout, `${created}\n`, dry.transcript);
  const pruned = await scratch.masu(...root, "system", "prune", "-af", "--json");
  assertEquals(JSON.parse(pruned.stdout).containers, [created], pruned.transcript);
  assertEquals((await scratch.masu(...root, "state", created)).code, 1);
  const deleted = await scratch.masu(...root, "rm", "-f", running);
  assertEquals(deleted.code, 0, deleted.transcript);
});

/** What `masu state` says, or what it fails with. */
async function status(scratch: Scratch, id: string, asUser = false): Promise<string> {
  const { code, stdout, transcript } = await scratch.masu("state", id, { asUser });
  assertEquals(code, 0, transcript);
  return JSON.parse(stdout).status;
}

/** What a container of root's has written so far, by its log. */
async function output(id: string): Promise<string> {
  const text = await Deno.readTextFile(`/var/lib/masu/containers/${id}/log.json`).catch(() => "");
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line).log).join("");
}

/** The pid of its first process; 0: none. */
async function first(scratch: Scratch, id: string, asUser = false): Promise<string> {
  const { code, stdout, transcript } = await scratch.masu("state", id, { asUser });
  assertEquals(code, 0, transcript);
  return `${JSON.parse(stdout).pid ?? 0}`;
}

/** How much its first process has run, in the kernel's own words. */
async function processTime(scratch: Scratch, id: string): Promise<string> {
  return await Deno.readTextFile(`/proc/${await first(scratch, id)}/schedstat`);
}

async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`It did not come to this in ${timeoutMs} ms: ${what}`);
    await pauseFor(20);
  }
}

function pauseFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
