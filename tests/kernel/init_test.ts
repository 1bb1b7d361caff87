/** `--init`: a first process that forwards, reaps and ends with the program. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { attempt, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

kernelTest("run --init starts the program as a child of PID 1", ["mount", "busybox"], async (scratch) => {
  const [pid, parent, name] =
    (await inside(scratch, ["--init"], "echo $$; cut -d' ' -f4 /proc/$$/stat; cat /proc/1/comm")).split("\n");
  assertNotEquals(pid, "1");
  assertEquals(parent, "1");
  assertNotEquals(name, "sh");
});

kernelTest("run --init reaps orphans", ["mount", "busybox"], async (scratch) => {
  const script =
    `for i in 1 2 3; do sh -c 'sleep 0.05 & sleep 0.05 &'; done; sleep 0.3; cat /proc/[0-9]*/stat | grep -c ') Z '; true`;
  assertEquals(await inside(scratch, ["--init"], script), "0");
});

const ENDS: [script: string, code: number][] = [["exit 0", 0], ["exit 7", 7], ["kill -9 $$", 137], [
  "kill -TERM $$; sleep 5",
  143,
]];
for (const [script, code] of ENDS) {
  kernelTest(`run --init ends ${code} when the program does: ${script}`, ["mount", "busybox"], async (scratch) => {
    const outcome = await attempt(scratch, ["--init"], script);
    assertEquals(outcome.code, code, outcome.transcript);
  });
}

kernelTest("run --init ends everything with the program", ["mount", "busybox"], async (scratch) => {
  const start = Date.now();
  await inside(scratch, ["--init"], "sleep 1000 </dev/null >/dev/null 2>&1 & echo");
  assertEquals(Date.now() - start < 5_000, true);
});

kernelTest("run --init keeps the program's identity and filter", ["mount", "busybox"], async (scratch) => {
  const script = "grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/$1/status";
  const outcome = await attempt(scratch, ["--init", "-u", "ada"], `${script.replace("$1", "self")}`);
  assertEquals(outcome.stdout.replaceAll("\t", " ").split("\n").slice(0, 4), [
    "Uid: 1000 1000 1000 1000",
    "CapEff: 0000000000000000",
    "NoNewPrivs: 1",
    "Seccomp: 2",
  ], outcome.transcript);
});
