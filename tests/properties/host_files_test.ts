import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cgroupStats } from "../../lib/cgroup/stats.ts";
import { parseMounts, visibleMounts } from "../../lib/host/mounts.ts";
import { parseSubordinateIds } from "../../lib/host/subordinate_ids.ts";
import { property } from "./property.ts";

/** Lines of what the kernel's files are made of. */
const lines = (parts: readonly string[]) =>
  fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...parts) }, fc.string()), { maxLength: 40 })
    .map((all) => all.join(""));

/** What the kernel escapes in a path: blank, tab, newline and backslash. proc_pid_mountinfo(5) */
const escaped = (path: string) =>
  path.replace(/[ \t\n\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`);

property(
  "parseMounts() reads back any mount point as the kernel writes it",
  fc.record({ root: fc.string(), point: fc.string(), tags: fc.array(fc.constantFrom("shared:1", "master:2")) }),
  ({ root, point, tags }) => {
    const line = [
      "36",
      "35",
      "98:0",
      `/${escaped(root)}`,
      `/${escaped(point)}`,
      "rw",
      ...tags,
      "-",
      "ext4",
      "none",
      "rw",
    ];
    const [entry] = parseMounts(`${line.join(" ")}\n`);
    assertEquals([entry?.root, entry?.mountPoint, entry?.type], [`/${root}`, `/${point}`, "ext4"]);
  },
);

property(
  "parseMounts() takes or leaves any line",
  lines([" ", "\n", "-", "36", "98:0", "/", "/a", "\\040", "\\999", "rw", "shared:1", "tmpfs"]),
  (text) => {
    const mounts = parseMounts(text);
    assert(mounts.length <= text.split("\n").length);
    assert(visibleMounts(mounts).length <= mounts.length);
  },
);

property(
  "cgroupStats() says a number or that there is none, whatever the files hold",
  lines([
    "usage_usec",
    "inactive_file",
    "oom_kill",
    " ",
    "\n",
    "0",
    "7",
    "max",
    "-1",
    "99999999999999999999",
    "8:0 Read",
  ]),
  (text) => {
    const hierarchies = [{ unified: "/v2" }, { cpuacct: "/c", memory: "/m", blkio: "/b", pids: "/p" }];
    for (const directories of hierarchies) {
      const stats = cgroupStats(directories, () => text);
      for (const value of Object.values(stats)) assert(value === null || !Number.isNaN(value), JSON.stringify(stats));
    }
  },
);

property(
  "parseSubordinateIds() gives no range that is empty",
  lines(["root", "1000", ":", "100000", "65536", "0", "-1", "\n", "#", " "]),
  (text) => {
    for (const { first, size } of parseSubordinateIds(text, null)) assert(first >= 0 && size > 0);
  },
);
