/**
 * What the global flags mean: for the printer, and for the engine.
 *
 * @module
 */
import { mistake, notAmong } from "../lib/config/mistake.ts";
import { hostPath } from "../lib/config/path.ts";
import type { GlobalConfig } from "../lib/config/run_config.ts";
import { appendLine } from "../lib/engine/log.ts";
import type { ExplainForm } from "../lib/engine/run.ts";
import type { FlagValues, GlobalName } from "./flags.ts";
import { choice } from "./parser.ts";
import type { Process } from "./process.ts";
import { type Level, LEVELS, type ReportSettings } from "./report.ts";

type Globals = FlagValues<GlobalName>;

/** How to print. Errors: a value that is no choice. */
export function reportSettings(globals: Globals, process: Process): ReportSettings {
  const log = globals.text("log");
  const path = log === undefined ? undefined : hostPath("--log", log, () => process.caller.directory());
  return {
    level: level(globals),
    logFormat: choice("--log-format", globals.text("log-format") ?? "text", ["text", "json"]),
    log: path === undefined ? undefined : (line) => appendLine(process.core(), path, line),
    json: wantsJson(globals),
    quiet: globals.on("quiet"),
  };
}

function level(globals: Globals): Level {
  if (globals.on("debug")) return "debug";
  const written = globals.text("log-level") ?? "warn";
  return choice("--log-level", written === "warning" ? "warn" : written, LEVELS);
}

function wantsJson(globals: Globals): boolean {
  const format = globals.text("format");
  if (format?.includes("{{")) {
    throw mistake("--format", format, "templates are not supported yet", "--format json, for example for jq(1)");
  }
  if (format !== undefined) choice("--format", format, ["table", "json"]);
  return globals.on("json") || format === "json";
}

/** The form to print the plan in; undefined: carry it out. `--json` beside it means json. */
export function explainForm(globals: Globals): ExplainForm | undefined {
  const written = globals.text("explain");
  if (written === undefined && !globals.on("dry-run")) return undefined;
  const form = choice<ExplainForm>("--explain", written ?? "text", ["text", "json", "sh"]);
  return form === "text" && wantsJson(globals) ? "json" : form;
}

/** What the engine is told. */
export function globalConfig(globals: Globals, process: Process): GlobalConfig {
  const root = globals.text("root");
  return {
    ...(root !== undefined && { root: hostPath("--root", root, () => process.caller.directory()) }),
    cgroupManager: cgroupManager(globals.text("cgroup-manager") ?? "cgroupfs"),
  };
}

function cgroupManager(written: string): GlobalConfig["cgroupManager"] {
  if (written === "cgroupfs" || written === "disabled") return written;
  const hint = "cgroupfs, or disabled for no cgroups";
  if (written === "systemd") throw mistake("--cgroup-manager", written, "masu does not support it yet", hint);
  throw notAmong("--cgroup-manager", written, "no such manager", ["cgroupfs", "disabled"]);
}
