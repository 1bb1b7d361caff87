/**
 * The flags of `masu create` and `masu run` for OCI bundles: runc's, with their meaning.
 *
 * @module
 */
import type { Flag } from "./flags.ts";
import { RUN_FLAGS, type RunFlagName } from "./run_flags.ts";

const GROUP = "OCI bundles";

/** In the order of the help. */
export const BUNDLE_FLAGS = [
  {
    name: "bundle",
    front: true,
    short: "b",
    value: "DIR",
    group: GROUP,
    help: "Make the container from DIR/config.json; the only operand is its ID",
  },
  {
    name: "console-socket",
    front: true,
    value: "SOCKET",
    group: GROUP,
    help: "Send the terminal's other end to this socket, where the program has one and masu does not stay",
  },
  {
    name: "pidfd-socket",
    front: true,
    value: "SOCKET",
    group: GROUP,
    help: "Send a descriptor of the container's first process to this socket",
  },
  {
    name: "no-pivot",
    group: GROUP,
    help: "Without pivot_root(2), as on an initial ramfs: masu refuses, since programs can leave such a root",
  },
  { name: "no-new-keyring", front: true, group: GROUP, help: "Keep the caller's session keyring" },
] as const satisfies readonly Flag[];

/** Those of `masu run` alone. */
export const BUNDLE_RUN_FLAGS = [
  { name: "keep", group: GROUP, help: "Keep the container when its program has ended, until masu delete" },
  {
    name: "no-subreaper",
    group: GROUP,
    help: "Do not become the parent of the container's orphans, which masu never does",
  },
] as const satisfies readonly Flag[];

/** Names of all flags that a bundle's container can be made with. */
export type BundleFlagName =
  | typeof BUNDLE_FLAGS[number]["name"]
  | typeof BUNDLE_RUN_FLAGS[number]["name"]
  | RunFlagName;

/** Flags of `masu run` that mean the same for a bundle. */
export const SHARED_FLAGS: readonly RunFlagName[] = ["pidfile", "preserve-fds", "detach"];

const SHARED: readonly Flag[] = RUN_FLAGS.filter(({ name }) => SHARED_FLAGS.includes(name));

/** All that a runtime's `create` knows; `--detach` is what it does anyway. */
export const RUNTIME_CREATE_FLAGS: readonly Flag[] = [...BUNDLE_FLAGS, ...SHARED];

/** All that a runtime's `run` knows. */
export const RUNTIME_RUN_FLAGS: readonly Flag[] = [...RUNTIME_CREATE_FLAGS, ...BUNDLE_RUN_FLAGS];
