/**
 * Containers of OCI bundles: made, and run.
 *
 * @module
 */
import type { GlobalConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { Handover, HostStep, LaunchRequest, Look, Plan } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { type BundleFacts, gatherBundleFacts } from "../host/bundle_facts.ts";
import type { HostEnvironment } from "../host/facts.ts";
import { escapeBlanks, fillBlanks } from "../plan/blank.ts";
import { bundlePlan } from "../plan/bundle.ts";
import type { BundleWishes } from "../plan/bundle_context.ts";
import { absoluteSpec, grantedCapabilities } from "../spec/bundle_spec.ts";
import { explainJson } from "../plan/explain/json.ts";
import { explainText } from "../plan/explain/text.ts";
import { parseBundleSpec } from "../spec/document/spec.ts";
import type { Spec } from "../spec/oci.ts";
import { sysctlNamespace, sysctlPath } from "../spec/sysctl.ts";
import type { ExplainForm } from "./run.ts";
import { readDocument } from "./small_document.ts";

/** One container, as it was asked for. */
export interface BundleRequest extends Omit<BundleWishes, "pidFile"> {
  readonly id: string;
  readonly global: GlobalConfig;
  readonly environment: HostEnvironment;
  /** Who is told of it. */
  readonly handover: Handover;
  /** Sockets that the caller got from systemd and passes on, before `preserveFds` others. sd_listen_fds(3) */
  readonly sockets: { readonly LISTEN_FDS?: string | undefined; readonly LISTEN_PID?: string | undefined };
}

/** A bundle's container before anything was done for it. */
export interface PreparedBundle {
  readonly spec: Spec;
  readonly plan: Plan;
  readonly facts: BundleFacts;
  readonly launch: LaunchRequest;
  /** What takes away what a start that failed has made, where the plan itself does not. */
  readonly undo: readonly HostStep[];
  /** What was ignored of the document, and capabilities that nobody here can give. */
  readonly notes: readonly string[];
}

/** Reads bundle and host, and makes the plan; changes nothing. Errors: what the bundle wants cannot be had here, by its key. */
export function prepareBundle(core: Core, request: BundleRequest): PreparedBundle {
  const { id, bundle, global, environment, handover } = request;
  const file = `${bundle}/config.json`;
  const document = parseBundleSpec(file, readDocument(core, file));
  const absolute = absoluteSpec(document.spec, bundle);
  const host = {
    observe: (looks: readonly Look[]) => call(core, "observe", { looks: [...looks] }).seen,
    process: () => call(core, "process", {}),
  };
  const facts = gatherBundleFacts(host, { spec: absolute, global, environment });
  const listenFds = socketsPassedOn(request, facts.process.pid);
  const { spec, missing } = grantedCapabilities(withSockets(absolute, listenFds), facts.process);
  checkConsole(spec, request);
  checkSettings(file, spec, facts);
  const wishes: BundleWishes = {
    bundle,
    life: request.life,
    kept: request.kept,
    preserveFds: request.preserveFds + listenFds,
    keyring: request.keyring,
    pivot: request.pivot,
    ...(request.life === "watched" && handover.pidFile !== undefined && { pidFile: handover.pidFile }),
  };
  const { plan, undo } = bundlePlan(escapeBlanks(spec), escapeBlanks(wishes), facts);
  const launch: LaunchRequest = {
    plan,
    blanks: { id, created: new Date().toISOString(), command: JSON.stringify(spec.process.args) },
    arguments: [],
    monitor: { bareInit: false, detachKeys: [] },
  };
  const ignored = missing.map((name) => `capability ${name} cannot be given here`);
  return { spec, plan, facts, launch, undo, notes: [...document.notes, ...ignored] };
}

/** sd_listen_fds(3): LISTEN_PID says for whom they are. */
function socketsPassedOn({ sockets: { LISTEN_FDS = "", LISTEN_PID } }: BundleRequest, pid: number): number {
  return /^[1-9][0-9]{0,6}$/.test(LISTEN_FDS) && LISTEN_PID === `${pid}` ? Number(LISTEN_FDS) : 0;
}

/** sd_listen_fds(3): the program is told how many there are, and that they are meant for it. */
function withSockets(spec: Spec, listenFds: number): Spec {
  if (listenFds === 0) return spec;
  const env = [...spec.process.env, `LISTEN_FDS=${listenFds}`, "LISTEN_PID=1"];
  return { ...spec, process: { ...spec.process, env } };
}

function checkConsole({ process: { terminal = false } }: Spec, { life, handover }: BundleRequest): void {
  const hasSocket = handover.consoleSocket !== undefined;
  if (terminal && life !== "watched" && !hasSocket) {
    throw invalidConfig(
      'Give the program a terminal (process.terminal): nobody would have its other end without "--console-socket"',
    );
  }
  if (hasSocket && (!terminal || life === "watched")) {
    const cause = terminal ? "a run in the foreground has the terminal itself" : "process.terminal is not set";
    throw invalidConfig(`Use --console-socket: ${cause}`);
  }
}

/** A namespace that is named by a path may be the host's, which only a look at it tells. */
function checkSettings(file: string, { linux: { sysctl = {} } }: Spec, { sharedNamespaces }: BundleFacts): void {
  for (const name of Object.keys(sysctl)) {
    const namespace = sysctlNamespace(sysctlPath(name) ?? []);
    if (namespace !== null && sharedNamespaces.includes(namespace)) {
      throw invalidConfig(
        `Read "${file}": key "linux.sysctl['${name}']" would be the whole machine's: the ${namespace} namespace that linux.namespaces names is masu's own`,
      );
    }
  }
}

/**
 * Makes the container. Its program waits for `start`, or runs, as `life` says.
 *
 * Errors: see {@link prepareBundle}; or the plan's step that failed, undone by then.
 */
export function createBundle(core: Core, { facts, launch }: PreparedBundle, handover: Handover): void {
  call(core, "create_bundle", { store: { ...facts.directories }, launch, handover });
}

/**
 * Runs the container in the foreground: this process becomes its monitor and ends with the program's status, so this returns only
 * by throwing. Errors: as of {@link createBundle}.
 */
export function runBundle(core: Core, { launch, undo }: PreparedBundle): never {
  try {
    return call(core, "run", { launch, keep: null });
  } catch (error) {
    if (isTaken(error)) {
      const message = `Create container "${launch.blanks.id}": container with given ID already exists`;
      throw new MasuError("already_exists", message, { cause: error });
    }
    call(core, "teardown", { steps: [...undo], blanks: launch.blanks });
    throw error;
  }
}

/** Its directory is there already: it is another container's, of which nothing may be undone. */
function isTaken(error: unknown): boolean {
  return error instanceof MasuError && error.code === "already_exists" && error.place?.group === "before";
}

/** Prints the plan, which touches nothing. Errors: `invalid_config` a script was asked for. */
export function explainBundle({ plan, launch }: PreparedBundle, form: ExplainForm): string {
  if (form === "json") return explainJson(plan);
  if (form === "sh") {
    throw new MasuError("invalid_config", 'Explain the plan of a bundle (--explain) as "sh": no script can do it', {
      hint: "text or json: hooks and a program that waits need masu",
    });
  }
  const text = Object.fromEntries(
    Object.entries(launch.blanks).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
  return explainText(fillBlanks(plan, { text }));
}
