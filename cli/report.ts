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
  readonly level: Level;
  readonly logFormat: "text" | "json";
  /** Adds one line to the log file; undefined: there is none. */
  readonly log: ((line: string) => void) | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** stdout and stderr. */
export interface Streams {
  write(stream: "stdout" | "stderr", text: string): void;
  isTerminal(stream: "stdout" | "stderr"): boolean;
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
  /** A result: the document with --json, else the text. */
  result(document: unknown, text: string): void;
  /** Text as it stands. Whoever makes it escapes what users named. */
  text(text: string): void;
  warn(message: string): void;
  debug(message: string): void;
  /** What ended the command. */
  error(error: unknown): void;
}

/** Settings before anything was read. */
export const PLAIN_SETTINGS: ReportSettings = {
  level: "warn",
  logFormat: "text",
  log: undefined,
  json: false,
  quiet: false,
};

/** Makes the printer. */
export function createReport(settings: ReportSettings, streams: Streams): Report {
  const paintFor = (stream: "stdout" | "stderr") => streams.colours && streams.isTerminal(stream) ? coloured : plain;
  const note = (level: Level, message: string) => tell({ level, message }, settings, streams);
  return {
    quiet: settings.quiet,
    paint: paintFor("stdout"),
    onTerminal: streams.isTerminal("stdout"),
    result(document, text) {
      const shown = settings.json ? escapeJson(JSON.stringify(document, null, 2)) : text;
      if (shown !== "") streams.write("stdout", endLine(shown));
    },
    text: (text) => streams.write("stdout", endLine(text)),
    warn: (message) => note("warn", message),
    debug: (message) => note("debug", message),
    error(error) {
      const failure = describe(error);
      tell({ level: "error", message: failure.message, failure }, settings, streams, paintFor("stderr"));
      for (const line of details(error)) note("debug", line);
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
  if (LEVELS.indexOf(message.level) > LEVELS.indexOf(settings.level)) return;
  const line = settings.logFormat === "json" ? jsonLine(message) : undefined;
  const logged = settings.log !== undefined && logLine(line ?? logfmtLine(message), settings.log, streams);
  // runc's callers read the last error from stderr, also when there is a log.
  if (logged && message.level !== "error") return;
  if (settings.quiet && message.level !== "error") return;
  streams.write("stderr", line !== undefined && !logged ? `${line}\n` : terminalLines(message, paint));
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
