/**
 * Plans of OCI bundles on an example machine for tests: the whole way from config.json to plan, as the engine goes it.
 *
 * @module
 */
import type { Plan } from "../core/wire.ts";
import { gatherBundleFacts } from "../host/bundle_facts.ts";
import type { HostReader } from "../host/sightings.ts";
import { absoluteSpec, grantedCapabilities } from "../spec/bundle_spec.ts";
import { parseBundleSpec } from "../spec/document/spec.ts";
import type { Spec } from "../spec/oci.ts";
import { escapeBlanks } from "./blank.ts";
import { bundlePlan } from "./bundle.ts";
import type { BundleWishes } from "./bundle_context.ts";

/** As `masu create --bundle /srv/bundle`. */
const WISHES: BundleWishes = {
  bundle: "/srv/bundle",
  life: "created",
  kept: false,
  preserveFds: 0,
  keyring: true,
  notify: false,
  pivot: true,
};

/** A spec that has nothing but what it must have. */
export function plainSpec(change: Partial<Spec> = {}): Spec {
  return {
    ociVersion: "1.3.0",
    root: { path: "rootfs" },
    process: { user: { uid: 0, gid: 0 }, args: ["true"], env: [], cwd: "/" },
    mounts: [],
    linux: { namespaces: [{ type: "mount" }, { type: "pid" }] },
    ...change,
  };
}

/** The plan of a document on this host. */
export function exampleBundlePlan(
  host: HostReader,
  document: Spec | string,
  wishes: Partial<BundleWishes> = {},
): Plan {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const all = { ...WISHES, ...wishes };
  const escaped = escapeBlanks(all);
  const absolute = absoluteSpec(escapeBlanks(parseBundleSpec("config.json", text).spec), escaped.bundle);
  const facts = gatherBundleFacts(host, {
    spec: absolute,
    global: { cgroupManager: "cgroupfs" },
    environment: { HOME: "/home/alice", XDG_RUNTIME_DIR: "/run/user/1000" },
  });
  const { spec } = grantedCapabilities(absolute, facts.process);
  return bundlePlan(spec, escaped, facts).plan;
}
