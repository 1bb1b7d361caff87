/** masu ns as a person types it: mistakes, help, and plans that are printed. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cliTest, kernelTest } from "../needs.ts";
import { MASU } from "../scratch.ts";
import { Terminal } from "./tmux.ts";

const MISTAKES: [args: string[], code: number, stderr: string][] = [
  [["ns"], 2, 'Read operands of "masu ns": a command is needed'],
  [["ns", "rnu"], 2, 'hint: did you mean "run"?'],
  [
    ["ns", "run", "--utss", "true"],
    125,
    'Read flag "--utss" of "masu ns run": no such flag\nhint: did you mean "--uts"?',
  ],
  [["ns", "run", "--propagation", "sharde", "true"], 125, '"sharde": no such choice\nhint: did you mean "shared"?'],
  [["ns", "run", "-r", "-c", "true"], 125, 'Read flag "--map-current-user": it contradicts --map-root-user'],
  [["ns", "run", "--setgroups", "deny", "true"], 125, "there is no new user namespace"],
  [["ns", "run", "-r", "--setgroups", "allow", "true"], 125, 'Read --setgroups "allow"'],
  [["ns", "run", "--map-users", "1-2", "true"], 125, 'Read --map-users "1-2": not a range of ids'],
  [["ns", "run", "--keep", "/tmp/x", "true"], 125, "which namespace is meant is not clear"],
  [
    ["ns", "run", "--keep", "nte=/tmp/x", "true"],
    125,
    'Read --keep "nte": no such namespace\nhint: did you mean "net"?',
  ],
  [["ns", "run", "--monotonic", "x", "true"], 125, 'Read --monotonic "x": not a number of seconds'],
  [["ns", "run", "--kill-child=TERM", "true"], 125, "by SIGKILL and nothing else"],
  [["ns", "run", "--rootfs", "/nowhere", "true"], 125, 'Use --rootfs "/nowhere": no such directory'],
  [
    ["ns", "run", "--bind", "/etc:/nowhere", "true"],
    125,
    "there is no such destination\nhint: make it: mkdir -p /nowhere",
  ],
  [["ns", "run", "--ambient-caps", "net_admin", "true"], 125, '"net_admin": it has no sign'],
  [["ns", "run", "--cap-drop", "net_amdin", "true"], 125, '"net_amdin": no such capability'],
  [["ns", "run", "--setuid", "no-such-user", "true"], 125, 'Use user "no-such-user"'],
  [["ns", "run", "--init-groups", "true"], 125, 'Read flag "--init-groups": it needs a user'],
  [["ns", "run", "--load-interp", "x", "true"], 125, "masu does not support it\nhint: "],
  [["ns", "run", "--json", "true"], 125, "it prints no result of its own"],
  [["ns", "enter"], 125, 'Read operands of "masu ns enter": no CONTAINER and no FILE'],
  [["ns", "enter", "--uts", "-t", "0", "true"], 125, 'Read --target "0"'],
  [["ns", "enter", "/etc/passwd", "true"], 125, "no namespace is kept there"],
  [["ns", "enter", "--net=/etc/passwd", "true"], 125, '"/etc/passwd": it is no namespace'],
  [["ns", "enter", "--net=/proc/self/ns/uts", "true"], 125, "it is a uts namespace"],
  [["ns", "enter", "no-such-container", "true"], 125, "no-such-container"],
  [["ns", "list", "--type", "nte"], 2, 'hint: did you mean "net"?'],
  [["ns", "list", "x"], 2, "it takes none"],
];
for (const [args, code, stderr] of MISTAKES) {
  cliTest(`masu ${args.join(" ")} ends with ${code} and says what is wrong`, async (scratch) => {
    const result = await scratch.masu(...args);
    assertEquals([result.code, result.stdout], [code, ""], result.transcript);
    assertStringIncludes(result.stderr, stderr, result.transcript);
  });
}

cliTest("masu help ns run explains its flags", async (scratch) => {
  const { stdout, code } = await scratch.masu("help", "ns", "run");
  assertEquals(code, 0);
  for (const flag of ["--mount-proc", "--map-root-user", "--keep", "--ambient-caps"]) {
    assertStringIncludes(stdout, flag);
  }
});

cliTest("masu ns run --explain touches nothing, in three forms", async (scratch) => {
  const words = ["ns", "run", "--net", "--mount-proc", "--keep", `net=${scratch.path("kept")}`, "--nnp"];
  const text = await scratch.masu(...words, "--explain", "--", "true");
  assertStringIncludes(text.stdout, "Keep the network namespace", text.transcript);
  const json = JSON.parse((await scratch.masu(...words, "--explain=json", "--", "true")).stdout);
  assertEquals(json.clone.namespaces, ["mount", "network"]);
  const script = await scratch.masu(...words, "--explain=sh", "--", "true");
  assertMatch(script.stdout, /^exec unshare --mount --net=\S+kept --propagation private -- /m, script.transcript);
  assertEquals([...Deno.readDirSync(scratch.path())].some(({ name }) => name === "kept"), false);
});

const SCRIPTS: [flags: string[], script: string][] = [
  [["--uts", "--hostname", "inside"], "hostname"],
  [["-r"], "id; cat /proc/self/setgroups"],
  [["--pid", "--mount-proc"], "echo $$; echo /proc/[0-9]*"],
  [["--setuid", "12", "--setgid", "34", "--no-new-privs"], "grep -E '^(Uid|Gid|Groups|NoNew|Cap)' /proc/self/status"],
  [["--mount", "--wd", "/usr"], "pwd"],
];
for (const [flags, script] of SCRIPTS) {
  kernelTest(
    `masu ns run ${flags.join(" ")} --explain=sh prints what does the same`,
    ["userns", "mount", "pidns"],
    async (scratch) => {
      const explained = await scratch.masu("ns", "run", ...flags, "--explain=sh", "--", "sh", "-c", script);
      const path = await scratch.write("script.sh", explained.stdout, 0o755);
      const theirs = await scratch.command("sh", path);
      const ours = await scratch.masu("ns", "run", ...flags, "--", "sh", "-c", script);
      assertEquals(theirs.stdout, ours.stdout, `${explained.transcript}\n${theirs.transcript}`);
    },
  );
}

cliTest("masu ns run runs $SHELL where no program is named", async (scratch) => {
  const run = await scratch.masu("ns", "run", "--uts", { stdin: "echo shell $0\n", env: { SHELL: "/bin/sh" } });
  assertEquals(run.stdout, "shell /bin/sh\n", run.transcript);
});

kernelTest("masu ns run --pid: Ctrl-C reaches the program once", ["pidns", "tmux", "python3"], async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  const program = await scratch.write(
    "count.py",
    "import signal, time\ncount = 0\ndef caught(*_):\n  global count\n  count += 1\nsignal.signal(signal.SIGINT, caught)\n" +
      'print("up", flush=True)\nend = time.time() + 1.5\nwhile time.time() < end: time.sleep(0.01)\nprint("caught", count)\n',
  );
  await terminal.line(`${MASU} ns run --pid -- python3 ${program}`);
  await terminal.until(/^up$/m);
  await terminal.keys("C-c");
  await terminal.until(/caught 1$/m);
  await terminal.line(`${MASU} ns run --pid -- sleep 100; echo status $?`);
  // Until it is there: as PID 1 it leaves the signal to its default, and is ended by masu.
  await new Promise((resolve) => setTimeout(resolve, 500));
  await terminal.keys("C-c");
  await terminal.until(/status 130$/m);
});
