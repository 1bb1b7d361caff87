/** `process` of config.json, by what the program sees of itself. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config } from "../bundle.ts";
import { exists } from "../host.ts";
import { kernelTest, type Need } from "../needs.ts";

/** What a script says in the container; `field` is the key that it is about. */
interface Case {
  readonly field: string;
  readonly change: (config: Config) => void;
  readonly script: string;
  readonly says: string;
  readonly needs?: readonly Need[];
}

/** CAP_KILL is number 5, CAP_NET_BIND_SERVICE 10: capabilities(7). */
const AMBIENT =
  "CapInh:0000000000000420 CapPrm:0000000000000420 CapEff:0000000000000420 CapBnd:0000000000000420 CapAmb:0000000000000420";

const sets = (names: string[]) =>
  Object.fromEntries(["bounding", "effective", "permitted", "inheritable", "ambient"].map((set) => [set, [...names]]));

const CASES: Case[] = [
  {
    field: "process.args",
    change: ({ process }) => process.args = ["sh", "-c", 'echo "$0 $1"', "zero", "one two"],
    script: "",
    says: "zero one two",
  },
  {
    field: "process.env",
    change: ({ process }) => process.env = ["PATH=/bin", "A=b=c", "E=", "HOME=/there"],
    script: 'echo "$A,${E-none},$HOME"',
    says: "b=c,,/there",
  },
  { field: "process.cwd", change: ({ process }) => process.cwd = "/not/there", script: "pwd", says: "/not/there" },
  {
    field: "process.user",
    change: ({ process }) => process.user = { uid: 1000, gid: 1001, umask: 0o77, additionalGids: [1002, 1003] },
    script: "echo $(id -u) $(id -g) $(id -G) $(umask)",
    says: "1000 1001 1001 1002 1003 0077",
  },
  {
    field: "process.capabilities",
    change: ({ process }) => {
      process.user = { uid: 1000, gid: 1000 };
      process.capabilities = sets(["CAP_KILL", "CAP_NET_BIND_SERVICE"]);
    },
    script: "echo $(grep ^Cap /proc/self/status | tr -d '\\t')",
    says: AMBIENT,
  },
  {
    field: "process.capabilities, absent",
    change: ({ process }) => delete process.capabilities,
    script: "grep -E '^Cap(Eff|Bnd)' /proc/self/status | cut -f 2 | sort -u",
    says: "0000000000000000",
  },
  {
    field: "process.rlimits",
    change: ({ process }) =>
      process.rlimits = [
        { type: "RLIMIT_NOFILE", soft: 33, hard: 44 },
        { type: "RLIMIT_CORE", soft: 0, hard: 0 },
      ],
    script: "echo $(ulimit -n) $(ulimit -Hn) $(ulimit -c)",
    says: "33 44 0",
  },
  {
    field: "process.noNewPrivileges",
    change: ({ process }) => process.noNewPrivileges = true,
    script: "grep NoNewPrivs /proc/self/status | cut -f 2",
    says: "1",
  },
  {
    field: "process.noNewPrivileges, absent",
    change: () => {},
    script: "grep NoNewPrivs /proc/self/status | cut -f 2",
    says: "0",
  },
  {
    field: "process.oomScoreAdj",
    change: ({ process }) => process.oomScoreAdj = 345,
    script: "cat /proc/self/oom_score_adj",
    says: "345",
  },
  {
    field: "process.oomScoreAdj below the caller's",
    change: ({ process }) => process.oomScoreAdj = -345,
    script: "cat /proc/self/oom_score_adj",
    says: "-345",
    needs: ["resource"],
  },
  {
    field: "process.ioPriority",
    change: ({ process }) => process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 },
    script: "ionice -p $$",
    says: "best-effort: prio 6",
  },
  {
    field: "process.scheduler",
    // Nice and policy, 19 and 41: proc_pid_stat(5). SCHED_BATCH is 3.
    change: ({ process }) => process.scheduler = { policy: "SCHED_BATCH", nice: 7 },
    script: "cut -d ' ' -f 19,41 /proc/$$/stat",
    says: "7 3",
  },
  {
    field: "process.scheduler, SCHED_IDLE",
    change: ({ process }) => process.scheduler = { policy: "SCHED_IDLE" },
    script: "cut -d ' ' -f 41 /proc/$$/stat",
    says: "5",
  },
];

for (const { field, change, script, says, needs = [] } of CASES) {
  kernelTest(`a bundle's ${field} is what the program has`, ["mount", "busybox", ...needs], async (scratch) => {
    await using bundle = await Bundle.make(scratch, script, change);
    const outcome = await bundle.attempt("create");
    assertEquals([outcome.code, outcome.stdout.trimEnd()], [0, says], outcome.transcript);
  });
}

kernelTest(
  "a bundle's process.execCPUAffinity is that of programs started in it later",
  ["mount", "busybox"],
  async (scratch) => {
    await using bundle = await Bundle.make(
      scratch,
      "sleep 60",
      ({ process }) => process.execCPUAffinity = { final: "0" },
    );
    assertEquals((await bundle.create()).code, 0);
    assertEquals((await bundle.masu("start")).code, 0);
    const script = "grep Cpus_allowed_list /proc/self/status | cut -f 2";
    const own = await bundle.exec((process) => process.args = ["sh", "-c", script]);
    assertEquals([own.code, own.stdout.trimEnd()], [0, "0"], own.transcript);
  },
);

/** Modules that label processes: where the kernel lacks one, a label of it is refused. */
const LABELS: [field: string, module: string, label: string][] = [
  ["apparmorProfile", "apparmor", "masu-test-none"],
  ["selinuxLabel", "selinux", "system_u:system_r:masu_test_t:s0"],
];
for (const [field, module, label] of LABELS) {
  kernelTest(
    `a bundle's process.${field} is applied or refused by name, never left out`,
    ["mount", "busybox"],
    async (scratch) => {
      await using bundle = await Bundle.make(scratch, "echo ran", ({ process }) => process[field] = label);
      const outcome = await bundle.attempt("create");
      if (exists(`/proc/self/attr/${module}`)) assertStringIncludes(outcome.transcript, label);
      assertEquals([outcome.code === 0, outcome.stdout], [false, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr.toLowerCase(), module, outcome.transcript);
    },
  );
}
