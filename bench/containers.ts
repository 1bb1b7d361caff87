/**
 * The container that is measured: busybox in a directory, with all defaults, and its bundle for other runtimes.
 *
 * @module
 */
import { PLAIN_CONFIG, type RunConfig } from "../lib/config/run_config.ts";
import { type Core, openCore } from "../lib/core/load.ts";
import { type PreparedRun, prepareRun } from "../lib/engine/prepare.ts";
import type { Spec } from "../lib/spec/oci.ts";

/** Makes a root directory with a static busybox. */
export function busyboxRoot(directory: string): void {
  for (const name of ["bin", "dev", "etc", "proc", "run", "sys", "tmp"]) {
    Deno.mkdirSync(`${directory}/${name}`, { recursive: true });
  }
  const { stdout } = new Deno.Command("sh", { args: ["-c", "command -v busybox"] }).outputSync();
  Deno.copyFileSync(new TextDecoder().decode(stdout).trim(), `${directory}/bin/busybox`);
  for (const applet of ["true", "sh", "sleep"]) Deno.symlinkSync("busybox", `${directory}/bin/${applet}`);
  Deno.writeTextFileSync(`${directory}/etc/passwd`, "root:x:0:0:root:/:/bin/sh\n");
}

/** `masu run --net none DIRECTORY /bin/true`. */
export function config(directory: string): RunConfig {
  return {
    ...PLAIN_CONFIG,
    image: { kind: "directory", path: directory, copyOnWrite: true },
    arguments: ["/bin/true"],
    remove: true,
    network: { kind: "none" },
  };
}

let loaded: Core | undefined;

/** The core, loaded once. */
export function core(): Core {
  loaded ??= openCore();
  return loaded;
}

/** Reads the host and plans one container. */
export function prepared(written: RunConfig): PreparedRun {
  return prepareRun(core(), {
    config: written,
    global: { cgroupManager: "cgroupfs" },
    environment: Deno.env.toObject(),
  });
}

/** Writes a bundle for another runtime: masu's own spec, whose blanks and files of masu's own are replaced. */
export function bundle(spec: Spec, directory: string, args: readonly string[] = ["/bin/true"]): void {
  Deno.mkdirSync(directory, { recursive: true });
  const name = directory.split("/").at(-1) ?? "";
  const text = JSON.stringify({
    ...spec,
    // Older crun refuses what it does not know yet.
    ociVersion: "1.0.2",
    hostname: name,
    process: { ...spec.process, args, env: spec.process.env.filter((one) => !one.includes("${")) },
    // The files of /etc that masu makes for each container are not there for others.
    mounts: spec.mounts.filter(({ destination }) => !destination.startsWith("/etc/")),
    annotations: {},
    linux: { ...spec.linux, cgroupsPath: `/${name}` },
  });
  Deno.writeTextFileSync(`${directory}/config.json`, text);
}
