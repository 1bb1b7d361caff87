/**
 * The container's own /etc/hosts, /etc/hostname and /etc/resolv.conf.
 *
 * @module
 */
import type { HostStep } from "../core/wire.ts";

import { makeDirectory } from "./directories.ts";
import type { RunContext } from "./run_context.ts";

const LOOPBACK = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::\tip6-localnet",
  "ff00::\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

/** Writes those that the spec mounts, as the container's root. */
export function etcFiles(context: RunContext): HostStep[] {
  const { paths: { etc }, spec, owner } = context;
  const texts: Readonly<Record<string, string>> = {
    hosts: hostsText(context),
    hostname: `${hostnameOf(context)}\n`,
    "resolv.conf": context.facts.resolvConf ?? "",
  };
  const files = Object.entries(texts).flatMap(([name, text]): HostStep[] => {
    const path = `${etc}/${name}`;
    if (!spec.mounts.some(({ source }) => source === path)) return [];
    return [{ kind: "write_file", path, text, mode: 0o644, exclusive: true, ...(owner !== null && { owner }) }];
  });
  return files.length === 0 ? [] : [makeDirectory(etc, owner === null ? 0o700 : 0o755, null), ...files];
}

function hostnameOf({ spec, facts }: RunContext): string {
  return spec.hostname ?? facts.process.hostname;
}

/** With the host's network the host's names, else loopback's; in both the container's own name leads to itself. */
function hostsText(context: RunContext): string {
  const { config, facts, spec } = context;
  const name = hostnameOf(context);
  const full = spec.domainname === undefined ? name : `${name}.${spec.domainname} ${name}`;
  const own = `127.0.1.1\t${full}`;
  if (config.network?.kind !== "host" || facts.hosts === null) return [...LOOPBACK, own, ""].join("\n");
  const known = facts.hosts.split("\n").some((line) => line.replace(/#.*/, "").split(/\s+/).slice(1).includes(name));
  const text = facts.hosts === "" || facts.hosts.endsWith("\n") ? facts.hosts : `${facts.hosts}\n`;
  return known ? text : `${text}${own}\n`;
}
