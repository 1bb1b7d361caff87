/** Attacks on masu's own executables while they are in the container. CVE-2019-5736, CVE-2016-9962 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { alongside, image, inside } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

/** How many containers enter the attacker's processes' sight in an attack. */
const TIMES = 12;

for (const asUser of [false, true]) {
  const who = asUser ? "an ordinary user's" : "root's";
  const needs = ["mount", "busybox", "cc", ...(asUser ? ["user" as const] : [])] as const;

  attackTest(
    `T1: ${who} container that writes to the executable of every process reaches none of masu's`,
    needs,
    async (scratch) => {
      const before = await sha256(MASU);
      const options = { asUser, probe: true };
      const flags = ["--name", "attacker", "--cap-add", "ALL", "--security-opt", "seccomp=unconfined"];
      await using attacker = await alongside(scratch, flags, "exec probe overwrite", options);
      for (let time = 0; time < TIMES; time++) await inside(scratch, ["--pid", "container:attacker"], "true", options);
      await attacker.closeStdin();
      const { stdout, transcript } = await attacker.outcome();
      const seen = Number(/^seen (\d+)$/m.exec(stdout)?.[1]);
      assert(seen >= 3, `it saw only ${seen} of the processes\n${transcript}`);
      // What the other container executes is no more protected from this one than it asked for.
      assertEquals(stdout.split("\n").filter((line) => /^overwritten .*(memfd|masu)/.test(line)), [], transcript);
      assertEquals(await sha256(MASU), before);
      assertEquals(await inside(scratch, [], "echo well", options), "well");
    },
  );

  attackTest(
    `T2: ${who} container cannot trace a process that enters it, nor list its descriptors`,
    needs,
    async (scratch) => {
      const options = { asUser, probe: true };
      // Root's container with CAP_SYS_PTRACE and the host's user namespace may trace whatever it sees: it has no such right by default.
      const flags = [
        "--name",
        "attacker",
        ...(asUser ? ["--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined"] : []),
      ];
      await using attacker = await alongside(scratch, flags, "exec probe attach", options);
      for (let time = 0; time < TIMES; time++) await inside(scratch, ["--pid", "container:attacker"], "true", options);
      await attacker.closeStdin();
      const { stdout, transcript } = await attacker.outcome();
      assertMatch(stdout, /^seen \d+$/m, transcript);
      const reached = stdout.split("\n").filter((line) => /memfd|masu|init/.test(line));
      assertEquals(reached, [], transcript);
    },
  );
}

attackTest(
  "T1: a program that is a script for /proc/self/exe cannot start or change masu",
  ["mount", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    await Deno.writeTextFile(`${root}/bin/trap`, "#!/proc/self/exe\n", { mode: 0o755 });
    const before = await sha256(MASU);
    const outcome = await scratch.masu("run", "--privileged", root, "/bin/trap");
    assert(outcome.code !== 0, outcome.transcript);
    assertEquals(await sha256(MASU), before);
  },
);

attackTest("T1: --init's executable in the container is sealed", ["mount", "busybox"], async (scratch) => {
  const script = "readlink /proc/1/exe; (echo pwned >>/proc/1/exe) 2>&1; (echo pwned >/proc/1/exe) 2>&1; echo end";
  const flags = ["--init", "--cap-add", "ALL", "--security-opt", "seccomp=unconfined"];
  const seen = await inside(scratch, flags, script);
  assertMatch(
    seen,
    /(Text file busy|Permission denied|not permitted)[^]*(Text file busy|Permission denied|not permitted)[^]*\nend$/,
  );
});

/** Writes to each file in memory that a process has mapped, and to its executable, by way of procfs; prints those that took it. */
const OVERWRITE = `
import os, sys
tried = 0
process = f"/proc/{sys.argv[1]}"
for path in [f"{process}/exe"] + [f"{process}/map_files/{name}" for name in os.listdir(f"{process}/map_files")]:
    link = os.readlink(path)
    if not path.endswith("exe") and "memfd:" not in link: continue
    tried += 1
    try:
        with open(path, "r+b", buffering=0) as file: file.write(b"pwned")
        print("overwritten", link)
    except OSError: pass
print("tried", tried)
`;

attackTest("T1: what masu maps of itself is sealed, even for the host's root", ["python3"], async (scratch) => {
  const before = await sha256(MASU);
  const running = await scratch.spawn("events", "--json");
  const maps = async () => await Deno.readTextFile(`/proc/${running.pid}/maps`);
  while (!(await maps()).includes("memfd:")) await new Promise((resolve) => setTimeout(resolve, 20));
  const { stdout, transcript } = await scratch.command("python3", "-c", OVERWRITE, `${running.pid}`);
  assertMatch(stdout, /^tried ([2-9]|\d\d)$/m, transcript);
  assertEquals(stdout.includes("overwritten"), false, transcript);
  running.kill("SIGTERM");
  await running.outcome();
  assertEquals(await sha256(MASU), before);
});
