/**
 * Containers that live on: made, and made and started at once.
 *
 * @module
 */
import { memoryFiles } from "../cgroup/record.ts";
import { imageWord } from "../config/image.ts";
import { checkLasting } from "../config/lasting.ts";
import type { HealthConfig, LogConfig, RunConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import {
  CONTAINER_VERSION,
  type ContainerDocument,
  type HealthCheck,
  type KeepPlan,
  type LaunchRequest,
  type LogSettings,
  type MemoryFiles,
  type Store,
} from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { escapeBlanks, fillBlanks } from "../plan/blank.ts";
import { plannedCgroups } from "../plan/cgroups.ts";
import { stopSettings } from "../spec/stop.ts";
import { containerPaths } from "../state/paths.ts";
import { launchRequest } from "./launch.ts";
import { startContainer } from "./lifecycle.ts";
import { type PreparedRun, prepareRun, type RunRequest } from "./prepare.ts";

/** A container's file is rotated beyond this, and so many are kept. */
const DEFAULT_LOG = { maxBytes: 10 * 1024 * 1024, maxFiles: 3 } as const;

/** docker's. */
const DEFAULT_HEALTH = {
  intervalMs: 30_000,
  timeoutMs: 30_000,
  startPeriodMs: 0,
  startIntervalMs: 5000,
  retries: 3,
} as const;

/**
 * Makes a container that lives on, and returns its ID.
 *
 * Errors: see `prepareRun`; or the plan's step that failed, undone by then.
 */
export function createContainer(core: Core, request: RunRequest): string {
  const { document, store } = creation(core, request);
  call(core, "create", { store, document });
  return document.id;
}

/**
 * Makes a container that lives on, starts it and returns its ID. `keep`: what its plan is kept for.
 *
 * Errors: as of {@link createContainer}; why its program does not run, and then nothing is left of the container.
 */
export function runDetached(core: Core, request: RunRequest, keep?: (store: Store) => KeepPlan | undefined): string {
  const { document, store } = creation(core, request);
  const kept = keep?.(store);
  call(core, "create", { store, document, ...(kept !== undefined && { keep: kept }) });
  try {
    startContainer(core, store, document.id);
    return document.id;
  } catch (error) {
    const { outcomes: [outcome] } = call(core, "delete", { store, words: [document.id], force: true, ignore: true });
    if (outcome?.error != null && error instanceof MasuError) {
      const { code, message, ...details } = error;
      throw new MasuError(code, message, {
        ...details,
        hint: `masu delete --force ${document.id} removes what is left`,
      });
    }
    throw error;
  }
}

/** What `create` asks of the core. */
export function creation(core: Core, request: RunRequest): { document: ContainerDocument; store: Store } {
  checkLasting(request.config);
  const run = prepareRun(core, request);
  return { document: documentOf(run, request.config, launchRequest(run)), store: { ...run.facts.directories } };
}

/** All that was decided of a container. `config`: as it was written, without escapes. */
export function documentOf(run: PreparedRun, config: RunConfig, launch: LaunchRequest): ContainerDocument {
  const { id = "", created = "", command = "[]" } = launch.blanks;
  return {
    version: CONTAINER_VERSION,
    id,
    name: config.name ?? null,
    created,
    image: imageWord(config.image),
    command: JSON.parse(command),
    labels: Object.fromEntries(config.labels),
    remove: config.remove,
    terminal: config.terminal,
    stdin: config.interactive,
    stop: stopSettings(config, run.facts.image.init),
    restart: { ...config.restart ?? { kind: "no", maximum: 0 } },
    log: logSettings(config.log, containerPaths(run.facts.directories, id).log),
    health: config.health === undefined ? null : healthCheck(config.health),
    memory: memoryOf(run, id),
    launch,
    spec: run.spec,
    config,
  };
}

function logSettings({ driver, maxBytes, maxFiles }: LogConfig = { driver: "json_file" }, path: string): LogSettings {
  return { driver, path, maxBytes: maxBytes ?? DEFAULT_LOG.maxBytes, maxFiles: maxFiles ?? DEFAULT_LOG.maxFiles };
}

function healthCheck({ command, ...times }: HealthConfig): HealthCheck {
  return { ...DEFAULT_HEALTH, ...times, command: ["/bin/sh", "-c", command] };
}

function memoryOf({ spec, facts }: PreparedRun, id: string): MemoryFiles | null {
  const layout = escapeBlanks(facts.cgroups);
  return fillBlanks(memoryFiles(plannedCgroups(spec, layout), layout), { text: { id } });
}
