import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseBundleSpec, parseResources } from "../../lib/spec/document/spec.ts";
import { anyValue, changed, orRefused, property } from "./property.ts";

const BUNDLES = new URL("../fixtures/bundles/", import.meta.url);
const documents = [...Deno.readDirSync(BUNDLES)].map(({ name }): unknown =>
  // What JavaScript rounds is not what this is about.
  JSON.parse(Deno.readTextFileSync(new URL(name, BUNDLES)).replaceAll(/\d{17,}/g, "9007199254740993"))
);

/** Accepts or refuses, in one line; and what it accepts means the same when it is written down and read again. */
function readsAgain(text: string): void {
  const read = orRefused(
    () => parseBundleSpec("config.json", text),
    ({ message }) => assertEquals(message.match(/[\p{Cc}\p{Cf}]/u), null),
  );
  if (read === undefined) return;
  assertEquals(parseBundleSpec("config.json", JSON.stringify(read.spec)).spec, read.spec);
}

property("parseBundleSpec() accepts or refuses any text", fc.string({ unit: "binary" }), readsAgain);
property("parseBundleSpec() accepts or refuses any JSON", fc.json(), readsAgain);
property(
  "parseBundleSpec() accepts or refuses any key of any value",
  fc.dictionary(fc.string(), anyValue),
  (document) => {
    readsAgain(JSON.stringify(document));
  },
);
property(
  "parseBundleSpec() reads again what it accepted of a changed document",
  fc.constantFrom(...documents).chain(changed),
  (document) => readsAgain(JSON.stringify(document)),
);
property(
  "parseBundleSpec() accepts or refuses a document that was cut off or overwritten",
  fc.record({ document: fc.constantFrom(...documents), at: fc.nat(20_000), text: fc.string({ unit: "binary" }) }),
  ({ document, at, text }) => {
    const whole = JSON.stringify(document);
    readsAgain(whole.slice(0, at) + text);
    readsAgain(whole.slice(0, at) + text + whole.slice(at + text.length));
  },
);
property(
  "parseResources() neither rounds nor loses a limit of 64 bits",
  fc.bigInt({ min: -1n, max: 2n ** 64n - 1n }),
  (limit) => {
    const { memory } = parseResources("r.json", `{"memory": {"swap": ${limit}}}`);
    const largest = BigInt(Number.MAX_SAFE_INTEGER);
    assertEquals(memory, limit === 0n ? {} : { swap: limit > largest ? -1 : Number(limit) });
  },
);
property(
  "parseBundleSpec() keeps all bits of what system calls are compared with",
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  (value) => {
    const seccomp = `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["x"], "action": "SCMP_ACT_LOG",
      "args": [{"index": 0, "value": ${value}, "op": "SCMP_CMP_EQ"}]}]}`;
    const text = `{"ociVersion": "1.3.0", "root": {"path": "r"}, "process": {"args": ["a"], "cwd": "/"},
      "linux": {"namespaces": [{"type": "mount"}], "seccomp": ${seccomp}}}`;
    const read = parseBundleSpec("config.json", text).spec.linux.seccomp?.syscalls?.[0]?.args?.[0]?.value;
    assertEquals(BigInt(read ?? -1), value);
  },
);
