/**
 * Limits: `--memory` and its kin.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { ResourceConfig } from "./run_config.ts";
import { parseSize } from "./size.ts";

/** As docker: with less, a container's own start can already be too much. */
const LEAST_MEMORY = 6 * 1024 * 1024;

/** Docker's; the scheduler's quota is at least 1 ms of a period of 100 ms. */
const LEAST_CPUS = 0.01;

/** More CPUs than any kernel is built for (CONFIG_NR_CPUS is 8192 at most). */
const MOST_CPUS = 8192;

const CPUS = /^[0-9]+(\.[0-9]{1,9})?$/;
const CPUSET = /^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/;

/** The flags as they were written. */
export interface ResourceWords {
  readonly memory?: string | undefined;
  readonly memorySwap?: string | undefined;
  readonly cpus?: string | undefined;
  readonly cpuShares?: string | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly pidsLimit?: string | undefined;
}

/** All limits. As with docker, 0 is as if nothing were written, except for processes, where it is no limit. */
export function parseResources(words: ResourceWords): ResourceConfig {
  const memory = given(words.memory, (text) => parseMemory("--memory", text));
  const memorySwap = given(words.memorySwap, (text) => parseMemorySwap("--memory-swap", text, memory));
  const cpus = given(words.cpus, (text) => parseCpus("--cpus", text));
  const cpuShares = given(words.cpuShares, (text) => parseCpuShares("--cpu-shares", text));
  const cpusetCpus = given(words.cpusetCpus, (text) => parseCpuset("--cpuset-cpus", text));
  const pidsLimit = given(words.pidsLimit, (text) => parsePidsLimit("--pids-limit", text));
  return {
    ...(memory !== undefined && { memory }),
    ...(memorySwap !== undefined && { memorySwap }),
    ...(cpus !== undefined && { cpus }),
    ...(cpuShares !== undefined && { cpuShares }),
    ...(cpusetCpus !== undefined && { cpusetCpus }),
    ...(pidsLimit !== undefined && { pidsLimit }),
  };
}

function given<T>(text: string | undefined, parse: (text: string) => T | undefined): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function parseMemory(where: string, text: string): number | undefined {
  const bytes = parseSize(where, text);
  if (bytes === 0) return undefined;
  if (bytes < LEAST_MEMORY) throw mistake(where, text, "less than a container can start with", "6m is the least");
  return bytes;
}

function parseMemorySwap(where: string, text: string, memory: number | undefined): number | undefined {
  const bytes = text === "-1" ? -1 : parseSize(where, text);
  if (bytes === 0) return undefined;
  if (memory === undefined) throw mistake(where, text, "needs --memory", "it is memory and swap together");
  if (bytes !== -1 && bytes < memory) {
    throw mistake(where, text, "less than --memory", "it is memory and swap together; -1 is unlimited swap");
  }
  return bytes;
}

function parseCpus(where: string, text: string): number | undefined {
  if (!CPUS.test(text)) throw mistake(where, text, "not a number of CPUs", "for example 2 or 0.5");
  const cpus = Number(text);
  if (cpus === 0) return undefined;
  if (cpus < LEAST_CPUS || cpus > MOST_CPUS) throw mistake(where, text, `not between ${LEAST_CPUS} and ${MOST_CPUS}`);
  return cpus;
}

function parseCpuShares(where: string, text: string): number | undefined {
  return text === "0" ? undefined : parseWhole(where, text, { least: 2, most: 262_144 });
}

function parseCpuset(where: string, text: string): string | undefined {
  if (text === "") return undefined;
  if (!CPUSET.test(text)) throw mistake(where, text, "not a list of CPUs", "for example 0-2,4");
  for (const range of text.split(",")) {
    const [first = "", last = first] = range.split("-");
    if (Number(last) < Number(first)) throw mistake(where, text, `the range ${range} ends before it starts`);
    if (Number(last) >= MOST_CPUS) throw mistake(where, text, `there is no CPU ${last}`);
  }
  return text;
}

function parsePidsLimit(where: string, text: string): number {
  // PID_MAX_LIMIT of a 64-bit kernel: proc_sys_kernel(5), pid_max.
  const limit = parseWhole(where, text, { least: -1, most: 4_194_304 });
  return limit === 0 ? -1 : limit;
}
