import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { escapeJson, escapeLine } from "../../cli/paint.ts";
import { shellWords } from "../../cli/shell_words.ts";
import { readTemplate } from "../../cli/template.ts";
import type { Caller } from "../../lib/config/caller.ts";
import { parseDetachKeys } from "../../lib/config/detach_keys.ts";
import { parseDevice } from "../../lib/config/device.ts";
import { parseDeviceRule } from "../../lib/config/device_rule.ts";
import { parseDuration } from "../../lib/config/duration.ts";
import { parseImage } from "../../lib/config/image.ts";
import { parseResources } from "../../lib/config/resources.ts";
import { parseSize } from "../../lib/config/size.ts";
import { parseTmpfs } from "../../lib/config/tmpfs.ts";
import { parseUlimit } from "../../lib/config/ulimit.ts";
import { escapeBlanks, fillBlanks } from "../../lib/plan/blank.ts";
import { orRefused, property } from "./property.ts";

const text = fc.string({ unit: "binary" });
/** Words made of what the grammars are made of. */
const made = (...parts: readonly string[]) =>
  fc.array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...parts) }, text), { maxLength: 8 })
    .map((all) => all.join(""));

const CALLER: Caller = {
  environment: {},
  directory: () => "/work",
  kindOf: () => "directory",
  readText: () => "",
};

const amount = made("0", "1", "9", "1024", "k", "m", "G", "b", ".", "-", "+", "e", " ", "max", "99999999999999999999");

property("parseSize() and parseDuration() give numbers that are whole and not negative", amount, (word) => {
  const size = orRefused(() => parseSize("--memory", word));
  assert(size === undefined || (Number.isSafeInteger(size) && size >= 0), `${size}`);
  const duration = orRefused(() => parseDuration("--timeout", word));
  assert(duration === undefined || (Number.isFinite(duration) && duration >= 0), `${duration}`);
});

property(
  "parseResources() limits memory to what was written, or refuses",
  fc.record({ memory: amount, memorySwap: amount, memoryReservation: amount, pidsLimit: amount, cpus: amount }, {
    requiredKeys: [],
  }),
  (words) => {
    const { memory, memorySwap } = orRefused(() => parseResources(words)) ?? {};
    assert(memory === undefined || (Number.isSafeInteger(memory) && memory > 0));
    assert(memory === undefined || memorySwap === undefined || memorySwap === -1 || memorySwap >= memory);
  },
);

const word = made(
  "/",
  "..",
  ":",
  ",",
  "=",
  "rwm",
  "c",
  "b",
  "*",
  "1",
  "3",
  "-1",
  "/dev/null",
  "size",
  "1777",
  "ctrl-",
  "q",
);
property("devices, rules, limits, tmpfs, keys and images are read or refused", word, (word) => {
  orRefused(() => parseDevice("--device", word));
  orRefused(() => parseDeviceRule("--device-cgroup-rule", word));
  orRefused(() => parseUlimit("--ulimit", word));
  orRefused(() => parseDetachKeys("--detach-keys", word));
  const tmpfs = orRefused(() => parseTmpfs("--tmpfs", word));
  assert(tmpfs === undefined || tmpfs.destination.startsWith("/"));
  const image = orRefused(() => parseImage(word, CALLER));
  assert(image?.kind !== "directory" || image.path.startsWith("/"));
});

property("shellWords() gives back words that were quoted", fc.array(text), (words) => {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  assertEquals(shellWords(quoted.join(" ")), words);
});

property("shellWords() splits or refuses any line", made("'", '"', "\\", "#", " ", "\n", "$", "`", "a"), (line) => {
  orRefused(() => shellWords(line));
});

const template = made(
  "{{",
  "}}",
  ".ID",
  ".Names",
  "json",
  " ",
  "|",
  "if",
  "end",
  "else",
  "range",
  "with",
  "$x",
  ":=",
  "(",
  ")",
  '"',
);
property("readTemplate() is read or refused, and nothing that it prints steers a terminal", template, (written) => {
  const row = { ID: "a\u001b[2J\u202eb", Names: "\u009b" };
  const lines = orRefused(() => readTemplate(written).lines([row]));
  assertEquals(lines?.match(/[^\P{Cc}\n\t]|[\u202a-\u202e]/u) ?? null, null);
});

property("escapeLine() leaves one line, and escapeJson() the same document", fc.json(), (json) => {
  assertEquals(escapeLine(json).match(/[\p{Cc}]/u), null);
  assertEquals(JSON.parse(escapeJson(json)), JSON.parse(json));
});

const blank = made("${", "}", "id", "$", "{", "arguments");
property(
  "fillBlanks() gives back what escapeBlanks() was given",
  fc.dictionary(blank, fc.array(blank), { noNullPrototype: true }),
  (value) => {
    const blanks = { text: { id: "filled" }, arguments: ["more"] };
    assertEquals(fillBlanks(escapeBlanks(value), blanks), value);
  },
);
