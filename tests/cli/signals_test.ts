/** Signals and pipes: a foreground run behaves as its program would. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { exists } from "../host.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Running, type Scratch } from "../scratch.ts";
import { image } from "../inside.ts";
import { childrenOf, familyOf, fileOf, stateOf, until } from "./family.ts";

/** Signals 32 and 33, which the C library keeps for itself. nptl(7) */
const LIBRARY = 0b11n << 31n;

const CONTAINER: Need[] = ["mount", "pidns", "overlay", "busybox"];

/** signal(7) */
const ENDING: [signal: Deno.Signal, number: number][] = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGQUIT", 3],
  ["SIGUSR1", 10],
  ["SIGTERM", 15],
];
for (const [signal, number] of ENDING) {
  kernelTest(
    `masu run ends with ${128 + number} when ${signal} comes for a program without a handler`,
    CONTAINER,
    async (scratch) => {
      const masu = await started(scratch, ["sleep", "100"]);
      masu.kill(signal);
      const result = await masu.outcome(5_000);
      assertEquals([result.code, result.stderr], [128 + number, ""], result.transcript);
    },
  );

  kernelTest(`masu run lets a program handle ${signal}`, CONTAINER, async (scratch) => {
    const script = `trap 'echo got it; exit 5' ${signal.slice(3)}; echo up; while :; do sleep 0.02; done`;
    const masu = await started(scratch, ["sh", "-c", script]);
    await masu.until(/up/);
    masu.kill(signal);
    const result = await masu.outcome(5_000);
    assertEquals([result.code, result.stdout], [5, "up\ngot it\n"], result.transcript);
  });

  kernelTest(`masu run --init passes ${signal} on to the program`, CONTAINER, async (scratch) => {
    const masu = await started(scratch, ["sleep", "100"], ["--init"]);
    await until("the program runs", () => programBelow(masu.pid) !== undefined);
    masu.kill(signal);
    const result = await masu.outcome(5_000);
    assertEquals([result.code, result.stderr], [128 + number, ""], result.transcript);
  });
}

kernelTest("masu run ends for a signal as an ordinary user's program does", [...CONTAINER, "user"], async (scratch) => {
  const masu = await scratch.spawn("run", await image(scratch, { asUser: true }), "sleep", "100", { asUser: true });
  await familyOf(masu.pid);
  masu.kill("SIGTERM");
  const result = await masu.outcome(5_000);
  assertEquals([result.code, result.stderr], [143, ""], result.transcript);
});

kernelTest("masu run takes a signal that comes before the program runs", CONTAINER, async (scratch) => {
  const rootfs = await scratch.rootfs("busybox");
  for (const delay of [0, 5, 15, 25, 35, 45]) {
    const masu = await scratch.spawn("run", rootfs, "sleep", "100");
    await new Promise((resolve) => setTimeout(resolve, delay));
    masu.kill("SIGTERM");
    const result = await masu.outcome(5_000);
    assertEquals(result.code, 143, `${delay} ms\n${result.transcript}`);
  }
});

kernelTest("masu run ends for the second signal when the program ignored the first", CONTAINER, async (scratch) => {
  const masu = await started(scratch, ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.02; done"]);
  await masu.until(/up/);
  masu.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(stateOf(masu.pid), "S");
  masu.kill("SIGINT");
  assertEquals((await masu.outcome(5_000)).code, 130);
});

kernelTest("masu run goes on through SIGHUP under nohup", CONTAINER, async (scratch) => {
  const rootfs = await scratch.rootfs("busybox");
  const script = "grep SigIgn /proc/self/status; read line; echo alive; exit 3";
  const masu = await scratch.spawnCommand("nohup", MASU, "run", rootfs, "sh", "-c", script);
  const [, ignored = ""] = await masu.until(/SigIgn:\s+([0-9a-f]+)/);
  assertEquals(BigInt(`0x${ignored}`) & ~LIBRARY, 1n, "of all signals the container ignores SIGHUP alone");
  masu.kill("SIGHUP");
  await new Promise((resolve) => setTimeout(resolve, 50));
  await masu.write("\n");
  const result = await masu.outcome(5_000);
  assertEquals(result.code, 3, result.transcript);
  assertMatch(result.stdout, /alive/);
});

kernelTest("masu run gives the program the signal mask and dispositions of any other", CONTAINER, async (scratch) => {
  const rootfs = await scratch.rootfs("busybox");
  const masks = (status: string) =>
    [...status.matchAll(/^(Sig(?:Blk|Ign|Cgt)):\s+([0-9a-f]+)/gm)].map((
      [, name, mask],
    ) => [name, BigInt(`0x${mask}`) & ~LIBRARY]);
  const outside = await scratch.command("busybox", "cat", "/proc/self/status");
  for (const init of [[], ["--init"]]) {
    const inside = await scratch.masu("run", ...init, rootfs, "cat", "/proc/self/status");
    assertEquals(masks(inside.stdout), masks(outside.stdout), inside.transcript);
  }
});

kernelTest("masu run --init reaps what is left to it", CONTAINER, async (scratch) => {
  // The shell that started it has ended, so that sleep is PID 1's child when it ends.
  const script =
    "sh -c 'sleep 0.2 & echo $! > /tmp/pid'; sleep 0.1; cat /proc/$(cat /tmp/pid)/stat; sleep 0.3; ls /proc";
  const result = await scratch.masu("run", "--init", await scratch.rootfs("busybox"), "sh", "-c", script);
  const [, pid = "", parent] = /^(\d+) \(sleep\) \S (\d+)/.exec(result.stdout) ?? [];
  assertEquals([result.code, parent], [0, "1"], result.transcript);
  assert(!result.stdout.split("\n").includes(pid), result.transcript);
});

kernelTest("masu run ends when its program does, whatever else runs in the container", CONTAINER, async (scratch) => {
  const rootfs = await scratch.rootfs("busybox");
  for (const init of [[], ["--init"]]) {
    const program = ["sh", "-c", "sleep 100 >/dev/null 2>&1 & exit 4"];
    const result = await scratch.masu("run", ...init, rootfs, ...program, { timeoutMs: 5_000 });
    assertEquals(result.code, 4, result.transcript);
  }
});

for (const init of [[], ["--init"]]) {
  kernelTest(
    `masu run ${init.join(" ")} stops and goes on with its program`.replace("  ", " "),
    CONTAINER,
    async (scratch) => {
      const script = "echo up; while :; do sleep 0.02; echo $(( n += 1 )) > /count; done";
      const root = await scratch.rootfs("busybox");
      const masu = await scratch.spawn("run", ...init, "--rootfs", root, "sh", "-c", script);
      await masu.until(/up/);
      await until("it counts", () => exists(`${root}/count`));
      const { first } = await familyOf(masu.pid);
      await until("the program runs", () => init.length === 0 || programBelow(masu.pid) !== undefined);
      const program = programBelow(masu.pid) ?? first;
      masu.kill("SIGTSTP");
      await until("masu is stopped", () => stateOf(masu.pid) === "T");
      await until("its program is stopped", () => stateOf(program) === "T");
      const count = await Deno.readTextFile(`${root}/count`);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assertEquals(await Deno.readTextFile(`${root}/count`), count);
      masu.kill("SIGCONT");
      await until("both go on", () => /[SR]/.test(stateOf(masu.pid)) && /[SRD]/.test(stateOf(program)));
      await until("the count goes on", () => Deno.readTextFileSync(`${root}/count`) !== count);
      masu.kill("SIGTERM");
      assertEquals((await masu.outcome(5_000)).code, 143);
      await Deno.remove(`${root}/count`);
    },
  );
}

kernelTest(
  "masu run in a shell's background is stopped and continued as a job",
  [...CONTAINER, "script"],
  async (scratch) => {
    const rootfs = await scratch.rootfs("busybox");
    const script =
      `set -m; "$0" run "$1" sh -c 'sleep 0.3; exit 6' & kill -TSTP %1; sleep 0.1; jobs; fg %1; echo status $?`;
    const { stdout, transcript } = await scratch.command(
      "script",
      "-qec",
      `bash -c '${quoted(script)}' ${MASU} ${rootfs}`,
      "/dev/null",
    );
    assertMatch(stdout, /Stopped/, transcript);
    assertMatch(stdout, /status 6/, transcript);
  },
);

const PIPES: [name: string, flags: string[]][] = [["stdin and stdout", []], ["stdin and stdout below --init", [
  "--init",
]]];
for (const [name, flags] of PIPES) {
  kernelTest(`masu run carries ${name} unchanged`, CONTAINER, async (scratch) => {
    const rootfs = await scratch.rootfs("busybox");
    const script = 'head -c 20000000 /dev/urandom | tee "$2" | "$0" run $3 "$1" cat | sha256sum; sha256sum < "$2"';
    const args = [MASU, rootfs, scratch.path("bytes"), flags.join(" ")];
    const { code, stdout, transcript } = await scratch.command("bash", "-c", script, ...args);
    const [through, sent] = stdout.split("\n");
    assertEquals([code, through], [0, sent], transcript);
  });
}

kernelTest("masu run lets its program see the end of stdin", CONTAINER, async (scratch) => {
  const result = await scratch.masu("run", await scratch.rootfs("busybox"), "wc", "-c", { stdin: "12345" });
  assertEquals([result.code, result.stdout.trim()], [0, "5"], result.transcript);
});

kernelTest("masu run gives the program masu's own descriptors 0 to 2, and no more", CONTAINER, async (scratch) => {
  const rootfs = await scratch.rootfs("busybox");
  const script = `"$0" run "$1" sh -c 'ls -l /proc/$$/fd; true' 5</etc/passwd 9</ </dev/null 2>"$2"`;
  const { code, stdout, transcript } = await scratch.command("sh", "-c", script, MASU, rootfs, scratch.path("stderr"));
  assertEquals(code, 0, transcript);
  const links = [...stdout.matchAll(/ (\d+ -> .*)$/gm)].map(([, link = ""]) => link.replace(/\d+\]$/, "N]"));
  assertEquals(links, ["0 -> /dev/null", "1 -> pipe:[N]", `2 -> ${scratch.path("stderr")}`], transcript);
});

kernelTest("masu run --preserve-fds passes descriptors on from 3", CONTAINER, async (scratch) => {
  const rootfs = await scratch.rootfs("busybox");
  const script = 'echo three >"$2"; "$0" run --preserve-fds 1 "$1" sh -c "cat <&3; ls /proc/self/fd" 3<"$2" 4</';
  const { code, stdout, transcript } = await scratch.command("sh", "-c", script, MASU, rootfs, scratch.path("three"));
  assertEquals([code, stdout.split("\n").slice(0, 5)], [0, ["three", "0", "1", "2", "3"]], transcript);
  assert(!/^(5|6|7)$/m.test(stdout), transcript);
});

/** A program that the end of its reader ends; PID 1 of a pid namespace is immune to SIGPIPE, and gets EPIPE. pid_namespaces(7) */
const READERS: [flags: string, status: string][] = [["", "1"], ["--init", "141"], ["--pid host", "141"]];
for (const [flags, status] of READERS) {
  kernelTest(
    `masu run ${flags} ends when nobody reads its program's output`.replace("  ", " "),
    CONTAINER,
    async (scratch) => {
      const script = '"$0" run $2 "$1" yes | head -n 1; echo ${PIPESTATUS[0]}';
      const { stdout, transcript } = await scratch.command(
        "bash",
        "-c",
        script,
        MASU,
        await scratch.rootfs("busybox"),
        flags,
      );
      assertEquals(stdout, `y\n${status}\n`, transcript);
    },
  );
}

/** Starts a container of busybox and waits for its processes. */
async function started(scratch: Scratch, program: string[], flags: string[] = []): Promise<Running> {
  const masu = await scratch.spawn("run", ...flags, await scratch.rootfs("busybox"), ...program);
  const { first } = await familyOf(masu.pid);
  // The first process is the stage's until it executes the program.
  await until("the program runs", () => flags.includes("--init") || !fileOf(first, "cmdline").startsWith("masu\0"));
  return masu;
}

/** Of a container with --init: the program, which is the only child of PID 1. */
function programBelow(masu: number): number | undefined {
  const first = childrenOf(masu).find((pid) => fileOf(pid, "comm") === "masu-init\n");
  const program = first === undefined ? undefined : childrenOf(first)[0];
  return program !== undefined && !fileOf(program, "cmdline").startsWith("masu\0") ? program : undefined;
}

function quoted(text: string): string {
  return text.replaceAll("'", "'\\''");
}
