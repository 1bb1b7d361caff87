/**
 * `--device-cgroup-rule 'c 189:* rwm'`.
 *
 * @module
 */
import { mistake } from "./mistake.ts";
import type { DeviceRuleConfig } from "./run_config.ts";

const RULE = /^([abc]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;

/** One rule, as the kernel's own file has it. cgroup-v1/devices.rst */
export function parseDeviceRule(where: string, text: string): DeviceRuleConfig {
  const [, type, major = "*", minor = "*", access = ""] = RULE.exec(text) ?? [];
  if (type === undefined || new Set(access).size < access.length) {
    throw mistake(where, text, "no device rule", "type, numbers and access, for example 'c 189:* rwm'");
  }
  return {
    type: type === "a" ? "a" : type === "b" ? "b" : "c",
    major: numberOf(major),
    minor: numberOf(minor),
    access,
  };
}

function numberOf(text: string): number | null {
  return text === "*" ? null : Number(text);
}
