/** Control groups that systemd has, on v2 alone and beside v1: a machine for each goes through all cases, each of which is a test here. */
import { assertEquals } from "@std/assert";
import { kernelTest } from "../needs.ts";
import { type Answer, type Answers, answersOf, inDirectory, scriptOf } from "./cases.ts";
import { type Mode, runUnderSystemd } from "./systemd_machine.ts";

const SCRIPTS: Readonly<Record<Mode, readonly string[]>> = {
  v2: ["say.sh", "systemd_cases.sh", "bundle.sh", "systemd_bundles.sh", "systemd_user.sh", "end.sh"],
  v1: ["say.sh", "systemd_cases.sh", "bundle.sh", "systemd_bundles.sh", "end.sh"],
};
const ran = new Map<Mode, Promise<Answers>>();

/** All cases of a machine by name. It is started for the first test that asks. */
function cases(mode: Mode): Promise<Answers> {
  const running = ran.get(mode) ??
    inDirectory(async (directory) =>
      answersOf(await runUnderSystemd(directory, mode, await scriptOf(...SCRIPTS[mode])))
    );
  ran.set(mode, running);
  return running;
}

/** Of a command that acts on one container. */
const done = ({ status, result: [one] }: Answer) => [status, one.error];
const text = (said: Answer) => said;
const status = (answer: Answer) => answer.status;

/** One answer of each mode: the second is v1's, where that is another one. */
type Expected = readonly [v2: unknown, v1?: unknown];

/** What is true of each case; the order is that of the scripts. */
const CASES: [name: string, what: string, view: (answer: Answer) => unknown, expected: Expected][] = [
  ["check", "masu can run there", ({ result }) => result.ready, [true]],
  ["run", "a container with limits starts", status, [0]],
  ["unit", "its unit has them", text, [
    "ActiveState=active\nSlice=system.slice\nDelegate=yes\nMemoryMax=67108864\nCPUWeight=59\nCPUQuotaPerSecUSec=500ms\nTasksMax=20\nDevicePolicy=strict",
    "ActiveState=active\nSlice=system.slice\nDelegate=yes\nMemoryLimit=67108864\nCPUShares=512\nCPUQuotaPerSecUSec=500ms\nTasksMax=20\nDevicePolicy=strict",
  ]],
  ["limits", "its cgroup has them", text, [
    "memory.max 67108864\nmemory.swap.max 33554432\ncpu.max 50000 100000\ncpu.weight 59\npids.max 20",
    "memory.limit_in_bytes 67108864\nmemory.memsw.limit_in_bytes 100663296\ncpu.cfs_quota_us 50000\ncpu.shares 512\npids.max 20",
  ]],
  ["first", "its first process is in it", text, ["sleep"]],
  ["exec-joins", "exec joins it", ({ stdout }) => /:(\d+)/.exec(stdout)?.[1], ["2"]],
  ["reloaded", "they outlive systemd's reload", text, [
    "memory.max 67108864\nmemory.swap.max 33554432\ncpu.max 50000 100000\ncpu.weight 59\npids.max 20",
    "memory.limit_in_bytes 67108864\nmemory.memsw.limit_in_bytes 100663296\ncpu.cfs_quota_us 50000\ncpu.shares 512\npids.max 20",
  ]],
  ["device-null", "then a device that is allowed opens", ({ stdout }) => stdout, ["opened\n"]],
  ["device-other", "and another does not", ({ stderr }) => /Operation not permitted/.test(stderr), [true]],
  ["pause", "it is frozen", done, [[0, null]]],
  ["state", "and is seen to be", ({ result: [one] }) => one.status, ["paused"]],
  ["resume", "it goes on", done, [[0, null]]],
  ["update", "its limits change while it runs", done, [[0, null]]],
  ["updated-unit", "systemd knows", text, [
    "MemoryMax=50331648\nCPUWeight=59\nTasksMax=30",
    "MemoryLimit=50331648\nCPUShares=512\nTasksMax=30",
  ]],
  ["updated", "the kernel has them", text, [
    "memory.max 50331648\nmemory.swap.max 0\ncpu.max 50000 100000\ncpu.weight 59\npids.max 30",
    "memory.limit_in_bytes 50331648\nmemory.memsw.limit_in_bytes 50331648\ncpu.cfs_quota_us 50000\ncpu.shares 512\npids.max 30",
  ]],
  ["kill", "it is killed", done, [[0, null]]],
  ["delete", "it is deleted", done, [[0, null]]],
  ["gone-unit", "its unit is gone", text, ["LoadState=not-found"]],
  ["gone", "and no cgroup is left", text, ["0"]],
  ["parent", "a container starts in a slice that is named", status, [0]],
  ["parent-place", "its cgroup is there", text, ["there"]],
  ["hog", "a program that takes more than its limit is killed", status, [137]],
  ["property", "a property of the unit is annotated", status, [0]],
  ["property-unit", "systemd has it", text, ["TimeoutStopUSec=7s"]],
  ["stopped", "systemd stops the unit, and masu sees the end", status, [137]],
  ["wrong", "a property that there is not is refused", ({ status, error }) => [status, error.code], [[
    125,
    "invalid_config",
  ]]],
  ["path", "so is a parent that is no slice", ({ error }) => error.code, ["invalid_config"]],
  ["explained", "a script does the same", (said) => /^status 0\n.*:\/$/s.test(said), [true]],
  ["none", "none of them leaves a cgroup", text, ["0"]],
  ["create", "create makes a bundle's container in the unit that its path names", text, ["status 0"]],
  ["create-unit", "with its limits", text, [
    "ActiveState=active\nSlice=machine.slice\nDelegate=yes\nMemoryMax=67108864\nCPUWeight=59\nCPUQuotaPerSecUSec=500ms\nTasksMax=20\nDescription=masu container c1",
    "ActiveState=active\nSlice=machine.slice\nDelegate=yes\nMemoryLimit=67108864\nCPUShares=512\nCPUQuotaPerSecUSec=500ms\nTasksMax=20\nDescription=masu container c1",
  ]],
  ["create-limits", "in the kernel, too", (said) => /(?:memory.max|limit_in_bytes) 67108864/.test(said), [true]],
  ["taken", "a second one of that name is refused", (said) => /UnitExists.*status \d+$/s.test(said), [true]],
  ["start", "the first one starts all the same", text, ["status 0"]],
  ["exec", "exec enters it", (said) => /status 0$/.test(said), [true]],
  ["update-unit", "update tells systemd", text, [
    "MemoryMax=50331648\nCPUWeight=59\nTasksMax=30",
    "MemoryLimit=50331648\nCPUShares=512\nTasksMax=30",
  ]],
  ["update-limits", "and the kernel", (said) => /50331648.*pids.max 30/s.test(said), [true]],
  ["bundle-kill", "it is killed", text, ["status 0"]],
  ["delete-unit", "with its deletion the unit is gone", text, ["LoadState=not-found"]],
  ["deleted", "and no cgroup is left", text, ["0"]],
  ["path-error", "a path of the file system is refused", (said) => /"slice:prefix:name".*status \d+$/s.test(said), [
    true,
  ]],
];

/** v2 alone: on v1 systemd has nothing to give to a user. */
const USER_CASES: typeof CASES = [
  ["user-run", "a user's container starts in a unit of the user's own manager", (said) => /status 0$/.test(said), [
    true,
  ]],
  ["user-limits", "with limits", text, ["memory.max 67108864\npids.max 20"]],
  ["user-place", "in the user's slice", text, ["1"]],
  ["user-exec", "a second program joins it from outside", text, ["0::/\nstatus 0"]],
  ["user-gone", "which goes with it", text, ["0"]],
  ["user-delegated", "in a delegated scope masu makes it itself", text, ["67108864\nstatus 0"]],
];

for (const mode of ["v2", "v1"] as const) {
  for (const [name, what, view, [expected, onV1]] of mode === "v2" ? [...CASES, ...USER_CASES] : CASES) {
    kernelTest(`systemd with ${mode}: ${what} (${name})`, ["vm", "mmdebstrap"], async () => {
      const answer = (await cases(mode)).get(name);
      if (answer === undefined) throw new Error("The machine did not come to this case");
      assertEquals(view(answer), mode === "v1" ? onV1 ?? expected : expected, JSON.stringify(answer));
    });
  }
}
