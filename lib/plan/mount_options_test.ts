import { assertEquals } from "@std/assert";
import { MOUNT_OPTIONS, type MountOptions, mountOptions, MS } from "./mount_options.ts";

const CASES: [name: string, options: string[], expected: Partial<MountOptions>][] = [
  ["returns no bits for no options", [], {}],
  ["lets a later rw undo ro", ["ro", "rw"], {}],
  ["lets a later ro undo rw", ["rw", "ro"], { flags: MS.RDONLY }],
  ["expands rbind to bind and recursion", ["rbind"], { flags: MS.BIND | MS.REC }],
  ["passes unknown words to the file system", ["size=64k", "mode=1777"], { data: "size=64k,mode=1777" }],
  ["is case-sensitive", ["RO"], { data: "RO" }],
  ["lets one access time rule replace another", ["noatime", "strictatime"], { flags: MS.STRICTATIME }],
  ["keeps propagation out of the flags", ["nosuid", "rslave"], { flags: MS.NOSUID, propagation: "rslave" }],
  ["takes the last propagation", ["rshared", "private"], { propagation: "private" }],
  ["says that rro is recursive", ["rro"], { flags: MS.RDONLY, recursiveReadOnly: true }],
  ["lets a later ro undo the recursion of rro", ["rro", "ro"], { flags: MS.RDONLY }],
  ["keeps rro beside flags that have nothing to do with it", ["rro", "nodev"], {
    flags: MS.RDONLY | MS.NODEV,
    recursiveReadOnly: true,
  }],
  ["drops the word that mount(8) needs in fstab", ["defaults"], {}],
];
for (const [name, options, expected] of CASES) {
  Deno.test(`mountOptions() ${name}`, () => {
    const nothing: MountOptions = { flags: 0, data: "", propagation: null, recursiveReadOnly: false };
    assertEquals(mountOptions(options), { ...nothing, ...expected });
  });
}

Deno.test("mountOptions() knows each word that MOUNT_OPTIONS lists as no file system's", () => {
  for (const option of MOUNT_OPTIONS) assertEquals(mountOptions([option]).data, "", option);
});
