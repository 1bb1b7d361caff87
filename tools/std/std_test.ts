/** What masu relies on in `@std`. Runs against the real packages and, where JSR is out of reach, against their adapters. */
import * as std from "@std/assert";
import { parse, stringify } from "@std/yaml";

const { AssertionError, assertEquals, assertRejects, assertStringIncludes, assertThrows } = std;

const FAILING: [name: string, run: () => void][] = [
  ["assert() refuses 0", () => std.assert(0)],
  ["assertFalse() refuses 1", () => std.assertFalse(1)],
  ["assertExists() refuses null", () => std.assertExists(null)],
  ["assertEquals() refuses a missing key", () => std.assertEquals<unknown>({ a: undefined }, {})],
  ["assertEquals() tells 1 from '1'", () => std.assertEquals<unknown>([1], ["1"])],
  ["assertNotEquals() refuses equal objects", () => std.assertNotEquals({ a: [1] }, { a: [1] })],
  ["assertStrictEquals() refuses another object", () => std.assertStrictEquals({}, {})],
  ["assertStringIncludes() refuses other text", () => std.assertStringIncludes("abc", "d")],
  ["assertMatch() refuses other text", () => std.assertMatch("abc", /d/)],
  ["assertNotMatch() refuses such text", () => std.assertNotMatch("abc", /b/)],
  ["assertArrayIncludes() refuses a missing element", () => std.assertArrayIncludes([1, 2], [3])],
  ["assertInstanceOf() refuses another class", () => std.assertInstanceOf(new Error(), TypeError)],
  ["assertGreater() refuses an equal", () => std.assertGreater(1, 1)],
  ["assertLess() refuses an equal", () => std.assertLess(1, 1)],
  ["assertThrows() refuses a function that returns", () => void std.assertThrows(() => {})],
  ["assertThrows() refuses another class", () => void std.assertThrows(boom, TypeError)],
  ["assertThrows() refuses another message", () => void std.assertThrows(boom, RangeError, "bang")],
  ["fail() fails", () => std.fail()],
];

function boom(): never {
  throw new RangeError("boom");
}

for (const [name, run] of FAILING) {
  Deno.test(name, () => {
    let thrown: unknown;
    try {
      run();
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof AssertionError)) throw new Error(`Expected an AssertionError, got ${thrown}`);
  });
}

Deno.test("assertEquals() compares maps, sets and bytes in depth", () => {
  assertEquals(new Map([["a", new Set([1])]]), new Map([["a", new Set([1])]]));
  assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 2]));
  assertThrows(() => assertEquals(new Set([1]), new Set([2])), AssertionError);
});

Deno.test("assertThrows() returns what was thrown", () => {
  assertEquals(assertThrows(boom, RangeError, "boom").message, "boom");
});

Deno.test("assertRejects() returns the reason and refuses a promise that is kept", async () => {
  const reason = await assertRejects(() => Promise.reject(new TypeError("no")), TypeError, "no");
  assertEquals(reason.message, "no");
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError);
});

Deno.test("parse() reads maps, lists, numbers and anchors", () => {
  assertEquals(parse("a: [1, two, null]\nb: &x {c: yes}\nd: *x\n"), {
    a: [1, "two", null],
    b: { c: "yes" },
    d: { c: "yes" },
  });
});

Deno.test("parse() names line and column of a mistake", () => {
  const error = assertThrows(() => parse("a: 1\na: 2\n"), SyntaxError);
  assertStringIncludes(error.message, "line 2, column 1");
});

Deno.test("stringify() writes what parse() reads", () => {
  const value = { name: "web", ports: [80, 443], env: { A: "yes: no" } };
  assertEquals(parse(stringify(value)), value);
});

Deno.test("tools/without-jsr.json maps every name that deno.json maps", async () => {
  const read = async (path: string): Promise<Record<string, string>> =>
    JSON.parse(await Deno.readTextFile(new URL(path, import.meta.url))).imports;
  assertEquals(
    Object.keys(await read("../without-jsr.json")).sort(),
    Object.keys(await read("../../deno.json")).sort(),
  );
});
