/**
 * Who runs masu: user, capabilities, home and state directories.
 *
 * @module
 */
import type { GlobalConfig } from "../config/run_config.ts";
import type { Fact, ProcessReply } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import type { HostEnvironment, StateDirectories } from "./facts.ts";
import { processFact } from "./sightings.ts";

/** Whether this process may do without a user namespace: root with CAP_SYS_ADMIN. Everybody else is an ordinary user. */
export function isPrivileged({ uid, capabilities }: Pick<ProcessReply, "uid" | "capabilities">): boolean {
  return uid === 0 && capabilities.includes("CAP_SYS_ADMIN");
}

/** The facts about this process that plans depend on. */
export function processFacts(process: ProcessReply): Fact[] {
  const { uid, gid, groups, capabilities, initialUserNamespace, terminals, rows, columns } = process;
  return [
    processFact("process.user", `uid ${uid}, gid ${gid}, groups ${groups.join(" ") || "none"}`),
    processFact("process.capabilities", capabilities.join(" ") || "none"),
    processFact("process.userNamespace", initialUserNamespace ? "initial" : "another"),
    processFact("process.terminal", terminals.includes(true) ? `${columns} columns, ${rows} rows` : "none"),
    processFact("process.nofile", process.nofile.join(" ")),
  ];
}

/** The working directory. Errors: `not_found` it was removed. */
export function workingDirectory({ directory }: Pick<ProcessReply, "directory">): string {
  if (directory !== "") return directory;
  throw new MasuError("not_found", 'Find working directory ".": No such file or directory (ENOENT from getcwd(2))', {
    hint: "it was removed: cd to one that is there",
  });
}

/** Name and home directory of a user id: passwd(5). */
export function userByID(passwd: string, uid: number): { readonly name: string; readonly home: string } | null {
  for (const line of passwd.split("\n")) {
    const [name, , id, , , home] = line.split(":");
    if (name !== undefined && id === `${uid}` && home !== undefined) return { name, home };
  }
  return null;
}

/**
 * Where masu keeps what it knows: root under /run and /var/lib, others under their XDG directories; with `--root`, all below that,
 * what lasts too: a container that could be seen from two runtime directories could be started in both.
 *
 * Root of a user namespace that an ordinary user made, as rootless Podman runs its runtime, is that user: known by a runtime
 * directory that is not root's. Engines give some commands this one variable only.
 *
 * `home`: this user's home directory, if there is one.
 * Source: XDG Base Directory Specification: a relative path in these variables is ignored.
 */
export function stateDirectories(
  { uid, initialUserNamespace }: Pick<ProcessReply, "uid" | "initialUserNamespace">,
  { root }: GlobalConfig,
  environment: HostEnvironment,
  home: string | null,
): StateDirectories {
  if (root !== undefined) return { runtime: root, data: `${root}/data` };
  if (uid !== 0) return userDirectories(uid, environment, home);
  const runtime = absolute(environment.XDG_RUNTIME_DIR);
  if (initialUserNamespace || runtime === undefined || runtime === ROOTS_OWN) {
    return { runtime: "/run/masu", data: "/var/lib/masu" };
  }
  const dataHome = dataHomeOf(environment, environment.HOME ?? null);
  return { runtime: `${runtime}/masu`, data: dataHome === undefined ? `${runtime}/masu/data` : `${dataHome}/masu` };
}

/** XDG_RUNTIME_DIR of root, by pam_systemd(8). */
const ROOTS_OWN = "/run/user/0";

function dataHomeOf(environment: HostEnvironment, home: string | null): string | undefined {
  return absolute(environment.XDG_DATA_HOME) ?? (home === null ? undefined : `${home}/.local/share`);
}

function userDirectories(uid: number, environment: HostEnvironment, home: string | null): StateDirectories {
  const dataHome = dataHomeOf(environment, home);
  if (dataHome === undefined) {
    throw new MasuError("not_found", `Find the data directory of user ${uid}: no home directory`, {
      hint: "set HOME or XDG_DATA_HOME to a directory that this user can write to",
    });
  }
  const runtime = absolute(environment.XDG_RUNTIME_DIR);
  return {
    runtime: runtime === undefined ? `${dataHome}/masu/run` : `${runtime}/masu`,
    data: `${dataHome}/masu`,
  };
}

/** Without the slashes at its end; undefined unless it is absolute. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") === true && path !== "/" ? path.replace(/\/+$/, "") : undefined;
}
