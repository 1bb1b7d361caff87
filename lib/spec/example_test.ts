import { assertEquals } from "@std/assert";
import { parseBundleSpec } from "./document/spec.ts";
import { exampleDocument, exampleSpec } from "./example.ts";

for (const rootless of [undefined, { uid: 1000, gid: 1001 }]) {
  Deno.test(`exampleDocument() is read as it was meant${rootless === undefined ? "" : ", rootless"}`, () => {
    const { spec, notes } = parseBundleSpec("config.json", exampleDocument(rootless));
    assertEquals(spec, exampleSpec(rootless));
    assertEquals(notes, []);
  });
}

Deno.test("exampleSpec() maps a user without privileges to the container's root", () => {
  const { linux } = exampleSpec({ uid: 1000, gid: 1001 });
  assertEquals(linux.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
  assertEquals(linux.gidMappings, [{ containerID: 0, hostID: 1001, size: 1 }]);
  assertEquals(linux.namespaces.some(({ type }) => type === "network"), false);
});
