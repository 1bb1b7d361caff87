import { assertEquals } from "@std/assert";
import type { FileKind, FileStatus, ProcessReply } from "../core/wire.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER } from "../host/example_host.ts";
import type { HostTree } from "../host/facts.ts";
import { type MountEntry, parseMounts } from "../host/mounts.ts";
import { type HostPiece, hostRoot } from "./host_root.ts";
import type { HostUser } from "./host_tree.ts";

/** `POINT TYPE [OPTIONS]` each, all mounted on the first. */
function table(...mounts: string[]): MountEntry[] {
  const lines = mounts.map((mount, index) => {
    const [point, type, options = "rw"] = mount.split(" ");
    return `${index + 1} ${index === 0 ? 0 : 1} 8:${index} / ${point} ${options} - ${type} source rw`;
  });
  return parseMounts(lines.join("\n"));
}

function status(kind: FileKind, mode = 0o755, uid = 0): FileStatus {
  return { kind, device: 1, inode: 1, mtimeMs: 0, mode, uid, gid: uid, size: 0, major: 0, minor: 0 };
}

const DIRECTORY = status("directory");
const EMPTY: HostTree = { listings: {}, statuses: {}, links: {} };

function user(process: ProcessReply, home: string): HostUser {
  const directories = process.uid === 0
    ? { runtime: "/run/masu", data: "/var/lib/masu" }
    : { runtime: "/run/user/1000/masu", data: `${home}/.local/share/masu` };
  return { process, home, directories };
}

const ROOT = user(EXAMPLE_ROOT, "/root");
const ALICE = user(EXAMPLE_USER, "/home/alice");

/** A piece in a few words. */
function words(piece: HostPiece): string {
  switch (piece.kind) {
    case "overlay":
      return `overlay ${piece.path} ${piece.top.mode.toString(8)} ${piece.top.uid} ${piece.mountOptions.join(",")}`
        .trimEnd();
    case "bind":
      return `bind ${piece.file ? "file" : "directory"} ${piece.path} ${piece.mountOptions.join(",")}`.trimEnd();
    case "symlink":
      return `symlink ${piece.path} ${piece.target}`;
    case "directory":
    case "fresh":
      return `${piece.kind} ${piece.path} ${piece.mode.toString(8)}`;
    case "hidden":
      return `hidden ${piece.path}`;
  }
}

const OWN = ["fresh /run 755", "fresh /tmp 1777"];
const HIDDEN = ["hidden /home", "fresh /var/lib/masu 700"];

const AS_ROOT: [name: string, mounts: string[], tree: Partial<HostTree>, expected: string[]][] = [
  ["is one layer where there is one file system", ["/ ext4"], {}, []],
  ["adds a layer for each real file system, with its top's mode and owner", ["/ ext4", "/srv xfs rw,nosuid,nodev"], {
    statuses: { "/srv": status("directory", 0o2750, 33) },
  }, ["overlay /srv 750 33 nosuid,nodev"]],
  ["binds what overlayfs refuses", ["/ ext4", "/boot vfat", "/mnt nfs4 rw,nosuid", "/snap/x squashfs ro,nodev"], {}, [
    "bind directory /boot",
    "bind directory /mnt nosuid",
    "bind directory /snap/x nodev",
  ]],
  ["binds a file that has a mount of its own", ["/ ext4", "/etc/hosts ext4"], {
    statuses: { "/etc/hosts": status("file") },
  }, ["bind file /etc/hosts"]],
  [
    "leaves out what is the kernel's or in memory",
    ["/ ext4", "/proc proc", "/x tmpfs", "/y autofs", "/z cgroup2"],
    {},
    [],
  ],
  ["makes a mount point below a mount that is left out", ["/ ext4", "/x tmpfs", "/x/disk ext4"], {
    statuses: { "/x/disk": DIRECTORY },
  }, ["directory /x/disk 755", "overlay /x/disk 755 0"]],
  [
    "leaves out what lies in a fresh or a hidden directory",
    [
      "/ ext4",
      "/run/media/usb ext4",
      "/home/bob ext4",
      "/var/lib/masu ext4",
      "/tmp ext4",
    ],
    {},
    [],
  ],
  [
    "leaves out other engines' containers but not their disk",
    [
      "/ ext4",
      "/var/lib/docker ext4",
      "/var/lib/docker/overlay2/a/merged overlay",
    ],
    { statuses: { "/var/lib/docker": status("directory", 0o710) } },
    ["overlay /var/lib/docker 710 0"],
  ],
];
for (const [name, mounts, tree, expected] of AS_ROOT) {
  Deno.test(`hostRoot() as root ${name}`, () => {
    const { root, pieces } = hostRoot(table(...mounts), { ...EMPTY, ...tree }, ROOT);
    assertEquals(root, { mode: 0o755, uid: 0, gid: 0 });
    assertEquals(pieces.map(words), [...expected, ...OWN, ...HIDDEN]);
  });
}

const TREE: HostTree = {
  listings: {
    "/": [
      { name: "bin", kind: "symlink" },
      { name: "etc", kind: "directory" },
      { name: "home", kind: "directory" },
      { name: "root", kind: "directory" },
      { name: "secret", kind: "directory" },
      { name: "srv", kind: "directory" },
      { name: "swapfile", kind: "file" },
      { name: "tmp", kind: "directory" },
    ],
    "/srv": [
      { name: "disk", kind: "directory" },
      { name: "log", kind: "fifo" },
      { name: "mem", kind: "directory" },
      { name: "note", kind: "file" },
      { name: "www", kind: "directory" },
    ],
  },
  statuses: {
    "/etc": DIRECTORY,
    "/secret": status("directory", 0o700),
    "/srv": status("directory", 0o751),
    "/srv/disk": DIRECTORY,
    "/srv/mem": DIRECTORY,
    "/srv/www": status("directory", 0o1777),
    "/home/alice": status("directory", 0o700, 1000),
  },
  links: { "/bin": "usr/bin" },
};
const ALICES = ["fresh /run 755", "fresh /tmp 1777", "fresh /root 700", "hidden /home"];

Deno.test("hostRoot() as an ordinary user is a layer for each directory without mounts below", () => {
  const mounts = table("/ ext4", "/srv/disk ext4", "/srv/mem tmpfs", "/tmp tmpfs");
  const { root, pieces } = hostRoot(mounts, TREE, ALICE);
  assertEquals(root, "empty");
  assertEquals(pieces.map(words), [
    "symlink /bin usr/bin",
    "overlay /etc 755 0",
    "directory /secret 700",
    "directory /srv 751",
    "overlay /srv/disk 755 0",
    "directory /srv/mem 755",
    "bind file /srv/note",
    "overlay /srv/www 1777 0",
    ...ALICES,
    "overlay /home/alice 700 1000",
    "fresh /home/alice/.local/share/masu 700",
  ]);
});

Deno.test("hostRoot() as an ordinary user takes the own home apart where something is mounted in it", () => {
  const home = [{ name: "remote", kind: "directory" as const }, { name: "src", kind: "directory" as const }];
  const tree: HostTree = {
    listings: { "/": [], "/home/alice": home },
    statuses: { ...TREE.statuses, "/home/alice/remote": DIRECTORY, "/home/alice/src": DIRECTORY },
    links: {},
  };
  const { pieces } = hostRoot(table("/ ext4", "/home/alice/remote fuse.sshfs rw,nosuid,nodev"), tree, ALICE);
  assertEquals(pieces.map(words), [
    ...ALICES,
    "directory /home/alice 700",
    "bind directory /home/alice/remote nosuid,nodev",
    "overlay /home/alice/src 755 0",
    "fresh /home/alice/.local/share/masu 700",
  ]);
});

Deno.test("hostRoot() as root of another user namespace takes the tree apart too: its mounts are locked", () => {
  const { root } = hostRoot(table("/ ext4"), TREE, user({ ...EXAMPLE_ROOT, initialUserNamespace: false }, "/root"));
  assertEquals(root, "empty");
});

Deno.test("hostRoot() leaves a directory that cannot be listed empty", () => {
  const tree: HostTree = { ...TREE, listings: { ...TREE.listings, "/srv": null } };
  const { pieces } = hostRoot(table("/ ext4", "/srv/disk ext4"), tree, ALICE);
  assertEquals(pieces.map(words).filter((piece) => piece.includes("/srv")), ["directory /srv 751"]);
});
