/** Control groups where there is v2 alone: one virtual machine goes through all cases of the scripts, each of which is a test here. */
import { assertEquals } from "@std/assert";
import { kernelTest } from "../needs.ts";
import { type Answer, type Answers, answersOf, inDirectory, scriptOf } from "./cases.ts";
import { runInMachine } from "./machine.ts";

let ran: Promise<Answers> | undefined;

/** All cases by name. The machine is started for the first test that asks. */
function cases(): Promise<Answers> {
  ran ??= inDirectory(async (directory) =>
    answersOf(await runInMachine(directory, await scriptOf("say.sh", "cases.sh", "bundle.sh", "v2_bundles.sh")))
  );
  return ran;
}

/** Of a command that acts on one container or group. */
const done = ({ status, result: [one] }: Answer) => [status, one.error];
const text = (said: Answer) => said;
const status = (answer: Answer) => answer.status;

/** EPERM is the program's; without the device it would be ENOENT. */
const isForbidden = ({ status, stdout, stderr }: Answer) => [status, stdout, /Operation not permitted/.test(stderr)];

/** A command of an engine that went well and said nothing. */
const silent = "status 0";

/** Why a bundle's or a run's limit cannot be had. */
const refusal = (by: string, cause: string) => (said: string) =>
  said.includes(`Enable cgroup controller "memory" in "/sys/fs/cgroup/busy" for "${by}": ${cause}`) &&
  !said.endsWith("status 0");

/** What is true of each case; the order is that of the scripts. */
const CASES: [name: string, what: string, view: (answer: Answer) => unknown, expected: unknown][] = [
  ["check", "masu can run there", ({ result }) => result.ready, true],
  ["run", "a container with every limit starts", status, 0],
  [
    "limits",
    "its limits are what the kernel says",
    text,
    "memory.max 67108864\nmemory.swap.max 33554432\nmemory.low 33554432\ncpu.max 50000 100000\ncpu.weight 59\ncpuset.cpus 0\npids.max 20",
  ],
  ["first", "its first process is in its cgroup", text, "sleep"],
  ["exec-joins", "exec joins it", ({ stdout }) => stdout, "0::/\n2\n"],
  ["device-null", "a device that is allowed opens", ({ stdout }) => stdout, "opened\n"],
  ["device-other", "another does not, though it was made", isForbidden, [1, undefined, true]],
  ["device-mknod", "nor the host's memory", isForbidden, [1, undefined, true]],
  ["pause", "it is frozen", done, [0, null]],
  ["paused", "the kernel says so", text, "cgroup.events populated 1 frozen 1"],
  ["resume", "it goes on", done, [0, null]],
  ["resumed", "the kernel says so", text, "cgroup.events populated 1 frozen 0"],
  ["stats", "its figures are read", ({ result: [one] }) => [one.memoryLimitBytes, one.pids], [67_108_864, 1]],
  ["update", "its limits change while it runs", done, [0, null]],
  ["updated", "the kernel has them", text, "memory.max 50331648"],
  ["oom-child", "a child that takes more is killed, and it goes on", ({ stdout }) => stdout, "status 137\n"],
  ["oom-counted", "the kernel counted it", (said) => /oom_kill (\d+)/.exec(said)?.[1], "1"],
  [
    "oom-event",
    "an event says so",
    ({ stdout }) => JSON.parse(stdout).action,
    "oom",
  ],
  ["oom-inspect", "inspect tells", ({ result: [{ State }] }) => [State.OOMKilled, State.OOMKills], [true, 1]],
  ["kill", "it is killed", done, [0, null]],
  ["delete", "it is deleted", done, [0, null]],
  ["gone", "no cgroup is left", text, "0"],
  ["hog", "a program that takes more than its limit is killed", status, 137],
  ["parent", "a container starts below a cgroup that is named", status, 0],
  ["parent-made", "its cgroup is there", text, "2"],
  ["parent-stays", "the one above stays", text, "1"],
  ["group-create", "a group is made with limits", status, 0],
  ["group-files", "the kernel has them", text, "memory.max 31457280\ncpu.max 10000 100000\npids.max 50"],
  [
    "group-set",
    "values are set, portable and by name",
    ({ result }) => result.map(({ file, value }: Answer) => `${file}=${value}`),
    ["cpu.weight=59", "memory.high=20971520"],
  ],
  [
    "group-get",
    "and read by portable words",
    ({ result }) => result.map(({ value }: Answer) => value),
    ["31457280", "0.1", "50", "59"],
  ],
  ["group-move", "a process is moved", ({ result: [one] }) => one.error, null],
  ["group-freeze", "a group is frozen", ({ result: [one] }) => one.error, null],
  ["group-frozen", "the kernel says so", text, "cgroup.events populated 1 frozen 1"],
  ["group-thaw", "and goes on", ({ result: [one] }) => one.error, null],
  ["group-stats", "it is counted", ({ result: [one] }) => [one.memoryLimitBytes, one.pids], [31_457_280, 1]],
  ["group-list", "it is listed", ({ result }) => result.map(({ group }: Answer) => group), ["/t", "/t/a"]],
  [
    "group-internal",
    "a group with processes enables nothing, and why is said",
    ({ status, error }) => [status, /no internal processes/.test(error.hint)],
    [1, true],
  ],
  ["group-internal-left", "and nothing is left of the try", text, "1"],
  ["group-threaded", "a threaded group is made", status, 0],
  ["group-type", "the kernel says so", text, "cgroup.type threaded"],
  ["group-delete-busy", "one with processes is not deleted", status, 1],
  ["group-devices", "a group is left with some devices", status, 0],
  ["group-devices-again", "and with others in their place", status, 0],
  ["group-devices-open", "which alone open", text, "zero\nno null"],
  ["group-delete", "groups are deleted with all in them", status, 0],
  ["group-gone", "no group is left", text, "0"],
  ["group-run-status", "a program alone is limited", text, "137"],
  ["group-run", "in a group of its own", (said) => said.split("/masu-run-").length, 2],
  ["group-run-gone", "which goes with it", text, "0"],
  ["free-create", "a bundle's container gets every controller that its limits need", text, silent],
  [
    "free-limits",
    "and has them",
    text,
    "memory.max 67108864\nmemory.high 50331648\npids.max 20\nhugetlb.2MB.max 4194304\nhugetlb.2MB.rsvd.max 4194304\ncgroup.max.depth 3",
  ],
  ["busy-create", "below a group with processes one without limits is made", text, silent],
  [
    "busy-type",
    "and neither is threaded",
    text,
    "cgroup.type domain\ncgroup.subtree_control \nb/cgroup.type domain",
  ],
  ["busy-start", "it starts", text, silent],
  ["busy-deep", "deeper down, where there are no controllers at all, one is made too", text, silent],
  [
    "busy-memory",
    "a limit that needs one is refused by its field",
    refusal("linux.resources.memory.limit", "the cgroup has processes of its own (EBUSY from write(2))"),
    true,
  ],
  ["busy-run", "and that of a run by its flag", refusal("--memory", "the cgroup has processes of its own"), true],
  ["busy-left", "of which no cgroup is left", text, "0"],
  ["threaded-create", "limits that threads can have are had there", text, silent],
  ["threaded-start", "the container starts", text, silent],
  ["threaded-limits", "with them, in a threaded group", text, "cgroup.type threaded\npids.max 20\ncpu.weight 59"],
  ["threaded-exec", "a second program joins it", text, "1\nstatus 0"],
  ["threaded-ps", "its processes are listed", (said) => /^\[\d+\]\nstatus 0$/.test(said), true],
  ["threaded-pause", "it is frozen", text, silent],
  ["threaded-frozen", "the kernel says so", text, "cgroup.events populated 1 frozen 1"],
  ["threaded-resume", "it goes on", text, silent],
  ["threaded-update", "a limit that it has is changed", text, silent],
  [
    "threaded-memory",
    "one that it cannot have is refused by its field",
    (said) => /linux\.resources\.memory\.limit.*status 1$/s.test(said),
    true,
  ],
  ["threaded-updated", "the kernel has the changed one", text, "pids.max 30"],
  ["threaded-delete", "it is killed and deleted", text, silent],
  ["threaded-left", "no cgroup is left", text, "0"],
  ["threaded-plain", "another one without limits follows it there", text, silent],
  ["threaded-plain-type", "threaded as well: nobody could be in it otherwise", text, "cgroup.type threaded"],
  [
    "threaded-refused",
    "one that needs more is refused by its field",
    refusal("linux.resources.memory.limit", "the cgroup is threaded (EOPNOTSUPP from write(2))"),
    true,
  ],
  ["threaded-run", "a run has the usual limit of processes", text, "2048\nstatus 0"],
];
for (const [name, what, view, expected] of CASES) {
  kernelTest(`v2 alone: ${what} (${name})`, ["vm"], async () => {
    const answer = (await cases()).get(name);
    const told = JSON.stringify(answer);
    if (answer === undefined) throw new Error("The machine did not come to this case");
    assertEquals(view(answer), expected, told);
  });
}
