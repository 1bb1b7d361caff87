import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseDevice } from "./device.ts";
import type { DeviceConfig } from "./run_config.ts";

const DEVICES: [name: string, text: string, expected: DeviceConfig][] = [
  ["reads one path for both sides", "/dev/fuse", { source: "/dev/fuse", destination: "/dev/fuse", access: "rwm" }],
  ["reads another path inside", "/dev/sda:/dev/x", { source: "/dev/sda", destination: "/dev/x", access: "rwm" }],
  ["reads access as the second word", "/dev/sda:r", { source: "/dev/sda", destination: "/dev/sda", access: "r" }],
  ["reads all three", "/dev/sda:/dev/x:rw", { source: "/dev/sda", destination: "/dev/x", access: "rw" }],
];
for (const [name, text, expected] of DEVICES) {
  Deno.test(`parseDevice() ${name}`, () => assertEquals(parseDevice("--device", text), expected));
}

const MISTAKES: [name: string, text: string, cause: string][] = [
  ["nothing", "", "is empty"],
  ["a relative path", "fuse", "not an absolute path"],
  ["a relative path inside", "/dev/fuse:fuse", "not an absolute path in the container"],
  ["unknown access", "/dev/fuse:/dev/fuse:rwx", "not made of r, w and m"],
  ["access named twice", "/dev/fuse:/dev/fuse:rr", "each once at most"],
  ["a CDI device", "nvidia.com/gpu=all", "CDI devices are not supported"],
  ["too many words", "/a:/b:r:w", "more than two colons"],
];
for (const [name, text, cause] of MISTAKES) {
  Deno.test(`parseDevice() refuses ${name}`, () => {
    assertThrows(() => parseDevice("--device", text), MasuError, cause);
  });
}
