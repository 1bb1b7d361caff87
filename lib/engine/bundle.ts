/**
 * Containers of OCI bundles: made, and run.
 *
 * @module
 */
import type { GlobalConfig } from "../config/run_config.ts";
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { BundleSettings, Handover, HostStep, LaunchRequest, Look, Plan, Store } from "../core/wire.ts";
import { invalidConfig, MasuError } from "../error.ts";
import { isPlacedByName } from "../cgroup/bundle_groups.ts";
import { type BundleFacts, gatherBundleFacts } from "../host/bundle_facts.ts";
import type { HostEnvironment } from "../host/facts.ts";
import { joinedLooks } from "../host/joined_namespaces.ts";
import { escapeBlanks, fillBlanks, ID } from "../plan/blank.ts";
import { bundlePlan } from "../plan/bundle.ts";
import type { BundleWishes } from "../plan/bundle_context.ts";
import { type BundleForm, formWithBlanks, formWithoutBlanks, withBlankID } from "../plan/bundle_form.ts";
import { notifySocket, withNotifySocket } from "../plan/notify.ts";
import { absoluteSpec, grantedCapabilities } from "../spec/bundle_spec.ts";
import { explainJson } from "../plan/explain/json.ts";
import { explainText } from "../plan/explain/text.ts";
import { type BundleDocument, parseBundleSpec } from "../spec/document/spec.ts";
import type { Spec } from "../spec/oci.ts";
import { sysctlNamespace, sysctlPath } from "../spec/sysctl.ts";
import type { ExplainForm } from "./run.ts";
import { containerPaths } from "../state/paths.ts";

/** One container, as it was asked for. */
export interface BundleRequest extends Omit<BundleWishes, "pidFile" | "notify"> {
  readonly id: string;
  readonly global: GlobalConfig;
  readonly environment: HostEnvironment;
  /** Who is told of it. */
  readonly handover: Handover;
  /** What the caller got from systemd. */
  readonly sockets: ServiceSockets;
  /** Once it is made, its plan is kept for other bundles of the same form. */
  readonly keep?: boolean;
}

/** Variables of a service's environment. */
export interface ServiceSockets {
  /** Sockets that are passed on, before `preserveFds` others, and for whom they are. sd_listen_fds(3) */
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_PID?: string | undefined;
  /** Whom to tell when the program is ready; the empty text: nobody. sd_notify(3) */
  readonly NOTIFY_SOCKET?: string | undefined;
}

/** A bundle's container before anything was done for it. */
export interface PreparedBundle {
  readonly plan: Plan;
  readonly facts: BundleFacts;
  readonly launch: LaunchRequest;
  /** What takes away what a start that failed has made, where the plan itself does not. */
  readonly undo: readonly HostStep[];
  /** What was ignored of the document, and capabilities that nobody here can give. */
  readonly notes: readonly string[];
  /** What the plan depends on beside document and host; null: it is not kept. */
  readonly keep: BundleSettings | null;
}

/** Reads bundle and host, and makes the plan; changes nothing. Errors: what the bundle wants cannot be had here, by its key. */
export function prepareBundle(core: Core, request: BundleRequest): PreparedBundle {
  const read = call(core, "read_bundle", { bundle: request.bundle });
  const file = `${read.bundle}/config.json`;
  const document = { ...parseBundleSpec(file, read.text), file };
  const form = canBeKept(request, document.spec) ? formWithBlanks(document.spec, read) : undefined;
  const written = () => prepare(core, request, { ...document, form: formWithoutBlanks(document.spec, read.bundle) });
  if (form === undefined) return written();
  try {
    const prepared = prepare(core, request, { ...document, form });
    const { cgroupsPath = "" } = document.spec.linux;
    return isPlacedByName(cgroupsPath, prepared.facts.cgroups) ? written() : prepared;
  } catch (error) {
    if (!(error instanceof MasuError)) throw error;
    // A failure is told in the document's own words.
    return written();
  }
}

/** What depends on something that the front cannot look at again is decided each time. */
function canBeKept({ keep = false, life, pivot, sockets }: BundleRequest, spec: Spec): boolean {
  const hasSockets = sockets.LISTEN_FDS !== undefined || sockets.NOTIFY_SOCKET !== undefined;
  return keep && life === "created" && pivot && !hasSockets && joinedLooks(spec).length === 0;
}

function prepare(
  core: Core,
  request: BundleRequest,
  document: BundleDocument & { readonly file: string; readonly form: BundleForm },
): PreparedBundle {
  const { id, handover } = request;
  const { file, form: { bundle, ...form } } = document;
  const values = form.hasBlanks ? { ...form.values, id } : {};
  const absolute = absoluteSpec(form.spec, bundle);
  const host = {
    observe: (looks: readonly Look[]) => {
      const seen = escapeBlanks(call(core, "observe", { looks: [...looks], blanks: values }).seen);
      return form.hasBlanks ? withBlankID(id, looks, seen) : seen;
    },
    process: () => escapeBlanks(call(core, "process", {})),
  };
  const { global, environment } = escapeBlanks({ global: request.global, environment: request.environment });
  const facts = gatherBundleFacts(host, { spec: absolute, global, environment });
  const listenFds = socketsPassedOn(request, facts.process.pid);
  const { NOTIFY_SOCKET: heard = "" } = request.sockets;
  const withListening = withSockets(absolute, listenFds);
  const whole = heard === "" ? withListening : withNotifySocket(withListening);
  const { spec, missing } = grantedCapabilities(whole, facts.process);
  checkConsole(spec, request);
  checkSettings(file, spec, facts);
  const wishes: BundleWishes = {
    bundle,
    life: request.life,
    kept: request.kept,
    preserveFds: request.preserveFds + listenFds,
    keyring: request.keyring,
    notify: heard !== "",
    pivot: request.pivot,
    ...(request.life === "watched" && handover.pidFile !== undefined && { pidFile: escapeBlanks(handover.pidFile) }),
  };
  const { plan, undo } = bundlePlan(spec, wishes, facts);
  const command = JSON.stringify(document.spec.process.args);
  // One that is only created has its socket made, and listened to, by whoever starts it.
  const notify = heard === "" || request.life === "created"
    ? undefined
    : notifySocket(containerPaths(facts.directories, ID).directory, heard);
  const launch: LaunchRequest = {
    plan,
    blanks: { ...values, id, created: new Date().toISOString(), command },
    arguments: [...form.arguments],
    monitor: { bareInit: false, detachKeys: [], ...(notify !== undefined && { notify }) },
  };
  const ignored = missing.map((name) => `capability ${name} cannot be given here`);
  const keep = form.hasBlanks ? settingsOf(request, storeOf(facts)) : null;
  return { plan, facts, launch, undo, notes: [...document.notes, ...ignored], keep };
}

function settingsOf({ global, preserveFds, keyring, handover }: BundleRequest, store: Store): BundleSettings {
  const consoleSocket = handover.consoleSocket !== undefined;
  return { store, cgroupManager: global.cgroupManager, preserveFds, keyring, consoleSocket };
}

/** The facts have them as plans do, blanks escaped. */
function storeOf({ directories }: BundleFacts): Store {
  return fillBlanks({ ...directories }, { text: {} });
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
export function createBundle(core: Core, { facts, launch, keep }: PreparedBundle, handover: Handover): void {
  call(core, "create_bundle", { store: storeOf(facts), launch, handover, keep });
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
