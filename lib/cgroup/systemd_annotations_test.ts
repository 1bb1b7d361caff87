import { assertEquals, assertThrows } from "@std/assert";
import type { UnitProperty } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { annotatedProperties } from "./systemd_annotations.ts";

const READ: [name: string, key: string, text: string, property: UnitProperty][] = [
  ["a text", "CollectMode", "'inactive-or-failed'", {
    name: "CollectMode",
    value: { type: "text", value: "inactive-or-failed" },
  }],
  ["a text in double quotes", "Description", '"it\'s"', {
    name: "Description",
    value: { type: "text", value: "it's" },
  }],
  ["an escape", "Description", "'a\\'b'", { name: "Description", value: { type: "text", value: "a'b" } }],
  ["a boolean", "SendSIGHUP", "true", { name: "SendSIGHUP", value: { type: "boolean", value: true } }],
  ["a number", "KillSignal", "15", { name: "KillSignal", value: { type: "signed32", value: 15 } }],
  ["a number with its type", "TasksMax", "uint64 18446744073709551615", {
    name: "TasksMax",
    value: { type: "unsigned", value: "18446744073709551615" },
  }],
  ["seconds", "TimeoutStopSec", "uint64 7", {
    name: "TimeoutStopUSec",
    value: { type: "unsigned", value: "7000000" },
  }],
  ["microseconds", "TimeoutStopUSec", "uint64 7", {
    name: "TimeoutStopUSec",
    value: { type: "unsigned", value: "7" },
  }],
  ["a list", "After", "['a.service', 'b.service']", {
    name: "After",
    value: { type: "texts", value: ["a.service", "b.service"] },
  }],
  ["an empty list", "After", "@as []", { name: "After", value: { type: "texts", value: [] } }],
];
for (const [name, key, text, property] of READ) {
  Deno.test(`annotatedProperties() reads ${name}`, () =>
    assertEquals(annotatedProperties({ [`org.systemd.property.${key}`]: text, "other.key": "x" }), [property]));
}

const REFUSED: [name: string, key: string, text: string][] = [
  ["a name in small letters", "collectMode", "true"],
  ["a name of two letters", "Ab", "true"],
  ["a word without quotes", "CollectMode", "inactive"],
  ["a quote that does not end", "CollectMode", "'inactive"],
  ["an escape that there is not", "CollectMode", "'a\\q'"],
  ["a number that is too large", "KillSignal", "2147483648"],
  ["a negative one of no sign", "TasksMax", "uint64 -1"],
  ["two texts", "CollectMode", "'a', 'b'"],
  ["a list that does not end", "After", "['a', 'b"],
  ["seconds that are a text", "TimeoutStopSec", "'7'"],
];
for (const [name, key, text] of REFUSED) {
  Deno.test(`annotatedProperties() refuses ${name}`, () => {
    const annotations = { [`org.systemd.property.${key}`]: text };
    const error = assertThrows(() => annotatedProperties(annotations), MasuError, `org.systemd.property.${key}`);
    assertEquals(error.code, "invalid_config");
  });
}
