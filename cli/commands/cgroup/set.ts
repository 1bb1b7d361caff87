/** `masu cgroup set`: changes values of a control group. */
import { setGroup } from "../../../lib/engine/cgroup_values.ts";
import { invalidConfig } from "../../../lib/error.ts";
import type { Command } from "../../command.ts";
import { EXIT } from "../../exit.ts";
import type { Flag } from "../../flags.ts";
import { escapeLine } from "../../paint.ts";
import { warnOfChanged } from "./told.ts";
import { CHOICE_FLAGS, choiceOf, hostOf, LIMIT_FLAGS, namedGroup, valuesOf } from "./words.ts";

const FLAGS = [...LIMIT_FLAGS, ...CHOICE_FLAGS] as const satisfies readonly Flag[];

export const set: Command<typeof FLAGS[number]["name"]> = {
  name: "set",
  group: "Parts of the kernel, without a container",
  operands: "GROUP [FILE=VALUE...]",
  summary: "Set limits of a control group, by portable words or by the kernel's own names",
  description: [
    "A file that several hierarchies have is written in each. Every value is read back: one that the kernel rounded, or made into " +
    "something else, is told as what it became. Sizes have units (30M) where the file counts bytes. Values are written in the " +
    "order given, portable ones first; at the first that is refused it stops, and says which and why.",
  ],
  flags: FLAGS,
  examples: [
    ["masu cgroup set web --memory 30M --pids 50", "On v1 and v2 alike"],
    ["masu cgroup set web memory.limit_in_bytes=30M cpu.shares=512", "v1's files"],
    ["masu cgroup set web cpu.max='10000 100000'", "A file of v2"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  run({ flags, globals, operands, report, process }): number {
    const [group, ...files] = namedGroup("set", operands);
    const host = hostOf(process, globals);
    const values = valuesOf(flags, host, files);
    const { resources = {}, files: assignments = [], devices } = values;
    if (Object.keys(resources).length + assignments.length === 0 && devices === undefined) {
      throw invalidConfig('Read operands of "masu cgroup set": there is nothing to set', "for example --memory 30M");
    }
    const done = setGroup(host, group, values, choiceOf(flags, process));
    warnOfChanged(report, done);
    const lines = done.map(({ file, value, written }) => escapeLine(`${file}=${value ?? written}`));
    report.result(done, report.quiet ? "" : lines.join("\n"));
    return EXIT.success;
  },
};
