import { assertEquals, assertThrows } from "@std/assert";
import type { FileKind } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { type CopyEnd, copyRule, isDirectoryWritten, linkedPath, parseCopyEnd, sourceOf } from "./copy_rule.ts";

const ENDS: [written: string, expected: CopyEnd][] = [
  ["-", { kind: "stream" }],
  ["web:/etc/hosts", { kind: "container", container: "web", path: "/etc/hosts" }],
  ["web:etc/.", { kind: "container", container: "web", path: "/etc/." }],
  ["web:/a:b", { kind: "container", container: "web", path: "/a:b" }],
  ["file", { kind: "host", path: "file" }],
  ["./web:x", { kind: "host", path: "./web:x" }],
  ["/tmp/a:b", { kind: "host", path: "/tmp/a:b" }],
  ["../x", { kind: "host", path: "../x" }],
];
for (const [written, expected] of ENDS) {
  Deno.test(`parseCopyEnd() reads ${written}`, () => assertEquals(parseCopyEnd("SOURCE", written), expected));
}

for (const written of ["", ":/x", "web:"]) {
  Deno.test(`parseCopyEnd() refuses "${written}"`, () => {
    const error = assertThrows(() => parseCopyEnd("SOURCE", written), MasuError);
    assertEquals(error.code, "invalid_config");
  });
}

const SOURCES: [written: string, path: string, name: string, contents: boolean, mustBeDirectory: boolean][] = [
  ["file", "/here/file", "file", false, false],
  ["dir/", "/here/dir/", "dir", false, true],
  ["dir/.", "/here/dir/.", "dir", true, true],
  [".", "/here/.", "here", true, true],
  ["..", "/here/..", "", true, true],
  ["/", "/", "", true, true],
  ["/a/../b", "/a/../b", "b", false, false],
  [".hidden", "/here/.hidden", ".hidden", false, false],
  ["a..", "/here/a..", "a..", false, false],
];
for (const [written, path, name, contents, mustBeDirectory] of SOURCES) {
  Deno.test(`sourceOf() reads ${written}`, () => {
    const expected = { path, name, contents, mustBeDirectory, follow: mustBeDirectory };
    assertEquals(sourceOf(written, { directory: "/here", followLink: false }), expected);
  });
}

Deno.test("sourceOf() follows a link when asked to", () => {
  assertEquals(sourceOf("/link", { directory: "/", followLink: true }).follow, true);
});

/** docker container cp, "Extended description": source, what it is, destination, what is there -> directory, name. */
const RULES: [source: string, kind: FileKind, target: string, there: FileKind | null, expected: string][] = [
  ["/a", "file", "/d/new", null, "/d new"],
  ["/a", "file", "/new", null, "/ new"],
  ["/a", "file", "/d/new/", null, "not_found"],
  ["/a", "file", "/d/old", "file", "/d old"],
  ["/a", "file", "/d/old/", "file", "already_exists"],
  ["/a", "file", "/d", "directory", "/d a"],
  ["/a", "file", "/d/", "directory", "/d/ a"],
  ["/a/", "file", "/d", "directory", "not_found"],
  ["/a/.", "file", "/d", "directory", "not_found"],
  ["/a", "symlink", "/d", "directory", "/d a"],
  ["/a", "directory", "/d/new", null, "/d new"],
  ["/a", "directory", "/d/new/", null, "/d new"],
  ["/a/.", "directory", "/d/new", null, "/d new"],
  ["/a", "directory", "/d/old", "file", "already_exists"],
  ["/a", "directory", "/d", "directory", "/d a"],
  ["/a/", "directory", "/d", "directory", "/d a"],
  ["/a/.", "directory", "/d", "directory", "/d ."],
  ["/", "directory", "/d", "directory", "/d ."],
  ["/a", "file", "/dev/null", "character_device", "already_exists"],
  ["/a", "file", "/fifo", "fifo", "already_exists"],
];
for (const [source, kind, path, there, expected] of RULES) {
  Deno.test(`copyRule() puts ${kind} ${source} to ${there ?? "missing"} ${path}`, () => {
    const written = sourceOf(source, { directory: "/", followLink: false });
    const rule = () => copyRule({ ...written, kind }, { path, kind: there, mustBeDirectory: isDirectoryWritten(path) });
    if (expected.startsWith("/")) {
      const { directory, name } = rule();
      assertEquals(`${directory} ${name}`, expected);
    } else {
      assertEquals(assertThrows(rule, MasuError).code, expected);
    }
  });
}

const LINKS: [path: string, target: string, expected: string][] = [
  ["/a/link", "/etc", "/etc"],
  ["/a/link", "other", "/a/other"],
  ["/a/link/", "../other", "/a/../other"],
  ["/link", "x", "/x"],
];
for (const [path, target, expected] of LINKS) {
  Deno.test(`linkedPath() leads from ${path} to ${expected}`, () => assertEquals(linkedPath(path, target), expected));
}
