/**
 * Limits with words of their own: huge pages, RDMA, classes of packets, control files by name.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { ControlConfig } from "./run_config.ts";
import { parseSize } from "./size.ts";

/** The flags as they were written. */
export interface ControlWords {
  readonly hugepageLimit?: readonly string[];
  readonly rdma?: readonly string[];
  readonly netClass?: string | undefined;
  readonly netPriority?: readonly string[];
  readonly cgroupConf?: readonly string[];
}

/** All of them. */
export function parseControls(words: ControlWords): ControlConfig {
  const { hugepageLimit = [], rdma = [], netClass, netPriority = [], cgroupConf = [] } = words;
  return {
    ...(hugepageLimit.length > 0 && { hugepageLimits: hugepageLimit.map(parseHugepages) }),
    ...(rdma.length > 0 && { rdma: Object.fromEntries(rdma.map(parseRdma)) }),
    ...(netClass !== undefined && { netClass: parseNetClass(netClass) }),
    ...(netPriority.length > 0 && { netPriorities: netPriority.map(parseNetPriority) }),
    ...(cgroupConf.length > 0 && { unified: Object.fromEntries(cgroupConf.map(parseControlFile)) }),
  };
}

/** `2MB:64m`, the size of a page as the kernel's files call it. */
function parseHugepages(text: string): { pageSize: string; limit: number } {
  const [, pageSize, limit] = /^([0-9]+[KMG]B):(.+)$/.exec(text) ?? [];
  if (pageSize === undefined || limit === undefined) {
    throw mistake("--hugepage-limit", text, "no page size and limit", "for example 2MB:64m");
  }
  return { pageSize, limit: parseSize("--hugepage-limit", limit) };
}

/** rdma.rst: `mlx4_0 hca_handle=2 hca_object=2000`, with commas. */
function parseRdma(text: string): [string, { hcaHandles?: number; hcaObjects?: number }] {
  const [, device, rest] = /^([\w.-]+):([a-z_=0-9,]+)$/.exec(text) ?? [];
  const wrong = () =>
    mistake("--rdma", text, "no device and limits", "for example mlx4_0:hca_handle=2,hca_object=2000");
  if (device === undefined || rest === undefined) throw wrong();
  const limits: { hcaHandles?: number; hcaObjects?: number } = {};
  for (const word of rest.split(",")) {
    const [name, value = ""] = word.split("=");
    const count = () => parseWhole("--rdma", value, { least: 0, most: 2_147_483_647 });
    if (name === "hca_handle") limits.hcaHandles = count();
    else if (name === "hca_object") limits.hcaObjects = count();
    else throw wrong();
  }
  return [device, limits];
}

/** net_cls.rst: 0xAAAABBBB, or the handle AAAA:BBBB as tc(8) writes it, both hexadecimal; or a decimal number. */
function parseNetClass(text: string): number {
  const [, major, minor] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text) ?? [];
  if (major !== undefined && minor !== undefined) return parseInt(major, 16) * 65_536 + parseInt(minor, 16);
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number(text);
  if (!/^[0-9]+$/.test(text)) {
    throw mistake("--net-class", text, "no class", "for example 10:1, as tc has it, or 0x100001");
  }
  return parseWhole("--net-class", text, { least: 0, most: 4_294_967_295 });
}

/** `eth0:5` */
function parseNetPriority(text: string): { name: string; priority: number } {
  const [, name, priority] = /^([^\s/:]{1,15}):(.+)$/.exec(text) ?? [];
  if (name === undefined || priority === undefined) {
    throw mistake("--net-priority", text, "no interface and priority", "for example eth0:5");
  }
  return { name, priority: parseWhole("--net-priority", priority, { least: 0, most: 4_294_967_295 }) };
}

/** `memory.high=64m`: as it is written to the file. */
function parseControlFile(text: string): [string, string] {
  const [, file, value] = /^([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+)+)=([^\n]*)$/.exec(text) ?? [];
  if (file === undefined || value === undefined) {
    throw mistake("--cgroup-conf", text, "no v2 control file and value", "for example memory.high=67108864");
  }
  return [file, value];
}
