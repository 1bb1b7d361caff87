import { assertEquals } from "@std/assert";
import { kernelAtLeast, kernelVersion } from "./kernel.ts";

const RELEASES: [release: string, major: number, minor: number][] = [
  ["6.12.9-amd64", 6, 12],
  ["4.18.0-553.el8_10.x86_64", 4, 18],
  ["5.10", 5, 10],
  ["unknown", 0, 0],
];
for (const [release, major, minor] of RELEASES) {
  Deno.test(`kernelVersion() takes ${release} apart`, () => {
    assertEquals(kernelVersion(release), { release, major, minor });
  });
}

Deno.test("kernelAtLeast() compares numbers, not texts", () => {
  const version = kernelVersion("5.10.0");
  for (
    const [major, minor, expected] of [[5, 9, true], [5, 10, true], [5, 11, false], [4, 18, true], [
      6,
      0,
      false,
    ]] as const
  ) {
    assertEquals(kernelAtLeast(version, major, minor), expected, `${major}.${minor}`);
  }
});
