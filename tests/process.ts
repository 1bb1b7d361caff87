/** Commands that tests start: one that is waited for, and one that keeps running beside the test. */

/** How to start a command. */
export interface StartOptions {
  /** Environment, in addition to what every command gets; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What it reads on its standard input; nothing when not given. */
  readonly stdin?: string;
  /** Run as the ordinary user of the tests. */
  readonly asUser?: boolean;
  /** Its working directory. */
  readonly cwd?: string;
  /** After so many milliseconds it is killed and the test fails; 30,000 when not given. */
  readonly timeoutMs?: number;
}

/** How a command ended and what it said. */
export interface Outcome {
  /** Exit status; 128 + n when signal n ended it. */
  readonly code: number;
  /** The signal that ended it. */
  readonly signal: Deno.Signal | null;
  /** What it wrote. */
  readonly stdout: string;
  /** What it wrote. */
  readonly stderr: string;
  /** All of that with its arguments, for the message of an assertion. */
  readonly transcript: string;
}

/** A command that is ready to be started: its argv and its whole environment. */
export interface Prepared {
  /** The command and its arguments. */
  readonly argv: readonly [command: string, ...args: string[]];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its working directory. */
  readonly cwd: string;
}

/** Starts a command and waits until it has ended and closed its output. */
export async function finish(prepared: Prepared, options: StartOptions): Promise<Outcome> {
  await using running = new Running(prepared);
  await running.write(options.stdin ?? "");
  await running.closeStdin();
  return await running.outcome(options.timeoutMs);
}

/** Processes that somebody waits for: nobody else may reap them. */
export const awaited = new Set<number>();

/** A command that runs beside the test. Disposing of it kills it, if it still runs. */
export class Running implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #argv: readonly string[];
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #ended: Promise<void>;
  #status: Deno.CommandStatus | null = null;
  #stdinOpen = true;
  #stdout = "";
  #stderr = "";
  #changed = Promise.withResolvers<void>();

  /** Starts it. */
  constructor({ argv, env, cwd }: Prepared) {
    const [command, ...args] = argv;
    this.#argv = argv;
    this.#child = new Deno.Command(command, {
      args,
      env,
      cwd,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    awaited.add(this.#child.pid);
    this.#stdin = this.#child.stdin.getWriter();
    this.#ended = this.#collect();
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it has written so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** What it has written so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Writes to its standard input. A reader that has gone is no error. */
  async write(text: string): Promise<void> {
    if (text === "") return;
    await this.#stdin.write(new TextEncoder().encode(text)).catch(ignoreBrokenPipe);
  }

  /** Lets it read end of file. */
  async closeStdin(): Promise<void> {
    if (!this.#stdinOpen) return;
    this.#stdinOpen = false;
    await this.#stdin.close().catch(ignoreBrokenPipe);
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until its standard output matches. Throws when it ends or `timeoutMs` pass before that. */
  async until(pattern: RegExp, timeoutMs = 10_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#stdout);
      if (match !== null) return match;
      if (this.#status !== null) throw new Error(`It ended before its output matched ${pattern}\n${this.transcript()}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`Its output did not match ${pattern} in ${timeoutMs} ms\n${this.transcript()}`);
      await within(left, this.#changed.promise);
    }
  }

  /** Waits until it has ended and closed its output. Kills it and throws after `timeoutMs`. */
  async outcome(timeoutMs = 30_000): Promise<Outcome> {
    if (!await within(timeoutMs, this.#ended)) {
      const transcript = this.transcript();
      this.#child.kill("SIGKILL");
      throw new Error(`It did not end in ${timeoutMs} ms\n${transcript}`);
    }
    const { code, signal } = this.#status ?? { code: -1, signal: null };
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr, transcript: this.transcript() };
  }

  /** Its arguments, exit status and output so far. */
  transcript(): string {
    const status = this.#status === null ? "still running" : this.#status.signal ?? `exit status ${this.#status.code}`;
    return [`$ ${this.#argv.join(" ")}`, status, "-- stdout", this.#stdout, "-- stderr", this.#stderr].join("\n");
  }

  /** Kills it, if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeStdin();
    if (this.#status === null) {
      try {
        this.#child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended in this moment
      }
    }
    await this.#ended;
  }

  async #collect(): Promise<void> {
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) {
        add(text);
        this.#wake();
      }
    };
    await Promise.all([
      read(this.#child.stdout, (text) => this.#stdout += text),
      read(this.#child.stderr, (text) => this.#stderr += text),
      this.#child.status.then((status) => {
        awaited.delete(this.#child.pid);
        this.#status = status;
        this.#wake();
      }),
    ]);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** True when the promise was kept in that time. */
async function within(timeoutMs: number, promise: Promise<void>): Promise<boolean> {
  let timer: number | undefined;
  const late = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(false), timeoutMs));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function ignoreBrokenPipe(error: unknown): void {
  if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
}
