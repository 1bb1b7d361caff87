/** Programs that Podman executes in containers, with a terminal and without. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { IMAGE } from "./image.ts";
import { podmanTest } from "./podman.ts";
import { awaitSize } from "./sandbox.ts";

/** [what, words after `exec`'s container, status, what stderr has]. */
const STATUSES: readonly [string, readonly string[], number, RegExp][] = [
  ["0", ["true"], 0, /^$/],
  ["the program's own", ["sh", "-c", "exit 42"], 42, /^$/],
  ["128 + the signal that ended it", ["sh", "-c", "kill -TERM $$"], 143, /^$/],
  ["127 when there is no such program", ["no-such-program"], 127, /executable file.*not found in \$PATH/],
  ["127 when there is no such path", ["/no/such/path"], 127, /no such file or directory/i],
  ["126 when it may not be executed", ["/etc/not-executable"], 126, /permission denied/i],
];

podmanTest("exec ends with the program's status, or says why there is none", [], async (podman) => {
  const box = await podman.box();
  for (const [name, words, status, message] of STATUSES) {
    const outcome = await podman.do("exec", box, ...words);
    assertEquals(outcome.code, status, `${name}\n${outcome.transcript}`);
    assertMatch(outcome.stderr, message, `${name}\n${outcome.transcript}`);
  }
  assertEquals(await podman.look(box, ".State.Status"), "running");
});

/** [what, flags, script, expected]. */
const FLAGS: readonly [string, readonly string[], string, string][] = [
  ["the container's own user, directory and environment", [], "id -u; pwd; echo $A", "1000\n/home/ada\nb"],
  ["--user", ["--user=7:50"], "id -u; id -g", "7\n50"],
  ["--workdir", ["--workdir=/etc"], "pwd", "/etc"],
  ["--env", ["--env=A=c", "--env=B=d"], "echo $A$B", "cd"],
  [
    "--privileged",
    ["--privileged", "--user=root"],
    "grep CapEff /proc/self/status | grep -c 1ff",
    "1",
  ],
  ["capabilities of another user", ["--user=root"], "grep CapEff /proc/self/status | cut -f2", "00000000a80425fb"],
  ["--preserve-fds", ["--preserve-fds=0"], "ls /proc/self/fd | grep -c '[4-9]'; :", "0"],
  [
    "the container's control group and limits",
    [],
    "grep -c libpod- /proc/self/cgroup >/dev/null && ulimit -Hn; cat /proc/self/oom_score_adj",
    "200\n300",
  ],
];

podmanTest("exec gives the program what its flags say", ["cgroups"], async (podman) => {
  const box = await podman.box(
    [
      "--user=ada",
      "--workdir=/home/ada",
      "--env=A=b",
      "--ulimit=nofile=100:200",
      "--ulimit=nproc=500:500",
      "--oom-score-adj=300",
    ],
    "sleep 1000",
  );
  for (const [name, flags, script, expected] of FLAGS) {
    const { stdout, transcript } = await podman.do("exec", ...flags, box, "sh", "-c", script);
    assertEquals(stdout.trimEnd(), expected, `${name}\n${transcript}`);
  }
});

podmanTest("exec passes on what the program reads and writes", [], async (podman) => {
  const box = await podman.box();
  const outcome = await podman.do("exec", "-i", box, "sh", "-c", "cat; echo error >&2", { stdin: "one\ntwo\n" });
  assertEquals([outcome.code, outcome.stdout, outcome.stderr], [0, "one\ntwo\n", "error\n"], outcome.transcript);
});

podmanTest("exec --detach returns at once, and its program lives on", [], async (podman) => {
  const box = await podman.box();
  assertMatch(
    await podman.ok("exec", "--detach", box, "sh", "-c", "sleep 0.2; touch /done; sleep 1003"),
    /^[0-9a-f]{64}$/,
  );
  await podman.eventually(async () => `${(await podman.do("exec", box, "ls", "/done")).code}`, /^0$/);
  assertMatch(await podman.ok("top", box, "args"), /sleep 1003/);
});

podmanTest("exec into a container that has ended is refused", [], async (podman) => {
  const box = await podman.box([], "true");
  await podman.ok("wait", box);
  const refused = await podman.do("exec", box, "true");
  assertEquals(refused.code, 255, refused.transcript);
});

podmanTest("run with a terminal gives the program one", ["script"], async (podman) => {
  const program = "tty; test -t 0 && test -t 1 && test -t 2 && echo all";
  const plain = await podman.ok("run", "--rm", "--tty", "--network=none", IMAGE, "sh", "-c", program);
  assertEquals(plain.replaceAll("\r", "").split("\n"), ["/dev/pts/0", "all"]);
  // Podman gives a terminal its size only after the start.
  const size = { rows: 33, columns: 77 };
  const words = ["run", "--rm", "-it", "--network=none", IMAGE, "sh", "-c", `'${awaitSize(size)}; ${program}'`];
  const sized = await podman.inTerminal(words, size);
  assert(sized.includes("33 77"), sized);
});

podmanTest("exec with a terminal gives the program one of its own", ["script"], async (podman) => {
  const box = await podman.box(["--tty"]);
  const size = { rows: 20, columns: 60 };
  const words = ["exec", "-it", box, "sh", "-c", `'tty; ${awaitSize(size)}; exit 9'; echo status $?`];
  const said = await podman.inTerminal(words, size);
  assertMatch(said, /\/dev\/pts\/[1-9]/);
  assert(said.includes("20 60"), said);
  assert(said.includes("status 9"), said);
});

podmanTest("Ctrl-C in an attached terminal reaches the program", ["script"], async (podman) => {
  const box = await podman.box(
    ["--tty"],
    "trap 'echo interrupted; exit 4' INT; echo ready; while :; do sleep 0.1; done",
  );
  await podman.eventually(() => podman.ok("logs", box), /ready/);
  const attached = await podman.spawn("attach", box);
  await attached.write("\x03");
  await attached.until(/interrupted/);
  assertEquals(await podman.ok("wait", box), "4");
});
