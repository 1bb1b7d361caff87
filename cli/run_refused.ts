/**
 * Flags of `docker run` and `podman run` that `masu run` and `masu create` know and does not do, with what to do instead.
 *
 * @module
 */
import type { Flag } from "./flags.ts";

type Row = readonly [name: string, instead: string, short?: string];

const NETWORK = "masu makes no networks yet: --network host shares the host's ports and addresses";
const IMAGES = "IMAGE is host or a root directory for now";
const WINDOWS = "it belongs to Windows containers: leave it out";

/** Flags without a value. */
const BOOLEANS: readonly Row[] = [
  ["publish-all", NETWORK, "P"],
  ["sig-proxy", "signals are always passed on to the program: leave it out"],
  ["disable-content-trust", IMAGES],
  ["replace", "choose another --name"],
  ["env-host", "name the variables: --env NAME takes the caller's value"],
  ["http-proxy", "name the variables: --env http_proxy takes the caller's value"],
  ["no-hosts", "leave it out, or mount a file of your own: --volume ./hosts:/etc/hosts"],
  ["no-hostname", "leave it out"],
  ["rmi", IMAGES],
  ["read-only-tmpfs", "name them: --tmpfs /run --tmpfs /tmp"],
  ["use-api-socket", "there is no daemon: leave it out"],
];

/** Flags with a value. */
const VALUES: readonly Row[] = [
  ["detach-keys", "masu attach and masu start have it: a run in the foreground cannot be left"],
  ["attach", "stdin, stdout and stderr are always connected: redirect what should not be", "a"],
  ["publish", NETWORK, "p"],
  ["expose", NETWORK],
  ["link", NETWORK],
  ["ip", NETWORK],
  ["ip6", NETWORK],
  ["link-local-ip", NETWORK],
  ["mac-address", NETWORK],
  ["network-alias", NETWORK],
  ["add-host", "mount a file of your own: --volume ./hosts:/etc/hosts"],
  ["dns", "mount a file of your own: --volume ./resolv.conf:/etc/resolv.conf"],
  ["dns-option", "mount a file of your own: --volume ./resolv.conf:/etc/resolv.conf"],
  ["dns-search", "mount a file of your own: --volume ./resolv.conf:/etc/resolv.conf"],
  ["platform", IMAGES],
  ["pull", IMAGES],
  ["arch", IMAGES],
  ["os", IMAGES],
  ["authfile", IMAGES],
  ["volumes-from", "name them: --volume SOURCE:DEST"],
  ["volume-driver", "name a directory: --volume ./data:DEST"],
  ["storage-opt", "limits of disk space are not supported yet"],
  ["gpus", "name the devices' files: --device /dev/dri/card0"],
  ["runtime", "masu is the runtime: leave it out"],
  ["isolation", WINDOWS],
  ["cpu-count", WINDOWS],
  ["cpu-percent", WINDOWS],
  ["io-maxbandwidth", WINDOWS],
  ["io-maxiops", WINDOWS],
  ["cgroups", "masu --cgroup-manager disabled run makes no cgroups"],
  ["label-file", "--label NAME=VALUE"],
  ["timeout", "timeout(1) ends masu run, and with it the container"],
  ["umask", "set it in the program: sh -c 'umask 027; ...'"],
  ["tz", "--env TZ=Europe/Berlin"],
  ["pod", "pods are not supported"],
  ["secret", "mount a file read-only: --volume ./secret:/run/secrets/secret:ro"],
  ["hooks-dir", "hooks are those of an OCI bundle: --bundle DIR"],
  ["subuidname", "--uidmap and --gidmap name the ids"],
  ["subgidname", "--uidmap and --gidmap name the ids"],
  ["init-path", "--init uses masu's own"],
  ["preserve-fd", "--preserve-fds N passes on descriptors 3 to 3 + N - 1"],
];

/** Known flags that are refused by name, so that nothing a person asked for is left out in silence. */
export const REFUSED_RUN_FLAGS: readonly Flag[] = [
  ...BOOLEANS.map((row) => refused(row)),
  ...VALUES.map((row) => ({ ...refused(row), value: "VALUE" })),
];

function refused([name, instead, short]: Row): Flag {
  return { name, group: "", help: "", refused: instead, ...(short !== undefined && { short }) };
}
