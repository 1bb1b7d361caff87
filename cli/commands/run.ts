/** `masu run`: creates a container, starts its program and becomes its monitor. */
import { explainRun, runForeground, type RunRequest } from "../../lib/engine/run.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { explainForm, globalConfig } from "../global_options.ts";
import { escapeLines } from "../paint.ts";
import { RUN_FLAGS, type RunFlagName } from "../run_flags.ts";
import { REFUSED_RUN_FLAGS } from "../run_refused.ts";
import { readRunConfig } from "../run_words.ts";

export const run: Command<RunFlagName> = {
  name: "run",
  group: "Containers",
  operands: "IMAGE [PROGRAM [ARGUMENT...]]",
  summary: "Run a program in a new container",
  description: [
    "IMAGE is where the container's root comes from: host, the running system's own root, copy on write; or a root " +
    "directory, written with a slash (./rootfs), copy on write too. Flags come before IMAGE; what follows it is the " +
    "program's. Without PROGRAM a shell runs.",
    "The container is removed when its program ends, and masu ends with the program's exit status.",
  ],
  flags: [...RUN_FLAGS, ...REFUSED_RUN_FLAGS],
  examples: [
    ["masu run -it host", "A shell on a copy of this system: what it changes is gone when it ends"],
    ["masu run --network none ./rootfs /bin/ls /", "A program in a root directory, which stays as it is"],
    ["masu run --rootfs ./rootfs /bin/touch /made", "The same, changing the directory itself"],
    [
      "masu run -v .:/src:ro -w /src -m 512m --cpus 0.5 host make test",
      "A directory of the host, read-only, and limits",
    ],
    ["masu run --explain=sh --read-only host true", "The plan as a script that does the same"],
  ],
  runsProgram: true,
  makesPlan: true,
  hasResult: false,
  run({ flags, globals, operands, args, report, process }): number {
    const config = readRunConfig(flags, operands, process.caller);
    report.debug(`config ${JSON.stringify(config)}`);
    const request: RunRequest = {
      config,
      global: globalConfig(globals, process),
      environment: process.environment,
      core: process.core(),
      command: ["masu", ...args],
    };
    const form = explainForm(globals);
    if (form === undefined) return runForeground(request);
    const plan = explainRun(request, form);
    // A script has to stay exactly what it is, unless a terminal shows it.
    report.text(form === "sh" && !report.onTerminal ? plan : escapeLines(plan));
    return EXIT.success;
  },
};
