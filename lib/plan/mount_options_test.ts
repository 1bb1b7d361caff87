import { assertEquals } from "@std/assert";
import { MOUNT_ATTR, MOUNT_OPTIONS, type MountOptions, mountOptions, MS } from "./mount_options.ts";

const READ_ONLY = { set: MOUNT_ATTR.RDONLY, clear: 0 };

const CASES: [name: string, options: string[], expected: Partial<MountOptions>][] = [
  ["returns no bits for no options", [], {}],
  ["lets a later rw undo ro", ["ro", "rw"], { cleared: MS.RDONLY }],
  ["lets a later ro undo rw", ["rw", "ro"], { flags: MS.RDONLY }],
  ["expands rbind to bind and recursion", ["rbind"], { flags: MS.BIND | MS.REC }],
  ["passes unknown words to the file system", ["size=64k", "mode=1777"], { data: "size=64k,mode=1777" }],
  ["is case-sensitive", ["RO"], { data: "RO" }],
  ["lets one access time rule replace another", ["noatime", "strictatime"], {
    flags: MS.STRICTATIME,
    cleared: MS.NOATIME | MS.RELATIME,
  }],
  ["knows what is taken away, and given back", ["suid", "dev", "nodev"], { flags: MS.NODEV, cleared: MS.NOSUID }],
  ["says that rnosuid and rdev hold below too", ["rnosuid", "rdev"], {
    attributes: { set: MOUNT_ATTR.NOSUID, clear: MOUNT_ATTR.NODEV },
  }],
  ["lets a later rsuid undo rnosuid", ["rnosuid", "rsuid"], { attributes: { set: 0, clear: MOUNT_ATTR.NOSUID } }],
  ["clears all access times below with the one that is set", ["rnoatime"], {
    attributes: { set: MOUNT_ATTR.NOATIME, clear: MOUNT_ATTR.ATIME },
  }],
  ["lets a later rrelatime undo rnoatime", ["rnoatime", "rrelatime"], {
    attributes: { set: 0, clear: MOUNT_ATTR.ATIME },
  }],
  ["tells idmap from ridmap", ["idmap", "ridmap"], { idmap: "recursive" }],
  ["takes tmpcopyup for itself", ["tmpcopyup", "mode=700"], { copyUp: true, data: "mode=700" }],
  ["keeps propagation out of the flags", ["nosuid", "rslave"], { flags: MS.NOSUID, propagation: "rslave" }],
  ["takes the last propagation", ["rshared", "private"], { propagation: "private" }],
  ["says that rro is recursive", ["rro"], { flags: MS.RDONLY, recursiveReadOnly: true, attributes: READ_ONLY }],
  ["lets a later ro undo the recursion of rro", ["rro", "ro"], { flags: MS.RDONLY, attributes: READ_ONLY }],
  ["keeps rro beside flags that have nothing to do with it", ["rro", "nodev"], {
    flags: MS.RDONLY | MS.NODEV,
    recursiveReadOnly: true,
    attributes: READ_ONLY,
  }],
  ["drops the word that mount(8) needs in fstab", ["defaults"], {}],
];
for (const [name, options, expected] of CASES) {
  Deno.test(`mountOptions() ${name}`, () => {
    const nothing: MountOptions = {
      flags: 0,
      data: "",
      propagation: null,
      recursiveReadOnly: false,
      cleared: 0,
      attributes: null,
      idmap: null,
      copyUp: false,
    };
    assertEquals(mountOptions(options), { ...nothing, ...expected });
  });
}

Deno.test("mountOptions() knows each word that MOUNT_OPTIONS lists as no file system's", () => {
  for (const option of MOUNT_OPTIONS) assertEquals(mountOptions([option]).data, "", option);
});
