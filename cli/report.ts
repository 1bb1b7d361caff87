/**
 * The only printer: results on stdout; errors, hints and warnings on stderr and in the log.
 *
 * @module
 */
import { MasuError } from "../lib/error.ts";
import { coloured, escapeJson, escapeLine, type Paint, plain } from "./paint.ts";

/** How much is told, from the least to the most. */
export const LEVELS = ["error", "warn", "info", "debug"] as const;
export type Level = typeof LEVELS[number];

/** Where to and how. */
export interface ReportSettings {
  /** undefined: warnings too, but for a runtime: engines read a log as one object, the error, which a warning beside it would hide. */
  readonly level: Level | undefined;
  readonly logFormat: "text" | "json";
  /** Adds one line to the log file; undefined: there is none. */
  readonly log: ((line: string) => void) | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** What engines expect of a runtime holds: cli/contract.ts. Looked at when it matters. */
  readonly contract: () => boolean;
}

/** stdout and stderr. */
export interface Streams {
  write(stream: "stdout" | "stderr", text: string): void;
  isTerminal(stream: "stdout" | "stderr"): boolean;
  /** Takes results as documents, in place of stdout. */
  result?(document: unknown): void;
  /** NO_COLOR and TERM leave colours to terminals. */
  readonly colours: boolean;
}

/** What commands print with. */
export interface Report {
  readonly quiet: boolean;
  /** Paints for stdout. */
  readonly paint: Paint;
  /** A terminal shows stdout. */
  readonly onTerminal: boolean;
  /** What engines expect of a runtime holds: cli/contract.ts. */
  readonly contract: boolean;
  /** It holds from now on, as a container turned out to be made from a bundle. */
  followContract(): void;
  /** A result: the document with --json, else the text. */
  result(document: unknown, text: string): void;
  /** As {@link result} for what a person may want to know; a runtime does it in silence. */
  done(document: unknown, text: string): void;
  /** Text as it stands. Whoever makes it escapes what users named. */
  text(text: string): void;
  /** A program's own output, as it is. */
  raw(stream: "stdout" | "stderr", text: string): void;
  warn(message: string): void;
  debug(message: string): void;
  /** What ended the command. */
  error(error: unknown): void;
}

/** Settings before anything was read. */
export const PLAIN_SETTINGS: ReportSettings = {
  level: undefined,
  logFormat: "text",
  log: undefined,
  json: false,
  quiet: false,
  contract: () => false,
};

/** Makes the printer. */
export function createReport(initial: ReportSettings, streams: Streams): Report {
  let settings = initial;
  const paintFor = (stream: "stdout" | "stderr") => streams.colours && streams.isTerminal(stream) ? coloured : plain;
  const note = (level: Level, message: string) => tell({ level, message }, settings, streams);
  const result = (document: unknown, text: string) => {
    if (streams.result !== undefined) return streams.result(document);
    const shown = settings.json ? escapeJson(JSON.stringify(document, null, 2)) : text;
    if (shown !== "") streams.write("stdout", endLine(shown));
  };
  return {
    quiet: settings.quiet,
    paint: paintFor("stdout"),
    onTerminal: streams.isTerminal("stdout"),
    get contract() {
      return settings.contract();
    },
    followContract() {
      settings = { ...settings, contract: () => true };
    },
    result,
    done(document, text) {
      if (!settings.contract()) result(document, text);
    },
    text: (text) => streams.write("stdout", endLine(text)),
    raw: (stream, text) => streams.write(stream, text),
    warn: (message) => note("warn", message),
    debug: (message) => note("debug", message),
    error(error) {
      const failure = describe(error);
      tell({ level: "error", message: failure.message, failure }, settings, streams, paintFor("stderr"));
      // Engines read a log as one object, the error.
      if (!settings.contract()) { for (const line of details(error)) note("debug", line); }
    },
  };
}

/** An error as it is shown. */
interface Failure {
  readonly message: string;
  readonly code: string;
  readonly hint?: string | undefined;
  readonly step?: string | undefined;
}

interface Message {
  readonly level: Level;
  readonly message: string;
  readonly failure?: Failure;
}

function describe(error: unknown): Failure {
  if (error instanceof MasuError) {
    const { message, code, hint, place } = error;
    return { message, code, hint, step: place && `${place.group} ${place.index}` };
  }
  const message = `Run masu: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  return { message, code: "bug", hint: "this is a mistake in masu; --debug shows where" };
}

/** What only --debug shows of an error. */
function details(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const lines: string[] = [];
  if (error instanceof MasuError) {
    lines.push(`code=${error.code} call=${error.call ?? "-"} errno=${error.errno ?? "-"}`);
  }
  if (error.cause !== undefined) lines.push(`cause: ${error.cause}`);
  lines.push(...(error.stack ?? "").split("\n").slice(1).map((line) => line.trim()));
  return lines;
}

function tell(message: Message, settings: ReportSettings, streams: Streams, paint: Paint = plain): void {
  const level = settings.level ?? (settings.contract() ? "error" : "warn");
  if (LEVELS.indexOf(message.level) > LEVELS.indexOf(level)) return;
  const line = settings.logFormat === "json" ? jsonLine(message) : undefined;
  const logged = settings.log !== undefined && logLine(line ?? logfmtLine(message), settings.log, streams);
  // runc's callers read the last error from stderr, also when there is a log.
  if (logged && message.level !== "error") return;
  if (settings.quiet && message.level !== "error") return;
  if (line !== undefined && !logged) streams.write("stderr", `${line}\n`);
  else if (settings.contract() && message.failure !== undefined) streams.write("stderr", runtimeLine(message.failure));
  else streams.write("stderr", terminalLines(message, paint));
}

/** Writes to the log, and says on stderr when that fails, so that the message itself is not lost. */
function logLine(line: string, log: (line: string) => void, streams: Streams): boolean {
  try {
    log(line);
    return true;
  } catch (error) {
    streams.write("stderr", terminalLines({ level: "warn", message: describe(error).message }, plain));
    return false;
  }
}

function terminalLines({ level, message, failure }: Message, paint: Paint): string {
  const prefix = level === "error" ? "" : `${level === "warn" ? "warning" : level}: `;
  const lines = [`${paint("bad", "masu:")} ${prefix}${escapeLine(message)}`];
  if (failure?.step !== undefined) lines.push(`${paint("bold", "step:")} ${failure.step} of the plan`);
  if (failure?.hint !== undefined) lines.push(`${paint("bold", "hint:")} ${escapeLine(failure.hint)}`);
  return `${lines.join("\n")}\n`;
}

/** One line, which engines show behind the runtime's name. */
function runtimeLine({ message }: Failure): string {
  return `${escapeLine(message)}\n`;
}

/** logrus's JSON, which runc's callers read: level, msg, time; ours beside it. */
function jsonLine({ level, message, failure }: Message): string {
  const time = new Date().toISOString();
  const { code, hint, step } = failure ?? {};
  return escapeJson(JSON.stringify({ level: levelName(level), msg: message, time, code, hint, step }));
}

/** logrus's text. */
function logfmtLine({ level, message, failure }: Message): string {
  const quoted = (text: string) => escapeJson(JSON.stringify(text));
  const hint = failure?.hint === undefined ? "" : ` hint=${quoted(failure.hint)}`;
  return `time="${new Date().toISOString()}" level=${levelName(level)} msg=${quoted(message)}${hint}`;
}

function levelName(level: Level): string {
  return level === "warn" ? "warning" : level;
}

function endLine(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}
