/** `--bundle DIR`: what the directory is called afterwards, and what is below it. runc(8) changes to it and asks getcwd(2). */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { kernelTest, type Need } from "../needs.ts";

const NEEDS: readonly Need[] = ["mount", "busybox"];

/** Words for `--bundle`, read in a directory beside the bundle's. */
const WORDS: [name: string, word: (bundle: string) => string][] = [
  ["a path with ..", (bundle) => `../${base(bundle)}`],
  ["a symbolic link", () => "link"],
  ["what is beside the target of a symbolic link", (bundle) => `link/../${base(bundle)}/.`],
];

for (const [name, word] of WORDS) {
  kernelTest(`create --bundle of ${name} calls the bundle by its real path everywhere`, NEEDS, async (scratch) => {
    const told = scratch.path("told");
    await using bundle = await Bundle.make(scratch, "cat /words; sleep 60", (config) => {
      const script = `cat >${told}`;
      config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] }] };
      config.root.path = `../${base(config.root.path)}`;
      config.mounts.push({ destination: "/words", type: "bind", source: "../beside/words", options: ["bind", "ro"] });
    });
    const cwd = await scratch.dir("beside");
    await scratch.write("beside/words", "of the bundle\n");
    await Deno.symlink(`../${base(bundle.directory)}`, `${cwd}/link`);
    // Decided the first time, by the plan that was kept then the second time.
    for (const _ of ["decided", "kept"]) {
      await bundle.masu("delete", "--force");
      const created = await bundle.create(["--bundle", word(bundle.directory)], { cwd });
      assertEquals(created.code, 0, created.transcript);
      const { stdout } = await bundle.masu("state");
      const { bundle: said } = JSON.parse(stdout);
      assertEquals([said, JSON.parse(await Deno.readTextFile(told)).bundle], [bundle.directory, bundle.directory]);
    }
    await bundle.masu("start");
    await bundle.said("of the bundle");
  });
}

kernelTest("create and run name a bundle that is missing", ["mount"], async (scratch) => {
  await scratch.write("file", "");
  for (const command of ["create", "run"]) {
    for (const [word, cause] of [["absent", "No such file or directory"], ["file", "Not a directory"]] as const) {
      const { code, stdout, stderr, transcript } = await scratch.masu(command, "--bundle", word, "nobody");
      assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [1, "", 1], transcript);
      assertStringIncludes(stderr, `Open bundle "${scratch.path(word)}": ${cause}`);
    }
  }
});

function base(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
