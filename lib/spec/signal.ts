/**
 * Signals by name and number. Source: signal(7); numbers of x86-64 and aarch64.
 *
 * @module
 */
import { invalidConfig } from "../error.ts";

/** Standard signals by number. */
export const SIGNALS: ReadonlyMap<string, number> = new Map([
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGQUIT", 3],
  ["SIGILL", 4],
  ["SIGTRAP", 5],
  ["SIGABRT", 6],
  ["SIGIOT", 6],
  ["SIGBUS", 7],
  ["SIGFPE", 8],
  ["SIGKILL", 9],
  ["SIGUSR1", 10],
  ["SIGSEGV", 11],
  ["SIGUSR2", 12],
  ["SIGPIPE", 13],
  ["SIGALRM", 14],
  ["SIGTERM", 15],
  ["SIGSTKFLT", 16],
  ["SIGCHLD", 17],
  ["SIGCLD", 17],
  ["SIGCONT", 18],
  ["SIGSTOP", 19],
  ["SIGTSTP", 20],
  ["SIGTTIN", 21],
  ["SIGTTOU", 22],
  ["SIGURG", 23],
  ["SIGXCPU", 24],
  ["SIGXFSZ", 25],
  ["SIGVTALRM", 26],
  ["SIGPROF", 27],
  ["SIGWINCH", 28],
  ["SIGIO", 29],
  ["SIGPOLL", 29],
  ["SIGPWR", 30],
  ["SIGSYS", 31],
]);

/** Real-time signals as glibc counts them: it keeps 32 and 33 for itself. */
export const REAL_TIME = { least: 34, most: 64 } as const;

/** Reads `TERM`, `SIGTERM`, `term`, `15`, `RTMIN+3`, `RTMAX-1`. Errors: `invalid_config` no such signal. */
export function parseSignal(text: string): number {
  const number = /^[0-9]{1,2}$/.test(text) ? Number(text) : numberOf(text.toUpperCase());
  if (number === undefined || number < 1 || number > REAL_TIME.most) {
    throw invalidConfig(
      `Use signal "${text}": no such signal`,
      "a name such as TERM, RTMIN+3, or a number from 1 to 64",
    );
  }
  return number;
}

function numberOf(upper: string): number | undefined {
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const standard = SIGNALS.get(name);
  if (standard !== undefined) return standard;
  const [, from, offset = "+0"] = /^SIG(RTMIN|RTMAX)([+-][0-9]{1,2})?$/.exec(name) ?? [];
  if (from === undefined) return undefined;
  const number = (from === "RTMIN" ? REAL_TIME.least : REAL_TIME.most) + Number(offset);
  return number >= REAL_TIME.least && number <= REAL_TIME.most ? number : undefined;
}

/** `SIGTERM` for 15, `SIGRTMIN+3` for 37, the number itself for one without a name. */
export function signalName(number: number): string {
  for (const [name, value] of SIGNALS) if (value === number) return name;
  if (number < REAL_TIME.least || number > REAL_TIME.most) return `${number}`;
  return number === REAL_TIME.least ? "SIGRTMIN" : `SIGRTMIN+${number - REAL_TIME.least}`;
}
