/** A terminal in which a person types: a tmux of the test's own. */
import type { Scratch } from "../scratch.ts";

/** A session with a shell. Disposing of it ends the server and all that runs in it. */
export class Terminal implements AsyncDisposable {
  readonly #scratch: Scratch;
  readonly #socket: string;

  private constructor(scratch: Scratch) {
    this.#scratch = scratch;
    this.#socket = scratch.path("tmux");
  }

  /** Opens a terminal of 80 columns and 24 rows with a shell that prompts `$ `. */
  static async open(scratch: Scratch): Promise<Terminal> {
    const terminal = new Terminal(scratch);
    const shell = "exec env PS1='$ ' HISTFILE= ENV= bash --norc --noprofile";
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", shell);
    await terminal.#tmux("set-option", "-g", "history-limit", "5000");
    await terminal.until(/^\$$/);
    return terminal;
  }

  /** Types a line and Enter. */
  async line(text: string): Promise<void> {
    await this.#tmux("send-keys", "-l", text);
    await this.#tmux("send-keys", "Enter");
  }

  /** Presses keys by tmux's names: `C-c`, `Enter`. */
  async keys(...names: string[]): Promise<void> {
    await this.#tmux("send-keys", ...names);
  }

  /** Gives the window another size. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** What was shown so far, lines that were wrapped joined again. */
  async screen(): Promise<string> {
    return await this.#tmux("capture-pane", "-p", "-J", "-S", "-5000");
  }

  /** The pid of its shell. */
  async shell(): Promise<number> {
    return Number(await this.#tmux("display-message", "-p", "#{pane_pid}"));
  }

  /** Waits until what was shown matches. */
  async until(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const screen = (await this.screen()).trimEnd();
      const match = pattern.exec(screen);
      if (match !== null) return match;
      if (Date.now() > deadline) throw new Error(`The screen did not match ${pattern} in ${timeoutMs} ms:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Types a command into the shell and returns what it shows, once it has ended. */
  async run(command: string): Promise<string> {
    await this.until(/\$$/); // what is typed before the prompt is there is shown twice
    const mark = crypto.randomUUID().slice(0, 8);
    const typed = `${command}; echo "${mark}:$?"`;
    const width = Number(await this.#tmux("display-message", "-p", "#{pane_width}"));
    // A line that ends where the screen does is joined with what is shown next.
    await this.line(("$ ".length + typed.length) % width === 0 ? `${typed} ` : typed);
    await this.until(new RegExp(`^${mark}:\\d+`, "m"));
    const screen = await this.screen();
    const after = screen.slice(screen.indexOf(mark) + mark.length);
    return after.slice(after.indexOf("\n") + 1, after.indexOf(mark));
  }

  /** Ends the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scratch.command("tmux", "-S", this.#socket, "kill-server");
    await Deno.remove(this.#socket).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  async #tmux(...args: string[]): Promise<string> {
    const { code, stdout, transcript } = await this.#scratch.command("tmux", "-S", this.#socket, ...args);
    if (code !== 0) throw new Error(transcript);
    return stdout;
  }
}
