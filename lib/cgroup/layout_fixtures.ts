/** Layouts of made-up hosts, for the tests in this folder and in spec/. */
import type { CgroupLayout } from "./layout.ts";

/** Root on a v2 host. */
export const V2_ROOT: CgroupLayout = {
  mode: "v2",
  v1: [],
  v2: {
    mountPoint: "/sys/fs/cgroup",
    own: "/sys/fs/cgroup/init.scope",
    base: "/sys/fs/cgroup",
    controllers: ["cpuset", "cpu", "io", "memory", "pids"],
    enabled: ["memory", "pids"],
    internalProcesses: false,
  },
  cpuset: null,
  swapAccounting: true,
  deviceControl: true,
};

/** Root on a hybrid host: every controller is in a v1 hierarchy of its own. */
export const HYBRID_ROOT: CgroupLayout = {
  mode: "hybrid",
  v1: ["cpu", "cpuset", "memory", "devices", "freezer", "pids", "name=systemd"].map((name) => ({
    controllers: [name],
    mountPoint: `/cg/${name}`,
    own: `/cg/${name}`,
    base: `/cg/${name}`,
  })),
  v2: {
    mountPoint: "/cg/unified",
    own: "/cg/unified",
    base: "/cg/unified",
    controllers: ["hugetlb"],
    enabled: [],
    internalProcesses: false,
  },
  cpuset: { cpus: "0-3", mems: "0" },
  swapAccounting: true,
  deviceControl: true,
};

/** An ordinary user to whom nothing was delegated. */
export const V2_ORDINARY: CgroupLayout = {
  ...V2_ROOT,
  v2: {
    mountPoint: "/sys/fs/cgroup",
    own: "/sys/fs/cgroup/user.slice",
    base: null,
    controllers: [],
    enabled: [],
    internalProcesses: false,
  },
  deviceControl: false,
};
