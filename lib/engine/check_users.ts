/**
 * Ids for user namespaces: /etc/subuid, /etc/subgid and the programs that map them.
 *
 * @module
 */
import { isPrivileged, userByID } from "../host/process.ts";
import { look } from "../host/sightings.ts";
import { type IdSpan, subordinateIDs, subordinateLooks } from "../host/subordinate_ids.ts";
import type { CheckLine, Survey } from "./check.ts";
import { lineMaker } from "./check_line.ts";
import { installCommand } from "./check_tools.ts";

const line = lineMaker("Ids of user namespaces");

const PASSWD = "/etc/passwd";

/** As many ids as a Unix system has had since 16-bit days. */
const ENOUGH = 65_536;

/** Ranges of ids, and the setuid programs. */
export function userChecks(survey: Survey): CheckLine[] {
  const { process, sight } = survey;
  sight.ask([look("text", PASSWD), ...subordinateLooks()]);
  const passwd = sight.text(PASSWD);
  const { uids, gids, allUids, allGids, tools } = subordinateIDs(process, sight, passwd);
  if (isPrivileged(process)) {
    return [
      range("uids", "subuid", uids, "none in /etc/subuid: an unused range is taken", {}),
      range("gids", "subgid", gids, "none in /etc/subgid: an unused range is taken", {}),
    ];
  }
  const name = userByID(passwd ?? "", process.uid)?.name ?? `${process.uid}`;
  const alone = "a container has a single id, and files of others in it belong to nobody";
  const first = firstFree([...allUids, ...allGids]);
  const without = (kind: string) => ({
    status: "limited" as const,
    fix: `sudo usermod --add-sub${kind}s ${first}-${first + ENOUGH - 1} ${name}`,
  });
  return [
    range("uids", "subuid", uids, alone, without("uid")),
    range("gids", "subgid", gids, alone, without("gid")),
    programs(survey, tools !== null),
  ];
}

/** login.defs(5): SUB_UID_MIN, or past what others have. */
function firstFree(taken: readonly IdSpan[]): number {
  return Math.max(100_000, ...taken.map(({ first, size }) => first + size));
}

type Verdict = Partial<Pick<CheckLine, "status" | "fix">>;

function range(key: string, name: string, spans: readonly IdSpan[], without: string, verdict: Verdict): CheckLine {
  if (spans.length === 0) return line(`ids.${key}`, name, without, verdict);
  const shown = spans.map(({ first, size }) => `${first}-${first + size - 1}`).join(", ");
  const count = spans.reduce((sum, { size }) => sum + size, 0);
  const enough = count >= ENOUGH || verdict.status === undefined;
  return line(`ids.${key}`, name, enough ? shown : `${shown}: ${count} ids, images expect ${ENOUGH}`, {
    status: enough ? "ok" : "limited",
  });
}

function programs(survey: Survey, found: boolean): CheckLine {
  if (found) return line("ids.tools", "newuidmap", "newuidmap and newgidmap, which map these ranges");
  const packages = {
    debian: "uidmap",
    fedora: "shadow-utils",
    alpine: "shadow-subids",
    arch: "shadow",
    suse: "shadow",
  };
  return line("ids.tools", "newuidmap", "no newuidmap and newgidmap: ranges cannot be mapped, a container has one id", {
    status: "limited",
    fix: installCommand(survey, packages),
  });
}
