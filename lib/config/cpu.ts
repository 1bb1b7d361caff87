/**
 * `--cpus` and its kin: CPU time and CPUs.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { CpuConfig } from "./run_config.ts";

/** Docker's; the scheduler's quota is at least 1 ms of a period of 100 ms. */
const LEAST_CPUS = 0.01;
/** More CPUs than any kernel is built for (CONFIG_NR_CPUS is 8192 at most). */
const MOST_CPUS = 8192;
/** More memory nodes than any kernel is built for: CONFIG_NODES_SHIFT is 10 at most. */
const MOST_NODES = 1024;
/** sched-bwc.rst: a quota and its period are at least 1 ms, the period at most 1 s. */
const [LEAST_US, MOST_PERIOD_US] = [1000, 1_000_000];
/** sched-rt-group.rst: up to INT_MAX. */
const MOST_US = 2_147_483_647;

const CPUS = /^([0-9]+(?:\.[0-9]{1,9})?)(%?)$/;
const LIST = /^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/;

/** The flags as they were written. */
export interface CpuWords {
  readonly cpus?: string | undefined;
  readonly cpuShares?: string | undefined;
  readonly cpuPeriod?: string | undefined;
  readonly cpuQuota?: string | undefined;
  readonly cpuBurst?: string | undefined;
  readonly cpuRtPeriod?: string | undefined;
  readonly cpuRtRuntime?: string | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
}

/** All of them. As with docker, 0 is as if nothing were written. Errors: `--cpus` beside the quota or period that it says. */
export function parseCpu(words: CpuWords): CpuConfig {
  const set = <T>(key: keyof CpuConfig, text: string | undefined, parse: (text: string) => T | undefined) => {
    const value = text === undefined ? undefined : parse(text);
    return value === undefined ? {} : { [key]: value };
  };
  if (words.cpus !== undefined) {
    for (const [flag, text] of [["--cpu-period", words.cpuPeriod], ["--cpu-quota", words.cpuQuota]] as const) {
      if (text !== undefined) throw mistake(flag, text, "contradicts --cpus, which is both");
    }
  }
  const period = { least: LEAST_US, most: MOST_PERIOD_US };
  return {
    ...set("cpus", words.cpus, (text) => parseCpus("--cpus", text)),
    ...set("cpuShares", words.cpuShares, (text) => unlessZero("--cpu-shares", text, { least: 2, most: 262_144 })),
    ...set("cpuPeriodUs", words.cpuPeriod, (text) => unlessZero("--cpu-period", text, period)),
    ...set("cpuQuotaUs", words.cpuQuota, (text) => parseQuota("--cpu-quota", text)),
    ...set("cpuBurstUs", words.cpuBurst, (text) => unlessZero("--cpu-burst", text, { least: 1, most: MOST_US })),
    ...set(
      "cpuRtPeriodUs",
      words.cpuRtPeriod,
      (text) => unlessZero("--cpu-rt-period", text, { least: 1, most: MOST_US }),
    ),
    ...set(
      "cpuRtRuntimeUs",
      words.cpuRtRuntime,
      (text) => unlessZero("--cpu-rt-runtime", text, { least: -1, most: MOST_US }),
    ),
    ...set("cpusetCpus", words.cpusetCpus, (text) => parseList("--cpuset-cpus", text, ["CPU", MOST_CPUS])),
    ...set("cpusetMems", words.cpusetMems, (text) => parseList("--cpuset-mems", text, ["memory node", MOST_NODES])),
  };
}

/** `0.5`, `50%` of one CPU. */
function parseCpus(where: string, text: string): number | undefined {
  const [, digits, percent] = CPUS.exec(text) ?? [];
  if (digits === undefined) throw mistake(where, text, "not a number of CPUs", "for example 2, 0.5 or 50%");
  const cpus = percent === "%" ? Number(digits) / 100 : Number(digits);
  if (cpus === 0) return undefined;
  if (cpus < LEAST_CPUS || cpus > MOST_CPUS) throw mistake(where, text, `not between ${LEAST_CPUS} and ${MOST_CPUS}`);
  return cpus;
}

function parseQuota(where: string, text: string): number | undefined {
  if (text === "-1") return -1;
  return unlessZero(where, text, { least: LEAST_US, most: Number.MAX_SAFE_INTEGER });
}

function unlessZero(where: string, text: string, range: { least: number; most: number }): number | undefined {
  return text === "0" ? undefined : parseWhole(where, text, range);
}

/** cpuset(7), "List format" */
function parseList(where: string, text: string, [what, most]: readonly [string, number]): string | undefined {
  if (text === "") return undefined;
  if (!LIST.test(text)) throw mistake(where, text, `not a list of ${what}s`, "for example 0-2,4");
  for (const range of text.split(",")) {
    const [first = "", last = first] = range.split("-");
    if (Number(last) < Number(first)) throw mistake(where, text, `the range ${range} ends before it starts`);
    if (Number(last) >= most) throw mistake(where, text, `there is no ${what} ${last}`);
  }
  return text;
}
