/**
 * Containers as lists of them are printed: docker's columns and docker's words.
 *
 * @module
 */
import type { ContainerSummary } from "../lib/engine/views.ts";
import { dockerStatus } from "../lib/engine/views_inspect.ts";
import { type Column, cut } from "./table.ts";
import { agoWords, sinceWords } from "./table_words.ts";
import type { Fields } from "./template.ts";

/** How long things may be. */
export interface ListStyle {
  readonly nowMs: number;
  /** Nothing is cut. */
  readonly whole: boolean;
}

const SHORT_ID = 12;
const SHORT_COMMAND = 20;
const SHORT_IMAGE = 40;

/** The columns of `masu list`. */
export function containerColumns(style: ListStyle): Column<ContainerSummary>[] {
  return [
    { title: "CONTAINER ID", cell: ({ id }) => shortId(id, style) },
    { title: "IMAGE", cell: ({ image }) => shortened(image, SHORT_IMAGE, style) },
    { title: "COMMAND", cell: (container) => commandWords(container, style) },
    { title: "CREATED", cell: ({ created }) => agoWords(created, style.nowMs) },
    { title: "STATUS", cell: (container) => statusWords(container, style.nowMs) },
    { title: "NAMES", cell: ({ name }) => name ?? "" },
  ];
}

/** What a template of `masu list` may name: docker's fields, and PID, exit code and health. */
export function containerFields(container: ContainerSummary, style: ListStyle): Fields {
  const { created, labels } = container;
  const names = Object.entries(labels).map(([name, value = ""]) => [name, value] as const);
  return {
    ID: shortId(container.id, style),
    Image: container.image,
    Command: commandWords(container, style),
    CreatedAt: created === "" ? "" : `${created.slice(0, 19).replace("T", " ")} +0000 UTC`,
    RunningFor: agoWords(created, style.nowMs),
    Status: statusWords(container, style.nowMs),
    State: dockerStatus(container.status),
    Names: container.name ?? "",
    Labels: names.map(([name, value]) => `${name}=${value}`).join(","),
    Label: new Map(names),
    Ports: "",
    Pid: container.pid,
    ExitCode: container.exitCode,
    Health: container.health ?? "",
  };
}

/** The first 12 characters, as docker shows an ID. */
export function shortId(id: string, { whole }: Pick<ListStyle, "whole">): string {
  return whole ? id : id.slice(0, SHORT_ID);
}

function commandWords({ command }: ContainerSummary, style: ListStyle): string {
  return JSON.stringify(shortened(command.join(" "), SHORT_COMMAND, style));
}

function shortened(text: string, columns: number, { whole }: ListStyle): string {
  if (whole) return text;
  const start = cut(text, columns);
  return start === text ? text : `${cut(text, columns - 1)}\u2026`;
}

/** `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`. */
export function statusWords(container: ContainerSummary, nowMs: number): string {
  const { status, health, started, finished, exitCode, created } = container;
  const up = `Up ${sinceWords(started ?? created, nowMs)}`;
  switch (status) {
    case "running":
      return health === null ? up : `${up} (${health === "starting" ? "health: starting" : health})`;
    case "paused":
      return `${up} (Paused)`;
    case "restarting":
      return `Restarting (${exitCode ?? 0}) ${agoWords(finished ?? created, nowMs)}`;
    case "stopped":
      // Without an end, masu or the host ended before it could be written down.
      return exitCode === null ? "Exited" : `Exited (${exitCode}) ${agoWords(finished ?? created, nowMs)}`;
    case "created":
      return "Created";
    case "broken":
      return "Broken";
    default:
      return status satisfies never;
  }
}
