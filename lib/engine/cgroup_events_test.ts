import { assertEquals } from "@std/assert";
import { differences } from "./cgroup_events.ts";

const CASES: [name: string, path: string, before: string | null, now: string, told: (readonly [string, number])[]][] = [
  ["an empty group", "/c/cgroup.events", "populated 1\nfrozen 0\n", "populated 0\nfrozen 0\n", [["populated", 0]]],
  ["a killed process", "/c/memory.events", "oom 0\noom_kill 0\n", "oom 1\noom_kill 1\n", [["oom", 1], [
    "oom_kill",
    1,
  ]]],
  ["a refused process", "/c/pids.events", "max 0\n", "max 2\n", [["pids.max", 2]]],
];
for (const [name, path, before, now, told] of CASES) {
  Deno.test(`differences() tells ${name}`, () => {
    assertEquals(differences({ path, before, now, signalled: false }), told);
  });
}
