import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { HostEnvironment, StateDirectories } from "./facts.ts";
import { isPrivileged, stateDirectories, userByID } from "./process.ts";

const USER = { uid: 1000 };
const ALICE = "/home/alice";

const DIRECTORIES: [
  name: string,
  uid: number,
  root: string | undefined,
  environment: HostEnvironment,
  home: string | null,
  expected: StateDirectories,
][] = [
  ["are root's own", 0, undefined, {}, "/root", { runtime: "/run/masu", data: "/var/lib/masu" }],
  [
    "do not follow a user's environment under sudo",
    0,
    undefined,
    {
      XDG_RUNTIME_DIR: "/run/user/1000",
      XDG_DATA_HOME: `${ALICE}/.data`,
    },
    "/root",
    { runtime: "/run/masu", data: "/var/lib/masu" },
  ],
  ["take --root for the runtime directory", 0, "/srv/run", {}, "/root", { runtime: "/srv/run", data: "/var/lib/masu" }],
  [
    "are a user's XDG directories",
    1000,
    undefined,
    { XDG_RUNTIME_DIR: "/run/user/1000", XDG_DATA_HOME: "/data/alice/" },
    ALICE,
    {
      runtime: "/run/user/1000/masu",
      data: "/data/alice/masu",
    },
  ],
  ["are below the home without XDG directories", 1000, undefined, {}, ALICE, {
    runtime: `${ALICE}/.local/share/masu/run`,
    data: `${ALICE}/.local/share/masu`,
  }],
  ["ignore relative XDG directories", 1000, undefined, { XDG_RUNTIME_DIR: "run", XDG_DATA_HOME: "" }, ALICE, {
    runtime: `${ALICE}/.local/share/masu/run`,
    data: `${ALICE}/.local/share/masu`,
  }],
];
for (const [name, uid, root, environment, home, expected] of DIRECTORIES) {
  Deno.test(`stateDirectories() ${name}`, () => {
    const global = { cgroupManager: "cgroupfs" as const, ...(root !== undefined && { root }) };
    assertEquals(stateDirectories({ uid }, global, environment, home), expected);
  });
}

Deno.test("stateDirectories() says what to set for a user without a home", () => {
  const error = assertThrows(() => stateDirectories(USER, { cgroupManager: "cgroupfs" }, {}, null), MasuError);
  assertEquals(error.message, "Find the data directory of user 1000: no home directory");
  assertEquals(error.hint, "set HOME or XDG_DATA_HOME to a directory that this user can write to");
});

Deno.test("userByID() finds name and home by number alone", () => {
  const passwd =
    "root:x:0:0:root:/root:/bin/sh\n100:x:5:5::/odd:/bin/sh\nalice:x:100:100:A,B:/home/alice:\nbroken:x:7\n";
  assertEquals(userByID(passwd, 100), { name: "alice", home: "/home/alice" });
  assertEquals(userByID(passwd, 7), null);
});

Deno.test("isPrivileged() needs both user 0 and CAP_SYS_ADMIN", () => {
  assertEquals(isPrivileged({ uid: 0, capabilities: ["CAP_SYS_ADMIN"] }), true);
  assertEquals(isPrivileged({ uid: 0, capabilities: ["CAP_CHOWN"] }), false);
  assertEquals(isPrivileged({ uid: 1000, capabilities: ["CAP_SYS_ADMIN"] }), false);
});
