/** What an OCI runtime says of what cannot be done. Each can be tried on runc: tests/cli/caller.ts */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import { Caller, REFERENCE, RUNTIME } from "./caller.ts";

const NEEDS: Need[] = ["mount", "busybox", "cgroups"];
const SLEEP = "while :; do sleep 0.1; done";

// Docker asks then whether a file was meant.
const UNLIKE: [source: string, destination: string, options: string[]][] = [
  ["/etc/passwd", "/mnt", ["bind"]],
  ["/etc/passwd", "/mnt", ["bind", "ro"]],
  ["/etc", "/file", ["bind"]],
  ["/etc", "/file", ["bind", "ro"]],
];
for (const [source, destination, options] of UNLIKE) {
  kernelTest(
    `a runtime says that ${source} cannot be mounted on ${destination} (${options}): not a directory`,
    NEEDS,
    async (scratch) => {
      await using caller = await Caller.make(scratch, SLEEP, (config) => {
        config.mounts.push({ destination, source, type: "bind", options });
      });
      await Deno.mkdir(`${caller.bundle.root}/mnt`, { recursive: true });
      await Deno.writeTextFile(`${caller.bundle.root}/file`, "");
      const { code, stderr, transcript } = await caller.create();
      assertEquals(code, 1, transcript);
      assertStringIncludes(stderr, "not a directory", transcript);
      assertEquals(stderr.includes("is a directory"), false, "that would be about a program");
    },
  );
}

kernelTest("a runtime deletes by force what a create left that was killed at once", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP);
  const directory = `${scratch.path("oci")}/${REFERENCE === undefined ? "containers/" : ""}${caller.id}`;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  assertEquals((await caller.create()).code, 1);
  const deleted = await caller.call(["delete", "--force", caller.id]);
  assertEquals([deleted.code, deleted.stderr], [0, ""], deleted.transcript);
  await caller.run();
});

kernelTest("a runtime says of each status that it is not stopped", NEEDS, async (scratch) => {
  await using caller = await Caller.make(scratch, SLEEP);
  await caller.run();
  for (const status of ["running", "paused"]) {
    if (status === "paused") await caller.call(["pause", caller.id]);
    const { code, stderr, transcript } = await caller.call(["delete", caller.id]);
    assertEquals(code, 1, transcript);
    assertStringIncludes(stderr, `cannot delete container ${caller.id} that is not stopped: ${status}`, transcript);
  }
});

if (REFERENCE === undefined) {
  kernelTest(
    "masu says of a container that is not there, whatever is asked, that it does not exist",
    [],
    async (scratch) => {
      for (
        const words of [["events"], ["events", "--stats"], ["state"], ["ps"], ["kill"], ["pause"], ["exec", "true"]]
      ) {
        const [verb = "", ...more] = words;
        const flags = more.filter((word) => word.startsWith("-"));
        const rest = more.filter((word) => !word.startsWith("-"));
        const { stderr, transcript } = await scratch.command(
          RUNTIME,
          "--root",
          scratch.path("oci"),
          verb,
          ...flags,
          "gone",
          ...rest,
        );
        assertStringIncludes(stderr, 'Find container "gone": container does not exist', transcript);
      }
    },
  );
}
