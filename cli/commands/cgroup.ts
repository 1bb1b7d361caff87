/** `masu cgroup`: control groups without containers. */
import type { Command } from "../command.ts";
import { family } from "../family.ts";
import { create } from "./cgroup/create.ts";
import { deletion } from "./cgroup/delete.ts";
import { events } from "./cgroup/events.ts";
import { freeze, thaw } from "./cgroup/freeze.ts";
import { get } from "./cgroup/get.ts";
import { list } from "./cgroup/list.ts";
import { mount } from "./cgroup/mount.ts";
import { move } from "./cgroup/move.ts";
import { run } from "./cgroup/run.ts";
import { set } from "./cgroup/set.ts";
import { stats } from "./cgroup/stats.ts";

export const cgroup: Command = family({
  name: "cgroup",
  aliases: ["cg"],
  group: "Parts of the kernel, without a container",
  summary: "Control groups: limit, count and freeze processes, on v1, v2 and hybrid hosts alike",
  description: [
    "A group is named by its path below the one in which this user may make others (web/db), or from a hierarchy's root (/web), and is " +
    "in several hierarchies at once, where the host has several.",
  ],
  examples: [
    ["masu cgroup run --memory 30M --cpus 10% make", "A program under limits"],
    ["masu cgroup create web --pids 50", "A group that stays"],
    ["masu cgroup list", "What groups there are, and who is in them"],
  ],
  subcommands: [run, create, deletion, set, get, list, move, freeze, thaw, stats, events, mount],
});
