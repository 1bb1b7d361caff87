/** Layouts of made-up hosts, for the tests in this folder and in spec/. */
import type { CgroupLayout, V1Hierarchy } from "./layout.ts";

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
  swapAccounting: true,
  deviceControl: true,
  ioWeight: "io.weight",
};

function hierarchy(name: string): V1Hierarchy {
  return { controllers: [name], mountPoint: `/cg/${name}`, own: `/cg/${name}`, base: `/cg/${name}` };
}

/** Root on a hybrid host: every controller is in a v1 hierarchy of its own. */
export const HYBRID_ROOT: CgroupLayout = {
  mode: "hybrid",
  v1: ["cpu", "cpuset", "memory", "devices", "freezer", "pids", "name=systemd"].map(hierarchy),
  v2: {
    mountPoint: "/cg/unified",
    own: "/cg/unified",
    base: "/cg/unified",
    controllers: ["hugetlb"],
    enabled: [],
    internalProcesses: false,
  },
  swapAccounting: true,
  deviceControl: true,
  kernelMemory: true,
  ioWeight: "blkio.bfq.weight",
};

/** Root on a v1 host with every controller. */
export const V1_ALL: CgroupLayout = {
  ...HYBRID_ROOT,
  mode: "v1",
  v1: [...HYBRID_ROOT.v1, ...["blkio", "hugetlb", "rdma", "net_cls", "net_prio"].map(hierarchy)],
  v2: null,
};

/** Root on a v2 host with every controller. */
export const V2_ALL: CgroupLayout = {
  ...V2_ROOT,
  v2: { ...V2_ROOT.v2!, controllers: ["cpuset", "cpu", "io", "memory", "pids", "hugetlb", "rdma", "misc"] },
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
