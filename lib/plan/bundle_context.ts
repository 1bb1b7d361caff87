/**
 * What the parts of a plan look at that was made of an OCI bundle.
 *
 * @module
 */
import type { BundleFacts } from "../host/bundle_facts.ts";
import type { Spec } from "../spec/oci.ts";
import { ID } from "./blank.ts";
import { isBound } from "../spec/bundle_spec.ts";
import { stateOf } from "./hooks.ts";
import { type PlanContext, planContext, type Wishes } from "./context.ts";

/** How a bundle is made into a container. A person's text is escaped already (`escapeBlanks`). */
export interface BundleWishes {
  /** The bundle's directory, absolute. */
  readonly bundle: string;
  /** Who executes the program, and when: `start` later, this masu at once, or this masu, which then watches it. */
  readonly life: "created" | "started" | "watched";
  /** Of one that is watched: it stays when its program has ended. */
  readonly kept: boolean;
  /** Descriptors from 3 on that the program inherits. */
  readonly preserveFds: number;
  /** Without: the caller's session keyring is kept. */
  readonly keyring: boolean;
  /** The program has a socket to say on that it is ready: see `notifySteps`. */
  readonly notify: boolean;
  /** Without: the root is moved over the old one, and entered by chroot(2). */
  readonly pivot: boolean;
  /** Of one that is watched: a file for the pid. */
  readonly pidFile?: string;
}

export interface BundleContext extends PlanContext {
  readonly bundle: BundleWishes;
  readonly facts: BundleFacts;
}

/** Derives what the parts share. `spec`: as of `absoluteSpec`. Errors: see {@link planContext}. */
export function bundleContext(spec: Spec, bundle: BundleWishes, facts: BundleFacts): BundleContext {
  return { ...planContext(spec, facts, wishesOf(spec, bundle)), bundle };
}

function wishesOf(spec: Spec, bundle: BundleWishes): Wishes {
  const { mounts, linux: { devices = [] } } = spec;
  const { preserveFds, keyring } = bundle;
  return {
    words: "field",
    preserveFds,
    init: false,
    usualFilter: false,
    filterState: stateOf({ spec, bundle }, "creating"),
    keyring: keyring ? `_ses.${ID}` : null,
    ownDevices: !mounts.some((mount) => mount.destination === "/dev" && isBound(mount)),
    deviceSources: new Map(devices.map(({ path }) => [path, path])),
  };
}
