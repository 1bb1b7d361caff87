import { assertEquals } from "@std/assert";
import { fillBlanks } from "./blank.ts";
import { partPlan } from "./part.ts";

Deno.test("partPlan() has what is asked for and nothing else", () => {
  const plan = partPlan({
    clone: { namespaces: ["uts"] },
    inside: [{ kind: "set_hostname", name: "inside" }],
    exec: [{ kind: "no_new_privileges" }],
    environment: ["PATH=/bin"],
  });
  const { create, before, network, afterwards, delete: deletion, clone, exec } = plan;
  assertEquals([...create, ...before, ...network, ...afterwards, ...deletion], []);
  assertEquals([clone.namespaces, clone.join, clone.user, clone.record], [["uts"], [], null, []]);
  assertEquals(exec.map(({ kind }) => kind), ["no_new_privileges", "execute"]);
});

Deno.test("partPlan() takes nothing of the environment for a blank", () => {
  const plan = partPlan({ environment: ["A=${id} ${arguments}"] });
  const [execute] = fillBlanks(plan, { text: { id: "x" }, arguments: ["echo", "${id}"] }).exec;
  assertEquals(execute, {
    kind: "execute",
    arguments: ["echo", "${id}"],
    environment: ["A=${id} ${arguments}"],
    reaper: false,
  });
});
