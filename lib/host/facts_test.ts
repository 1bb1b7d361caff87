/**
 * The facts of this very machine, through the core.
 */
import { assert, assertEquals } from "@std/assert";
import { openCore } from "../core/load.ts";
import { HOST_CONFIG } from "../plan/example_plan.ts";
import { collectFacts } from "./facts.ts";
import { parseMounts } from "./mounts.ts";

/** Why there is no core here; null: there is one. */
function obstacle(): string | null {
  try {
    openCore()[Symbol.dispose]();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : `${error}`;
  }
}

const why = obstacle();
const mustRun = (Deno.env.get("MASU_TESTS_MUST_RUN") ?? "").split(",").includes("cargo");

Deno.test({
  name: `collectFacts() sees what this machine says of itself${why === null ? "" : ` [skipped: ${why}]`}`,
  ignore: why !== null && !mustRun,
  fn() {
    using core = openCore();
    const facts = collectFacts(core, HOST_CONFIG, { cgroupManager: "cgroupfs" }, { HOME: "/nonexistent" });
    assertEquals(facts.process.uid, Deno.uid());
    assertEquals(facts.process.hostname, Deno.hostname());
    assertEquals(facts.kernel.release, Deno.osRelease());
    assertEquals(facts.image.passwd, Deno.readTextFileSync("/etc/passwd"));
    assertEquals(facts.mounts, parseMounts(Deno.readTextFileSync("/proc/self/mountinfo")));
    assert(facts.list.some(({ name }) => name === "kernel.release"));
  },
});
