import { assertEquals } from "@std/assert";
import type { FileStatus, Look, Seen } from "../core/wire.ts";
import { parseMounts } from "../host/mounts.ts";
import { type CgroupLayout, cgroupLayout, type CgroupUser, layoutLooks, mountedHierarchies } from "./layout.ts";

const ROOT: CgroupUser = {
  uid: 0,
  gid: 0,
  groups: [],
  capabilities: ["CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"],
  initialUserNamespace: true,
};
const ORDINARY: CgroupUser = { uid: 1000, gid: 1000, groups: [], capabilities: [], initialUserNamespace: true };

/** Files of a made-up host: their text, or their owner and mode. */
interface Host {
  readonly mounts: string;
  readonly own: string;
  readonly files: Readonly<Record<string, string | { uid: number; mode: number }>>;
}

function layoutOf({ mounts, own, files }: Host, user: CgroupUser): CgroupLayout {
  const mounted = mountedHierarchies(parseMounts(mounts), own);
  return cgroupLayout(mounted, layoutLooks(mounted).map((look) => answer(files, look)), user);
}

function answer(files: Host["files"], { path, want }: Look): Seen {
  const file = files[path];
  const nothing = { errno: null, status: null, text: null, entries: null, magic: null };
  if (file === undefined) return { ...nothing, errno: 2 };
  if (typeof file === "string") return { ...nothing, status: status(0, 0o644), text: want === "text" ? file : null };
  return { ...nothing, status: status(file.uid, file.mode) };
}

function status(uid: number, mode: number): FileStatus {
  const none = { device: 1, inode: 1, mtimeMs: 0, size: 0, major: 0, minor: 0 };
  return { ...none, kind: "file", mode, uid, gid: uid };
}

const UNIFIED: Host = {
  mounts: "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate",
  own: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope\n",
  files: {
    "/proc/swaps": "Filename Type Size Used Priority\n",
    "/sys/fs/cgroup": { uid: 0, mode: 0o555 },
    "/sys/fs/cgroup/cgroup.procs": "1\n2\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
    "/sys/fs/cgroup/cgroup.subtree_control": "memory pids\n",
    "/sys/fs/cgroup/user.slice": { uid: 0, mode: 0o755 },
    "/sys/fs/cgroup/user.slice/user-1000.slice": { uid: 0, mode: 0o755 },
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service": { uid: 1000, mode: 0o755 },
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.procs": { uid: 1000, mode: 0o644 },
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.type": "domain\n",
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers": "cpu memory pids\n",
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.subtree_control": "pids\n",
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice": { uid: 1000, mode: 0o755 },
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/cgroup.procs": { uid: 1000, mode: 0o644 },
  },
};

const HYBRID: Host = {
  mounts: [
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
    "33 31 0:30 / /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory",
    "34 31 0:31 /lxc/c1 /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset",
    "35 31 0:32 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd",
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
  ].join("\n"),
  own: "9:name=systemd:/init.scope\n4:memory:/\n3:cpuset:/lxc/c1/inner\n2:cpu,cpuacct:/../outside\n5:pids:/\n0::/\n",
  files: {
    "/sys/fs/cgroup/cpu,cpuacct": { uid: 0, mode: 0o555 },
    "/sys/fs/cgroup/memory": { uid: 0, mode: 0o555 },
    "/sys/fs/cgroup/cpuset": { uid: 0, mode: 0o555 },
    "/sys/fs/cgroup/cpuset/cpuset.cpus": "0-3\n",
    "/sys/fs/cgroup/cpuset/cpuset.mems": "0\n",
    "/sys/fs/cgroup/systemd": { uid: 0, mode: 0o555 },
    "/sys/fs/cgroup/unified": { uid: 0, mode: 0o555 },
    "/sys/fs/cgroup/unified/cgroup.procs": "1\n",
    "/sys/fs/cgroup/unified/cgroup.controllers": "hugetlb\n",
    "/sys/fs/cgroup/unified/cgroup.subtree_control": "\n",
  },
};

Deno.test("cgroupLayout() gives root the real root of a v2 host, whatever processes are in it", () => {
  assertEquals(layoutOf(UNIFIED, ROOT), {
    mode: "v2",
    v1: [],
    v2: {
      mountPoint: "/sys/fs/cgroup",
      own: "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope",
      base: "/sys/fs/cgroup",
      controllers: ["cpuset", "cpu", "io", "memory", "pids"],
      enabled: ["memory", "pids"],
      internalProcesses: false,
    },
    swapAccounting: true,
    deviceControl: true,
    ioWeight: null,
  });
});

Deno.test("cgroupLayout() gives an ordinary user the topmost cgroup that was delegated", () => {
  const { v2, deviceControl } = layoutOf(UNIFIED, ORDINARY);
  assertEquals(v2?.base, "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service");
  assertEquals(v2?.controllers, ["cpu", "memory", "pids"]);
  assertEquals(v2?.internalProcesses, false);
  assertEquals(deviceControl, false);
});

Deno.test("cgroupLayout() sees processes that keep a delegated cgroup from enabling controllers", () => {
  const base = "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service";
  const mounted = mountedHierarchies(parseMounts(UNIFIED.mounts), UNIFIED.own);
  const seen = layoutLooks(mounted).map((look) =>
    look.path === `${base}/cgroup.procs` && look.want === "text"
      ? answer({ [look.path]: "42\n" }, look)
      : answer(UNIFIED.files, look)
  );
  assertEquals(cgroupLayout(mounted, seen, ORDINARY).v2?.internalProcesses, true);
});

Deno.test("cgroupLayout() gives an ordinary user nothing where nothing was delegated", () => {
  assertEquals(layoutOf({ ...UNIFIED, own: "0::/user.slice/user-1000.slice\n" }, ORDINARY).v2?.base, null);
  assertEquals(layoutOf(HYBRID, ORDINARY).v1.map(({ base }) => base), [null, null, null, null]);
});

Deno.test("cgroupLayout() finds v1 hierarchies by controller, read-only ones, and those outside of this namespace", () => {
  const { mode, v1, v2, swapAccounting } = layoutOf(HYBRID, ROOT);
  assertEquals(mode, "hybrid");
  assertEquals(v1, [
    {
      controllers: ["name=systemd"],
      mountPoint: "/sys/fs/cgroup/systemd",
      own: "/sys/fs/cgroup/systemd/init.scope",
      base: "/sys/fs/cgroup/systemd",
    },
    {
      controllers: ["memory"],
      mountPoint: "/sys/fs/cgroup/memory",
      own: "/sys/fs/cgroup/memory",
      base: null, // mounted read-only
    },
    {
      controllers: ["cpuset"],
      mountPoint: "/sys/fs/cgroup/cpuset",
      own: "/sys/fs/cgroup/cpuset/inner",
      base: "/sys/fs/cgroup/cpuset",
    },
    {
      controllers: ["cpu", "cpuacct"],
      mountPoint: "/sys/fs/cgroup/cpu,cpuacct",
      own: "/sys/fs/cgroup/cpu,cpuacct",
      base: "/sys/fs/cgroup/cpu,cpuacct",
    },
  ]);
  assertEquals(v2?.base, "/sys/fs/cgroup/unified");
  assertEquals(swapAccounting, false);
});

Deno.test("cgroupLayout() says so when no hierarchy is mounted", () => {
  assertEquals(layoutOf({ mounts: "", own: "0::/\n", files: {} }, ROOT).mode, "none");
});

Deno.test("cgroupLayout() believes no capability that only counts in a user namespace", () => {
  assertEquals(layoutOf(UNIFIED, { ...ROOT, initialUserNamespace: false }).deviceControl, false);
});
