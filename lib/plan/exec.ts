/**
 * From the new root to the user's program: terminal, limits, identity, filter, execve(2).
 *
 * @module
 */
import type { Filter, StageStep } from "../core/wire.ts";
import { DEFAULT_CAPABILITIES } from "../spec/capabilities.ts";
import type { Capabilities } from "../spec/oci.ts";
import { ID } from "./blank.ts";
import type { PlanContext } from "./context.ts";
import { ownDevices } from "./mounts.ts";

const NO_CAPABILITIES: Capabilities = { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] };

/** OCI leaves it to the runtime; all of them agree on what a login has. */
const UMASK = 0o022;

/**
 * The steps in an order in which each may still do what it does.
 *
 * The working directory is entered (and made) with root's rights, limits are raised and descriptors closed before any right is
 * given up. A filter is loaded last, where no_new_privs allows that without CAP_SYS_ADMIN: then it has to let nothing pass but
 * execve(2). Without no_new_privs it comes before the capability is dropped: seccomp(2).
 */
export function execSteps(context: PlanContext): StageStep[] {
  const { spec: { process }, config } = context;
  const filter = filterOf(context);
  const loading: StageStep[] = filter === null ? [] : [{ kind: "load_filter", filter }];
  const late = process.noNewPrivileges === true;
  return [
    { kind: "new_session" },
    ...terminalSteps(context),
    { kind: "new_keyring", name: `masu-${ID}` },
    ...(process.rlimits ?? []).map(({ type, soft, hard }): StageStep => ({
      kind: "set_rlimit",
      resource: type,
      soft,
      hard,
    })),
    { kind: "set_umask", mask: process.user.umask ?? UMASK },
    { kind: "change_directory", path: process.cwd, create: true },
    { kind: "close_descriptors", keep: config.preserveFds },
    ...(late ? [] : loading),
    ...identitySteps(context),
    ...(late ? [{ kind: "no_new_privileges" } as const, ...loading] : []),
    { kind: "execute", arguments: [...process.args], environment: [...process.env], reaper: config.init },
  ];
}

function terminalSteps(context: PlanContext): StageStep[] {
  const { terminal, consoleSize, user } = context.spec.process;
  if (terminal !== true) return [];
  const { height: rows, width: columns } = consoleSize ?? { height: 0, width: 0 };
  return [{ kind: "open_terminal", rows, columns, console: ownDevices(context), uid: user.uid }];
}

/** The bounding set first, which takes CAP_SETPCAP; then the ids, with capabilities kept; then the sets themselves. */
function identitySteps({ spec: { process }, remover, mapping }: PlanContext): StageStep[] {
  const { bounding, effective, permitted, inheritable, ambient } = process.capabilities ?? NO_CAPABILITIES;
  const { uid, gid, additionalGids = [] } = process.user;
  const denied = (mapping ?? remover)?.denySetgroups === true;
  return [
    { kind: "set_bounding_set", keep: [...bounding] },
    { kind: "set_user", uid, gid, groups: denied ? null : [...additionalGids] },
    {
      kind: "set_capabilities",
      effective: [...effective],
      permitted: [...permitted],
      inheritable: [...inheritable],
      ambient: [...ambient],
    },
  ];
}

/** The filter that was compiled when masu was built, where the profile is that one; null: none. */
function filterOf({ spec, config }: PlanContext): Filter | null {
  const profile = spec.linux.seccomp;
  if (profile === undefined) return null;
  const bounding = new Set(spec.process.capabilities?.bounding);
  const usual = bounding.size === DEFAULT_CAPABILITIES.length &&
    DEFAULT_CAPABILITIES.every((name) => bounding.has(name));
  if (usual && (config.seccomp === undefined || config.seccomp.kind === "default")) return { kind: "default" };
  return { kind: "profile", profile };
}
