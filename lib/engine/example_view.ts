/** A container as the core sees it, for tests. */
import type { ContainerRecord, ContainerView } from "../core/wire.ts";

/** A record with what a test wants changed. */
export function exampleRecord(change: Partial<ContainerRecord["masu"]> = {}): ContainerRecord {
  return {
    ociVersion: "1.3.0",
    id: "0123456789ab",
    pid: 42,
    bundle: "/run/masu/containers/0123456789ab",
    masu: {
      version: 1,
      created: "2026-01-01T00:00:00.000Z",
      started: "2026-01-01T00:01:00.000Z",
      start: 7,
      monitor: 41,
      monitorStart: 6,
      lasting: true,
      image: "host",
      command: ["sleep", "100"],
      terminal: false,
      stop: { signal: 15, timeoutMs: 10_000 },
      cgroups: { directories: { unified: "/u" }, freezer: null },
      exec: { namespaces: ["pid", "network"], cgroup: "/u", cgroupTasks: [], steps: [] },
      undo: [],
      ...change,
    },
  };
}

/** A running container with what a test wants changed. */
export function exampleView(change: Partial<ContainerView> = {}): ContainerView {
  return {
    id: "0123456789ab",
    status: "running",
    name: "web",
    created: "2026-01-01T00:00:00.000Z",
    image: "host",
    command: ["sleep", "100"],
    labels: {},
    lasting: true,
    watched: true,
    record: exampleRecord(),
    end: null,
    oomKills: 0,
    health: null,
    restart: { kind: "no", maximum: 0 },
    error: null,
    ...change,
  };
}
