/**
 * Containers as lists show them, and which of them are meant.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { ContainerView, HealthStatus, RestartPolicy, Status, Store } from "../core/wire.ts";

/** OCI's state of a container, as JSON in the bytes that are printed. Errors: `not_found`; why it is broken. */
export function containerState(core: Core, store: Store, container: string): string {
  return call(core, "state", { store, container }).text;
}

/** One container of `list --json`. Keys that OCI or runc have are theirs. */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string | null;
  readonly status: Status;
  /** 0: it does not run. */
  readonly pid: number;
  readonly image: string;
  readonly command: readonly string[];
  /** RFC 3339, UTC; empty: not known, since it is broken. */
  readonly created: string;
  readonly started: string | null;
  readonly finished: string | null;
  /** How it ended last: its exit status, or 128 + its signal. */
  readonly exitCode: number | null;
  /** The kernel killed a process of it for lack of memory, in this run or in its last one. */
  readonly outOfMemory: boolean;
  /** How many. */
  readonly oomKills: number;
  readonly health: HealthStatus | null;
  readonly labels: ContainerView["labels"];
  readonly restart: RestartPolicy | null;
  /** It lives on when it has ended. */
  readonly lasting: boolean;
  /** Its monitor is alive. */
  readonly watched: boolean;
  /** Its runtime directory, while it runs. */
  readonly bundle: string | null;
  /** Why it is broken. */
  readonly error: string | null;
}

/** What a list says of a container. */
export function summaryOf(view: ContainerView): ContainerSummary {
  const { record, end } = view;
  return {
    id: view.id,
    name: view.name,
    status: view.status,
    pid: record?.pid ?? 0,
    image: view.image,
    command: view.command,
    created: view.created,
    started: record?.masu.started ?? end?.started ?? null,
    finished: record === null ? end?.finished ?? null : null,
    exitCode: record === null ? end?.status ?? null : null,
    outOfMemory: view.oomKills > 0 || record === null && end?.outOfMemory === true,
    oomKills: view.oomKills,
    health: view.health?.status ?? null,
    labels: view.labels,
    restart: view.restart,
    lasting: view.lasting,
    watched: view.watched,
    bundle: record?.bundle ?? null,
    error: view.error?.message ?? null,
  };
}

/** Whether something of it goes on: what a list shows without `--all`. */
export function goesOn({ status }: Pick<ContainerView, "status">): boolean {
  return status === "running" || status === "paused" || status === "restarting";
}

/** Containers that a filter lets through. */
export type ContainerFilter =
  | { readonly key: "id" | "name" | "ancestor" | "before" | "since"; readonly value: string }
  | { readonly key: "label"; readonly name: string; readonly value: string | undefined }
  | { readonly key: "status"; readonly value: Status }
  | { readonly key: "exited"; readonly value: number }
  | { readonly key: "health"; readonly value: HealthStatus | "none" };

/** Those that every key lets through, of the same key at least one, as docker has it; labels all. */
export function filterContainers(
  containers: readonly ContainerSummary[],
  filters: readonly ContainerFilter[],
): ContainerSummary[] {
  const keys = new Set(filters.map(({ key }) => key));
  return containers.filter((container) =>
    [...keys].every((key) => {
      const same = filters.filter((filter) => filter.key === key);
      const fits = (filter: ContainerFilter) => isMeant(container, filter, containers);
      return key === "label" ? same.every(fits) : same.some(fits);
    })
  );
}

function isMeant(container: ContainerSummary, filter: ContainerFilter, all: readonly ContainerSummary[]): boolean {
  switch (filter.key) {
    case "id":
      return container.id.startsWith(filter.value);
    case "name":
      return (container.name ?? "").includes(filter.value);
    case "ancestor":
      return container.image === filter.value;
    case "before":
    case "since": {
      const other = all.find(({ id, name }) => name === filter.value || id.startsWith(filter.value));
      if (other === undefined) return false;
      return filter.key === "before" ? container.created < other.created : container.created > other.created;
    }
    case "label": {
      const value = Object.entries(container.labels).find(([name]) => name === filter.name)?.[1];
      return value !== undefined && (filter.value === undefined || filter.value === value);
    }
    case "status":
      return container.status === filter.value;
    case "exited":
      return container.exitCode === filter.value;
    case "health":
      return (container.health ?? "none") === filter.value;
    default:
      return filter satisfies never;
  }
}
