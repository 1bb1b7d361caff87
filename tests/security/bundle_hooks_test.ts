/** Hooks that hang, flood, or are led elsewhere; and what they get of masu. */
import { assert, assertEquals } from "@std/assert";
import { Bundle, type Config } from "../bundle.ts";
import { image } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const NEEDS = ["mount", "pidns", "busybox"] as const;

/** The kinds of hooks that are done before the program, in that order. OCI runtime-spec, config.md, "POSIX-platform Hooks" */
const BEFORE = ["prestart", "createRuntime", "createContainer", "startContainer"] as const;

function hook(kind: string, script: string, more: { timeout?: number } = {}): (config: Config) => void {
  return (config) => {
    config.hooks = {
      ...config.hooks,
      [kind]: [{ path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"], ...more }],
    };
  };
}

for (const kind of BEFORE) {
  attackTest(
    `T33: a ${kind} hook that hangs is killed when its time is over, with all that it started`,
    NEEDS,
    async (scratch) => {
      const mark = `7${Math.floor(Math.random() * 1e6)}`;
      await using bundle = await Bundle.make(
        scratch,
        "echo ran",
        hook(kind, `sleep ${mark} & sleep ${mark}`, { timeout: 1 }),
      );
      const outcome = await bundle.run([], { timeoutMs: 20_000 });
      assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript);
      const left = await scratch.command("pgrep", "-f", `sleep ${mark}`);
      assertEquals(left.stdout, "", left.transcript);
      assertEquals(await bundle.status(), null);
    },
  );

  attackTest(
    `T33: a ${kind} hook that writes without end, and reads nothing, neither fills memory nor stops masu`,
    NEEDS,
    async (scratch) => {
      const flood = "head -c 20000000 /dev/zero; head -c 20000000 /dev/zero >&2; exit 0";
      await using bundle = await Bundle.make(scratch, "echo ran", (config) => {
        hook(kind, flood)(config);
        config.annotations = { long: "x".repeat(1_000_000) };
      });
      const script = 'exec "$@" >"$0/out" 2>"$0/err"';
      const words = [MASU, "run", "--bundle", bundle.directory, bundle.id];
      const outcome = await scratch.command("sh", "-c", script, bundle.directory, ...words);
      assertEquals(outcome.code, 0, outcome.transcript);
      const failing = await Bundle.make(scratch, "echo ran", hook(kind, "yes 'a line' | head -c 5000000 >&2; exit 3"));
      await using _failing = failing;
      const failed = await failing.run();
      assertEquals([failed.code, failed.stdout], [1, ""], failed.transcript.slice(0, 2000));
      assert(failed.stderr.length < 1 << 20, `${failed.stderr.length} bytes of a hook's output in a message`);
    },
  );

  attackTest(`T33: a ${kind} hook has three descriptors and no more`, [...NEEDS, "cc"], async (scratch) => {
    const root = await image(scratch, { probe: true });
    const inside = kind === "startContainer";
    const to = inside ? "/seen" : `${root}/seen`;
    const program = inside ? "/bin/probe" : `${root}/bin/probe`;
    await using bundle = await Bundle.make(scratch, "true", hook(kind, `${program} descriptors >${to}`));
    const script = 'exec "$@" 3</ 4</ 5</ 9</';
    const outcome = await scratch.command(
      "sh",
      "-c",
      script,
      "sh",
      MASU,
      "run",
      "--bundle",
      bundle.directory,
      bundle.id,
    );
    assertEquals(outcome.code, 0, outcome.transcript);
    assertEquals((await Deno.readTextFile(`${root}/seen`)).trim(), "0 1 2");
  });
}

attackTest("T33: a hook gets no variable of masu's caller", NEEDS, async (scratch) => {
  const root = await image(scratch);
  for (const kind of BEFORE.slice(0, 3)) {
    await using bundle = await Bundle.make(scratch, "true", (config) => {
      config.hooks = {
        [kind]: [{ path: "/bin/sh", args: ["sh", "-c", `/usr/bin/env >${root}/seen`], env: ["ONLY=this"] }],
      };
    });
    const outcome = await bundle.run([], { env: { SECRET: "x", LD_PRELOAD: "/no/such.so" } });
    assertEquals(outcome.code, 0, outcome.transcript);
    const seen = await Deno.readTextFile(`${root}/seen`);
    assert(!/SECRET|LD_PRELOAD|HOME/.test(seen) && seen.includes("ONLY=this"), seen);
  }
});

attackTest(
  "T33: a startContainer hook is the container's file, even where a link of its root leads out",
  NEEDS,
  async (scratch) => {
    const root = await image(scratch);
    const victim = await scratch.write("victim.sh", `#!/bin/sh\necho pwned >${scratch.path("pwned")}\n`, 0o755);
    await Deno.symlink(victim, `${root}/hook`);
    await using bundle = await Bundle.make(scratch, "echo ran", (config) => {
      config.hooks = { startContainer: [{ path: "/hook" }] };
    });
    const outcome = await bundle.run();
    assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript);
    assertEquals([...Deno.readDirSync(scratch.path())].some(({ name }) => name === "pwned"), false);
  },
);

attackTest(
  "T33: a hook that is no absolute path, or is not there, is refused before anything runs",
  NEEDS,
  async (scratch) => {
    const root = await image(scratch);
    for (const path of ["hook", "./hook", "", "/no/such/hook", "/etc/passwd", "/tmp"]) {
      for (const kind of BEFORE) {
        await using bundle = await Bundle.make(
          scratch,
          `touch /ran`,
          (config) => config.hooks = { [kind]: [{ path }] },
        );
        const outcome = await bundle.run();
        assertEquals([outcome.code, outcome.stdout], [1, ""], `${kind} ${path}: ${outcome.transcript}`);
        assertEquals(
          [...Deno.readDirSync(root)].some(({ name }) => name === "ran"),
          false,
        );
      }
    }
  },
);

attackTest("T33: a failing poststart or poststop hook takes nothing back", NEEDS, async (scratch) => {
  for (const kind of ["poststart", "poststop"]) {
    await using bundle = await Bundle.make(scratch, "echo ran", hook(kind, "exit 3"));
    await bundle.attempt("create");
    assertEquals((await bundle.output()).stdout, "ran\n", kind);
    await bundle.masu("delete", "--force");
    assertEquals(await bundle.status(), null, kind);
  }
});
