/**
 * `--restart`.
 *
 * @module
 */
import { mistake, notAmong } from "./mistake.ts";
import { parseWhole } from "./number.ts";
import type { RestartConfig } from "./run_config.ts";

const POLICIES = ["no", "on-failure", "always", "unless-stopped"] as const;

/** More than anybody waits for: the last tries are a minute apart. */
const MOST_RESTARTS = 1_000_000;

/** `no`, `on-failure`, `on-failure:3`, `always` or `unless-stopped`. */
export function parseRestart(where: string, text: string): RestartConfig {
  const [word = "", count, ...surplus] = text.split(":");
  const policy = POLICIES.find((policy) => policy === word);
  if (policy === undefined || surplus.length > 0) throw notAmong(where, text, "no such restart policy", POLICIES);
  if (count === undefined) return { kind: kindOf(policy), maximum: 0 };
  if (policy !== "on-failure") throw mistake(where, text, "only on-failure has a number of restarts", "on-failure:3");
  return { kind: "on_failure", maximum: parseWhole(where, count, { least: 0, most: MOST_RESTARTS }) };
}

function kindOf(policy: typeof POLICIES[number]): RestartConfig["kind"] {
  switch (policy) {
    case "on-failure":
      return "on_failure";
    case "unless-stopped":
      return "unless_stopped";
    default:
      return policy;
  }
}
