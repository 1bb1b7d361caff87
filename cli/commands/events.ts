/** `masu events`: what happens to containers. */
import { noSuchWord } from "../../lib/config/container_filter.ts";
import { mistake } from "../../lib/config/mistake.ts";
import { parseDuration } from "../../lib/config/duration.ts";
import { parseTimePoint } from "../../lib/config/time_point.ts";
import { bundleEvents, statsEvent } from "../../lib/engine/bundle_events.ts";
import { type ContainerEvent, type EventFilter, type EventOptions, readEvents } from "../../lib/engine/events.ts";
import { viewContainers } from "../../lib/engine/lifecycle.ts";
import { invalidConfig } from "../../lib/error.ts";
import type { Command, Invocation } from "../command.ts";
import { followBundles, storeFor } from "../container_words.ts";
import { RUNTIME_EXIT } from "../contract.ts";
import { EXIT } from "../exit.ts";
import type { FlagValues } from "../flags.ts";
import { templateText } from "../global_options.ts";
import { escapeJson, escapeLine } from "../paint.ts";
import { type Fields, readTemplate } from "../template.ts";

type EventsFlag = "since" | "until" | "filter" | "no-stream" | "stats" | "interval";

export const events: Command<EventsFlag> = {
  name: "events",
  group: "Look",
  operands: "[ID]",
  summary: "Print what happens to containers, as it happens",
  description: [
    "From now on, or with --since from then on, until --until or Ctrl-C. Of containers that live on: create, start, die, stop, " +
    "kill, restart, pause, unpause, rename, update, destroy, oom, health_status, exec_start, attach, detach.",
    "TIME is a date and time (2026-01-02T03:04:05Z), seconds since 1970, or how long ago (10m, 1h30m, 2d). With --json each is " +
    "a JSON document on a line of its own. A template prints .Time .TimeNano .Type .Action .Status .ID .Name .Image .From " +
    ".Actor.ID .Actor.Attributes. The last mebibyte or two are kept until the host is started again.",
  ],
  flags: [
    { name: "since", value: "TIME", group: "Flags", help: "What happened since then, too" },
    { name: "until", value: "TIME", group: "Flags", help: "End then" },
    {
      name: "filter",
      short: "f",
      value: "KEY=VALUE",
      repeatable: true,
      group: "Flags",
      help: "Only those whose container (ID or name), event, image, label (NAME or NAME=VALUE) or type is VALUE",
    },
    { name: "no-stream", group: "Flags", help: "What happened until now, and end" },
    {
      name: "stats",
      group: "Of one container, as runc has it",
      help: "What ID uses now, as one JSON document, and end",
    },
    {
      name: "interval",
      value: "TIME",
      group: "Of one container, as runc has it",
      help: "What ID uses, so often (default 5s), and when it lacks memory, until it has ended",
    },
  ],
  examples: [
    ["masu events", "From now on"],
    ["masu events --since 1h --no-stream -f event=die", "What ended in the last hour"],
    ["masu events --json | jq -r 'select(.action == \"oom\").name'", "For a script"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  templates: true,
  runtimeFailure: RUNTIME_EXIT.failed,
  run(invocation): number {
    const { flags, operands: [container, surplus], report, process } = invocation;
    if (surplus !== undefined) {
      throw invalidConfig(`Read operand "${surplus}" of "masu events": it takes one container`);
    }
    if (container !== undefined) return printBundleEvents(invocation, container);
    for (const name of ["stats", "interval"] as const) {
      if (flags.text(name) !== undefined) throw invalidConfig(`Read flag "--${name}" of "masu events": no ID`);
    }
    const options = readOptions(flags, process.stays === true);
    const line = printer(invocation);
    for (const block of readEvents(process.core(), storeFor(invocation), options)) {
      if (block.length > 0) report.raw("stdout", block.map((event) => `${line(event)}\n`).join(""));
    }
    return EXIT.success;
  },
};

/** runc's: of a container that was made from a bundle, or whatever engines name. */
function printBundleEvents(invocation: Invocation<EventsFlag>, container: string): number {
  const { flags, report, process } = invocation;
  const core = process.core();
  const store = storeFor(invocation);
  followBundles(invocation, [container]);
  if (!report.contract) {
    // Throws `not_found` for one that is not there.
    viewContainers(core, store, [container]);
    throw invalidConfig(
      `Read operand "${container}" of "masu events": it takes containers of OCI bundles only`,
      `--filter container=${container}`,
    );
  }
  const interval = parseDuration("--interval", flags.text("interval") ?? "5s");
  if (interval === 0) throw mistake("--interval", flags.text("interval") ?? "", "it must be longer than 0");
  const watch = { core, store, container };
  if (flags.on("stats")) report.text(statsEvent(watch));
  else for (const line of bundleEvents(watch, interval)) report.text(line);
  return EXIT.success;
}

function readOptions(flags: FlagValues<EventsFlag>, stays: boolean): EventOptions {
  const now = Date.now();
  const point = (name: "since" | "until") => {
    const text = flags.text(name);
    return text === undefined ? undefined : parseTimePoint(`--${name}`, text, now);
  };
  return {
    since: point("since"),
    until: point("until"),
    past: flags.on("no-stream") || stays,
    filters: flags.all("filter").map(parseFilter),
  };
}

const KEYS = ["container", "event", "image", "label", "type"] as const;

/** Errors: `invalid_config`. */
function parseFilter(written: string): EventFilter {
  const [, name, value] = /^([^=]*)=([^]*)$/.exec(written) ?? [];
  if (name === undefined || value === undefined) throw mistake("--filter", written, "it is not KEY=VALUE", "event=die");
  const key = KEYS.find((key) => key === name || (key === "event" && name === "action"));
  if (key === undefined) throw noSuchWord(written, { what: "key", word: name, words: KEYS });
  if (key === "type" && value !== "container") {
    throw mistake("--filter", written, "masu has events of containers only", "type=container");
  }
  return { key, value };
}

/** Errors: `invalid_config` a wrong template. */
function printer({ globals }: Invocation<EventsFlag>): (event: ContainerEvent) => string {
  if (globals.on("json") || globals.text("format") === "json") return (event) => escapeJson(JSON.stringify(event));
  const written = templateText(globals);
  if (written === undefined) return eventLine;
  const template = readTemplate(written);
  return (event) => template.lines([eventFields(event)]);
}

/** `TIME container ACTION ID (attributes, image=I, name=N)`, as docker has it. */
export function eventLine({ time, type, action, id, name, image, labels, attributes }: ContainerEvent): string {
  const about = Object.entries({ ...labels, ...attributes, image, ...(name !== null && { name }) })
    .toSorted(([one], [other]) => one < other ? -1 : 1)
    .map(([key, value]) => `${key}=${value}`);
  return escapeLine(`${time} ${type} ${action} ${id} (${about.join(", ")})`);
}

/** docker's fields, and the name and the image for themselves. */
export function eventFields({ time, type, action, id, name, image, labels, attributes }: ContainerEvent): Fields {
  const seconds = Math.floor(Date.parse(time) / 1000);
  const all = { ...labels, ...attributes, image, ...(name !== null && { name }) };
  return {
    Time: seconds,
    // Beyond what a number holds exactly.
    TimeNano: `${seconds}${/\.(\d{9})Z$/.exec(time)?.[1] ?? "000000000"}`,
    Type: type,
    Action: action,
    Status: action,
    ID: id,
    Name: name ?? "",
    Image: image,
    From: image,
    Actor: { ID: id, Attributes: new Map(Object.entries(all)) },
  };
}
