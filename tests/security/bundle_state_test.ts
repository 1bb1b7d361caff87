/** What an attacker who can write to a directory of masu's or of the engine's planted there: links in place of files. */
import { assert, assertEquals } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { exists } from "../host.ts";
import { image } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const NEEDS = ["mount", "pidns", "busybox"] as const;

attackTest("T22: create follows no link that was planted where its state will be", NEEDS, async (scratch) => {
  for (const part of ["containers", "containers/ID"]) {
    const state = await scratch.dir(`state-${part.length}`);
    const elsewhere = await scratch.dir(`elsewhere-${part.length}`);
    await using bundle = await Bundle.make(scratch, "echo ran");
    if (part !== "containers") await Deno.mkdir(`${state}/containers`);
    await Deno.symlink(elsewhere, `${state}/${part.replace("ID", bundle.id)}`);
    const outcome = await scratch.masu("--root", state, "run", "--bundle", bundle.directory, bundle.id);
    assertEquals([...Deno.readDirSync(elsewhere)], [], outcome.transcript);
    await scratch.masu("--root", state, "delete", "--force", bundle.id);
    assertEquals([...Deno.readDirSync(elsewhere)], []);
  }
});

/** What is put in the place of a file of the state directory. */
const PLANTED: [what: string, make: (path: string, victim: string) => Promise<unknown>][] = [
  ["a link to another file", (path, victim) => Deno.symlink(victim, path)],
  ["a FIFO", (path) => new Deno.Command("mkfifo", { args: [path] }).output()],
  ["a directory", (path) => Deno.mkdir(path)],
  ["/dev/zero", (path) => Deno.symlink("/dev/zero", path)],
  ["ten gigabytes", (path) => new Deno.Command("truncate", { args: ["-s", "10G", path] }).output()],
  ["half a document", (path) => Deno.writeTextFile(path, '{"ociVersion":"1.0.2","id":"x","pid":1,')],
];
for (const [what, make] of PLANTED) {
  attackTest(
    `T22: a state.json that is ${what} is no container's, and delete --force removes it`,
    NEEDS,
    async (scratch) => {
      const root = await scratch.dir("state");
      const victim = await scratch.write("victim", '{"ociVersion":"1.0.2","id":"x","pid":1,"masu":{"start":0}}');
      await using bundle = await Bundle.make(scratch, "exec sleep 100");
      const id = bundle.id;
      const create = 'exec "$0" --root "$1" create --bundle "$2" "$3" >"$2/stdout" 2>"$2/stderr" </dev/null';
      const created = await scratch.command("sh", "-c", create, MASU, root, bundle.directory, id);
      assertEquals(created.code, 0, created.transcript);
      const file = `${root}/containers/${id}/state.json`;
      const kept = `${root}/kept`;
      await Deno.rename(file, kept);
      await make(file, victim);
      for (const words of [["state", id], ["start", id], ["kill", id, "9"], ["exec", id, "true"], ["pause", id]]) {
        const outcome = await scratch.masu("--root", root, ...words, { timeoutMs: 10_000 });
        assert(outcome.code !== 0 && outcome.stdout === "", outcome.transcript);
        assert(outcome.stderr.length < 10_000 && !/panicked|\bat .*\.ts/.test(outcome.stderr), outcome.transcript);
      }
      // The file that the container really has: otherwise its process would stay.
      await Deno.remove(file, { recursive: true });
      await Deno.rename(kept, file);
      const deleted = await scratch.masu("--root", root, "delete", "--force", id);
      assertEquals(deleted.code, 0, deleted.transcript);
      assertEquals(await Deno.readTextFile(victim), '{"ociVersion":"1.0.2","id":"x","pid":1,"masu":{"start":0}}');
      assertEquals(exists(`${root}/containers/${id}`), false);
    },
  );
}

attackTest("T22: start asks nobody but the container's own process", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "echo ran");
  const created = await bundle.create();
  assertEquals(created.code, 0, created.transcript);
  const socket = `/run/masu/containers/${bundle.id}/start`;
  assert(exists(socket), "the socket is elsewhere");
  const victim = await scratch.write("victim", "kept");
  await Deno.rename(socket, `${scratch.path()}/socket`);
  await Deno.symlink(victim, socket);
  const outcome = await bundle.masu("start", { timeoutMs: 10_000 });
  assert(outcome.code !== 0, outcome.transcript);
  assertEquals((await bundle.output()).stdout, "");
  assertEquals(await Deno.readTextFile(victim), "kept");
});

attackTest("T22: a pid file that is a link is replaced, and what it leads to is kept", NEEDS, async (scratch) => {
  const victim = await scratch.write("victim", "kept");
  const file = scratch.path("pid");
  for (const begin of ["create", "run", "exec"]) {
    await using bundle = await Bundle.make(scratch, begin === "run" ? "true" : "exec sleep 100");
    if (begin === "exec") {
      await bundle.create();
      await bundle.masu("start");
    }
    await Deno.symlink(victim, file);
    if (begin === "create") await bundle.create(["--pid-file", file]);
    if (begin === "run") await bundle.run(["--pid-file", file]);
    if (begin === "exec") await bundle.exec((document) => document.args = ["true"], ["--pid-file", file]);
    assertEquals(await Deno.readTextFile(victim), "kept", begin);
    await Deno.remove(file).catch(() => {});
  }
});

attackTest("T22: a pid file in a directory that others write to is not awaited", NEEDS, async (scratch) => {
  const file = scratch.path("fifo");
  await scratch.command("mkfifo", file);
  await using bundle = await Bundle.make(scratch, "exec sleep 100");
  await bundle.create(["--pid-file", file], { timeoutMs: 10_000 });
  await using other = await Bundle.make(scratch, "true");
  await scratch.masu("--log", file, "run", "--bundle", "/no/such/bundle", other.id, { timeoutMs: 10_000 });
});

attackTest("T22: an error that cannot be logged is still an error", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "true");
  for (const path of ["/no/such/directory/log", scratch.path(), "/dev/null/log"]) {
    const outcome = await scratch.masu("--log", path, "run", "--bundle", "/no/such/bundle", bundle.id);
    assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript);
  }
});

attackTest(
  "T22: what a bundle's container puts where its mount points were is not removed as masu's",
  NEEDS,
  async (scratch) => {
    await image(scratch);
    const host = await scratch.dir("host");
    await scratch.write("host/kept", "kept");
    const script = `mv /made /moved 2>/dev/null; ln -s ${host} /made; ln -s / /root/link; true`;
    await using bundle = await Bundle.make(scratch, script, ({ mounts }) => {
      mounts.push({ destination: "/made/kept", type: "tmpfs", source: "none" });
    });
    await bundle.attempt("create");
    await bundle.masu("delete");
    assertEquals(await Deno.readTextFile(`${host}/kept`), "kept");
  },
);
