/** Attacks on masu while it runs another program in a container that belongs to the attacker. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openBox } from "../boxes.ts";
import { fields, image } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";
import { DESCRIPTOR_PATHS, leaking } from "./leaking.ts";

async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

/** How many programs an attack gets to see. */
const TIMES = 25;

const ALL = ["--cap-add", "ALL", "--security-opt", "seccomp=unconfined"];

for (const asUser of [false, true]) {
  const who = asUser ? "an ordinary user's" : "root's";
  const needs = ["mount", "pidns", "busybox", "cc", ...(asUser ? ["user" as const] : [])] as const;

  attackTest(
    `T1: ${who} container that writes to every executable reaches none of masu's that enters it`,
    needs,
    async (scratch) => {
      const before = await sha256(MASU);
      const options = { asUser, probe: true, script: "exec probe overwrite" };
      await using box = await openBox(scratch, ALL, options);
      // What is the container's own it may well write to, so that the program fails.
      for (let time = 0; time < TIMES; time++) await box.exec([], ["true"]);
      await box.running.closeStdin();
      const { stdout, transcript } = await box.running.outcome();
      assert(Number(/^seen (\d+)$/m.exec(stdout)?.[1]) >= 3, transcript);
      assertEquals(stdout.split("\n").filter((line) => /^overwritten .*(memfd|masu)/.test(line)), [], transcript);
      assertEquals(await sha256(MASU), before);
    },
  );

  attackTest(
    `T2: ${who} container cannot trace what enters it, nor list its descriptors`,
    needs,
    async (scratch) => {
      // In a user namespace even with the capability; root of the host's has it not by default.
      const flags = asUser ? ["--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined"] : [];
      await using box = await openBox(scratch, flags, { asUser, probe: true, script: "exec probe attach" });
      for (let time = 0; time < TIMES; time++) await box.exec([], ["true"]);
      await box.running.closeStdin();
      const { stdout, transcript } = await box.running.outcome();
      assertMatch(stdout, /^seen \d+$/m, transcript);
      assertEquals(stdout.split("\n").filter((line) => /memfd|masu|init/.test(line)), [], transcript);
    },
  );
}

for (
  const [who, flags] of [
    ["of root's user namespace", ["--userns", "private", ...ALL]],
    ["without capabilities", []],
  ] as const
) {
  attackTest(
    `T2: a container ${who} catches no process before it is the program`,
    ["mount", "pidns", "busybox", "cc"],
    async (scratch) => {
      await using box = await openBox(scratch, flags, { probe: true, script: "exec probe catch" });
      for (let time = 0; time < TIMES; time++) await box.exec([], ["sleep", "0.01"]);
      await box.running.closeStdin();
      const { stdout, transcript } = await box.running.outcome();
      assertEquals(stdout.split("\n").filter((line) => /^caught .*(memfd|masu)/.test(line)), [], transcript);
    },
  );
}

attackTest(
  "T2: what a container with CAP_SYS_PTRACE on the host catches has no more than the program will have",
  ["mount", "pidns", "busybox", "cc"],
  async (scratch) => {
    // Who has this capability in the host's user namespace may trace whatever it sees: so there must be nothing to gain.
    await using box = await openBox(scratch, ["--cap-add", "SYS_PTRACE"], { probe: true, script: "exec probe catch" });
    const { stdout: status } = await box.exec([], ["cat", "/proc/self/status"]);
    const [uid = "", permitted, privileges, filter] = fields(status, "Uid", "CapPrm", "NoNewPrivs", "Seccomp");
    const rights = ` Uid=${uid.split(" ")[0]} CapPrm=${permitted} NoNewPrivs=${privileges} Seccomp=${filter} `;
    for (let time = 0; time < TIMES; time++) {
      const outcome = await box.exec([], ["sleep", "0.01"]);
      assertEquals(outcome.code, 0, outcome.transcript);
    }
    await box.running.closeStdin();
    const { stdout, transcript } = await box.running.outcome();
    const caught = stdout.split("\n").filter((line) => line.startsWith("caught"));
    assert(caught.length > 0, transcript);
    for (const line of caught) {
      assert(line.includes(rights), line);
      // The standard streams and, until it is the program, the end of a socket that says how that went.
      const [, descriptors = ""] = line.split(/ Seccomp=\d+ /);
      const others = descriptors.split(" ").filter((one) => !/^[012]:/.test(one));
      assert(others.every((one) => /^\d+:socket:/.test(one)) && others.length <= 1, line);
    }
  },
);

attackTest(
  "T1: a program that is a script for /proc/self/exe cannot start or change masu",
  ["mount", "pidns", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    await Deno.writeTextFile(`${root}/bin/trap`, "#!/proc/self/exe\n", { mode: 0o755 });
    const before = await sha256(MASU);
    await using box = await openBox(scratch, ["--privileged"]);
    for (const words of [["/bin/trap"], ["trap", "stage", "3"], ["/proc/self/exe", "guard", "0"]]) {
      const outcome = await box.exec([], words);
      assert(outcome.code !== 0, outcome.transcript);
    }
    const replaced = await box.script([], "rm /bin/sh; cp /bin/trap /bin/sh");
    assertEquals(replaced.code, 0, replaced.transcript);
    const outcome = await box.exec([], ["/bin/sh"]);
    assert(outcome.code !== 0, outcome.transcript);
    assertEquals(await sha256(MASU), before);
  },
);

attackTest("T7: exec gives no program an inheritable capability", ["mount", "pidns", "busybox"], async (scratch) => {
  await using box = await openBox(scratch, ["--cap-add", "ALL"]);
  for (const flags of [[], ["--cap", "net_raw"], ["--privileged"], ["-u", "ada", "--privileged"]]) {
    const { stdout, transcript } = await box.exec(flags, ["cat", "/proc/self/status"]);
    assertEquals(fields(stdout, "CapInh", "CapAmb"), ["0000000000000000", "0000000000000000"], transcript);
  }
});

attackTest(
  "T9: exec leaks no descriptor, and no way out by one",
  ["mount", "pidns", "busybox", "cc"],
  async (scratch) => {
    const root = await image(scratch, { probe: true });
    for (const fd of [3, 9, 12]) await Deno.symlink(`/proc/self/fd/${fd}`, `${root}/link${fd}`);
    const marker = await scratch.write("marker", "");
    await using box = await openBox(scratch, ["--privileged"]);
    const script = `ls -d .${marker} ../..${marker}`;
    for (const path of [...DESCRIPTOR_PATHS, "/proc/1/root", "/link3", "/link9", "/link12"]) {
      const outcome = await leaking(scratch, "exec", "-w", path, box.name, "sh", "-c", script);
      assert(outcome.code !== 0, outcome.transcript);
      assertEquals(outcome.stdout, "", outcome.transcript);
    }
    const outcome = await leaking(scratch, "exec", box.name, "probe", "descriptors");
    assertEquals(outcome.stdout.trim(), "0 1 2", outcome.transcript);
  },
);

attackTest(
  "T9: a directory that was moved out of the root is no place to work in",
  ["mount", "pidns", "busybox"],
  async (scratch) => {
    const outside = await scratch.dir("outside");
    await Deno.mkdir(`${outside}/inner`);
    await using box = await openBox(scratch, ["--privileged", "-v", `${outside}:/shared`]);
    // The container works in it, and its mount goes away below it.
    const held = await scratch.spawn("exec", "-w", "/shared/inner", box.name, "sh", "-c", "echo ready; cat; ls ..");
    await held.until(/^ready$/m);
    const gone = await box.script([], "umount -l /shared");
    assertEquals(gone.code, 0, gone.transcript);
    const pid = (await box.script([], "pidof cat")).stdout.trim();
    const outcome = await box.exec(["-w", `/proc/${pid}/cwd`], ["pwd"]);
    assert(outcome.code !== 0, outcome.transcript);
    await held.closeStdin();
    await held.outcome();
  },
);

attackTest(
  "T19: a container that mounts over its /proc, or has none, changes nothing of what a program gets",
  ["mount", "pidns", "busybox"],
  async (scratch) => {
    const names = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"];
    const flags = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--oom-score-adj", "123"];
    await using box = await openBox(scratch, flags);
    const seen = async () => {
      const file = scratch.path("pid");
      const outcome = await box.exec(["-d", "--pid-file", file], ["sleep", "100"]);
      assertEquals(outcome.code, 0, outcome.transcript);
      const proc = `/proc/${await Deno.readTextFile(file)}`;
      const status = fields(await Deno.readTextFile(`${proc}/status`), ...names);
      const read = (name: string) => Deno.readTextFile(`${proc}/${name}`);
      return [...status, await read("cgroup"), await read("oom_score_adj")].map((text) => text.trim());
    };
    const before = await seen();
    const fake = "mount -t tmpfs none /proc; mkdir -p /proc/self/fd /proc/self/attr /proc/self/task; " +
      "for f in oom_score_adj attr/exec attr/current timens_offsets stat; do echo fake >/proc/self/$f; done; " +
      "ln -s self/fd /proc/fd; mkdir -p /proc/1; echo '1 (x) S 1 1' >/proc/1/stat";
    const mounted = await box.script([], fake);
    assertEquals(mounted.code, 0, mounted.transcript);
    assertEquals(await seen(), before);
    const untouched = await box.script([], "cat /proc/self/oom_score_adj /proc/self/attr/exec");
    assertEquals(untouched.stdout, "fake\nfake\n", untouched.transcript);
    const none = await box.script([], "umount /proc; umount -l /proc; ls /proc | wc -l");
    assertEquals(none.stdout.trim(), "0", none.transcript);
    assertEquals(await seen(), before);
  },
);
