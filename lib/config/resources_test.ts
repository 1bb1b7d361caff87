import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseResources, type ResourceWords } from "./resources.ts";
import type { ResourceConfig } from "./run_config.ts";

const MIB = 1024 * 1024;
const LIMITS: [name: string, words: ResourceWords, expected: ResourceConfig][] = [
  ["is empty for no words", {}, {}],
  ["reads memory", { memory: "30m" }, { memory: 30 * MIB }],
  ["takes the least memory", { memory: "6m" }, { memory: 6 * MIB }],
  ["reads memory 0 as unlimited", { memory: "0" }, {}],
  ["reads memory and swap", { memory: "30m", memorySwap: "60m" }, { memory: 30 * MIB, memorySwap: 60 * MIB }],
  ["reads unlimited swap", { memory: "30m", memorySwap: "-1" }, { memory: 30 * MIB, memorySwap: -1 }],
  ["reads a part of a CPU", { cpus: "0.5" }, { cpus: 0.5 }],
  ["reads cpus 0 as unlimited", { cpus: "0" }, {}],
  ["reads shares", { cpuShares: "512" }, { cpuShares: 512 }],
  ["reads a set of CPUs", { cpusetCpus: "0-2,4" }, { cpusetCpus: "0-2,4" }],
  ["reads a limit of processes", { pidsLimit: "50" }, { pidsLimit: 50 }],
  ["reads no limit of processes", { pidsLimit: "-1" }, { pidsLimit: -1 }],
  ["reads 0 processes as no limit", { pidsLimit: "0" }, { pidsLimit: -1 }],
];
for (const [name, words, expected] of LIMITS) {
  Deno.test(`parseResources() ${name}`, () => assertEquals(parseResources(words), expected));
}

const MISTAKES: [name: string, words: ResourceWords, cause: string][] = [
  ["memory that nothing starts with", { memory: "5m" }, "less than a container can start with"],
  ["negative memory", { memory: "-1" }, "not a size"],
  ["swap without memory", { memorySwap: "1g" }, "needs --memory"],
  ["swap below memory", { memory: "1g", memorySwap: "512m" }, "less than --memory"],
  ["negative CPUs", { cpus: "-1" }, "not a number of CPUs"],
  ["too little CPU", { cpus: "0.001" }, "not between 0.01"],
  ["one share", { cpuShares: "1" }, "not between 2"],
  ["a CPU set of words", { cpusetCpus: "all" }, "not a list of CPUs"],
  ["a CPU range backwards", { cpusetCpus: "3-1" }, "ends before it starts"],
  ["a CPU that no kernel has", { cpusetCpus: "0-99999" }, "there is no CPU 99999"],
  ["processes below -1", { pidsLimit: "-2" }, "not between -1"],
  ["hexadecimal processes", { pidsLimit: "0x10" }, "not a whole number"],
];
for (const [name, words, cause] of MISTAKES) {
  Deno.test(`parseResources() refuses ${name}`, () => {
    assertThrows(() => parseResources(words), MasuError, cause);
  });
}
