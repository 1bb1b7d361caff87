/** docs/security.md against the tests that it names. */
import { assert, assertEquals } from "@std/assert";

const HERE = new URL("./", import.meta.url);
const DOCUMENT = new URL("../../docs/security.md", HERE);

/** The rows: an attack's number, and the files that perform it. */
function rows(): [attack: string, files: string[]][] {
  return Deno.readTextFileSync(DOCUMENT).split("\n").flatMap((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    const [, attack = "", , , files = ""] = cells;
    return /^T\d+$/.test(attack) ? [[attack, files.split(", ")] as [string, string[]]] : [];
  });
}

/** The numbers that the names of a file's tests begin with: `T5, T10: …`. */
function attacksOf(file: string): Set<string> {
  const text = Deno.readTextFileSync(new URL(file, HERE));
  const names = text.matchAll(/["'`]((?:T\d+)(?:, T\d+)*): /g);
  return new Set([...names].flatMap(([, numbers = ""]) => numbers.split(", ")));
}

Deno.test("docs/security.md names tests that perform its attacks", () => {
  for (const [attack, files] of rows()) {
    for (const file of files) assert(attacksOf(file).has(attack), `${file} has no test of ${attack}`);
  }
});

Deno.test("docs/security.md names every test that performs one of its attacks", () => {
  const named = new Map(rows());
  for (const { name } of Deno.readDirSync(HERE)) {
    if (!name.endsWith("_test.ts") || name === "attacks_test.ts") continue;
    const missing = [...attacksOf(name)].filter((attack) => !named.get(attack)?.includes(name));
    assertEquals(missing, [], `not in the rows of docs/security.md: ${name}`);
  }
});

Deno.test("docs/security.md numbers its attacks from 1 on, each once", () => {
  assertEquals(rows().map(([attack]) => attack), rows().map((_, index) => `T${index + 1}`));
});
