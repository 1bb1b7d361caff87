/** Containers that run beside a test, for what is done to running ones. */
import { descendants } from "./leaks.ts";
import { alongside, type InsideOptions } from "./inside.ts";
import type { Outcome, Running, Scratch, StartOptions } from "./scratch.ts";

/** A container that waits. Disposing of it ends it. */
export interface Box extends AsyncDisposable {
  readonly name: string;
  readonly running: Running;
  /** `masu exec FLAGS NAME WORDS`. */
  exec(flags: readonly string[], words: readonly string[], options?: StartOptions): Promise<Outcome>;
  /** `masu exec FLAGS NAME sh -c SCRIPT`. */
  script(flags: readonly string[], script: string, options?: StartOptions): Promise<Outcome>;
}

/** Runs a container in the foreground of a masu beside the test. `script`: what it does after it has said `ready`. */
export async function openBox(
  scratch: Scratch,
  flags: readonly string[] = [],
  options: InsideOptions & { readonly script?: string } = {},
): Promise<Box> {
  const name = `box-${crypto.randomUUID().slice(0, 8)}`;
  const { asUser } = options;
  const who: StartOptions = asUser === undefined ? {} : { asUser };
  const running = await alongside(
    scratch,
    ["--name", name, ...flags],
    options.script ?? "echo ready; exec sleep 1000",
    options,
  );
  const exec: Box["exec"] = (flags, words, more = {}) =>
    scratch.masu("exec", ...flags, name, ...words, { ...who, ...more });
  return {
    name,
    running,
    exec,
    script: (flags, script, more) => exec(flags, ["sh", "-c", script], more),
    async [Symbol.asyncDispose]() {
      try {
        running.kill("SIGTERM");
      } catch (error) {
        if (error instanceof TypeError) return; // it has ended
        throw error;
      }
      // Programs that lost their masu were given to the test, and a pid namespace ends only when each was reaped.
      const reaping = setInterval(() => descendants(), 20);
      await running.outcome().finally(() => clearInterval(reaping));
    },
  };
}
