import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import { parseGroupFile, parsePasswd, resolveGroup, resolveUser } from "./passwd.ts";

const DATABASE = {
  passwd: [
    "root:x:0:0:root:/root:/bin/bash",
    "# a comment",
    "daemon:x:1:2:daemon:/usr/sbin:/usr/sbin/nologin",
    "broken:x:one:1::/:",
    "ann:x:1000:1000:Ann:/home/ann:/bin/sh",
    "1234:x:77:77::/numeric:",
    "evil:x:1001:1001::/home/\u0007evil:",
    "relative:x:1002:1002::home:",
    "toobig:x:4294967295:0::/:",
  ].join("\n"),
  group: [
    "root:x:0:",
    "bin:x:2:daemon",
    "ann:x:1000:",
    "wheel:x:10:ann,daemon",
    "video:x:44: ann",
    "1234:x:99:",
    "bad:x:z:",
  ].join("\n"),
};

/** Attack T17: a user that means something must never quietly become another one. */
const RESOLVED: [text: string | undefined, uid: number, gid: number, groups: number[], home: string][] = [
  [undefined, 0, 0, [], "/root"],
  ["0", 0, 0, [], "/root"],
  ["root", 0, 0, [], "/root"],
  ["1", 1, 2, [10], "/usr/sbin"],
  ["1:2", 1, 2, [], "/usr/sbin"],
  ["1:wheel", 1, 10, [], "/usr/sbin"],
  ["ann", 1000, 1000, [10, 44], "/home/ann"],
  ["ann:0", 1000, 0, [], "/home/ann"],
  ["4242", 4242, 0, [], "/"],
  ["4242:4243", 4242, 4243, [], "/"],
  ["4294967294", 4294967294, 0, [], "/"],
  ["1234", 1234, 0, [], "/"], // digits are a number, whatever names there are
  ["evil", 1001, 1001, [], "/"],
  ["relative", 1002, 1002, [], "/"],
];
for (const [text, uid, gid, groups, home] of RESOLVED) {
  Deno.test(`resolveUser() makes ${uid}:${gid} of ${text ?? "nothing"}`, () => {
    assertEquals(resolveUser(text, DATABASE), { uid, gid, groups, home });
  });
}

for (
  const text of [
    "",
    ":",
    ":1",
    "0x1",
    "-1",
    "4294967295",
    "4294967296",
    "1:-1",
    "1:",
    "1:2:3",
    "nobody",
    "ann:nogroup",
    " 1",
    "broken",
    "toobig",
  ]
) {
  Deno.test(`resolveUser() refuses "${text}"`, () => {
    assertEquals(assertThrows(() => resolveUser(text, DATABASE), MasuError).code, "invalid_config");
  });
}

Deno.test("resolveUser() needs no files for numbers and root", () => {
  const none = { passwd: null, group: null };
  assertEquals(resolveUser("root", none), { uid: 0, gid: 0, groups: [], home: "/" });
  assertEquals(resolveUser("7:8", none), { uid: 7, gid: 8, groups: [], home: "/" });
  assertThrows(() => resolveUser("ann", none), MasuError, "the container has no /etc/passwd");
});

Deno.test("resolveGroup() takes numbers and the container's names", () => {
  assertEquals(resolveGroup("video", DATABASE), 44);
  assertEquals(resolveGroup("4711", DATABASE), 4711);
  assertThrows(() => resolveGroup("audio", DATABASE), MasuError, 'no group "audio"');
});

Deno.test("parsePasswd() and parseGroupFile() leave out lines that make no sense", () => {
  assertEquals(parsePasswd(DATABASE.passwd).map(({ name }) => name), [
    "root",
    "daemon",
    "ann",
    "1234",
    "evil",
    "relative",
  ]);
  assertEquals(parseGroupFile(DATABASE.group).map(({ name }) => name), [
    "root",
    "bin",
    "ann",
    "wheel",
    "video",
    "1234",
  ]);
  assertEquals(parsePasswd("\0\n:::\n::::::"), []);
});
