import { assertEquals } from "@std/assert";
import { MasuError } from "../lib/error.ts";
import { makeForEngine } from "./engine.ts";
import { main } from "./main.ts";
import type { Process } from "./process.ts";

/** A process in which whatever needs the core fails, and what it printed. */
function standIn(): { process: Process; out: { stdout: string; stderr: string } } {
  const out = { stdout: "", stderr: "" };
  const process: Process = {
    arguments: [],
    environment: {},
    core() {
      throw new MasuError("kernel_lacks", "Load core: this test has none");
    },
    caller: { directory: () => "/home/ann", environment: {}, readText: () => "", kindOf: () => "missing" },
    stdin: { read: () => Promise.resolve(null) },
    write: (stream, text) => out[stream] += text,
    isTerminal: () => false,
    colours: false,
  };
  return { process, out };
}

const MADE: string[][] = [
  ["create", "--bundle", "/b", "--pid-file", "/p", "c1"],
  ["--root", "/r", "--systemd-cgroup", "create", "-b", "/b", "c1"],
  ["create", "--bundle=/b", "--no-new-keyring", "--preserve-fds", "2", "c1"],
  ["run", "--bundle", "/b", "-d", "c1"],
  ["run", "--bundle", "b", "c1"],
  ["create", "--bundle", "/b"],
  ["create", "--bundle", "/b", "c1", "c2"],
  ["create", "--bundle", "/b", "../c1"],
  ["create", "--bundle", "/b", "--preserve-fds", "x", "c1"],
];
for (const args of MADE) {
  Deno.test(`makeForEngine() ends masu ${args.join(" ")} as the whole program does`, async () => {
    const [alone, whole] = [standIn(), standIn()];
    const status = makeForEngine(args, alone.process);
    assertEquals([status, alone.out], [await main(args, whole.process), whole.out]);
    assertEquals(status, 1);
  });
}

const LEFT: string[][] = [
  [],
  ["create", "host"],
  ["create", "c1"],
  ["run", "host", "sh", "-b", "x"],
  ["run", "host", "create", "--bundle", "x"],
  ["start", "--bundle", "/b", "c1"],
  ["create", "--bundle", "/b", "--nosuch", "c1"],
  ["create", "--bundle"],
  ["create", "--bundle", "/b", "--help"],
  ["--explain", "create", "--bundle", "/b", "c1"],
  ["create", "--bundle", "/b", "--memory", "1m", "c1"],
  ["--json", "run", "--bundle", "/b", "c1"],
  ["--log-format", "xml", "create", "--bundle", "/b", "c1"],
  ["--log-level", "loud", "run", "--bundle", "/b", "c1"],
];
for (const args of LEFT) {
  Deno.test(`makeForEngine() leaves masu ${args.join(" ")} to the whole program`, () => {
    const { process, out } = standIn();
    assertEquals([makeForEngine(args, process), out], [undefined, { stdout: "", stderr: "" }]);
  });
}
