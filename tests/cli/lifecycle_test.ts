/** What the commands on containers print and how they end. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";

const NEEDS: Need[] = ["mount", "overlay", "busybox"];

kernelTest("each command prints a word for each container that it could do it to", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const name = `word-${Deno.pid}`;
  const id = await scratch.container("create", "--name", name, root, "sleep", "1000");
  const other = await scratch.container("create", root, "sleep", "1000");
  const words = [name, other.slice(0, 8), "nosuch"];
  const flags: Record<string, string[]> = { stop: ["-t", "0"], restart: ["-t", "0"], kill: ["-s", "CONT"] };
  for (const verb of ["start", "pause", "unpause", "freeze", "resume", "kill", "restart", "stop", "rm"]) {
    const { code, stdout, stderr, transcript } = await scratch.masu(verb, ...flags[verb] ?? [], ...words);
    assertEquals([code, stdout], [1, `${name}\n${other.slice(0, 8)}\n`], transcript);
    assertEquals(stderr.split("\n")[0], 'masu: Find container "nosuch": container does not exist', transcript);
  }
  assertEquals((await scratch.masu("state", id)).code, 1);
});

kernelTest("--json prints one document of all outcomes", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const made = await scratch.masu("create", "--json", "--name", `json-${Deno.pid}`, root, "sh", "-c", "exit 4");
  const { id, name } = JSON.parse(made.stdout);
  assertEquals(name, `json-${Deno.pid}`, made.transcript);
  const started = await scratch.masu("start", "--json", id);
  assertEquals(JSON.parse(started.stdout), [{ container: id, id, status: null, error: null }], started.transcript);
  const waited = await scratch.masu("--json", "wait", id, "nosuch");
  assertEquals(waited.code, 125, waited.transcript);
  const [first, second] = JSON.parse(waited.stdout);
  assertEquals(first, { container: id, id, status: 4, error: null });
  assertEquals([second.container, second.id, second.error.code], ["nosuch", null, "not_found"]);
  const renamed = await scratch.masu("rename", "--json", id, `other-${Deno.pid}`);
  assertEquals(JSON.parse(renamed.stdout), { id, name: `other-${Deno.pid}` });
  const deleted = await scratch.masu("delete", "--json", id);
  assertEquals(JSON.parse(deleted.stdout), [{ container: id, id, status: null, error: null }]);
});

kernelTest("run -d prints the ID alone, and with --json a document", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const plain = await scratch.masu("run", "-d", "--rm", root, "true");
  assertEquals([plain.code, plain.stderr], [0, ""], plain.transcript);
  assertMatch(plain.stdout, /^[0-9a-f]{12}\n$/);
  const document = await scratch.masu("run", "-d", "--rm", "--json", root, "true");
  assertMatch(JSON.parse(document.stdout).id, /^[0-9a-f]{12}$/);
  for (const { id } of [{ id: plain.stdout.trim() }, JSON.parse(document.stdout)]) await scratch.masu("wait", id);
});

kernelTest("wait ends with the program's own status, the last one's", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const make = (status: number) => scratch.container("run", "-d", root, "sh", "-c", `exit ${status}`);
  const [three, none] = [await make(3), await make(0)];
  const first = await scratch.masu("wait", three, none);
  assertEquals([first.code, first.stdout], [0, "3\n0\n"], first.transcript);
  const second = await scratch.masu("wait", none, three);
  assertEquals([second.code, second.stdout], [3, "0\n3\n"], second.transcript);
});

kernelTest("start -a ends with the program's own status, and connects its streams", NEEDS, async (scratch) => {
  const root = await image(scratch);
  const id = await scratch.container("create", "-i", root, "sh", "-c", "read x; echo out $x; echo err >&2; exit 9");
  const { code, stdout, stderr, transcript } = await scratch.masu("start", "-ai", id, { stdin: "in\n" });
  assertEquals([code, stdout, stderr], [9, "out in\n", "err\n"], transcript);
  // One that ends at once loses nothing of its output either.
  const quick = await scratch.container("create", root, "echo", "quick");
  assertEquals((await scratch.masu("start", "-a", quick)).stdout, "quick\n");
});

kernelTest("stop of one that does not run is fine, kill of one is not", NEEDS, async (scratch) => {
  const id = await scratch.container("create", await image(scratch), "true");
  assertEquals((await scratch.masu("stop", id)).code, 0);
  const killed = await scratch.masu("kill", id);
  assertEquals([killed.code, killed.stdout], [1, ""], killed.transcript);
  assertStringIncludes(killed.stderr, "it does not run");
});

kernelTest("delete refuses one that runs, and says how it would not", NEEDS, async (scratch) => {
  const id = await scratch.container("run", "-d", await image(scratch), "sleep", "1000");
  const { code, stderr, transcript } = await scratch.masu("delete", id);
  assertEquals(code, 1, transcript);
  assertStringIncludes(stderr, "hint: stop it first, or use --force\n");
  const ignored = await scratch.masu("delete", "--ignore", "nosuch");
  assertEquals([ignored.code, ignored.stderr], [0, ""], ignored.transcript);
});

kernelTest("--all does it to all that it can be done to", NEEDS, async (scratch) => {
  const rootfs = await image(scratch);
  const state = ["--root", await scratch.dir("state", 0o700)];
  const make = async (...args: string[]) => (await scratch.masu(...state, ...args)).stdout.trim();
  const running = await make("run", "-d", rootfs, "sleep", "1000");
  const created = await make("create", rootfs, "true");
  const cases: [args: string[], stdout: string][] = [
    [["pause", "--all"], `${running}\n`],
    [["resume", "-a"], `${running}\n`],
    [["restart", "-t", "0", "--all"], `${running}\n`],
    [["rm", "--all"], `${created}\n`],
    [["stop", "-t", "0", "-a"], `${running}\n`],
    [["stop", "-a"], ""],
    [["rm", "-af"], `${running}\n`],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, transcript } = await scratch.masu(...state, ...args);
    assertEquals([code, stdout], [0, expected], transcript);
  }
});

kernelTest("system info counts containers and says where they are", NEEDS, async (scratch) => {
  const state = await scratch.dir("state", 0o700);
  const { stdout } = await scratch.masu("--root", state, "create", await image(scratch), "true");
  const info = JSON.parse((await scratch.masu("--root", state, "system", "info", "--json")).stdout);
  assertEquals([info.runtime, info.data, info.containers.created], [state, `${state}/data`, 1]);
  const text = await scratch.masu("--root", state, "system", "info");
  assertMatch(text.stdout, /^Containers: +1 created$/m);
  await scratch.masu("--root", state, "rm", stdout.trim());
});

kernelTest("create and run -d say what they would do, and do nothing", NEEDS, async (scratch) => {
  const root = await image(scratch);
  for (const words of [["create"], ["run", "-d"]]) {
    for (const form of ["text", "json", "sh"]) {
      const name = `dry-${Deno.pid}`;
      const { code, stdout, transcript } = await scratch.masu(...words, `--explain=${form}`, "--name", name, root);
      assertEquals(code, 0, transcript);
      assertStringIncludes(stdout, "layers/upper");
      assertEquals((await scratch.masu("state", name)).code, 1);
    }
  }
});
