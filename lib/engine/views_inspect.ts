/**
 * All that is known of a container, as one document: docker's keys where docker has them, and below them masu's own.
 *
 * @module
 */
import type { MountConfig, RunConfig } from "../config/run_config.ts";
import type {
  ContainerDocument,
  ContainerView,
  InspectReply,
  LaunchRequest,
  RestartKind,
  Store,
} from "../core/wire.ts";
import { fillBlanks } from "../plan/blank.ts";
import type { Spec } from "../spec/oci.ts";
import { signalName } from "../spec/signal.ts";
import { containerPaths } from "../state/paths.ts";

/** What docker writes for a time that there was none of. */
const NEVER = "0001-01-01T00:00:00Z";

/** One element of `masu inspect`. Keys stay; new ones may be added. */
export type InspectDocument = ReturnType<typeof inspectDocument>;

/** The document. The plan is left out: `paths.document` has it, and `--explain` prints it. */
export function inspectDocument({ view, document }: InspectReply, store: Store) {
  const paths = containerPaths(store, view.id);
  const made = document === null ? null : decided(document);
  return {
    Id: view.id,
    Name: view.name ?? "",
    Created: view.created,
    Path: view.command[0] ?? "",
    Args: view.command.slice(1),
    State: stateOf(view),
    Image: view.image,
    RestartCount: view.end?.restarts ?? 0,
    LogPath: document?.log.driver === "json_file" ? document.log.path : "",
    Platform: "linux",
    HostConfig: made === null || document === null ? null : hostConfig(made, document),
    Mounts: made === null ? [] : made.config.mounts.map(mountPoint),
    Config: configOf(view, document, made),
    /** OCI's document, blanks filled in. */
    spec: made?.spec ?? null,
    /** What was written, as masu understood it. */
    config: made?.config ?? null,
    paths: {
      data: document === null ? null : paths.data,
      document: document === null ? null : `${paths.data}/container.json`,
      end: view.end === null ? null : `${paths.data}/end.json`,
      log: document?.log.driver === "json_file" ? document.log.path : null,
      runtime: view.record?.bundle ?? null,
      state: view.record === null ? null : paths.state,
    },
    masu: ownPart(view, document),
  };
}

/** What was decided when the container was made, blanks filled in. */
interface Decided {
  readonly spec: Spec;
  readonly config: RunConfig;
}

/** masu wrote both itself, of these types; a document of another version was refused before. */
function decided({ spec, config, launch }: ContainerDocument): Decided {
  return {
    spec: fillBlanks(spec, { text: textBlanks(launch), arguments: launch.arguments }) as Spec,
    config: config as RunConfig,
  };
}

function textBlanks({ blanks }: LaunchRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(blanks).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}

/** docker's words: what has ended is `exited`. */
function stateOf({ status, record, end, oomKills, health, error }: ContainerView) {
  const running = status === "running" || status === "paused";
  return {
    Status: dockerStatus(status),
    Running: running,
    Paused: status === "paused",
    Restarting: status === "restarting",
    OOMKilled: oomKills > 0 || !running && end?.outOfMemory === true,
    OOMKills: oomKills,
    Dead: status === "broken",
    Pid: record?.pid ?? 0,
    ExitCode: running ? 0 : end?.status ?? 0,
    Error: error?.message ?? end?.error?.message ?? "",
    StartedAt: record?.masu.started ?? end?.started ?? NEVER,
    FinishedAt: end?.finished ?? NEVER,
    Health: health === null ? null : {
      Status: health.status,
      FailingStreak: health.failingStreak,
      Log: health.log.map(({ started, finished, status, output }) => ({
        Start: started,
        End: finished,
        ExitCode: status,
        Output: output,
      })),
    },
  };
}

/** docker's word for a status. */
export function dockerStatus(status: ContainerView["status"]): string {
  return status === "stopped" ? "exited" : status === "broken" ? "dead" : status;
}

function hostConfig({ spec, config }: Decided, document: ContainerDocument) {
  const { memory, cpu, pids, blockIO } = spec.linux.resources ?? {};
  const { restart, log } = document;
  return {
    Memory: memory?.limit ?? 0,
    MemorySwap: memory?.swap ?? 0,
    MemoryReservation: memory?.reservation ?? 0,
    NanoCpus: cpu?.quota === undefined || cpu.period === undefined ? 0 : Math.round(cpu.quota / cpu.period * 1e9),
    CpuShares: cpu?.shares ?? 0,
    CpuQuota: cpu?.quota ?? 0,
    CpuPeriod: cpu?.period ?? 0,
    CpusetCpus: cpu?.cpus ?? "",
    CpusetMems: cpu?.mems ?? "",
    CpuRealtimePeriod: cpu?.realtimePeriod ?? 0,
    CpuRealtimeRuntime: cpu?.realtimeRuntime ?? 0,
    KernelMemory: memory?.kernel ?? 0,
    KernelMemoryTCP: memory?.kernelTCP ?? 0,
    MemorySwappiness: memory?.swappiness ?? null,
    OomKillDisable: memory?.disableOOMKiller ?? false,
    BlkioWeight: blockIO?.weight ?? 0,
    PidsLimit: pids?.limit ?? null,
    OomScoreAdj: spec.process.oomScoreAdj ?? 0,
    RestartPolicy: { Name: RESTART_WORDS[restart.kind], MaximumRetryCount: restart.maximum },
    AutoRemove: document.remove,
    Privileged: config.privileged,
    ReadonlyRootfs: spec.root.readonly === true,
    CapAdd: config.capAdd,
    CapDrop: config.capDrop,
    GroupAdd: config.groupAdd,
    Init: config.init,
    CgroupParent: parentOf(spec.linux.cgroupsPath ?? ""),
    LogConfig: {
      Type: log.driver.replace("_", "-"),
      Config: log.driver === "json_file" ? { "max-size": `${log.maxBytes}`, "max-file": `${log.maxFiles}` } : {},
    },
  };
}

/** The cgroup above, or the slice of `slice:prefix:name`. */
function parentOf(cgroupsPath: string): string {
  return cgroupsPath.includes(":")
    ? cgroupsPath.slice(0, cgroupsPath.indexOf(":"))
    : cgroupsPath.slice(0, Math.max(0, cgroupsPath.lastIndexOf("/")));
}

const RESTART_WORDS: Readonly<Record<RestartKind, string>> = {
  no: "no",
  on_failure: "on-failure",
  always: "always",
  unless_stopped: "unless-stopped",
};

function mountPoint(mount: MountConfig) {
  const options = mount.options;
  return {
    Type: mount.kind,
    Source: mount.kind === "bind" ? mount.source : "",
    Destination: mount.destination,
    Mode: options.join(","),
    RW: !options.includes("ro") && !(mount.kind === "bind" && mount.readOnly),
  };
}

function configOf(view: ContainerView, document: ContainerDocument | null, made: Decided | null) {
  const stop = document?.stop ?? view.record?.masu.stop;
  return {
    Image: view.image,
    Cmd: view.command,
    Labels: view.labels,
    Tty: document?.terminal ?? view.record?.masu.terminal ?? false,
    OpenStdin: document?.stdin ?? false,
    StopSignal: stop === undefined ? "" : signalName(stop.signal),
    StopTimeout: stop === undefined ? null : stop.timeoutMs < 0 ? -1 : stop.timeoutMs / 1000,
    Hostname: made?.spec.hostname ?? "",
    Domainname: made?.spec.domainname ?? "",
    User: made?.config.user ?? "",
    Env: made?.spec.process.env ?? [],
    WorkingDir: made?.spec.process.cwd ?? "",
    Entrypoint: made?.config.entrypoint ?? null,
    Healthcheck: document?.health == null ? null : {
      Test: ["CMD", ...document.health.command],
      Interval: document.health.intervalMs * 1e6,
      Timeout: document.health.timeoutMs * 1e6,
      StartPeriod: document.health.startPeriodMs * 1e6,
      StartInterval: document.health.startIntervalMs * 1e6,
      Retries: document.health.retries,
    },
  };
}

/** What docker has no word for. */
function ownPart(view: ContainerView, document: ContainerDocument | null) {
  const details = view.record?.masu;
  return {
    status: view.status,
    lasting: view.lasting,
    watched: view.watched,
    error: view.error,
    pid: view.record?.pid ?? null,
    start: details?.start ?? null,
    monitor: details?.monitor ?? null,
    cgroups: details?.cgroups ?? null,
    namespaces: details?.exec.namespaces ?? [],
    end: view.end,
    restart: view.restart,
    log: document?.log ?? null,
    memory: document?.memory ?? null,
    annotations: view.record?.annotations ?? {},
  };
}
