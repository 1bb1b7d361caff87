/** A plan with blanks, filled in, is the plan of the document that has the values: whatever they are. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DocumentBlank, ReadBundleReply } from "../../lib/core/wire.ts";
import type { ExampleFiles } from "../../lib/host/example_host.ts";
import { fillBlanks } from "../../lib/plan/blank.ts";
import { formWithBlanks, formWithoutBlanks } from "../../lib/plan/bundle_form.ts";
import { parseBundleSpec } from "../../lib/spec/document/spec.ts";
import { BUNDLE, type Machine, planForm } from "./bundle_host.ts";
import { property } from "./property.ts";

const BUNDLES = new URL("../fixtures/bundles/", import.meta.url);

/** Numbers beyond 2^53 are none of JavaScript's. */
const documents = [...Deno.readDirSync(BUNDLES)].map(({ name }): Fields =>
  JSON.parse(Deno.readTextFileSync(new URL(name, BUNDLES)).replaceAll(/\d{17,}/g, "1125899906842624"))
);

// deno-lint-ignore no-explicit-any -- documents as they are written, of any shape
type Fields = any;

/** What may stand for a blank: plain text, and what a path or a part of one is. */
type Kind = "text" | "host" | "path" | "cgroup";

/** A place of a document, its new text, and the kinds of the blanks in that. */
interface Found {
  readonly place: string[];
  readonly text: (blank: (kind: Kind) => string) => string;
}

const whole = (kind: Kind) => (blank: (kind: Kind) => string) => blank(kind);
const path = (blank: (kind: Kind) => string) => `/${blank("path")}`;

/** Every place where the core may find a value, whether it would find that one plain or not. */
function* places(document: Fields): Generator<Found> {
  const { hostname, annotations = {}, root, process, mounts = [], hooks = {}, linux } = document;
  if (hostname) yield { place: ["hostname"], text: whole("host") };
  for (const name of Object.keys(annotations)) {
    if (!name.startsWith("org.systemd.")) yield { place: ["annotations", name], text: whole("text") };
  }
  if (root.path.startsWith("/")) yield { place: ["root", "path"], text: path };
  for (const [index, variable] of (process.env ?? []).entries()) {
    const [name] = variable.split("=");
    if (name !== "HOME") yield { place: ["process", "env", `${index}`], text: (blank) => `${name}=${blank("text")}` };
  }
  if (process.selinuxLabel) yield { place: ["process", "selinuxLabel"], text: whole("text") };
  for (const [index, { type, options = [], source = "" }] of mounts.entries()) {
    const isBound = [type, ...options].some((word) => word === "bind" || word === "rbind");
    if (isBound && /^\/(?!sys|proc)/.test(source)) yield { place: ["mounts", `${index}`, "source"], text: path };
  }
  for (const [kind, list] of Object.entries<Fields[]>(hooks)) {
    for (const [index, { args = [] }] of list.entries()) {
      for (const number of args.keys()) {
        yield { place: ["hooks", kind, `${index}`, "args", `${number}`], text: whole("text") };
      }
    }
  }
  if (linux.cgroupsPath?.startsWith("/")) {
    const parts = linux.cgroupsPath.slice(1).split("/");
    yield {
      place: ["linux", "cgroupsPath"],
      text: (blank) => parts.map(() => `/${blank("cgroup")}`).join(""),
    };
  }
  for (const [index, { type, path: joined }] of linux.namespaces.entries()) {
    if (joined && type !== "user") yield { place: ["linux", "namespaces", `${index}`, "path"], text: path };
  }
  if (linux.mountLabel) yield { place: ["linux", "mountLabel"], text: whole("text") };
}

const plain = (characters: string) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 12 })
    .filter((text) => text !== "." && text !== "..");
const word = plain("abzAZ09._-:@+, =~#%{}()[]'");
const part = plain("abzAZ09._-:@");
/** A colon makes a path of systemd's of it. */
const cgroup = plain("abzAZ09._-@");

const VALUES: Readonly<Record<Kind, fc.Arbitrary<string>>> = {
  text: fc.oneof(word, fc.constantFrom("/", "..", "/sys", "a/../b", "id", "0")),
  host: plain("abz09.-"),
  path: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
  cgroup,
};

/** A document, the blanks that it may have, and what they stand for. */
interface Case {
  readonly document: Fields;
  readonly found: ReadBundleReply;
}

/** `document` with other values at all of its places. */
function withValues(document: Fields): fc.Arbitrary<Case> {
  const kinds: Kind[] = [];
  const blanks = [...places(document)].map(({ place, text }): DocumentBlank => ({
    place,
    text: text((kind) => `\${value${kinds.push(kind) - 1}}`),
  }));
  return fc.tuple(...kinds.map((kind) => VALUES[kind])).map((chosen) => {
    const values = Object.fromEntries(chosen.map((value, index) => [`value${index}`, value]));
    const copy = structuredClone(document);
    for (const { place, text } of blanks) {
      const parent = place.slice(0, -1).reduce((value, key) => value[key], copy);
      parent[place.at(-1) ?? ""] = fillBlanks(text, { text: values });
    }
    return {
      document: copy,
      found: {
        bundle: BUNDLE,
        text: JSON.stringify(copy),
        blanks,
        values: { ...values, bundle: BUNDLE.slice(1) },
        arguments: true,
      },
    };
  });
}

/** What is bound is a file, and the root a directory. */
function filesOf({ mounts, root }: Fields): ExampleFiles {
  const sources = mounts.flatMap(({ source = "" }) => source.startsWith("/") ? [source] : []);
  return {
    ...Object.fromEntries(sources.map((source: string) => [source, { kind: "file", mode: 0o644 }])),
    ...(root.path.startsWith("/") && { [root.path]: { kind: "directory", mode: 0o755 } }),
  };
}

for (const machine of ["v1", "v2"] satisfies Machine[]) {
  property(
    `bundlePlan() passes on what is blank, and looks at nothing of it, with ${machine}`,
    fc.constantFrom(...documents).filter((document) => planned(machine, document)).chain(withValues),
    ({ document, found }) => {
      const { spec } = parseBundleSpec("config.json", found.text);
      const files = filesOf(document);
      const form = formWithBlanks(spec, found);
      if (form === undefined) throw new Error("the blanks are not where the document has their values");
      const filled = fillBlanks(planForm(machine, form, files), { text: form.values, arguments: form.arguments });
      const decided = fillBlanks(planForm(machine, formWithoutBlanks(spec, BUNDLE), files), { text: {} });
      assertEquals(filled, decided);
    },
  );
}

/** What a machine cannot have at all is no case. */
function planned(machine: Machine, document: Fields): boolean {
  try {
    const { spec } = parseBundleSpec("config.json", JSON.stringify(document));
    planForm(machine, formWithoutBlanks(spec, BUNDLE), filesOf(document));
    return true;
  } catch {
    return false;
  }
}
