import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { HostEnvironment, StateDirectories } from "./facts.ts";
import { isPrivileged, stateDirectories, userByID, workingDirectory } from "./process.ts";
import directories from "./state_directories.json" with { type: "json" };

const USER = { uid: 1000, initialUserNamespace: true };

interface DirectoriesCase {
  readonly name: string;
  readonly uid: number;
  readonly initialUserNamespace?: boolean;
  readonly root: string | null;
  readonly environment: HostEnvironment;
  readonly home: string | null;
  readonly expected: StateDirectories | null;
}

/** The front decides the same by the same table: core-rs/containers/src/directories.rs. */
const DIRECTORIES: readonly DirectoriesCase[] = directories;
for (const { name, uid, initialUserNamespace = true, root, environment, home, expected } of DIRECTORIES) {
  Deno.test(`stateDirectories() ${name}`, () => {
    const global = { cgroupManager: "cgroupfs" as const, ...(root !== null && { root }) };
    const decide = () => stateDirectories({ uid, initialUserNamespace }, global, environment, home);
    if (expected === null) assertThrows(decide, MasuError);
    else assertEquals(decide(), expected);
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

Deno.test("workingDirectory() fails where it was removed", () => {
  assertEquals(workingDirectory({ directory: "/a" }), "/a");
  const error = assertThrows(() => workingDirectory({ directory: "" }), MasuError, "ENOENT from getcwd(2)");
  assertEquals([error.code, error.hint], ["not_found", "it was removed: cd to one that is there"]);
});
