/** masu cap: the same as capsh(1), getpcaps(8), getcap(8) and setpriv(1) tell and do. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import type { Scratch } from "../scratch.ts";
import { TEST_USER } from "../host.ts";

/** All that there is to see of a process's rights. */
const RIGHTS = ["sh", "-c", "grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs):' /proc/self/status"];

kernelTest("cap list tells what getpcaps(8) tells", ["capsh"], async (scratch) => {
  const list = await scratch.masu("cap", "list", "--json", `${Deno.pid}`, "1");
  const [own, first]: { effective: string[]; bounding: string[]; securebits: unknown; pid: number }[] = JSON.parse(
    list.stdout,
  );
  assertEquals([own?.pid, first?.pid], [Deno.pid, 1], list.transcript);
  const status = Deno.readTextFileSync(`/proc/${Deno.pid}/status`);
  const masks = ["CapEff", "CapBnd"].map((name) => new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(status)?.[1] ?? "");
  for (const [index, names] of [own?.effective, own?.bounding].entries()) {
    const capsh = await scratch.command("capsh", `--decode=${masks[index]}`);
    assertEquals(`0x${masks[index]}=${names?.join(",").toLowerCase()}\n`, capsh.stdout);
    const decode = await scratch.masu("cap", "decode", masks[index] ?? "");
    assertEquals(decode.stdout, capsh.stdout);
  }
  assertEquals(own?.securebits, null);
  const unknown = await scratch.masu("cap", "list", "4194303");
  assertEquals(unknown.code, 1, unknown.transcript);
});

kernelTest("cap list without an operand is what the shell gives", [], async (scratch) => {
  const run = await scratch.masu("cap", "list");
  assertMatch(run.stdout, /^effective .*\n(.*\n)*no_new_privs +no\nsecurebits +none$/m, run.transcript);
});

kernelTest("cap list --file tells what getcap(8) tells", ["capsh", "userns"], async (scratch) => {
  const files = ["one", "two", "three", "none"].map((name) => scratch.path(name));
  for (const file of files) await Deno.copyFile("/bin/true", file);
  const words = ["cap_net_raw=ep", "cap_chown,cap_kill=p", "cap_dac_override=i"];
  for (const [index, word] of words.entries()) {
    const set = await scratch.command("setcap", word, files[index] ?? "");
    assertEquals(set.code, 0, set.transcript);
  }
  const list = await scratch.masu("cap", "list", "--file", ...files);
  assertEquals(list.stdout, (await scratch.command("getcap", ...files)).stdout, list.transcript);
  const absent = await scratch.masu("cap", "list", "--file", scratch.path("absent"), ...files);
  assertEquals([absent.code, absent.stdout], [1, list.stdout], absent.transcript);
  assertMatch(absent.stderr, /there is no such file/);
});

kernelTest("cap list --file tells the root user of a user namespace", ["userns", "capsh"], async (scratch) => {
  await Deno.copyFile("/bin/true", scratch.path("true"));
  const set = await scratch.command("setcap", "-n", "1000", "cap_net_raw=ep", scratch.path("true"));
  assertEquals(set.code, 0, set.transcript);
  const list = await scratch.masu("cap", "list", "--file", scratch.path("true"));
  assertEquals(list.stdout, `${scratch.path("true")} cap_net_raw=ep [rootid=1000]\n`);
});

kernelTest("cap decode reads stdin and the other way round", [], async (scratch) => {
  const stdin = "CapInh:\t0000000000000000\nCapEff:\t0000000000003000\n0x1\n";
  const decode = await scratch.masu("cap", "decode", { stdin });
  const expected = [
    "CapInh: 0x0000000000000000=",
    "CapEff: 0x0000000000003000=cap_net_admin,cap_net_raw",
    "0x0000000000000001=cap_chown",
    "",
  ];
  assertEquals(decode.stdout, expected.join("\n"), decode.transcript);
  const encode = await scratch.masu("cap", "decode", "--encode", "net_admin,CAP_NET_RAW", "all", "none");
  assertEquals(encode.stdout, "0000000000003000\n000001ffffffffff\n0000000000000000\n");
  assertEquals((await scratch.masu("cap", "decode", "zz")).code, 2);
});

const ALIKE: [name: string, flags: string[], setpriv: string[]][] = [
  ["drops one", ["--drop", "net_raw"], ["--bounding-set=-net_raw"]],
  ["keeps one of root's", ["--drop", "all", "--add", "chown"], ["--bounding-set=-all,+chown"]],
  ["limits root", ["--permitted", "chown,kill"], ["--bounding-set=-all,+chown,+kill"]],
  [
    "becomes another user with one",
    ["--user", TEST_USER, "--permitted", "net_bind_service"],
    [
      `--reuid=${TEST_USER}`,
      `--regid=${TEST_USER}`,
      "--init-groups",
      "--inh-caps=+net_bind_service",
      "--ambient-caps=+net_bind_service",
    ],
  ],
  [
    "becomes another user with none",
    ["--user", TEST_USER, "--no-new-privs"],
    [`--reuid=${TEST_USER}`, `--regid=${TEST_USER}`, "--init-groups", "--no-new-privs"],
  ],
  ["hands on", ["--inheritable", "chown"], ["--inh-caps=-all,+chown"]],
  ["takes root's powers", ["--securebits", "+noroot"], ["--securebits=+noroot"]],
  ["changes the bounding set", ["--bounding", "-all,+kill"], ["--bounding-set=-all,+kill"]],
];
for (const [name, flags, setpriv] of ALIKE) {
  kernelTest(`cap run ${name} as setpriv(1) does`, ["user", "capsh"], async (scratch) => {
    const [run, other] = [
      await scratch.masu("cap", "run", ...flags, "--", ...RIGHTS),
      await scratch.command("setpriv", ...setpriv, "--", ...RIGHTS),
    ];
    assertEquals([run.code, run.stdout], [0, other.stdout], run.transcript);
    const script = await scratch.masu("cap", "run", "--explain=sh", ...flags, "--", ...RIGHTS);
    const printed = await scratch.command("sh", "-c", script.stdout);
    assertEquals(printed.stdout, other.stdout, script.transcript);
  });
}

kernelTest("cap run gives exactly the ambient, inheritable and bounding sets", ["user"], async (scratch) => {
  const sets = ["--ambient", "kill", "--inheritable", "kill,chown", "--bounding", "none", "--no-new-privs"];
  const run = await scratch.masu("cap", "run", "--user", TEST_USER, ...sets, "--", ...RIGHTS);
  const masks = [...run.stdout.matchAll(/^Cap...:\t(\w+)$/gm)].map(([, mask]) => parseInt(mask ?? "", 16));
  assertEquals(masks, [0x21, 0x20, 0x20, 0, 0x20], run.transcript);
  assertMatch(run.stdout, /^NoNewPrivs:\t1$/m);
});

kernelTest("cap run locks securebits for good", ["capsh"], async (scratch) => {
  const bits = ["--securebits", "+noroot,+noroot_locked,+no_cap_ambient_raise", "--permitted", "setpcap,sys_admin"];
  const run = await scratch.masu("cap", "run", ...bits, "--", "capsh", "--print");
  assertMatch(run.stdout, /secure-noroot: yes \(locked\)/, run.transcript);
  assertMatch(run.stdout, /secure-no-ambient-raise: yes/, run.transcript);
  assertMatch(run.stdout, /^Current: cap_setpcap,cap_sys_admin=eip$/m, run.transcript);
});

type Refusal = [name: string, flags: string[], message: RegExp, asUser: boolean, needs: Need[]];
const REFUSED: Refusal[] = [
  ["what execve(2) takes", ["--user", TEST_USER, "--effective", "kill", "--ambient", "none"], /is ambient/, false, [
    "user",
  ]],
  ["root's above its bounding set", ["--permitted", "kill", "--bounding", "all"], /what is bounding/, false, []],
  ["to give what is not there", ["--permitted", "net_raw"], /does not have it itself/, true, ["user"]],
  ["to limit without CAP_SETPCAP", ["--drop", "net_raw"], /CAP_SETPCAP/, true, ["user"]],
  ["a name that is none", ["--drop", "net_rwa"], /did you mean "NET_RAW"/, false, []],
  ["a bit that is none", ["--securebits", "+root"], /no such bit/, false, []],
];
for (const [name, flags, message, asUser, needs] of REFUSED) {
  kernelTest(`cap run refuses ${name}`, needs, async (scratch) => {
    const run = await scratch.masu("cap", "run", ...flags, "--", "true", { asUser });
    assertEquals(run.code, 125, run.transcript);
    assertMatch(run.stderr, message);
  });
}

kernelTest("cap run has statuses of its own and the program's", [], async (scratch: Scratch) => {
  for (const [program, code] of [[["sh", "-c", "exit 7"], 7], [["/absent"], 127], [["/etc/passwd"], 126]] as const) {
    const run = await scratch.masu("cap", "run", ...program);
    assertEquals(run.code, code, run.transcript);
  }
});

kernelTest("cap run works in a user namespace of an ordinary user", ["user"], async (scratch) => {
  const masu = Deno.env.get("MASU_BIN") ?? new URL("../../dist/masu", import.meta.url).pathname;
  const line = ["ns", "run", "--user", "--map-root", "--", masu, "cap", "run", "--drop", "all", "--add", "kill", "--"];
  const run = await scratch.masu(...line, ...RIGHTS, { asUser: true });
  assertEquals(run.code, 0, run.transcript);
  assertStringIncludes(run.stdout, "CapEff:\t0000000000000020\nCapBnd:\t0000000000000020");
});

kernelTest("cap run keeps its PID", [], async (scratch) => {
  const masu = Deno.env.get("MASU_BIN") ?? new URL("../../dist/masu", import.meta.url).pathname;
  const run = await scratch.command("sh", "-c", `echo $$; exec ${masu} cap run --drop kill -- sh -c 'echo $$'`);
  const [before, after] = run.stdout.split("\n");
  assertEquals(after, before, run.transcript);
});
