/** Who the program is: user, groups, capabilities, limits, environment, directory. */
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../lib/spec/capabilities.ts";
import { attempt, fields, image, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";
import { MASU } from "../scratch.ts";

const STATUS = "cat /proc/self/status";

const USERS: [flags: string[], uid: number, gid: number, groups: string][] = [
  [[], 0, 0, ""],
  [["-u", "root"], 0, 0, ""],
  [["-u", "0:0"], 0, 0, ""],
  [["-u", "ada"], 1000, 1000, "29 50"],
  [["-u", "1000"], 1000, 1000, "29 50"],
  [["-u", "ada:audio"], 1000, 29, ""],
  [["-u", "ada:7"], 1000, 7, ""],
  [["-u", "1"], 1, 1, ""],
  [["-u", "1:2"], 1, 2, ""],
  [["-u", "4242"], 4242, 0, ""],
  [["-u", "4242:4243"], 4242, 4243, ""],
  [["-u", "4294967294:4294967294"], 4294967294, 4294967294, ""],
  [["-u", "ada", "--group-add", "daemon", "--group-add", "777"], 1000, 1000, "1 29 50 777"],
  [["-u", "ada:staff", "--group-add", "audio"], 1000, 50, "29"],
  [["--group-add", "audio"], 0, 0, "29"],
];
for (const [flags, uid, gid, groups] of USERS) {
  kernelTest(`run ${flags.join(" ")} is ${uid}:${gid} in groups (${groups})`, ["mount", "busybox"], async (scratch) => {
    const status = await inside(scratch, flags, STATUS);
    const four = (id: number) => `${id} ${id} ${id} ${id}`;
    assertEquals(fields(status, "Uid", "Gid", "Groups"), [four(uid), four(gid), groups]);
  });
}

const NOBODY: [user: string, names: string][] = [["carol", '"carol"'], ["ada:wheel", '"wheel"']];
for (const [user, named] of NOBODY) {
  kernelTest(`run -u ${user} is refused when the container does not know the name`, ["busybox"], async (scratch) => {
    const outcome = await attempt(scratch, ["-u", user], "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, named);
  });
}

kernelTest("run -u takes the container's names, not the host's", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  await Deno.writeTextFile(`${root}/etc/passwd`, "daemon:x:77:78::/srv:/bin/sh\n");
  assertEquals(await inside(scratch, ["-u", "daemon"], "id -u; id -g; echo $HOME"), "77\n78\n/srv");
});

const HOMES: [flags: string[], home: string][] = [
  [[], "/root"],
  [["-u", "ada"], "/home/ada"],
  [["-u", "4242"], "/"],
  [["-u", "ada", "-e", "HOME=/elsewhere"], "/elsewhere"],
];
for (const [flags, home] of HOMES) {
  kernelTest(`run ${flags.join(" ")} has HOME=${home}`, ["mount", "busybox"], async (scratch) => {
    assertEquals(await inside(scratch, flags, "echo $HOME"), home);
  });
}

/** Capabilities as /proc/PID/status has them. */
function mask(names: readonly string[]): string {
  const bits = names.map((name) => 1n << BigInt(CAPABILITIES.indexOf(name)));
  return bits.reduce((all, bit) => all | bit, 0n).toString(16).padStart(16, "0");
}
/** Those of this process: a container without a user namespace can have no others. */
const OWN = BigInt(`0x${fields(Deno.readTextFileSync("/proc/self/status"), "CapPrm")[0]}`);
const EVERY_NAME = CAPABILITIES.filter((_, index) => (OWN >> BigInt(index) & 1n) === 1n);
const NONE = mask([]);
const EVERY = mask(EVERY_NAME);

const SETS: [flags: string[], bounding: string, held: string][] = [
  [[], mask(DEFAULT_CAPABILITIES), mask(DEFAULT_CAPABILITIES)],
  [
    ["--cap-add", "net_raw"],
    mask([...DEFAULT_CAPABILITIES, "CAP_NET_RAW"]),
    mask([...DEFAULT_CAPABILITIES, "CAP_NET_RAW"]),
  ],
  [["--cap-drop", "CAP_CHOWN"], mask(DEFAULT_CAPABILITIES.slice(1)), mask(DEFAULT_CAPABILITIES.slice(1))],
  [["--cap-drop", "ALL"], NONE, NONE],
  [["--cap-drop", "all", "--cap-add", "kill"], mask(["CAP_KILL"]), mask(["CAP_KILL"])],
  [["--cap-add", "ALL"], EVERY, EVERY],
  [
    ["--cap-add", "ALL", "--cap-drop", "SYS_ADMIN"],
    mask(EVERY_NAME.filter((name) => name !== "CAP_SYS_ADMIN")),
    mask(EVERY_NAME.filter((name) => name !== "CAP_SYS_ADMIN")),
  ],
  [["--privileged"], EVERY, EVERY],
  [["-u", "ada"], mask(DEFAULT_CAPABILITIES), NONE],
  [["-u", "ada", "--cap-add", "ALL"], EVERY, NONE],
];
for (const [flags, bounding, held] of SETS) {
  kernelTest(
    `run ${flags.join(" ")} holds capabilities ${held}, bounded by ${bounding}`,
    ["mount", "busybox"],
    async (scratch) => {
      const status = await inside(scratch, flags, STATUS);
      assertEquals(fields(status, "CapBnd", "CapEff", "CapPrm", "CapInh", "CapAmb"), [
        bounding,
        held,
        held,
        NONE,
        NONE,
      ]);
    },
  );
}

kernelTest("run --cap-drop CHOWN takes the right to give files away", ["mount", "busybox"], async (scratch) => {
  assertEquals(await inside(scratch, [], "touch /f && chown 1 /f && stat -c %u /f"), "1");
  const outcome = await attempt(scratch, ["--cap-drop", "CHOWN"], "touch /f && chown 1 /f");
  assertEquals(outcome.code, 1, outcome.transcript);
  assertStringIncludes(outcome.stderr, "Operation not permitted");
});

const PRIVILEGES: [flags: string[], set: string][] = [
  [[], "1"],
  [["--security-opt", "no-new-privileges"], "1"],
  [["--security-opt", "no-new-privileges=false"], "0"],
  [["--privileged"], "0"],
  [["--privileged", "--security-opt", "no-new-privileges"], "1"],
];
for (const [flags, set] of PRIVILEGES) {
  kernelTest(`run ${flags.join(" ")} has NoNewPrivs ${set}`, ["mount", "busybox"], async (scratch) => {
    assertEquals(fields(await inside(scratch, flags, STATUS), "NoNewPrivs"), [set]);
  });
}

kernelTest(
  "run lets no set-user-ID program gain rights, unless asked to",
  ["mount", "busybox", "cc"],
  async (scratch) => {
    const root = await image(scratch, { probe: true });
    await Deno.chmod(`${root}/bin/probe`, 0o4755);
    const user = ["-u", "ada"];
    assertEquals(await inside(scratch, user, "probe ids"), "1000 1000");
    assertEquals(await inside(scratch, [...user, "--security-opt", "no-new-privileges=false"], "probe ids"), "1000 0");
  },
);

kernelTest("run gives the program a session keyring of its own", ["mount", "busybox", "cc"], async (scratch) => {
  // keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)
  const ask = "probe call keyctl 0 -3 0";
  const flags = ["--security-opt", "seccomp=unconfined"];
  const root = await image(scratch, { probe: true });
  const own = await scratch.command(`${root}/bin/probe`, "call", "keyctl", "0", "-3", "0");
  const [first, second] = [await inside(scratch, flags, ask), await inside(scratch, flags, ask)];
  assertMatch(first, /^\d+$/);
  assertNotEquals(first, second);
  assertNotEquals(first, own.stdout.trim());
});

kernelTest("run sets the umask to 0022 whatever the caller's is", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  const script = 'umask 0777; exec "$@"';
  const outcome = await scratch.command(
    "sh",
    "-c",
    script,
    "sh",
    MASU,
    "run",
    root,
    "sh",
    "-c",
    "umask; touch /f; stat -c %a /f /etc/hosts",
  );
  assertEquals([outcome.code, outcome.stdout], [0, "0022\n644\n644\n"], outcome.transcript);
});

const LIMITS: [ulimit: string, line: RegExp][] = [
  ["nofile=100:200", /^Max open files +100 +200 /m],
  ["core=0", /^Max core file size +0 +0 /m],
  ["core=-1", /^Max core file size +unlimited +unlimited /m],
  ["nproc=64", /^Max processes +64 +64 /m],
  ["stack=1048576:unlimited", /^Max stack size +1048576 +unlimited /m],
  ["memlock=65536", /^Max locked memory +65536 +65536 /m],
  ["nice=0", /^Max nice priority +0 +0 /m],
];
for (const [limit, line] of LIMITS) {
  kernelTest(`run --ulimit ${limit} sets the limit`, ["mount", "busybox"], async (scratch) => {
    assertMatch(await inside(scratch, ["--ulimit", limit], "cat /proc/self/limits"), line);
  });
}

kernelTest("run raises the soft limit of open files", ["mount", "busybox"], async (scratch) => {
  const script = 'ulimit -Sn 64; ulimit -Hn 4096; exec "$@"';
  const root = await image(scratch);
  const outcome = await scratch.command(
    "sh",
    "-c",
    script,
    "sh",
    MASU,
    "run",
    root,
    "sh",
    "-c",
    "ulimit -Sn; ulimit -Hn",
  );
  assertEquals(outcome.stdout, "4096\n4096\n", outcome.transcript);
});

for (const value of ["500", "-500", "0", "1000"]) {
  const needs = ["mount", "busybox", ...(value.startsWith("-") ? ["resource" as const] : [])] as const;
  kernelTest(`run --oom-score-adj ${value} is the program's`, needs, async (scratch) => {
    assertEquals(await inside(scratch, ["--oom-score-adj", value], "cat /proc/self/oom_score_adj"), value);
  });
}

kernelTest("run gives these variables and nothing of the caller's", ["mount", "busybox"], async (scratch) => {
  const file = await scratch.write("variables", "# comment\nA=file\nB=file\n\nSECRET\n");
  const flags = [
    "--hostname",
    "box",
    "--env-file",
    file,
    "-e",
    "A=flag",
    "-e",
    "EMPTY=",
    "-e",
    "TAKEN",
    "-e",
    "ABSENT",
  ];
  const seen = await inside(scratch, flags, "exec env", {
    env: { SECRET: "told", TAKEN: "caller", HIDDEN: "no", ABSENT: undefined },
  });
  assertEquals(seen.split("\n").sort().filter((line) => !/^(SHLVL|PWD|_)=/.test(line)), [
    "A=flag",
    "B=file",
    "EMPTY=",
    "HOME=/root",
    "HOSTNAME=box",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "SECRET=told",
    "TAKEN=caller",
    "container=masu",
  ]);
});

kernelTest("run -e passes any text as it is", ["mount", "busybox"], async (scratch) => {
  const value = 'a=b ${id} $${created} "quoted" \\ 枡\ttab';
  assertEquals(await inside(scratch, ["-e", `VALUE=${value}`], 'printf %s "$VALUE"'), value);
});

kernelTest("run passes any argument as it is", ["mount", "busybox"], async (scratch) => {
  const words = ["${id}", "$${pid}", "${arguments}", "", "a b", '"', "\\n", "-x", "枡", "\n"];
  const outcome = await scratch.masu("run", await image(scratch), "printf", "[%s]", ...words);
  assertEquals(outcome.stdout, words.map((word) => `[${word}]`).join(""), outcome.transcript);
});

kernelTest("run -w starts there, and makes the directory", ["mount", "busybox"], async (scratch) => {
  assertEquals(await inside(scratch, [], "pwd"), "/");
  assertEquals(await inside(scratch, ["-w", "/home/ada"], "pwd"), "/home/ada");
  assertEquals(await inside(scratch, ["-w", "/made/for/it"], "pwd; stat -c %u:%a ."), "/made/for/it\n0:755");
});

kernelTest("run --entrypoint comes before the arguments", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  const one = await scratch.masu("run", "--entrypoint", "echo", root, "a", "b");
  assertEquals(one.stdout, "a b\n", one.transcript);
  const many = await scratch.masu("run", "--entrypoint", '["printf", "%s-"]', root, "a", "b");
  assertEquals(many.stdout, "a-b-", many.transcript);
});

kernelTest("run finds the program by the container's PATH", ["mount", "busybox"], async (scratch) => {
  const root = await image(scratch);
  await Deno.mkdir(`${root}/opt/bin`, { recursive: true });
  await Deno.writeTextFile(`${root}/opt/bin/hello`, "#!/bin/sh\necho hello $1\n", { mode: 0o755 });
  const found = await scratch.masu("run", "-e", "PATH=/opt/bin:/bin", root, "hello", "you");
  assertEquals(found.stdout, "hello you\n", found.transcript);
  const missed = await scratch.masu("run", root, "hello");
  assertEquals([missed.code, missed.stdout], [127, ""], missed.transcript);
});

kernelTest("run makes the program the leader of a session of its own", ["mount", "busybox"], async (scratch) => {
  const [pid, , , , group, session] = (await inside(scratch, [], "cat /proc/self/stat")).split(" ");
  assert(pid === "1" || session === "1", `${pid} ${group} ${session}`);
});
