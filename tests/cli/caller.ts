/** An OCI runtime as an engine calls it: masu, or the one that MASU_OCI_REFERENCE names, to see that what is expected is so. */
import { Bundle, type Config } from "../bundle.ts";
import { descendants } from "../leaks.ts";
import { MASU, type Outcome, type Scratch, type StartOptions } from "../scratch.ts";

/** Another runtime that the tests are tried on: `/usr/sbin/runc`. */
export const REFERENCE: string | undefined = Deno.env.get("MASU_OCI_REFERENCE");

/** Which runtime it is. */
export const RUNTIME: string = REFERENCE ?? MASU;

/** An engine with one container in a root of its own. Disposing of it deletes the container. */
export class Caller implements AsyncDisposable {
  private constructor(
    readonly scratch: Scratch,
    readonly bundle: Bundle,
    /** Where the log is that the next call writes. */
    readonly log: string,
  ) {}

  /** With a bundle for a script. */
  static async make(scratch: Scratch, script: string, change?: (config: Config) => void): Promise<Caller> {
    const bundle = await Bundle.make(scratch, script, change);
    return new Caller(scratch, bundle, `${bundle.directory}/log.json`);
  }

  get id(): string {
    return this.bundle.id;
  }

  /** Flags before the command, as go-runc writes them. */
  get globals(): readonly string[] {
    return ["--root", this.scratch.path("oci"), "--log", this.log, "--log-format", "json"];
  }

  /** `runtime GLOBALS WORDS`. */
  async call(words: readonly string[], options: StartOptions = {}): Promise<Outcome> {
    return await this.scratch.command(RUNTIME, ...this.globals, ...words, options);
  }

  /** The same by a command line of sh(1), in which `runtime` stands for the runtime and its globals. */
  async shell(line: string, options: StartOptions = {}): Promise<Outcome> {
    const script = `runtime() { "$RUNTIME" ${this.globals.map((word) => `'${word}'`).join(" ")} "$@"; }; ${line}`;
    return await this.scratch.command("sh", "-c", script, {
      ...options,
      env: { RUNTIME, BUNDLE: this.bundle.directory, ID: this.id, ...options.env },
    });
  }

  /** `create` with the container's streams in files. */
  async create(...flags: readonly string[]): Promise<Outcome> {
    const words = flags.map((flag) => `'${flag}'`).join(" ");
    const line = `runtime create --bundle "$BUNDLE" ${words} "$ID" </dev/null >"$BUNDLE/stdout" 2>"$BUNDLE/stderr"`;
    const outcome = await this.shell(line);
    const { stdout, stderr } = await this.bundle.output();
    return { ...outcome, stdout, stderr, transcript: `${outcome.transcript}\n${stdout}\n${stderr}` };
  }

  /** `create` and `start`. Throws when one of them fails. */
  async run(): Promise<void> {
    for (const outcome of [await this.create(), await this.call(["start", this.id])]) {
      if (outcome.code !== 0) throw new Error(outcome.transcript);
    }
  }

  /** Its status, as `state` has it. */
  async status(): Promise<string> {
    return JSON.parse((await this.call(["state", this.id])).stdout).status;
  }

  /** Waits until it has this status. */
  async until(status: string): Promise<void> {
    for (const deadline = Date.now() + 10_000; await this.status() !== status;) {
      if (Date.now() > deadline) throw new Error(`It is not ${status}`);
      // The test is its parent, now that the runtime has ended.
      descendants();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The objects in the log. */
  async logged(): Promise<{ level: string; msg: string; time: string }[]> {
    const text = await Deno.readTextFile(this.log);
    return text.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // As engines do: a pid namespace ends once all that was executed in it is reaped.
    const reaping = setInterval(descendants, 20);
    await this.call(["delete", "--force", this.id]);
    clearInterval(reaping);
    descendants();
  }
}
