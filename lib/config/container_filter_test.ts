import { assertEquals, assertThrows } from "@std/assert";
import type { ContainerFilter } from "../engine/views.ts";
import { parseContainerFilter } from "./container_filter.ts";

const READ: [written: string, filter: ContainerFilter][] = [
  ["status=exited", { key: "status", value: "stopped" }],
  ["status=running", { key: "status", value: "running" }],
  ["name=a=b", { key: "name", value: "a=b" }],
  ["label=app", { key: "label", name: "app", value: undefined }],
  ["label=app=a=b", { key: "label", name: "app", value: "a=b" }],
  ["label=app=", { key: "label", name: "app", value: "" }],
  ["exited=137", { key: "exited", value: 137 }],
  ["health=none", { key: "health", value: "none" }],
];
for (const [written, filter] of READ) {
  Deno.test(`parseContainerFilter() reads ${written}`, () => assertEquals(parseContainerFilter(written), filter));
}

const REFUSED: [written: string, message: string][] = [
  ["running", "it is not KEY=VALUE"],
  ["status=runing", 'no such status "runing"'],
  ["exited=no", "not a whole number"],
  ["exited=256", "not between 0 and 255"],
  ["health=well", 'no such health "well"'],
  ["network=x", 'masu does not support the key "network"'],
  ["lable=x", 'no such key "lable"'],
];
for (const [written, message] of REFUSED) {
  Deno.test(`parseContainerFilter() refuses ${written}`, () => {
    assertThrows(() => parseContainerFilter(written), Error, message);
  });
}
