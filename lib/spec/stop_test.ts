import { assertEquals } from "@std/assert";
import { stopSettings } from "./stop.ts";

Deno.test("stopSettings() asks with SIGTERM and waits ten seconds, as docker does", () =>
  assertEquals(stopSettings({}, null), { signal: 15, timeoutMs: 10_000 }));

Deno.test("stopSettings() takes what was written; -1 is for ever", () => {
  assertEquals(stopSettings({ stopSignal: "SIGRTMIN+3", stopTimeout: 0 }, null), { signal: 37, timeoutMs: 0 });
  assertEquals(stopSettings({ stopTimeout: -1 }, null).timeoutMs, -1);
});

const INITS: [init: string, signal: number][] = [["systemd", 37], ["busybox", 12], ["init", 30], ["dinit", 15]];
for (const [init, signal] of INITS) {
  Deno.test(`stopSettings() asks ${init} to shut down with signal ${signal}`, () => {
    assertEquals(stopSettings({}, init).signal, signal);
    assertEquals(stopSettings({ stopSignal: "SIGHUP" }, init).signal, 1);
  });
}
