import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { call, callBlocking } from "./call.ts";
import { type Core, openCore } from "./load.ts";
import { OPS } from "./wire.ts";

const NONE = "no core was built";

/** Registers a test of the real core, which says why when there is none. */
function coreTest(name: string, fn: (core: Core) => void | Promise<void>): void {
  const built = isBuilt();
  const mustRun = (Deno.env.get("MASU_TESTS_MUST_RUN") ?? "").split(",").includes("core");
  Deno.test({
    name: built ? name : `${name} [skipped: ${NONE}]`,
    ignore: !built && !mustRun,
    async fn() {
      using core = openCore();
      await fn(core);
    },
  });
}

function isBuilt(): boolean {
  try {
    openCore()[Symbol.dispose]();
    return true;
  } catch (error) {
    if (error instanceof MasuError && error.code === "not_found") return false;
    throw error;
  }
}

Deno.test("openCore() says where it looked for a core", () => {
  const error = assertThrows(() => openCore("/nowhere/masu_core.so"), MasuError, '"/nowhere/masu_core.so"');
  assertEquals([error.code, error.hint], ["not_found", "build it: make build"]);
});

Deno.test("openCore() refuses a file that is no library", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "not an ELF file");
    assertEquals(assertThrows(() => openCore(path), MasuError, `Load core "${path}": `).code, "failed");
  } finally {
    await Deno.remove(path);
  }
});

coreTest("call() asks on this thread", (core) => assertEquals(call(core, "process", {}).pid, Deno.pid));

coreTest("callBlocking() asks on another thread", async (core) => {
  const { seen } = await callBlocking(core, "observe", { looks: [{ path: "/", root: null, want: "stat" }] });
  assertEquals(seen[0]?.status?.kind, "directory");
});

coreTest("call() throws what the core refuses, with its code", (core) => {
  const nonsense = { defaultAction: "SCMP_ACT_NOTHING" };
  const error = assertThrows(() => call(core, "compile_filter", { profile: nonsense }), MasuError);
  assertEquals(error.code, "invalid_config");
});

coreTest("the core takes every op that wire.ts names", (core) => {
  for (const op of Object.keys(OPS) as (keyof typeof OPS)[]) {
    if (op === "process" || op === "run") continue;
    const error = assertThrows(() => call(core, op, { nothing: 1 } as never), MasuError);
    assertEquals([error.code, error.message.includes("nothing")], ["bug", true], `${op}: ${error.message}`);
  }
});
