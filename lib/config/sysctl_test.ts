import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseSysctl } from "./sysctl.ts";

Deno.test("parseSysctl() splits at the first =", () => {
  assertEquals(parseSysctl("--sysctl", "kernel.msgmax=65536"), ["kernel.msgmax", "65536"]);
  assertEquals(parseSysctl("--sysctl", "net.ipv4.ping_group_range=0 0"), ["net.ipv4.ping_group_range", "0 0"]);
});

for (
  const text of [
    "net.ipv4.ip_forward",
    "=1",
    "ip_forward=1",
    "net.x+kernel.core_pattern=1",
    "net/../kernel/core_pattern=1",
    "net..core=1",
    ".net.core=1",
    "net.core.=1",
    "net.core.x\n=1",
    "net.core.x=1\n2",
  ]
) {
  Deno.test(`parseSysctl() refuses ${JSON.stringify(text)}`, () => {
    assertThrows(() => parseSysctl("--sysctl", text), MasuError, "--sysctl");
  });
}
