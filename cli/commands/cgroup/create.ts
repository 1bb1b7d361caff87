/** `masu cgroup create`: makes control groups. */
import { type CreatedGroup, createGroup } from "../../../lib/engine/cgroup.ts";
import { ownerOf } from "../../../lib/engine/cgroup_owner.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";
import { warnOfChanged } from "./told.ts";
import { CHOICE_FLAGS, choiceOf, hostOf, LIMIT_FLAGS, namedGroups, valuesOf } from "./words.ts";

const FLAGS = [
  { name: "parents", short: "p", group: "Flags", help: "With the groups above it, as is always done" },
  { name: "threaded", group: "Flags", help: "v2: a group for single threads of its parent's processes" },
  { name: "user", value: "USER", group: "Flags", help: "Delegate it to this user, by name or number" },
  { name: "group", value: "GROUP", group: "Flags", help: "And to this group of users" },
  ...LIMIT_FLAGS,
  ...CHOICE_FLAGS,
] as const satisfies readonly Flag[];

export const create: Command<typeof FLAGS[number]["name"]> = {
  name: "create",
  group: "Parts of the kernel, without a container",
  operands: "GROUP...",
  summary: "Make control groups, in all hierarchies at once, with limits if there are any",
  description: [
    "web/db is below the group in which this user may make others; /web is from a hierarchy's root. Groups above it are made too, " +
    "v2's controllers enabled on the way down, and a v1 cpuset gets its parent's CPUs. A group that is there in some of the " +
    "hierarchies is made in the others. When something is refused, nothing is left.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup create web --memory 30M --cpus 10%", "With limits"],
    ["masu cgroup create --controllers cpu,memory web/db", "In two hierarchies only"],
    ["masu cgroup create --user www-data web", "The user www-data may now use it as its own"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ flags, globals, operands, report, process }): number {
    const groups = namedGroups("create", operands);
    const host = hostOf(process, globals);
    const values = valuesOf(flags, host);
    const choice = choiceOf(flags, process);
    const owner = ownerOf(host, { user: flags.text("user"), group: flags.text("group") });
    const created = groups.map((group): CreatedGroup =>
      createGroup(host, {
        ...values,
        group,
        choice,
        threaded: flags.on("threaded"),
        ...(owner !== undefined && { owner }),
      })
    );
    warnOfChanged(report, created.flatMap(({ values }) => values));
    report.result(created, created.map(({ group }) => escapeLine(group)).join("\n"));
    return EXIT.success;
  },
};
