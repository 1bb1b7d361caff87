import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import { type ChangedLimits, limitChanges } from "./limit_changes.ts";
import { HYBRID_ROOT, V2_ROOT } from "./layout_fixtures.ts";
import { mergedResources } from "./merged_resources.ts";

const MIB = 1024 * 1024;
const V1 = { memory: "/memory/a", cpu: "/cpu/a", pids: "/pids/a" };

function lines(change: Partial<ChangedLimits>, files: Readonly<Record<string, string>> = {}): string[] {
  const whole = { directories: { unified: "/u/a" }, unit: null, before: {}, changed: {}, ...change };
  const all: Record<string, string> = { "/u/a/cgroup.controllers": "cpu io memory pids", ...files };
  const layout = whole.directories === V1 ? HYBRID_ROOT : V2_ROOT;
  return limitChanges(whole, layout, (path) => all[path] ?? null).map((step) =>
    step.kind === "write_control" ? `${step.path}=${step.text}` : step.kind
  );
}

const V2_CASES: readonly (readonly [name: string, before: LinuxResources, changed: LinuxResources, lines: string[]])[] =
  [
    ["nothing for nothing", { pids: { limit: 5 } }, { memory: { limit: 0 }, cpu: { shares: 0 } }, []],
    ["a new limit", {}, { memory: { limit: MIB } }, ["/u/a/memory.max=1048576"]],
    ["what is asked for again", { pids: { limit: 5 } }, { pids: { limit: 5 } }, ["/u/a/pids.max=5"]],
    ["swap that depends on memory", { memory: { limit: MIB, swap: 2 * MIB } }, { memory: { limit: 2 * MIB } }, [
      "/u/a/memory.max=2097152",
      "/u/a/memory.swap.max=0",
    ]],
    ["a quota with the period that it has", { cpu: { quota: 10_000, period: 20_000 } }, { cpu: { quota: 5000 } }, [
      "/u/a/cpu.max=5000 20000",
    ]],
    ["swap without a limit where memory has none any longer", { memory: { limit: MIB, swap: MIB } }, {
      memory: { limit: -1 },
    }, ["/u/a/memory.max=max", "/u/a/memory.swap.max=max"]],
    ["that a CPU is idle no longer", { cpu: { idle: 1 } }, { cpu: { idle: 0 } }, ["/u/a/cpu.idle=0"]],
  ];
for (const [name, before, changed, expected] of V2_CASES) {
  Deno.test(`limitChanges() writes ${name}`, () => assertEquals(lines({ before, changed }), expected));
}

Deno.test("limitChanges() raises v1's limit of memory and swap before that of memory, and lowers it after", () => {
  const change = { directories: V1, before: { memory: { limit: MIB, swap: MIB } } };
  const files = { "/memory/a/memory.memsw.limit_in_bytes": `${MIB}\n` };
  const more = { memory: { limit: 2 * MIB, swap: 2 * MIB } };
  assertEquals(lines({ ...change, changed: more }, files), [
    "/memory/a/memory.memsw.limit_in_bytes=2097152",
    "/memory/a/memory.limit_in_bytes=2097152",
  ]);
  const less = { memory: { limit: MIB / 2, swap: MIB / 2 } };
  assertEquals(lines({ ...change, changed: less }, files), [
    "/memory/a/memory.limit_in_bytes=524288",
    "/memory/a/memory.memsw.limit_in_bytes=524288",
  ]);
});

Deno.test("limitChanges() tells systemd first", () => {
  const unit = { name: "masu-a.scope", user: false };
  assertEquals(lines({ unit, changed: { pids: { limit: 5 } } }), ["set_unit_properties", "/u/a/pids.max=5"]);
});

Deno.test("limitChanges() refuses less memory than is used where that is to be checked", () => {
  const changed = { memory: { limit: 100, checkBeforeUpdate: true } };
  assertThrows(() => lines({ changed }, { "/u/a/memory.current": "101\n" }), MasuError, "101 bytes are in use");
  assertEquals(lines({ changed }, { "/u/a/memory.current": "100\n" }), ["/u/a/memory.max=100"]);
});

Deno.test("limitChanges() refuses a limit whose controller the container has no cgroup of", () => {
  assertThrows(
    () => lines({ directories: {}, changed: { pids: { limit: 5 } } }),
    MasuError,
    "linux.resources.pids.limit",
  );
});

Deno.test("mergedResources() keeps what is not said, device rules in any case", () => {
  const before = { devices: [{ allow: false }], memory: { limit: 1, swap: 2 }, pids: { limit: 3 } };
  const changed = { devices: [{ allow: true }], memory: { limit: 5, swap: 0 }, unified: { "memory.high": "1" } };
  assertEquals(mergedResources(before, changed, true), {
    devices: [{ allow: false }],
    memory: { limit: 5, swap: 2 },
    pids: { limit: 3 },
    unified: { "memory.high": "1" },
  });
});
