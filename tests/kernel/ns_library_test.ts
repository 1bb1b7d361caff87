/** The library's namespaces: run, enter, list. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MasuError, namespaces } from "../../mod.ts";
import { kernelTest } from "../needs.ts";

// The core is loaded on first use and kept, which would be a leak of the test that comes first.
await namespaces.list({ task: Deno.pid });

kernelTest(
  "namespaces.run() runs a program in new namespaces and returns what it wrote",
  ["mount", "pidns"],
  async (scratch) => {
    const run = await namespaces.run(["sh", "-c", "hostname; cat; echo $A $$ >&2; exit 4"], {
      namespaces: ["pid"],
      hostname: "inside",
      input: "read\n",
      environment: { PATH: "/usr/bin:/bin", A: "b" },
      directory: scratch.path(),
    });
    assertEquals([run.code, run.stdout, run.stderr], [4, "inside\nread\n", "b 1\n"]);
  },
);

kernelTest(
  "namespaces.run() keeps, namespaces.enter() goes back, namespaces.list() shows where",
  ["mount"],
  async (scratch) => {
    const uts = scratch.path("uts");
    try {
      assertEquals((await namespaces.run(["true"], { hostname: "kept", keep: { uts } })).code, 0);
      assertEquals((await namespaces.enter(["hostname"], { files: [uts] })).stdout, "kept\n");
      const listed = (await namespaces.list({ types: ["uts"] })).filter(({ files }) => files.includes(uts));
      assertEquals(listed.map(({ processes, pid }) => [processes, pid]), [[0, null]]);
    } finally {
      await scratch.command("umount", uts);
    }
  },
);

kernelTest("namespaces.run() and enter() say what cannot be had", [], async () => {
  const unknown = await assertRejects(() => namespaces.run(["true"], { setgroups: "allow" }), MasuError);
  assertEquals(unknown.code, "invalid_config");
  const missing = await assertRejects(() => namespaces.run(["no-such-program"], { hostname: "x" }), MasuError);
  assertEquals(missing.code, "program_not_found");
  const nobody = await assertRejects(() => namespaces.enter(["true"], { pid: 4_194_303 }), MasuError);
  assertEquals(nobody.code, "not_found");
  const own = await namespaces.list({ task: Deno.pid });
  assert(own.length >= 7);
});

kernelTest("namespaces.run() is killed by its signal", [], async () => {
  const controller = new AbortController();
  const running = namespaces.run(["sleep", "100"], { hostname: "x", signal: controller.signal });
  setTimeout(() => controller.abort(new Error("enough")), 100);
  await assertRejects(() => running, Error, "enough");
});
