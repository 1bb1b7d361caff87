/**
 * `--cgroup-parent PATH`.
 *
 * @module
 */
import { slicePath } from "../cgroup/systemd_name.ts";
import { mistake } from "./mistake.ts";
import { plainWord } from "./text.ts";

/**
 * A path below which the container's cgroup is made, in each hierarchy below the cgroup that is this user's: `/web/db`; or a slice of
 * systemd's: `web-db.slice`.
 */
export function parseCgroupParent(where: string, text: string): string {
  plainWord(where, text);
  const names = text.split("/").filter((name) => name !== "");
  if (names.length === 1 && text.endsWith(".slice")) {
    slicePath(text);
    return text;
  }
  if (names.length === 0 || names.some((name) => name === "." || name === "..")) {
    throw mistake(where, text, 'no path of a cgroup without "." and ".."', "for example web or /web/db");
  }
  return `/${names.join("/")}`;
}
