import { assertEquals } from "@std/assert";
import type { ContainerDocument, ContainerEnd, ContainerView } from "../core/wire.ts";
import { exampleView } from "./example_view.ts";
import { type ContainerFilter, filterContainers, goesOn, summaryOf } from "./views.ts";
import { inspectDocument } from "./views_inspect.ts";

const END: ContainerEnd = {
  version: 1,
  started: "2026-01-01T00:01:00.000Z",
  finished: "2026-01-01T00:02:00.000Z",
  status: 137,
  signal: 9,
  outOfMemory: true,
  oomKills: 1,
  peakMemoryBytes: 4096,
  restarts: 2,
  requested: false,
  lastLines: ["bye"],
  error: null,
};

Deno.test("summaryOf() tells of a running container when it was started, of one that has ended how", () => {
  const { pid, started, finished, exitCode, bundle } = summaryOf(exampleView({ end: END }));
  assertEquals([pid, started, finished, exitCode], [42, "2026-01-01T00:01:00.000Z", null, null]);
  assertEquals(bundle, "/run/masu/containers/0123456789ab");
  const ended = summaryOf(exampleView({ status: "stopped", record: null, end: END }));
  assertEquals([ended.pid, ended.started, ended.finished], [0, END.started, END.finished]);
  assertEquals([ended.exitCode, ended.outOfMemory, ended.bundle], [137, true, null]);
});

const GOES_ON: [status: ContainerView["status"], goesOn: boolean][] = [
  ["created", false],
  ["running", true],
  ["paused", true],
  ["restarting", true],
  ["stopped", false],
  ["broken", false],
];
for (const [status, expected] of GOES_ON) {
  Deno.test(`a list without --all ${expected ? "shows" : "hides"} what is ${status}`, () =>
    assertEquals(goesOn({ status }), expected));
}

const SOME = [
  summaryOf(
    exampleView({ id: "aa11", name: "web", labels: { app: "web", tier: "1" }, created: "2026-01-01T00:00:01Z" }),
  ),
  summaryOf(exampleView({ id: "aa22", name: "webdb", image: "dir:/db", created: "2026-01-01T00:00:02Z" })),
  summaryOf(
    exampleView({ id: "bb33", name: null, status: "stopped", record: null, end: END, created: "2026-01-01T00:00:03Z" }),
  ),
  summaryOf(
    exampleView({
      id: "cc44",
      name: "ill",
      labels: { app: "db" },
      health: { status: "unhealthy", failingStreak: 3, log: [] },
      created: "2026-01-01T00:00:04Z",
    }),
  ),
];

const FILTERS: [filters: ContainerFilter[], ids: string[]][] = [
  [[], ["aa11", "aa22", "bb33", "cc44"]],
  [[{ key: "id", value: "aa" }], ["aa11", "aa22"]],
  [[{ key: "name", value: "web" }], ["aa11", "aa22"]],
  [[{ key: "ancestor", value: "dir:/db" }], ["aa22"]],
  [[{ key: "status", value: "stopped" }], ["bb33"]],
  [[{ key: "status", value: "stopped" }, { key: "status", value: "running" }], ["aa11", "aa22", "bb33", "cc44"]],
  [[{ key: "exited", value: 137 }], ["bb33"]],
  [[{ key: "health", value: "none" }], ["aa11", "aa22", "bb33"]],
  [[{ key: "health", value: "unhealthy" }], ["cc44"]],
  [[{ key: "label", name: "app", value: undefined }], ["aa11", "cc44"]],
  [[{ key: "label", name: "app", value: "web" }], ["aa11"]],
  [[{ key: "label", name: "app", value: "web" }, { key: "label", name: "tier", value: "2" }], []],
  [[{ key: "label", name: "toString", value: undefined }], []],
  [[{ key: "before", value: "webdb" }], ["aa11"]],
  [[{ key: "since", value: "bb33" }], ["cc44"]],
  [[{ key: "since", value: "absent" }], []],
  [[{ key: "name", value: "web" }, { key: "ancestor", value: "host" }], ["aa11"]],
];
for (const [filters, ids] of FILTERS) {
  Deno.test(`filterContainers() by ${JSON.stringify(filters)}`, () =>
    assertEquals(filterContainers(SOME, filters).map(({ id }) => id), ids));
}

const STORE = { runtime: "/run/masu", data: "/var/lib/masu" };
const DOCUMENT: ContainerDocument = {
  version: 1,
  id: "0123456789ab",
  name: "web",
  created: "2026-01-01T00:00:00.000Z",
  image: "host",
  command: ["sleep", "${x}"],
  labels: { a: "1" },
  remove: true,
  terminal: true,
  stdin: true,
  stop: { signal: 3, timeoutMs: 2500 },
  restart: { kind: "on_failure", maximum: 3 },
  log: { driver: "json_file", path: "/var/lib/masu/containers/0123456789ab/log.json", maxBytes: 10, maxFiles: 2 },
  health: { command: ["true"], intervalMs: 1000, timeoutMs: 2000, startPeriodMs: 0, startIntervalMs: 1, retries: 3 },
  memory: null,
  launch: {
    plan: {
      version: 1,
      facts: [],
      create: [],
      before: [],
      clone: { namespaces: [], join: [], user: null, timeOffsets: [], cgroup: null, record: [] },
      network: [],
      inside: [],
      created: [],
      exec: [],
      started: [],
      afterwards: [],
      delete: [],
    },
    blanks: { id: "0123456789ab", created: "2026-01-01T00:00:00.000Z", command: '["sleep","${x}"]' },
    arguments: ["sleep", "${x}"],
    monitor: { bareInit: true, detachKeys: [] },
  },
  spec: {
    ociVersion: "1.3.0",
    root: { path: "/run/masu/containers/${id}/rootfs", readonly: true },
    hostname: "${id}",
    process: { user: { uid: 0, gid: 0 }, args: ["${arguments}"], env: ["A=$${b}"], cwd: "/srv" },
    mounts: [],
    linux: {
      namespaces: [],
      cgroupsPath: "/masu/${id}",
      resources: { memory: { limit: 512 }, cpu: { quota: 50_000, period: 100_000 }, pids: { limit: 7 } },
    },
  },
  config: {
    mounts: [
      {
        kind: "bind",
        source: "/src",
        destination: "/dst",
        readOnly: true,
        recursive: true,
        recursiveReadOnly: false,
        createSource: true,
        options: [],
      },
      { kind: "tmpfs", destination: "/tmp", options: ["size=1m"] },
    ],
    user: "1000",
    privileged: false,
    capAdd: ["CAP_NET_ADMIN"],
    capDrop: [],
    groupAdd: [],
    init: true,
  },
};

Deno.test("inspectDocument() has docker's keys, blanks filled in", () => {
  const view = exampleView({ status: "stopped", record: null, end: END });
  const found = inspectDocument({ view, document: DOCUMENT }, STORE);
  assertEquals(found.State, {
    Status: "exited",
    Running: false,
    Paused: false,
    Restarting: false,
    OOMKilled: true,
    OOMKills: 0,
    Dead: false,
    Pid: 0,
    ExitCode: 137,
    Error: "",
    StartedAt: END.started,
    FinishedAt: END.finished,
    Health: null,
  });
  const { HostConfig: host, Config: config, Mounts: mounts, spec } = found;
  assertEquals([host?.Memory, host?.NanoCpus, host?.PidsLimit, host?.CgroupParent], [512, 500_000_000, 7, "/masu"]);
  assertEquals(host?.RestartPolicy, { Name: "on-failure", MaximumRetryCount: 3 });
  assertEquals(host?.LogConfig, { Type: "json-file", Config: { "max-size": "10", "max-file": "2" } });
  assertEquals([host?.AutoRemove, host?.ReadonlyRootfs, host?.CapAdd, host?.Init], [
    true,
    true,
    ["CAP_NET_ADMIN"],
    true,
  ]);
  assertEquals([config.Hostname, config.User, config.WorkingDir], ["0123456789ab", "1000", "/srv"]);
  assertEquals([config.Env, config.StopSignal, config.StopTimeout, config.Tty], [["A=${b}"], "SIGQUIT", 2.5, true]);
  assertEquals(config.Healthcheck?.Interval, 1e9);
  assertEquals(mounts.map(({ Type, Source, Destination, RW }) => [Type, Source, Destination, RW]), [
    ["bind", "/src", "/dst", false],
    ["tmpfs", "", "/tmp", true],
  ]);
  assertEquals(spec?.process.args, ["sleep", "${x}"]);
  assertEquals(found.RestartCount, 2);
  assertEquals([found.paths.runtime, found.paths.end], [null, "/var/lib/masu/containers/0123456789ab/end.json"]);
});
Deno.test("inspectDocument() of one in the foreground has no document, and says what is known all the same", () => {
  const found = inspectDocument({ view: exampleView({ lasting: false, restart: null }), document: null }, STORE);
  assertEquals([found.HostConfig, found.spec, found.config, found.paths.document], [null, null, null, null]);
  assertEquals([found.State.Status, found.State.Pid, found.Config.Cmd], ["running", 42, ["sleep", "100"]]);
});
Deno.test("inspectDocument() says why a container is broken", () => {
  const error = { code: "failed" as const, message: "Read it", call: null, errno: null, place: null, hint: null };
  const found = inspectDocument(
    { view: exampleView({ status: "broken", record: null, error }), document: null },
    STORE,
  );
  assertEquals([found.State.Status, found.State.Dead, found.State.Error], ["dead", true, "Read it"]);
});
