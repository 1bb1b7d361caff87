import { assert, assertEquals } from "@std/assert";
import { REFUSED_KEYS, SPEC } from "../lib/spec/document/spec.ts";
import { DOCUMENT, fieldKeys, fieldsDocument, rowOf } from "./oci_fields.ts";
import { FIELD_ROWS } from "./oci_fields_table.ts";

const ROOT = new URL("../", import.meta.url);

const texts = new Map<string, string>();

/** A file of the project's. */
function text(file: string): string {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const read = Deno.readTextFileSync(new URL(file, ROOT));
  texts.set(file, read);
  return read;
}

Deno.test("docs/oci-fields.md is what the tables say", async () => {
  assertEquals(squeezed(await Deno.readTextFile(DOCUMENT)), squeezed(fieldsDocument()), "make fields");
});

/** `deno fmt` aligns tables and breaks lines. */
function squeezed(document: string): string {
  return document.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ");
}

Deno.test("FIELD_ROWS has a row for each key that the reader knows, and no other", () => {
  for (const key of fieldKeys()) rowOf(key);
  const unknown = FIELD_ROWS.filter(({ key }) => !SPEC.keys?.includes(key)).map(({ key }) => key);
  assertEquals(unknown, []);
});

Deno.test("FIELD_ROWS refuses what the reader refuses", () => {
  const refused = fieldKeys().filter((key) => rowOf(key).where.length === 0);
  assertEquals(refused.sort(), [...REFUSED_KEYS].sort());
});

for (const { key, where, test } of FIELD_ROWS) {
  Deno.test(`FIELD_ROWS names functions and a test that are there: ${key}`, () => {
    for (const place of where) {
      const [file = "", name = ""] = place.split(":");
      const declared = new RegExp(`\\b(function|fn|const) ${name}\\b`);
      assert(declared.test(text(file)), `${file} has no function ${name}`);
    }
    const [file = "", name = ""] = test.split(/: (.*)/);
    assert(name !== "" && text(file).includes(name), `${file} has no test "${name}"`);
  });
}
