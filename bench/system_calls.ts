/**
 * Counts the system calls of one command with strace(1), threads other than each process's first aside.
 *
 * @module
 */

import type { Variant } from "./processes.ts";

/** How many system calls the processes of a command made, by their first threads. */
export function countSystemCalls({ command, within = [] }: Variant, scratch: string): number {
  const log = `${scratch}/strace.log`;
  const [program = "", ...args] = [...within, "strace", "-f", "-qq", "-o", log, ...command];
  const { success, stderr } = new Deno.Command(program, {
    args,
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (!success) throw new Error(`strace ${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return countLines(Deno.readTextFileSync(log));
}

/** The lines of a strace log that begin a call of a process's first thread. */
export function countLines(log: string): number {
  const threads = new Set<string>();
  const lines = log.split("\n").map((line) => line.match(/^(\d+)\s+(.*)$/)).filter((match) => match !== null);
  for (const [, , text = ""] of lines) {
    const made = /CLONE_THREAD.*= (\d+)|CLONE_THREAD.*=> \{parent_tid=\[(\d+)\]/.exec(text);
    const thread = made?.[2] ?? made?.[1];
    if (thread !== undefined) threads.add(thread);
  }
  const counted = lines.filter(([, pid = "", text = ""]) =>
    !threads.has(pid) && !text.startsWith("<...") && !text.startsWith("+++") && !text.startsWith("---")
  );
  return counted.length;
}
