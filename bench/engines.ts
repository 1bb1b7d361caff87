/**
 * A whole container by an engine, `podman run --rm` and `ctr run --rm`, with each runtime in turn.
 *
 * @module
 */
import type { Bench } from "./main.ts";
import { isInstalled } from "./peers.ts";
import { interleave, type Variant, whyNot } from "./processes.ts";
import { type Series, SERIES_HEAD, seriesRow, table } from "./table.ts";

/** How long containerd may take to listen. */
const STARTING_MS = 10_000;

/** Measures; returns one table for both engines, without what is not installed or cannot run here. */
export async function measureEngines(bench: Bench): Promise<string> {
  const series: Series[] = [];
  const missing: string[] = [];
  const measure = async (variants: readonly Variant[]) => {
    const possible = variants.filter((variant) => {
      const why = whyNot(variant.command);
      if (why !== undefined) missing.push(`Without ${variant.name}: ${why.split("\n").at(-1)}`);
      return why === undefined;
    });
    series.push(...await interleave(`${bench.scratch}/once`, possible, bench.rounds, 0));
  };
  if (isInstalled("podman")) await measure(runtimes(bench).map((runtime) => podman(bench, runtime)));
  if (isInstalled("containerd") && isInstalled("ctr")) {
    await using _daemon = await containerd(bench);
    await measure(runtimes(bench).map((runtime) => ctr(bench, runtime)));
  }
  const rows = series.map((one) => seriesRow(one, series.find(({ name }) => name === baseOf(one.name))));
  const head = table('A whole run of "true" by an engine (ratio: to the same engine with runc)', SERIES_HEAD, rows);
  return [head, ...missing].join("\n");
}

/** The same engine's series with runc. */
const baseOf = (name: string) => `${name.split(",")[0]}, runc`;

interface EngineRuntime {
  readonly name: string;
  readonly path: string;
}

function runtimes({ masu }: Bench): EngineRuntime[] {
  const peers = ["crun", "runc"].filter(isInstalled).map((name) => {
    const { stdout } = new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).outputSync();
    return { name, path: new TextDecoder().decode(stdout).trim() };
  });
  return [{ name: "masu", path: masu }, ...peers];
}

function podman({ scratch }: Bench, { name, path }: EngineRuntime): Variant {
  const own = ["--root", `${scratch}/podman`, "--runroot", `${scratch}/podman-run`, "--events-backend", "file"];
  // What a caller's own limits may be below of is not what is measured.
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
  const run = ["run", "--rm", "--network", "none", ...limits, "--rootfs", `${scratch}/root`, "/bin/true"];
  return {
    name: `podman run --rm, ${name}`,
    command: ["podman", ...own, "--cgroup-manager", "cgroupfs", "--runtime", path, ...run],
  };
}

function ctr({ scratch }: Bench, { name, path }: EngineRuntime): Variant {
  const run = ["run", "--rm", "--runtime", "io.containerd.runc.v2", "--runc-binary", path, "--rootfs"];
  return {
    name: `ctr run --rm, ${name}`,
    command: ["ctr", "--address", `${scratch}/containerd.sock`, ...run, `${scratch}/root`, "masu-bench", "/bin/true"],
  };
}

/** A containerd with directories of its own, until it is disposed of. Throws when it does not listen in time. */
async function containerd({ scratch }: Bench): Promise<AsyncDisposable> {
  const file = `${scratch}/containerd.toml`;
  const plugins = ["grpc.v1.cri", "snapshotter.v1.btrfs", "snapshotter.v1.devmapper", "snapshotter.v1.zfs"];
  const settings = [
    "version = 2",
    `root = "${scratch}/containerd"`,
    `state = "${scratch}/containerd-run"`,
    `disabled_plugins = [${plugins.map((name) => `"io.containerd.${name}"`).join(", ")}]`,
    "[grpc]",
    `address = "${scratch}/containerd.sock"`,
  ];
  Deno.writeTextFileSync(file, settings.join("\n"));
  const daemon = new Deno.Command("containerd", { args: ["--config", file], stdout: "null", stderr: "null" }).spawn();
  for (
    const begin = performance.now();
    whyNot(["ctr", "--address", `${scratch}/containerd.sock`, "version"]) !== undefined;
  ) {
    if (performance.now() - begin > STARTING_MS) throw new Error("containerd does not listen");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    async [Symbol.asyncDispose]() {
      daemon.kill("SIGTERM");
      await daemon.status;
    },
  };
}
