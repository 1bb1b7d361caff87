import { assertEquals, assertStringIncludes } from "@std/assert";
import type { HostStep, Plan, StageStep } from "../../core/wire.ts";
import { mountWords } from "./flags.ts";
import { explainJson } from "./json.ts";
import { explainScript } from "./sh.ts";
import { hostCommands } from "./sh_host.ts";
import { explainText } from "./text.ts";
import { hostWords, stageWords } from "./words.ts";

const PLAN: Plan = {
  version: 1,
  facts: [{ name: "kernel.release", value: "6.1", holds: { kind: "process" } }],
  create: [],
  before: [{ kind: "make_directory", path: "/run/masu", mode: 0o700, parents: true, owner: null }],
  clone: {
    namespaces: ["mount", "pid"],
    join: [],
    user: null,
    timeOffsets: [],
    cgroup: null,
    record: [{ kind: "write_file", path: "/run/pid", text: "${pid}", mode: 0o644, exclusive: false }],
  },
  network: [{ kind: "loopback_up" }],
  inside: [
    { kind: "join_cgroups", paths: ["/sys/fs/cgroup/pids/masu/1/tasks"] },
    { kind: "unshare_cgroup" },
    { kind: "set_hostname", name: "it's" },
    { kind: "mount_root", path: "/r", root: { kind: "bind", source: "/src", recursive: true, idmapped: false } },
    { kind: "mount", source: "proc", destination: "/proc", type: "proc", flags: 14, data: "", create: "directory" },
    { kind: "pivot_root" },
  ],
  created: [],
  exec: [
    { kind: "set_bounding_set", keep: ["CAP_CHOWN"] },
    { kind: "change_directory", path: "/tmp", create: false },
    { kind: "execute", arguments: ["echo", "a b"], environment: ["A=1 2"], reaper: false },
  ],
  started: [],
  afterwards: [{ kind: "remove_cgroup", path: "/sys/fs/cgroup/pids/masu/1" }],
  delete: [],
};

const HOST: [name: string, step: HostStep, text: string, call: string][] = [
  [
    "names a directory",
    { kind: "make_directory", path: "/a", mode: 0o700, parents: false, owner: null },
    'Make the directory "/a" (mode 700)',
    "mkdir(2)",
  ],
  [
    "says that a file need not be there",
    { kind: "write_control", path: "/c", text: "1", optional: true },
    'Write "1" to "/c", if there is such a file',
    "write(2)",
  ],
  [
    "says what needs a controller",
    { kind: "enable_controllers", path: "/c", needed: [{ name: "memory", by: "--memory" }], usual: ["cpu", "io"] },
    'Enable for cgroups in "/c" memory (for "--memory"), cpu, io if they can be had',
    "write(2)",
  ],
  ["shows what is written", { kind: "write_control", path: "/c", text: "1" }, 'Write "1" to "/c"', "write(2)"],
  [
    "escapes control characters",
    { kind: "remove_file", path: "/a\u001b", target: null },
    'Remove the file "/a\\u001b"',
    "unlink(2)",
  ],
];
for (const [name, step, text, call] of HOST) {
  Deno.test(`hostWords() ${name}`, () => assertEquals(hostWords(step), { text, call }));
}

const STAGE: [name: string, step: StageStep, text: string, call: string][] = [
  ["says mount options", PLAN.inside[4] as StageStep, 'Mount proc on "/proc" (nosuid,nodev,noexec)', "mount(2)"],
  [
    "says unlimited",
    { kind: "set_rlimit", resource: "RLIMIT_CORE", soft: 0, hard: -1 },
    "Limit RLIMIT_CORE to 0, at most unlimited",
    "setrlimit(2)",
  ],
  ["quotes arguments", PLAN.exec[2] as StageStep, 'Execute "echo" "a b"', "execve(2)"],
];
for (const [name, step, text, call] of STAGE) {
  Deno.test(`stageWords() ${name}`, () => assertEquals(stageWords(step), { text, call }));
}

const FLAGS: [flags: number, data: string, words: string][] = [[0, "", ""], [1, "", "ro"], [
  14,
  "size=1m",
  "nosuid,nodev,noexec,size=1m",
]];
for (const [flags, data, words] of FLAGS) {
  Deno.test(`mountWords() says ${flags} "${data}" as "${words}"`, () => assertEquals(mountWords(flags, data), words));
}

Deno.test("explainText() numbers the steps by group and leaves empty groups out", () => {
  const lines = explainText({ ...PLAN, network: [] }).split("\n");
  assertEquals(lines.filter((line) => /^[a-z]+:/.test(line)).map((line) => line.split(":")[0]), [
    "facts",
    "before",
    "clone",
    "inside",
    "exec",
    "afterwards",
  ]);
  assertEquals(lines.filter((line) => line.startsWith("   0")).length, 5);
});

Deno.test("explainJson() prints the plan itself", () => assertEquals(JSON.parse(explainJson(PLAN)), PLAN));

Deno.test("explainScript() is a script that sh accepts", () => {
  const script = explainScript(PLAN, { command: ["masu", "run", "it's"] });
  const { success, stderr } = new Deno.Command("sh", { args: ["-n", "-c", script] }).outputSync();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(success, true);
});

Deno.test("hostCommands() make a cgroup threaded, enable controllers and write what there is a file for", async () => {
  const group = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${group}/cgroup.type`, "domain invalid\n");
    const before: HostStep[] = [
      { kind: "make_cgroup", path: group },
      { kind: "enable_controllers", path: group, needed: [{ name: "pids", by: "--pids-limit" }], usual: ["cpu"] },
      { kind: "write_control", path: `${group}/hugetlb.2MB.rsvd.max`, text: "1", optional: true },
      { kind: "write_control", path: `${group}/pids.max`, text: "5" },
    ];
    const script = `set -eu\n${before.flatMap(hostCommands).join("\n")}`;
    const { stderr } = await new Deno.Command("sh", { args: ["-c", script] }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    const files = [...Deno.readDirSync(group)].map(({ name }) => name).sort();
    assertEquals(files, ["cgroup.subtree_control", "cgroup.type", "pids.max"]);
    assertEquals(files.map((name) => Deno.readTextFileSync(`${group}/${name}`)), ["+pids +cpu", "threaded", "5"]);
  } finally {
    await Deno.remove(group, { recursive: true });
  }
});

Deno.test("explainScript() records the pid of the first process as a variable", () => {
  assertStringIncludes(explainScript(PLAN, { command: ["masu"] }), `printf %s "\${pid}" > /run/pid`);
});

Deno.test("explainText() says which process a program enters", () => {
  const enter = { pid: 4711, start: 7, namespaces: ["mount" as const, "pid" as const], cgroupTasks: ["/c/tasks"] };
  const text = explainText({ ...PLAN, clone: { ...PLAN.clone, namespaces: [], enter } });
  assertStringIncludes(text, "Enter mount, pid namespaces of process 4711 and its 1 v1 cgroups");
});
