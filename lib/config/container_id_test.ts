import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseContainerID } from "./container_id.ts";

for (const id of ["a", "0123456789abcdef", "k8s.io+pod_1-x", "..."]) {
  Deno.test(`parseContainerID() takes "${id}"`, () => assertEquals(parseContainerID("the ID", id), id));
}

const WRONG: readonly (readonly [id: string, message: string])[] = [
  ["", "not a container ID"],
  [".", "not a container ID"],
  ["..", "not a container ID"],
  ["a/b", "not a container ID"],
  ["a\nb", "not a container ID"],
  ["é", "not a container ID"],
  ["x".repeat(201), "has 201 characters"],
];
for (const [id, message] of WRONG) {
  Deno.test(`parseContainerID() refuses ${JSON.stringify(id.slice(0, 12))}`, () => {
    assertThrows(() => parseContainerID("the ID", id), MasuError, message);
  });
}
