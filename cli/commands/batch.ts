/** `masu batch`: many commands in one process, each answered by one line of JSON. */
import { mistake } from "../../lib/config/mistake.ts";
import type { Store } from "../../lib/core/wire.ts";
import { runKept } from "../../lib/engine/kept.ts";
import { once } from "../../lib/engine/once.ts";
import { MasuError } from "../../lib/error.ts";
import type { Command, Invocation } from "../command.ts";
import { storeFor } from "../container_words.ts";
import { EXIT, exitStatus } from "../exit.ts";
import type { GlobalName } from "../flags.ts";
import { readLines } from "../lines.ts";
import { escapeJson } from "../paint.ts";
import type { Process } from "../process.ts";
import { shellWords } from "../shell_words.ts";

export const batch: Command<never> = {
  name: "batch",
  group: "masu itself",
  operands: "",
  summary: "Read commands from stdin, answer each with one line of JSON",
  description: [
    "Each line is a command without the word masu: words as in a shell, or a JSON array of strings. Each is answered, in the " +
    "same order, by one line with the keys command, status (its exit status), result (what --json prints, where the command " +
    "has a result), stdout, stderr and error (code, message, hint). The end of stdin ends it. A command that fails does not.",
    "One process does it all, so that a command costs what it does and no start of a program. What needs masu's own stdin or " +
    "terminal is refused: masu run without -d, attach, -i and -t of exec, tar streams of cp and export.",
  ],
  flags: [],
  examples: [
    [
      `printf 'run -d --name a host sleep 100\\nexec a hostname\\nrm -f a\\n' | masu batch`,
      "Three commands, three lines",
    ],
    [`echo '["exec","a","sh","-c","echo $HOME"]' | masu batch`, "Words that no shell has to be asked about"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: false,
  async run(invocation): Promise<number> {
    const { operands, globals, report, process } = invocation;
    if (process.stays === true) throw mistake("command", "batch", "masu batch reads commands already");
    const [surplus] = operands;
    if (surplus !== undefined) throw mistake("operand", surplus, "masu batch takes none: commands come on stdin");
    const inherited = INHERITED.flatMap((name) => globals.all(name).map((value) => `--${name}=${value}`));
    const batch: Batch = { invocation, inherited, store: once(() => storeFor(invocation)) };
    for await (const line of readLines(process.stdin)) {
      const answer = await answerLine(line, batch);
      if (answer !== null) report.text(escapeJson(JSON.stringify(answer)));
    }
    return EXIT.success;
  },
};

/** What one command came to. */
interface Answer {
  readonly command: readonly string[];
  readonly status: number;
  readonly result?: unknown;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string | undefined };
}

/** What is the same for all commands. */
interface Batch {
  readonly invocation: Invocation;
  /** Flags of the batch that hold for its commands too. */
  readonly inherited: readonly string[];
  store(): Store;
}

const INHERITED: readonly GlobalName[] = ["root", "cgroup-manager", "systemd-cgroup"];

/** null: a line without a command. */
async function answerLine(line: string, batch: Batch): Promise<Answer | null> {
  let command: readonly string[] = [];
  try {
    command = words(line);
    if (command.length === 0) return null;
    if (command[0] === "run") {
      const id = runKept(batch.invocation.process.core(), batch.store(), [...batch.inherited, ...command]);
      if (id !== null) return { command, status: EXIT.success, result: { id, name: null } };
    }
  } catch (error) {
    if (!(error instanceof MasuError)) throw error;
    const { code, message, hint } = error;
    return { command, status: exitStatus(error, command[0] === "run"), error: { code, message, hint } };
  }
  const { process, main } = batch.invocation;
  const inner = new InnerProcess(process, command);
  const status = await main([...batch.inherited, ...command], inner.process);
  return { command, status, ...inner.said() };
}

function words(line: string): readonly string[] {
  if (!line.trimStart().startsWith("[")) return shellWords(line);
  const wrong = (why: string) => mistake("line", line, why, `a JSON array of strings: ["exec", "a", "hostname"]`);
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch {
    throw wrong("is no JSON");
  }
  if (!Array.isArray(read) || !read.every((word) => typeof word === "string")) throw wrong("is no array of strings");
  return read;
}

/** The process that one command sees: what it prints is kept, and it cannot become another program. */
class InnerProcess {
  readonly process: Process;
  readonly #streams = { stdout: "", stderr: "" };
  readonly #results: unknown[] = [];
  #error: MasuError | undefined;

  constructor(outer: Process, command: readonly string[]) {
    this.process = {
      ...outer,
      arguments: command,
      core: () => ({ ...outer.core(), stays: true }),
      stays: true,
      colours: false,
      isTerminal: () => false,
      write: (stream, text) => {
        this.#streams[stream] += text;
      },
      result: (document) => {
        this.#results.push(document);
      },
      failed: (error) => {
        if (error instanceof MasuError) this.#error = error;
      },
    };
  }

  said(): Partial<Answer> {
    const { stdout, stderr } = this.#streams;
    const [result, ...more] = this.#results;
    const error = this.#error;
    return {
      ...(result !== undefined && { result: more.length === 0 ? result : this.#results }),
      ...(stdout !== "" && { stdout }),
      ...(stderr !== "" && error === undefined && { stderr }),
      ...(error !== undefined && { error: { code: error.code, message: error.message, hint: error.hint } }),
    };
  }
}
