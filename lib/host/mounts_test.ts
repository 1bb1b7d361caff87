import { assertEquals } from "@std/assert";
import { fileSystemAt, isBelow, type MountEntry, parseMounts, visibleMounts } from "./mounts.ts";

const LINE = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue";

Deno.test("parseMounts() takes a line of proc_pid_mountinfo(5) apart", () => {
  assertEquals(parseMounts(`${LINE}\n`), [{
    id: 36,
    parent: 35,
    device: "98:0",
    root: "/mnt1",
    mountPoint: "/mnt2",
    options: ["rw", "noatime"],
    optional: ["master:1", "shared:2"],
    type: "ext3",
    source: "/dev/root",
    superOptions: ["rw", "errors=continue"],
  }]);
});

const FIELDS: [name: string, line: string, mountPoint: string | undefined][] = [
  ["undoes octal escapes", "1 0 0:1 / /a\\040b\\011c\\134d\\043 rw - tmpfs t rw", "/a b\tc\\d#"],
  ["keeps an escape of what is no octal number", "1 0 0:1 / /a\\9 rw - tmpfs t rw", "/a\\9"],
  ["takes a line without optional fields", "1 0 0:1 / /x rw - tmpfs t rw", "/x"],
  ["takes a line without options of the file system", "1 0 0:1 / /x rw - tmpfs t", "/x"],
  ["is not misled by a mount point named -", "1 0 0:1 / - rw - tmpfs t rw", "-"],
  ["leaves out a line without a dash", "1 0 0:1 / /x rw tmpfs t rw", undefined],
  ["leaves out a line that ends early", "1 0 0:1 /", undefined],
];
for (const [name, line, mountPoint] of FIELDS) {
  Deno.test(`parseMounts() ${name}`, () => assertEquals(parseMounts(line)[0]?.mountPoint, mountPoint));
}

/** `ID PARENT POINT` each; the type is `t` and the ID. */
function table(...mounts: string[]): MountEntry[] {
  const lines = mounts.map((mount) => {
    const [id, parent, point] = mount.split(" ");
    return `${id} ${parent} 0:${id} / ${point} rw - t${id} source rw`;
  });
  return parseMounts(lines.join("\n"));
}

const VISIBLE: [name: string, mounts: string[], expected: string[]][] = [
  ["sorts by mount point", ["1 0 /", "2 1 /b", "3 1 /a"], ["1 /", "3 /a", "2 /b"]],
  ["takes the upper of two at one point", ["1 0 /", "2 1 /a", "3 2 /a"], ["1 /", "3 /a"]],
  ["leaves out what is below a covered mount", ["1 0 /", "2 1 /a", "3 2 /a/b", "4 2 /a"], ["1 /", "4 /a"]],
  ["leaves out what is mounted in what is covered", ["1 0 /", "2 1 /a/b", "3 2 /a/b/c", "4 1 /a"], ["1 /", "4 /a"]],
  ["leaves out what a later mount above it covers", ["1 0 /", "2 1 /a/b", "3 1 /a"], ["1 /", "3 /a"]],
  ["keeps what is mounted below later", ["1 0 /", "2 1 /a", "3 2 /a/b"], ["1 /", "2 /a", "3 /a/b"]],
];
for (const [name, mounts, expected] of VISIBLE) {
  Deno.test(`visibleMounts() ${name}`, () => {
    assertEquals(visibleMounts(table(...mounts)).map(({ id, mountPoint }) => `${id} ${mountPoint}`), expected);
  });
}

Deno.test("fileSystemAt() takes the innermost mount", () => {
  const mounts = visibleMounts(table("1 0 /", "2 1 /var", "3 2 /var/lib"));
  for (const [path, type] of [["/", "t1"], ["/variety", "t1"], ["/var", "t2"], ["/var/lib/masu", "t3"]] as const) {
    assertEquals(fileSystemAt(mounts, path), type, path);
  }
});

Deno.test("isBelow() compares whole names", () => {
  const cases = [["/a", "/a", true], ["/a/b", "/a", true], ["/ab", "/a", false], ["/a", "/", true], [
    "/",
    "/a",
    false,
  ]] as const;
  for (const [path, directory, expected] of cases) {
    assertEquals(isBelow(path, directory), expected, `${path} ${directory}`);
  }
});
