import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { checkLasting } from "./lasting.ts";
import { PLAIN_CONFIG, type RunConfig } from "./run_config.ts";

const BASE: RunConfig = { ...PLAIN_CONFIG, image: { kind: "host" }, arguments: [] };

const FINE: [name: string, config: Partial<RunConfig>][] = [
  ["a plain foreground run", {}],
  ["--restart no in the foreground", { restart: { kind: "no", maximum: 0 } }],
  ["--log-driver none in the foreground", { log: { driver: "none" } }],
  ["everything that lives on", {
    lasting: true,
    restart: { kind: "always", maximum: 0 },
    health: { command: "true" },
    log: { driver: "json_file" },
  }],
  ["--rm with --restart no", { lasting: true, remove: true, restart: { kind: "no", maximum: 0 } }],
];
for (const [name, config] of FINE) {
  Deno.test(`checkLasting() takes ${name}`, () => checkLasting({ ...BASE, ...config }));
}

const REFUSED: [name: string, config: Partial<RunConfig>, message: string][] = [
  ["--restart", { restart: { kind: "always", maximum: 0 } }, "Use --restart in the foreground"],
  ["--health-cmd", { health: { command: "true" } }, "Use --health-cmd in the foreground"],
  ["--log-opt", { log: { driver: "json_file", maxFiles: 2 } }, "Use --log-driver json-file in the foreground"],
  ["--rm", { lasting: true, remove: true, restart: { kind: "always", maximum: 0 } }, "Use --restart with --rm"],
  ["--preserve-fds", { lasting: true, preserveFds: 1 }, "Use --preserve-fds"],
  ["--net container:X", { lasting: true, network: { kind: "container", container: "db" } }, "container:db"],
];
for (const [name, config, message] of REFUSED) {
  Deno.test(`checkLasting() refuses ${name} where it cannot be`, () => {
    const error = assertThrows(() => checkLasting({ ...BASE, ...config }), MasuError, message);
    assertEquals(error.code, "invalid_config");
  });
}
