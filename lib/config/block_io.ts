/**
 * `--blkio-weight`, `--device-read-bps` and their kin: block devices.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { BlockIoConfig, DeviceAmount } from "./run_config.ts";
import { parseSize } from "./size.ts";

/** blkio-controller.rst */
const WEIGHT = { least: 10, most: 1000 };

/** The flags as they were written. */
export interface BlockIoWords {
  readonly blkioWeight?: string | undefined;
  readonly blkioWeightDevice?: readonly string[];
  readonly deviceReadBps?: readonly string[];
  readonly deviceWriteBps?: readonly string[];
  readonly deviceReadIops?: readonly string[];
  readonly deviceWriteIops?: readonly string[];
}

/** All of them. As with docker, a weight of 0 is as if nothing were written. */
export function parseBlockIo(words: BlockIoWords): BlockIoConfig {
  const { blkioWeight: weight } = words;
  const bytes = (where: string, text: string) => parseSize(where, text);
  const operations = (where: string, text: string) => parseWhole(where, text, { least: 0, most: 4_294_967_295 });
  return {
    ...(weight !== undefined && weight !== "0" && { blkioWeight: parseWhole("--blkio-weight", weight, WEIGHT) }),
    ...amounts(
      "blkioWeightDevices",
      "--blkio-weight-device",
      words.blkioWeightDevice,
      (where, text) => parseWhole(where, text, WEIGHT),
    ),
    ...amounts("deviceReadBps", "--device-read-bps", words.deviceReadBps, bytes),
    ...amounts("deviceWriteBps", "--device-write-bps", words.deviceWriteBps, bytes),
    ...amounts("deviceReadIops", "--device-read-iops", words.deviceReadIops, operations),
    ...amounts("deviceWriteIops", "--device-write-iops", words.deviceWriteIops, operations),
  };
}

function amounts(
  key: keyof BlockIoConfig,
  flag: string,
  texts: readonly string[] = [],
  parse: (where: string, text: string) => number,
): BlockIoConfig {
  return texts.length === 0 ? {} : { [key]: texts.map((text) => parseAmount(flag, text, parse)) };
}

/** `/dev/sda:10m`, or `8:0:10m`: the device is all up to the last colon. */
function parseAmount(flag: string, text: string, parse: (where: string, text: string) => number): DeviceAmount {
  const colon = text.lastIndexOf(":");
  const device = text.slice(0, Math.max(colon, 0));
  if (!device.startsWith("/") && !NUMBERS.test(device)) {
    throw mistake(flag, text, "no device and amount", "for example /dev/sda:10m, or its numbers: 8:0:10m");
  }
  return { device, amount: parse(flag, text.slice(colon + 1)) };
}

const NUMBERS = /^(0|[1-9][0-9]{0,8}):(0|[1-9][0-9]{0,8})$/;

/** Major and minor number of a device that was written as such; undefined: it is a path. */
export function deviceNumbers(device: string): { major: number; minor: number } | undefined {
  const [, major, minor] = NUMBERS.exec(device) ?? [];
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

/** Paths of all block devices that a config names. */
export function blockDevicePaths(config: BlockIoConfig): string[] {
  const {
    blkioWeightDevices = [],
    deviceReadBps = [],
    deviceWriteBps = [],
    deviceReadIops = [],
    deviceWriteIops = [],
  } = config;
  const all = [...blkioWeightDevices, ...deviceReadBps, ...deviceWriteBps, ...deviceReadIops, ...deviceWriteIops];
  return [...new Set(all.map(({ device }) => device))].filter((device) => deviceNumbers(device) === undefined);
}
