import { assertEquals } from "@std/assert";
import { setUnitProperties, startUnit, stopUnit } from "./sh_unit.ts";

const MANAGER = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager";

Deno.test("startUnit() counts properties and what is in them, and waits", () => {
  const lines = startUnit({
    kind: "start_unit",
    name: "m.scope",
    user: true,
    pid: "${pid}",
    properties: [
      { name: "Description", value: { type: "text", value: "a b" } },
      { name: "Delegate", value: { type: "boolean", value: true } },
      { name: "DeviceAllow", value: { type: "pairs", value: [["/dev/char/1:3", "rw"], ["char-*", "m"]] } },
    ],
  });
  assertEquals(lines, [
    `busctl --user call ${MANAGER} StartTransientUnit 'ssa(sv)a(sa(sv))' m.scope replace 4 Description s 'a b' Delegate b true ` +
    `DeviceAllow 'a(ss)' 2 /dev/char/1:3 rw 'char-*' m PIDs au 1 "\${pid}" 0 >/dev/null`,
    "until systemctl --user --quiet is-active m.scope; do sleep 0.1; done",
  ]);
});

Deno.test("setUnitProperties() changes a unit for this boot", () => {
  const properties = [{ name: "TasksMax", value: { type: "unsigned", value: "5" } }] as const;
  assertEquals(
    setUnitProperties({ kind: "set_unit_properties", name: "m.scope", user: false, properties: [...properties] }),
    [`busctl call ${MANAGER} SetUnitProperties 'sba(sv)' m.scope true 1 TasksMax t 5`],
  );
});

Deno.test("stopUnit() takes one that is gone for stopped", () => {
  assertEquals(stopUnit({ kind: "stop_unit", name: "m.scope", user: false }), [
    "systemctl --quiet stop m.scope 2>/dev/null || true",
    "systemctl --quiet reset-failed m.scope 2>/dev/null || true",
  ]);
});
