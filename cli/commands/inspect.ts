/** `masu inspect`: all that is known of containers. */
import { notAmong } from "../../lib/config/mistake.ts";
import { inspectContainer } from "../../lib/engine/lifecycle.ts";
import { type InspectDocument, inspectDocument } from "../../lib/engine/views_inspect.ts";
import { MasuError } from "../../lib/error.ts";
import type { Command } from "../command.ts";
import { namedContainers, storeFor } from "../container_words.ts";
import { EXIT, exitStatus } from "../exit.ts";
import { templateText } from "../global_options.ts";
import { escapeJson } from "../paint.ts";
import { readTemplate, templateFields } from "../template.ts";

export const inspect: Command<"template" | "type"> = {
  name: "inspect",
  group: "Look",
  operands: "CONTAINER...",
  summary: "Print all that is known of containers",
  description: [
    "One JSON array, with docker's keys where docker has them, then masu's own: spec (the OCI document), config (what was " +
    "written), paths, masu. Of those that are not there an error follows, and the exit status is 1.",
  ],
  flags: [
    {
      name: "template",
      short: "f",
      value: "TEMPLATE",
      group: "Flags",
      help: "The same as --format TEMPLATE, a line for each: {{.State.Status}}, {{json .Config}}",
    },
    { name: "type", value: "container", group: "Flags", help: "What the words name: containers only" },
    {
      name: "size",
      short: "s",
      group: "Flags",
      help: "",
      refused: "du(1) of the directories in .spec.root and .paths",
    },
  ],
  examples: [
    ["masu inspect web", "Everything"],
    ["masu inspect -f '{{.State.Pid}}' web", "The first process, as the host sees it"],
    ["masu inspect -f '{{range .Mounts}}{{.Source}} {{end}}' web", "What is mounted into it"],
    ["masu inspect web | jq '.[0].spec.linux.resources'", "Its limits, as OCI writes them"],
  ],
  runsProgram: false,
  makesPlan: false,
  hasResult: true,
  templates: true,
  run(invocation): number {
    const { flags, globals, operands, report, process } = invocation;
    const words = namedContainers("inspect", operands);
    const type = flags.text("type") ?? "container";
    if (type !== "container") throw notAmong("--type", type, "masu inspects containers only", ["container"]);
    const written = flags.text("template") ?? templateText(globals) ?? "json";
    const template = written === "json" ? undefined : readTemplate(written);
    const [core, store] = [process.core(), storeFor(invocation)];
    const documents: InspectDocument[] = [];
    const errors: MasuError[] = [];
    for (const word of words) {
      try {
        documents.push(inspectDocument(inspectContainer(core, store, word), store));
      } catch (error) {
        if (!(error instanceof MasuError)) throw error;
        errors.push(error);
      }
    }
    if (template === undefined) report.result(documents, escapeJson(JSON.stringify(documents, null, 2)));
    else if (documents.length > 0) report.text(template.lines(documents.map(templateFields)));
    for (const error of errors) report.error(error);
    const [first] = errors;
    return first === undefined ? EXIT.success : words.length === 1 ? exitStatus(first, false) : EXIT.failed;
  },
};
