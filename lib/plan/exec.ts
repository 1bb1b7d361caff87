/**
 * From the new root to the user's program: terminal, limits, identity, filter, execve(2).
 *
 * @module
 */
import type { Filter, StageStep } from "../core/wire.ts";
import type { Capabilities } from "../spec/oci.ts";
import type { PlanContext } from "./context.ts";

const NO_CAPABILITIES: Capabilities = { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] };

/** OCI leaves it to the runtime; all of them agree on what a login has. */
const UMASK = 0o022;

/** What is done besides what every program needs. */
export interface ExecExtras {
  /** With all rights. */
  readonly early: readonly StageStep[];
  /** Right before the program, as whoever it is. */
  readonly late: readonly StageStep[];
}

const NO_EXTRAS: ExecExtras = { early: [], late: [] };

/**
 * The steps in an order in which each may still do what it does.
 *
 * The working directory is entered (and made) with root's rights, limits are raised and descriptors closed before any right is
 * given up. A filter is loaded last, where no_new_privs allows that without CAP_SYS_ADMIN: then it has to let nothing pass but
 * execve(2). Without no_new_privs it comes before the capability is dropped: seccomp(2).
 */
export function execSteps(context: PlanContext, { early, late: last }: ExecExtras = NO_EXTRAS): StageStep[] {
  const { spec: { process }, wishes } = context;
  const filter = filterOf(context);
  const loading: StageStep[] = filter === null ? [] : [{ kind: "load_filter", filter }];
  const late = process.noNewPrivileges === true;
  return [
    { kind: "new_session" },
    ...terminalSteps(context),
    ...(wishes.keyring === null ? [] : [{ kind: "new_keyring", name: wishes.keyring } as const]),
    ...early,
    ...(process.rlimits ?? []).map(({ type, soft, hard }): StageStep => ({
      kind: "set_rlimit",
      resource: type,
      soft,
      hard,
    })),
    { kind: "set_umask", mask: process.user.umask ?? UMASK },
    { kind: "change_directory", path: process.cwd, create: true },
    { kind: "close_descriptors", keep: wishes.preserveFds },
    ...(late ? [] : loading),
    ...identitySteps(context),
    ...last,
    ...(late ? [{ kind: "no_new_privileges" } as const, ...loading] : []),
    {
      kind: "execute",
      arguments: [...process.args],
      environment: [...process.env],
      reaper: wishes.init,
      ...(!process.env.some((variable) => /^HOME=./.test(variable)) && { home: true }),
    },
  ];
}

function terminalSteps({ spec: { process }, wishes }: PlanContext): StageStep[] {
  const { terminal, consoleSize, user } = process;
  if (terminal !== true) return [];
  const { height: rows, width: columns } = consoleSize ?? { height: 0, width: 0 };
  return [{ kind: "open_terminal", rows, columns, console: wishes.ownDevices, uid: user.uid }];
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
function filterOf({ spec, wishes }: PlanContext): Filter | null {
  const profile = spec.linux.seccomp;
  if (profile === undefined) return null;
  if (wishes.usualFilter) return { kind: "default" };
  return { kind: "profile", profile, ...(wishes.filterState !== null && { state: wishes.filterState }) };
}
