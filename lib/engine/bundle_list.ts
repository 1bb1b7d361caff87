/**
 * Containers as an OCI runtime lists them.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Store } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { viewContainers } from "./lifecycle.ts";

/** OCI's state, and what runc adds to it. */
export interface BundleState {
  readonly ociVersion: string;
  readonly id: string;
  /** 0: it does not run. */
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly rootfs?: string;
  /** RFC 3339. */
  readonly created: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** A user's name. */
  readonly owner: string;
}

/** Those of this root, the oldest first, as `state` prints each. One that is gone meanwhile, or that cannot be read, is left out. */
export function bundleStates(core: Core, store: Store): BundleState[] {
  return viewContainers(core, store).flatMap(({ id, created }) => {
    try {
      const state: Partial<BundleState> = JSON.parse(call(core, "state", { store, container: id }).text);
      return [{ ociVersion: "", id, pid: 0, status: "stopped", bundle: "", owner: "", created, ...state }];
    } catch (error) {
      if (error instanceof MasuError) return [];
      throw error;
    }
  });
}
