/**
 * What the global flags mean: for the printer, and for the engine.
 *
 * @module
 */
import { mistake } from "../lib/config/mistake.ts";
import { hostPath } from "../lib/config/path.ts";
import type { GlobalConfig } from "../lib/config/run_config.ts";
import { call } from "../lib/core/call.ts";
import { invalidConfig } from "../lib/error.ts";
import { once } from "../lib/engine/once.ts";
import type { ExplainForm } from "../lib/engine/run.ts";
import { type FlagValues, type GlobalName, ROOTLESS } from "./flags.ts";
import { runtimeName } from "./contract.ts";
import { choice } from "./parser.ts";
import type { Process } from "./process.ts";
import { type Level, LEVELS, type ReportSettings } from "./report.ts";

type Globals = FlagValues<GlobalName>;

/** How to print. Errors: a value that is no choice. */
export function reportSettings(globals: Globals, process: Process): ReportSettings {
  const log = globals.text("log");
  const path = log === undefined ? undefined : hostPath("--log", log, () => process.caller.directory());
  const contract = once(() => path !== undefined || calledAs(process) !== undefined);
  choice("--rootless", globals.text("rootless") ?? "auto", ROOTLESS);
  return {
    level: level(globals),
    logFormat: choice("--log-format", globals.text("log-format") ?? "text", ["text", "json"]),
    log: path === undefined ? undefined : (line) => void call(process.core(), "append_line", { path, line }),
    json: wantsJson(globals),
    quiet: globals.on("quiet"),
    contract,
  };
}

/** The runtime that this program is called as: see {@link runtimeName}. */
export function calledAs(process: Process): string | undefined {
  return runtimeName(process.argument0?.() ?? "");
}

/** undefined: nobody said. */
function level(globals: Globals): Level | undefined {
  if (globals.on("debug")) return "debug";
  const written = globals.text("log-level");
  return written === undefined ? undefined : choice("--log-level", written === "warning" ? "warn" : written, LEVELS);
}

function wantsJson(globals: Globals): boolean {
  const format = globals.text("format");
  if (format === undefined || isTemplate(format)) return globals.on("json");
  return choice("--format", format, ["table", "json"]) === "json" || globals.on("json");
}

/** docker tells templates from other words in the same way. */
function isTemplate(format: string): boolean {
  return format.includes("{{");
}

/** The template to print the result by; undefined: none was written. */
export function templateText(globals: Globals): string | undefined {
  const format = globals.text("format");
  return format !== undefined && isTemplate(format) ? format : undefined;
}

/** Refuses a template for the result of a command that knows none. */
export function refuseTemplate(command: string, globals: Globals): void {
  const template = templateText(globals);
  if (template === undefined) return;
  const cause = `masu ${command} prints by no template`;
  throw mistake("--format", template, cause, "--format json, for example for jq(1)");
}

/** Refuses a form for the result of a command that has none. */
export function refuseResult(command: string, globals: Globals): void {
  const flag = globals.on("json") ? "--json" : globals.text("format") === undefined ? undefined : "--format";
  if (flag === undefined) return;
  throw invalidConfig(`Read flag "${flag}" of "masu ${command}": it prints no result of its own`);
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
  const manager = globals.on("systemd-cgroup") ? "systemd" : globals.text("cgroup-manager") ?? "cgroupfs";
  return { ...lookConfig(globals, process), cgroupManager: cgroupManager(manager) };
}

/** The same for what only looks at containers: who manages their cgroups was decided when they were made. */
export function lookConfig(globals: Globals, process: Process): GlobalConfig {
  const root = globals.text("root");
  cgroupManager(globals.text("cgroup-manager") ?? "cgroupfs");
  return {
    ...(root !== undefined && { root: hostPath("--root", root, () => process.caller.directory()) }),
    cgroupManager: "cgroupfs",
  };
}

function cgroupManager(written: string): GlobalConfig["cgroupManager"] {
  return choice("--cgroup-manager", written, ["cgroupfs", "systemd", "disabled"]);
}
