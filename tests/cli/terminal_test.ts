/** masu run -t: a terminal that behaves as the one it was started from, and leaves that as it was. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";
import { image } from "../inside.ts";
import { childrenOf, familyOf, fileOf, nameOf, stateOf, until } from "./family.ts";
import { Terminal } from "./tmux.ts";

const CONTAINER: Need[] = ["mount", "pidns", "overlay", "busybox"];
const ON_TERMINAL: Need[] = [...CONTAINER, "tmux"];

kernelTest("masu run -it gives the program a terminal of the container's own", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  const masu = await command(scratch, "-it");
  const script = 'tty; readlink /proc/1/fd/0; stty size; cat /proc/1/stat | cut -d" " -f5-8; ls -l /dev/console';
  const shown = await terminal.run(`${masu} sh -c '${script}'`);
  const [name, link, size, session, console] = shown.split("\n");
  assertEquals([name, link, size], ["/dev/pts/0", "/dev/pts/0", "24 80"], shown);
  // Its group, its session, its controlling terminal (136:0, the first of devpts), and the foreground group.
  assertEquals(session, "1 1 34816 1", shown);
  assertMatch(console ?? "", /^crw--w---- +1 root +tty +136, +0 /, shown);
});

kernelTest("masu run -it shows on /dev/console what shows on the terminal", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  assertEquals(await terminal.run(`${await command(scratch, "-it")} sh -c 'echo hello > /dev/console'`), "hello\n");
});

kernelTest("masu run -it follows the size of the window", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  const masu = await command(scratch, "-it");
  await terminal.line(`${masu} sh -c 'trap "stty size" WINCH; echo up; while :; do sleep 0.02; done'`);
  await terminal.until(/^up$/m);
  await terminal.resize(100, 30);
  await terminal.until(/^30 100$/m);
  await terminal.resize(70, 20);
  await terminal.until(/^20 70$/m);
  await terminal.keys("C-c");
  await terminal.until(/\$$/);
});

kernelTest("masu run -it has job control inside", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  await terminal.line(`${await command(scratch, "-it")} sh -c 'PS1="in> " exec sh'`);
  await terminal.until(/^in>/m);
  await terminal.line("sleep 100");
  // Only once it runs is it in the foreground, and what is typed its own.
  const sleeps = (state: RegExp) => descendantsNamed(Deno.pid, "sleep").some((pid) => state.test(stateOf(pid)));
  await until("sleep runs", () => sleeps(/[SR]/));
  await terminal.keys("C-z");
  await terminal.until(/Stopped +sleep 100/);
  await terminal.line("jobs; echo done");
  await terminal.until(/^done$/m);
  await terminal.line("fg");
  await terminal.until(/^sleep 100$/m);
  await until("sleep goes on", () => sleeps(/[SR]/));
  await terminal.keys("C-c");
  await until("sleep has ended", () => !sleeps(/./));
  await terminal.line("echo status $?");
  await terminal.until(/^status 130$/m);
  await terminal.line("exit 6");
  await terminal.until(/^\$$/m);
  assertEquals(await terminal.run("echo $?"), "6\n");
});

kernelTest("masu run -it gives Ctrl-C to the program, not to masu", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  const masu = await command(scratch, "-it");
  await terminal.line(`${masu} sh -c 'trap "echo caught" INT; echo up; read line; read line; exit 4'; echo status $?`);
  await terminal.until(/up$/m);
  await terminal.keys("C-c");
  await terminal.until(/caught/);
  await terminal.keys("Enter", "Enter");
  await terminal.until(/^status 4$/m);
});

kernelTest("masu run -it ends by Ctrl-C a program without a handler", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  const rootfs = await scratch.rootfs("busybox");
  for (const flags of ["-it", "-it --init"]) {
    await terminal.line(`${MASU} run ${flags} ${rootfs} sleep 100; echo ${flags.length}=$?`);
    await until("sleep runs", () => descendantsNamed(Deno.pid, "sleep").length > 0);
    await terminal.keys("C-c");
    await terminal.until(new RegExp(`^(\\^C)?${flags.length}=130$`, "m"));
  }
});

kernelTest(
  "masu run -i lets Ctrl-C, Ctrl-Z and fg do what they do to a plain program",
  ON_TERMINAL,
  async (scratch) => {
    await using terminal = await Terminal.open(scratch);
    await terminal.line(`${await command(scratch, "-i")} sleep 100`);
    await until("sleep runs", () => descendantsNamed(Deno.pid, "sleep").length > 0);
    await terminal.keys("C-z");
    await terminal.until(/Stopped/);
    const [sleep = 0] = descendantsNamed(Deno.pid, "sleep");
    await until("sleep is stopped", () => / \(sleep\) T /.test(` ${fileOf(sleep, "stat")}`));
    await terminal.line("fg");
    await until("sleep goes on", () => / \(sleep\) S /.test(` ${fileOf(sleep, "stat")}`));
    await terminal.keys("C-c");
    await terminal.line("echo status $?");
    await terminal.until(/^status 130$/m);
  },
);

kernelTest("masu run -i reads from the terminal itself", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  await terminal.line(`${await command(scratch, "-i")} sh -c 'echo up; read line; echo "got $line"'`);
  await terminal.until(/^up$/m);
  await terminal.line("hello");
  await terminal.until(/^got hello$/m);
});

/** What ends masu while the terminal is raw, and what the shell then says. */
const ENDS: [name: string, end: (masu: number) => Promise<void>, status: RegExp][] = [
  ["its program ends", async (masu) => Deno.kill((await familyOf(masu)).first, "SIGKILL"), /137/],
  ["masu gets SIGTERM", (masu) => Promise.resolve(Deno.kill(masu, "SIGTERM")), /143/],
  ["masu is killed", (masu) => Promise.resolve(Deno.kill(masu, "SIGKILL")), /137/],
];
for (const [name, end, status] of ENDS) {
  kernelTest(`masu run -it leaves the terminal as it was when ${name}`, ON_TERMINAL, async (scratch) => {
    await using terminal = await Terminal.open(scratch);
    const device = (await terminal.run("tty")).trim();
    // The shell has modes of its own while it waits for a line: those that it gives to programs are what counts.
    const before = await terminal.run("stty -a");
    await terminal.line(`${await command(scratch, "-it")} sleep 100; echo "status=$?"`);
    await until("sleep runs", () => descendantsNamed(Deno.pid, "sleep").length > 0);
    const [masu] = childrenOf(await terminal.shell());
    await until("the terminal is raw", () => !modes(device).includes(" icanon"));
    await end(masu ?? 0);
    const [, shown = ""] = await terminal.until(/status=(\d+)/);
    assertMatch(shown, status);
    await until("the guard has ended", () => descendantsNamed(Deno.pid, "masu-guard").length === 0);
    assertEquals(await terminal.run("stty -a"), before);
    assertEquals(await terminal.run("echo visible"), "visible\n");
  });
}

kernelTest(
  "masu run -it that is killed leaves the terminal as it was to who does not look after it",
  ON_TERMINAL,
  async (scratch) => {
    await using terminal = await Terminal.open(scratch);
    const [before, after] = [scratch.path("before"), scratch.path("after")];
    // A shell that runs a script does nothing about the terminal when a command ends.
    const masu = await command(scratch, "-it");
    await terminal.line(`sh -c 'stty -a >${before}; ${masu} sleep 100; sleep 0.5; stty -a >${after}; echo done'`);
    await until("sleep runs", () => descendantsNamed(Deno.pid, "sleep").length > 0);
    const [dash = 0] = childrenOf(await terminal.shell());
    const [monitor = 0] = childrenOf(dash);
    await until("masu is the monitor", () => fileOf(monitor, "cmdline").startsWith("masu\0monitor\0"));
    await until("the terminal is raw", () => !modes(`/proc/${monitor}/fd/0`).includes(" icanon"));
    Deno.kill(monitor, "SIGKILL");
    await terminal.until(/^ *done$/m);
    assertEquals(await Deno.readTextFile(after), await Deno.readTextFile(before));
  },
);

kernelTest(
  "masu run -it is stopped from outside with the terminal restored, and goes on raw",
  ON_TERMINAL,
  async (scratch) => {
    await using terminal = await Terminal.open(scratch);
    const device = (await terminal.run("tty")).trim();
    await terminal.line(`${await command(scratch, "-it")} sh -c 'echo up; read line; echo "got $line"; stty size'`);
    await terminal.until(/^up/m);
    await until("the terminal is raw", () => !modes(device).includes(" icanon"));
    const [masu = 0] = childrenOf(await terminal.shell());
    Deno.kill(masu, "SIGTSTP");
    await terminal.until(/Stopped/);
    await terminal.resize(90, 25);
    await terminal.line("fg");
    await until("the terminal is raw again", () => !modes(device).includes(" icanon"));
    await terminal.line("hello");
    await terminal.until(/^got hello$/m);
    await terminal.until(/^25 90$/m);
  },
);

kernelTest("masu run -it passes every byte on", ON_TERMINAL, async (scratch) => {
  await using terminal = await Terminal.open(scratch);
  const script = "stty raw -echo; echo up; head -c 6 | od -An -tx1";
  await terminal.line(`${await command(scratch, "-it")} sh -c '${script}'`);
  await terminal.until(/^up/m);
  await terminal.keys("C-c", "C-z", "C-d", "C-s", "C-q", "C-]");
  await terminal.until(/03 1a 04 13 11 1d/);
});

kernelTest("masu run -t loses nothing of what the program wrote last", CONTAINER, async (scratch) => {
  const result = await scratch.masu("run", "-t", await scratch.rootfs("busybox"), "seq", "100000");
  assertEquals(result.code, 0, result.stderr);
  const expected = Array.from({ length: 100_000 }, (_, index) => `${index + 1}\r\n`).join("");
  assertEquals(result.stdout.length, expected.length);
  assertEquals(result.stdout === expected, true);
});

kernelTest("masu run -t waits for a slow reader of the output", CONTAINER, async (scratch) => {
  const script = '"$0" run -t "$1" seq 50000 | (sleep 0.5; tail -n 1); echo ${PIPESTATUS[0]}';
  const { stdout, transcript } = await scratch.command("bash", "-c", script, MASU, await scratch.rootfs("busybox"));
  assertEquals(stdout.replaceAll("\r", ""), "50000\n0\n", transcript);
});

kernelTest(
  "masu run -t without a terminal on stdin works, and the end of stdin is Ctrl-D",
  CONTAINER,
  async (scratch) => {
    const rootfs = await scratch.rootfs("busybox");
    const result = await scratch.masu("run", "-t", rootfs, "sh", "-c", "tty; cat; exit 8", { stdin: "one\ntwo\n" });
    assertEquals(result.code, 8, result.transcript);
    const lines = result.stdout.replaceAll("\r", "").replaceAll("^D\b\b", "").split("\n");
    assertEquals(lines.filter((line) => line === "/dev/pts/0").length, 1, result.transcript);
    // Once as the terminal's echo, once from cat.
    assertEquals(lines.filter((line) => line === "two").length, 2, result.transcript);
  },
);

kernelTest("masu run -t works for the program's user", [...CONTAINER, "user"], async (scratch) => {
  const rootfs = await image(scratch, { asUser: true });
  for (const asUser of [false, true]) {
    const result = await scratch.masu("run", "-t", "-u", "0", rootfs, "sh", "-c", "echo hello > $(tty)", { asUser });
    assertEquals([result.code, result.stdout], [0, "hello\r\n"], result.transcript);
  }
  const ada = await scratch.masu(
    "run",
    "-t",
    "-u",
    "ada",
    rootfs,
    "sh",
    "-c",
    "echo hello > $(tty); stat -c %U $(tty)",
  );
  assertEquals([ada.code, ada.stdout], [0, "hello\r\nada\r\n"], ada.transcript);
});

kernelTest(
  "masu run -it cannot push input into the terminal that it was started from",
  [...ON_TERMINAL, "python3"],
  async (scratch) => {
    await using terminal = await Terminal.open(scratch);
    const push = "import fcntl, termios; [fcntl.ioctl(0, termios.TIOCSTI, bytes([c])) for c in b'echo pushed\\n']";
    await scratch.write("push.py", push);
    const shown = await terminal.run(`${MASU} run -i -v ${scratch.path("push.py")}:/push.py host python3 /push.py`);
    assertNotEquals(shown.trim(), "", "TIOCSTI fails");
    await new Promise((resolve) => setTimeout(resolve, 100));
    assertEquals(/^pushed$/m.test(await terminal.screen()), false);
  },
);

/** `masu run FLAGS ROOTFS`, as it is typed. */
async function command(scratch: Scratch, flags: string): Promise<string> {
  return `${MASU} run ${flags} ${await scratch.rootfs("busybox")}`;
}

/** The modes of a terminal as stty(1) has them. */
function modes(device: string): string {
  const { stdout } = new Deno.Command("stty", { args: ["-F", device, "-a"] }).outputSync();
  return new TextDecoder().decode(stdout).replaceAll("\n", " ");
}

/** Processes of a name below one that have not ended. */
function descendantsNamed(pid: number, name: string): number[] {
  return childrenOf(pid).flatMap((child) => [
    ...(nameOf(child) === name && stateOf(child) !== "Z" ? [child] : []),
    ...descendantsNamed(child, name),
  ]);
}
