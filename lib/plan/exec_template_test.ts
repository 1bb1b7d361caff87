import { assert, assertEquals } from "@std/assert";
import type { RunConfig } from "../config/run_config.ts";
import type { ContainerRecord, ExecTemplate, StageStep } from "../core/wire.ts";
import { EXAMPLE_ROOT, exampleHost } from "../host/example_host.ts";
import { fillBlanks } from "./blank.ts";
import { examplePlan } from "./example_plan.ts";

/** The template as it stands in the record once the container runs. */
function templateOf(changes: Partial<RunConfig>): ExecTemplate {
  const plan = examplePlan(exampleHost(EXAMPLE_ROOT), changes);
  const record = plan.clone.record.find((step) => step.kind === "write_file" && step.path.endsWith("/state.json"));
  assert(record?.kind === "write_file");
  const known = { id: "0f3a", pid: "7", start: "8", monitor: "9", monitorStart: "10", command: "[]", started: "s" };
  const { text } = fillBlanks(record, { text: { ...known, created: "c" } });
  const { masu } = JSON.parse(text) as ContainerRecord;
  return masu.exec;
}

function kinds(steps: readonly StageStep[]): string[] {
  return steps.map(({ kind }) => kind);
}

Deno.test("execTemplate() has the container's own steps, without what is the first program's alone", () => {
  const { steps } = templateOf({ terminal: true, init: true, preserveFds: 3 });
  assertEquals(kinds(steps), [
    "new_session",
    "new_keyring",
    ...kinds(steps).filter((kind) => kind === "set_rlimit"),
    "set_umask",
    "change_directory",
    "close_descriptors",
    "set_bounding_set",
    "set_user",
    "set_capabilities",
    "no_new_privileges",
    "load_filter",
    "execute",
  ]);
  const of = (kind: string) => steps.find((step) => step.kind === kind);
  assertEquals(of("close_descriptors"), { kind: "close_descriptors", keep: 0 });
  assertEquals(of("new_keyring"), { kind: "new_keyring", name: "masu-0f3a" });
  const execute = of("execute");
  assert(execute?.kind === "execute");
  assertEquals([execute.arguments, execute.reaper], [["${arguments}"], false]);
  assert(execute.environment.includes("HOSTNAME=0f3a"));
});

Deno.test("execTemplate() keeps a person's text as it was written", () => {
  const { steps } = templateOf({ environment: ["A=${id} $${pid}"], workingDirectory: "/${command}" });
  const directory = steps.find(({ kind }) => kind === "change_directory");
  assertEquals(directory, { kind: "change_directory", path: "/${command}", create: false });
  const execute = steps.find(({ kind }) => kind === "execute");
  assert(execute?.kind === "execute" && execute.environment.includes("A=${id} $${pid}"));
});

Deno.test("execTemplate() names the namespaces that are not the host's, joined ones too", () => {
  const { namespaces } = templateOf({ network: { kind: "host" }, userns: { kind: "private" } });
  assertEquals([...namespaces].sort(), ["cgroup", "ipc", "mount", "pid", "user", "uts"]);
});

Deno.test("execTemplate() sets the OOM preference, which is not inherited from the container", () => {
  const { steps } = templateOf({ oomScoreAdj: 55 });
  assertEquals(steps[0], { kind: "set_oom_score_adj", value: 55 });
});

Deno.test("execTemplate() joins the container's own cgroups", () => {
  const { cgroup, cgroupTasks } = templateOf({});
  for (const path of [...cgroup === null ? [] : [cgroup], ...cgroupTasks]) assert(path.includes("/masu/0f3a"), path);
  assert(cgroup !== null || cgroupTasks.length > 0);
});
