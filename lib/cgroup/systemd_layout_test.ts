import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { MountedHierarchy } from "./layout.ts";
import { managedHierarchies, outerUid, systemdManager } from "./systemd_layout.ts";

const MANAGERS: [name: string, uid: number, initialUserNamespace: boolean, user: boolean][] = [
  ["the system's for root", 0, true, false],
  ["the user's own for a user", 1000, true, true],
  ["the user's own for root of a user namespace", 0, false, true],
];
for (const [name, uid, initialUserNamespace, user] of MANAGERS) {
  Deno.test(`systemdManager() is ${name}`, () =>
    assertEquals(systemdManager(true, { uid, initialUserNamespace }), { user }));
}

Deno.test("systemdManager() refuses a host without systemd", () => {
  const error = assertThrows(() => systemdManager(false, { uid: 0, initialUserNamespace: true }), MasuError);
  assertEquals([error.code, /not running/.test(error.message)], ["kernel_lacks", true]);
});

function unified(own: string): MountedHierarchy {
  return { controllers: [], mountPoint: "/c", own: `/c${own}`, writable: true };
}

const OWN = "/user.slice/user-1000.slice/user@1000.service";
const PLACES: [name: string, user: boolean, own: string, expected: string][] = [
  ["leaves root's alone", false, "/system.slice/x.service", "/system.slice/x.service"],
  ["begins at the user's manager from below it", true, `${OWN}/app.slice/a.scope`, OWN],
  ["begins there when masu is right in it", true, OWN, OWN],
  ["finds it from a session", true, "/user.slice/user-1000.slice/session-3.scope", OWN],
  ["keeps what is above it", true, `/box${OWN}/app.slice`, `/box${OWN}`],
];
for (const [name, user, own, expected] of PLACES) {
  Deno.test(`managedHierarchies() ${name}`, () => {
    const managed = managedHierarchies({ v1: [], v2: unified(own) }, { user }, 1000);
    assertEquals(managed.v2?.own, `/c${expected}`);
  });
}

Deno.test("outerUid() is who this is without the user namespace", () => {
  const map = (text: string | null) => () => text;
  assertEquals(outerUid(map("         0       1000          1\n         1     100000      65536\n"), { uid: 0 }), 1000);
  assertEquals(outerUid(map("0 0 4294967295\n"), { uid: 33 }), 33);
  assertEquals(outerUid(map(null), { uid: 33 }), 33);
});
