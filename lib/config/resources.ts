/**
 * Limits: `--memory` and its kin.
 *
 * @module
 */
import { invalidConfig } from "../error.ts";
import { type BlockIoWords, parseBlockIo } from "./block_io.ts";
import { type ControlWords, parseControls } from "./control_words.ts";
import { type CpuWords, parseCpu } from "./cpu.ts";
import { mistake } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { ResourceConfig } from "./run_config.ts";
import { parseSize } from "./size.ts";

/** As docker: with less, a container's own start can already be too much. */
const LEAST_MEMORY = 6 * 1024 * 1024;

/** The flags as they were written. */
export interface ResourceWords extends CpuWords, BlockIoWords, ControlWords {
  readonly memory?: string | undefined;
  readonly memorySwap?: string | undefined;
  readonly memoryReservation?: string | undefined;
  readonly memorySwappiness?: string | undefined;
  readonly kernelMemory?: string | undefined;
  readonly kernelMemoryTcp?: string | undefined;
  readonly oomKillDisable?: boolean;
  readonly pidsLimit?: string | undefined;
}

/**
 * All limits. As with docker, 0 is as if nothing were written, except for processes, where it is no limit.
 *
 * `leastMemory`: what a container can start with, unless said otherwise.
 */
export function parseResources(words: ResourceWords, leastMemory = LEAST_MEMORY): ResourceConfig {
  const memory = given(words.memory, (text) => parseMemory("--memory", text, leastMemory));
  const bytes = (where: string) => (text: string) => parseSize(where, text) || undefined;
  const memorySwap = given(words.memorySwap, (text) => parseMemorySwap("--memory-swap", text, memory));
  const memoryReservation = given(words.memoryReservation, bytes("--memory-reservation"));
  if (memory !== undefined && memoryReservation !== undefined && memoryReservation > memory) {
    throw mistake("--memory-reservation", `${words.memoryReservation}`, "more than --memory");
  }
  if (words.oomKillDisable === true && memory === undefined) {
    throw invalidConfig('Read flag "--oom-kill-disable": it needs --memory: else all of the host\'s memory could wait');
  }
  const memorySwappiness = given(words.memorySwappiness, parseSwappiness);
  const kernelMemory = given(words.kernelMemory, bytes("--kernel-memory"));
  const kernelMemoryTcp = given(words.kernelMemoryTcp, bytes("--kernel-memory-tcp"));
  const pidsLimit = given(words.pidsLimit, (text) => parsePidsLimit("--pids-limit", text));
  return {
    ...(memory !== undefined && { memory }),
    ...(memorySwap !== undefined && { memorySwap }),
    ...(memoryReservation !== undefined && { memoryReservation }),
    ...(memorySwappiness !== undefined && { memorySwappiness }),
    ...(kernelMemory !== undefined && { kernelMemory }),
    ...(kernelMemoryTcp !== undefined && { kernelMemoryTcp }),
    ...(words.oomKillDisable === true && { oomKillDisable: true }),
    ...parseCpu(words),
    ...(pidsLimit !== undefined && { pidsLimit }),
    ...parseBlockIo(words),
    ...parseControls(words),
  };
}

/** memory.rst, "swappiness"; docker's -1 is as if nothing were written. */
function parseSwappiness(text: string): number | undefined {
  const value = parseWhole("--memory-swappiness", text, { least: -1, most: 100 });
  return value === -1 ? undefined : value;
}

function given<T>(text: string | undefined, parse: (text: string) => T | undefined): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function parseMemory(where: string, text: string, least: number): number | undefined {
  const bytes = parseSize(where, text);
  if (bytes === 0) return undefined;
  if (bytes < least) throw mistake(where, text, "less than a container can start with", "6m is the least");
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

function parsePidsLimit(where: string, text: string): number {
  // PID_MAX_LIMIT of a 64-bit kernel: proc_sys_kernel(5), pid_max.
  const limit = parseWhole(where, text, { least: -1, most: 4_194_304 });
  return limit === 0 ? -1 : limit;
}
