import { assertEquals } from "@std/assert";
import { partPlan, type PlanParts } from "../plan/part.ts";
import { needsOneProcess } from "./become.ts";

const CASES: [name: string, parts: Omit<PlanParts, "environment">, expected: boolean][] = [
  ["nothing", {}, true],
  ["steps of its own", { exec: [{ kind: "no_new_privileges" }], inside: [{ kind: "unshare_cgroup" }] }, true],
  ["namespaces of its own", { clone: { namespaces: ["mount", "uts", "network"] } }, true],
  ["a cgroup to join", { clone: { cgroup: "/sys/fs/cgroup/x" } }, true],
  ["a pid namespace", { clone: { namespaces: ["pid"] } }, false],
  ["a namespace that is joined", { clone: { join: [{ namespace: "uts", path: "/x" }] } }, false],
  ["a namespace that is kept", { part: { keep: [{ namespace: "uts", path: "/x" }] } }, false],
  ["what is undone", { afterwards: [{ kind: "remove_cgroup", path: "/x" }] }, false],
];
for (const [name, parts, expected] of CASES) {
  Deno.test(`needsOneProcess() of ${name} is ${expected}`, () => {
    assertEquals(needsOneProcess(partPlan({ ...parts, environment: [] })), expected);
  });
}
