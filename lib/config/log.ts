/**
 * `--log-driver` and `--log-opt`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { LogConfig } from "./run_config.ts";
import { parseSize } from "./size.ts";

const DRIVERS = ["json-file", "none", "passthrough"] as const;
const OPTIONS = ["max-size", "max-file"] as const;

/** Drivers of docker and podman that send lines to something else. */
const OTHERS = ["local", "journald", "syslog", "k8s-file", "passthrough-tty", "fluentd", "gelf", "awslogs", "splunk"];

/** A file smaller than this holds not even one line of usual length and would be rotated all the time. */
const LEAST_BYTES = 4096;

/** Rotation renames each file: more of them would make that slow. */
const MOST_FILES = 1000;

/** The flags as they were written. */
export interface LogWords {
  readonly driver?: string | undefined;
  /** `NAME=VALUE` each. */
  readonly options: readonly string[];
}

/** What becomes of the output; undefined: nothing was written. */
export function parseLog({ driver: word, options }: LogWords): LogConfig | undefined {
  if (word === undefined && options.length === 0) return undefined;
  const driver = parseDriver("--log-driver", word ?? "json-file");
  let config: LogConfig = { driver };
  for (const option of options) {
    if (driver !== "json_file") {
      throw mistake("--log-opt", option, `the log driver ${driver} keeps no files`, "leave it out");
    }
    config = { ...config, ...parseOption("--log-opt", option) };
  }
  return config;
}

function parseDriver(where: string, word: string): LogConfig["driver"] {
  const driver = DRIVERS.find((driver) => driver === word);
  if (driver !== undefined) return driver === "json-file" ? "json_file" : driver;
  if (OTHERS.includes(word)) {
    throw mistake(where, word, "masu does not support it", "json-file, none or passthrough (then masu's own stdout)");
  }
  throw notAmong(where, word, "no such log driver", DRIVERS);
}

function parseOption(where: string, text: string): Partial<LogConfig> {
  const equals = text.indexOf("=");
  const [name, value] = equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
  switch (name) {
    case "max-size":
      return { maxBytes: parseMaxSize(`${where} max-size`, value) };
    case "max-file":
      return { maxFiles: parseWhole(`${where} max-file`, value, { least: 1, most: MOST_FILES }) };
    default:
      throw notAmong(where, name, "no such option of the log driver json-file", OPTIONS);
  }
}

/** docker: -1 is unlimited. */
function parseMaxSize(where: string, text: string): number {
  if (text === "-1") return Number.MAX_SAFE_INTEGER;
  const bytes = parseSize(where, text);
  if (bytes < LEAST_BYTES) throw mistake(where, text, "less than a file needs", "4k is the least, -1 is unlimited");
  return bytes;
}
