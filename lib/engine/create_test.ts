import { assertEquals } from "@std/assert";
import { PLAIN_CONFIG, type RunConfig } from "../config/run_config.ts";
import { gatherFacts } from "../host/gather.ts";
import { EXAMPLE_ROOT, exampleHost } from "../host/example_host.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { planOf } from "../plan/plan.ts";
import { specOf } from "../spec/from_config.ts";
import { documentOf } from "./create.ts";
import { launchRequest } from "./launch.ts";
import type { PreparedRun } from "./prepare.ts";

const BASE: RunConfig = { ...PLAIN_CONFIG, lasting: true, image: { kind: "host" }, arguments: ["echo", "${id}"] };

function prepared(config: RunConfig): PreparedRun {
  const facts = gatherFacts(exampleHost(EXAMPLE_ROOT, {}), {
    config,
    global: { cgroupManager: "cgroupfs" },
    environment: {},
  });
  const escaped = escapeBlanks(config);
  const spec = specOf({ config: escaped, host: facts });
  const monitor = { bareInit: true, detachKeys: [] };
  return { spec, plan: planOf(escaped, spec, facts), facts, arguments: config.arguments, monitor };
}

function document(changes: Partial<RunConfig> = {}) {
  const config = { ...BASE, ...changes };
  const run = prepared(config);
  return documentOf(run, config, launchRequest(run));
}

Deno.test("documentOf() keeps the plan's blanks and fills in the rest", () => {
  const { id, command, log, memory, launch, config } = document();
  assertEquals(command, ["echo", "${id}"]);
  assertEquals(log.path, `/var/lib/masu/containers/${id}/log.json`);
  assertEquals(memory?.events, `/sys/fs/cgroup/masu/${id}/memory.events`);
  assertEquals(launch.blanks.id, id);
  assertEquals(launch.plan.delete.at(-1), {
    kind: "remove_tree",
    path: "/var/lib/masu/containers/${id}",
    user: null,
  });
  assertEquals((config as RunConfig).arguments, ["echo", "${id}"]);
});

Deno.test("documentOf() has docker's defaults, and a log of 10 MiB in three files", () => {
  const { name, restart, stop, log, health, stdin, terminal, remove } = document();
  assertEquals([name, health, stdin, terminal, remove], [null, null, false, false, false]);
  assertEquals(restart, { kind: "no", maximum: 0 });
  assertEquals(stop, { signal: 15, timeoutMs: 10_000 });
  assertEquals([log.driver, log.maxBytes, log.maxFiles], ["json_file", 10 << 20, 3]);
});

Deno.test("documentOf() takes what was written", () => {
  const { name, labels, restart, log, health } = document({
    name: "web",
    labels: [["a", "${b}"]],
    restart: { kind: "on_failure", maximum: 2 },
    log: { driver: "none" },
    health: { command: "true", retries: 5 },
  });
  assertEquals([name, labels, restart], ["web", { a: "${b}" }, { kind: "on_failure", maximum: 2 }]);
  assertEquals(log.driver, "none");
  assertEquals(health, {
    command: ["/bin/sh", "-c", "true"],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    startIntervalMs: 5000,
    retries: 5,
  });
});
