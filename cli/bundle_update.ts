/**
 * `masu update` of a container that was made from a bundle: runc's flags, and its document of resources.
 *
 * @module
 */
import { parseSize } from "../lib/config/size.ts";
import { parseResources as parseWords } from "../lib/config/resources.ts";
import type { ResourceConfig } from "../lib/config/run_config.ts";
import { mistake } from "../lib/config/mistake.ts";
import { parseWhole } from "../lib/config/number.ts";
import { updateBundle } from "../lib/engine/bundle_update.ts";
import { invalidConfig } from "../lib/error.ts";
import { parseResources } from "../lib/spec/document/spec.ts";
import type { LinuxIntelRdt, LinuxResources } from "../lib/spec/oci.ts";
import type { Invocation } from "./command.ts";
import { storeFor } from "./container_words.ts";
import { EXIT } from "./exit.ts";
import type { Flag, FlagValues } from "./flags.ts";
import { lookConfig } from "./global_options.ts";
import { readLines } from "./lines.ts";
import type { Process } from "./process.ts";
import { hasResourceWords, type ResourceFlagName, resourceWords } from "./resource_flags.ts";

const GROUP = "Of containers that were made from an OCI bundle";

/** What only they know. */
export const BUNDLE_UPDATE_FLAGS = [
  {
    name: "resources",
    short: "r",
    value: "FILE",
    group: GROUP,
    help: "Take everything from this file, OCI's linux.resources; -: from stdin",
  },
  { name: "cpu-idle", value: "N", group: GROUP, help: "1: only CPU time that nobody else wants; 0: as any" },
  { name: "l3-cache-schema", value: "LINE", group: GROUP, help: "Its part of the level 3 cache (resctrl)" },
  { name: "mem-bw-schema", value: "LINE", group: GROUP, help: "Its part of the memory's bandwidth (resctrl)" },
] as const satisfies readonly Flag[];

/** Names of {@link BUNDLE_UPDATE_FLAGS}. */
export type BundleUpdateFlag = typeof BUNDLE_UPDATE_FLAGS[number]["name"];

type Flags = FlagValues<BundleUpdateFlag | ResourceFlagName>;

/** Changes its limits. Errors: `invalid_config` nothing is said, or what its kind does not know; of `updateBundle`. */
export async function updateFromBundle(
  { flags, globals, process }: Pick<Invocation, "flags" | "globals" | "process">,
  container: string,
): Promise<number> {
  const changes = { resources: await readResources(flags, process), intelRdt: readCache(flags) };
  const situation = { store: storeFor({ globals, process }), global: lookConfig(globals, process) };
  updateBundle(process.core(), container, changes, situation);
  return EXIT.success;
}

async function readResources(flags: Flags, process: Process): Promise<LinuxResources> {
  const file = flags.text("resources");
  const idle = flags.text("cpu-idle");
  const isSaid = hasResourceWords(flags) || idle !== undefined;
  if (file !== undefined) {
    if (isSaid) throw invalidConfig('Read flags of "masu update": the limits are in --resources');
    return parseResources(
      file === "-" ? "--resources -" : file,
      file === "-" ? await wholeInput(process) : process.caller.readText("--resources", file),
    );
  }
  const { memory, memorySwap, memoryReservation, ...words } = resourceWords(flags);
  const { cpu, memory: kernels, ...others } = bundleResources(parseWords(words, 0));
  const idleCpu = idle === undefined ? {} : { idle: parseWhole("--cpu-idle", idle, { least: 0, most: 1 }) };
  return {
    ...others,
    memory: {
      ...kernels,
      ...memoryAmount("limit", "--memory", memory),
      ...memoryAmount("swap", "--memory-swap", memorySwap),
      ...memoryAmount("reservation", "--memory-reservation", memoryReservation),
    },
    cpu: { ...cpu, ...idleCpu },
  };
}

/** Each may be changed without the others, and -1 takes any of them away. */
function memoryAmount<Name extends string>(name: Name, flag: string, text: string | undefined) {
  if (text === undefined) return {};
  return { [name]: text === "-1" ? -1 : parseSize(flag, text) } as { [key in Name]: number };
}

async function wholeInput({ stdin }: Process): Promise<string> {
  const lines: string[] = [];
  for await (const line of readLines(stdin)) lines.push(line);
  return lines.join("\n");
}

function readCache(flags: Flags): Pick<LinuxIntelRdt, "l3CacheSchema" | "memBwSchema"> {
  const [l3CacheSchema, memBwSchema] = [flags.text("l3-cache-schema"), flags.text("mem-bw-schema")];
  return {
    ...(l3CacheSchema !== undefined && { l3CacheSchema }),
    ...(memBwSchema !== undefined && { memBwSchema }),
  };
}

/** What runc's `update` can change. Errors: `invalid_config` for what it cannot. */
function bundleResources(config: ResourceConfig): LinuxResources {
  const { kernelMemory, kernelMemoryTcp, pidsLimit, blkioWeight, ...rest } = config;
  const {
    cpus,
    cpuShares,
    cpuPeriodUs,
    cpuQuotaUs,
    cpuBurstUs,
    cpuRtPeriodUs,
    cpuRtRuntimeUs,
    cpusetCpus,
    cpusetMems,
    ...odd
  } = rest;
  const [name] = Object.entries(odd).flatMap(([name, value]) => value === undefined ? [] : [name]);
  if (name !== undefined) throw mistake("flag", name, "of a bundle's container, say it in --resources");
  const set = (values: Record<string, number | string | undefined>) =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return {
    memory: set({
      kernel: kernelMemory,
      kernelTCP: kernelMemoryTcp,
    }),
    cpu: set({
      shares: cpuShares,
      period: cpuPeriodUs ?? (cpus === undefined ? undefined : PERIOD_US),
      quota: cpuQuotaUs ?? (cpus === undefined ? undefined : Math.round(cpus * PERIOD_US)),
      burst: cpuBurstUs,
      realtimePeriod: cpuRtPeriodUs,
      realtimeRuntime: cpuRtRuntimeUs,
      cpus: cpusetCpus,
      mems: cpusetMems,
    }),
    ...(pidsLimit !== undefined && { pids: { limit: pidsLimit } }),
    ...(blkioWeight !== undefined && { blockIO: { weight: blkioWeight } }),
  };
}

/** docker's. */
const PERIOD_US = 100_000;
