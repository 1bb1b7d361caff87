/**
 * Machines on which bundles are planned: with cgroup v2, and with all of v1's controllers.
 *
 * @module
 */
import type { Look, Plan } from "../../lib/core/wire.ts";
import { EXAMPLE_MOUNTS, EXAMPLE_ROOT, type ExampleFiles, exampleHost } from "../../lib/host/example_host.ts";
import { gatherBundleFacts } from "../../lib/host/bundle_facts.ts";
import { fillBlanks } from "../../lib/plan/blank.ts";
import { bundlePlan } from "../../lib/plan/bundle.ts";
import { type BundleForm, formWithoutBlanks } from "../../lib/plan/bundle_form.ts";
import { absoluteSpec } from "../../lib/spec/bundle_spec.ts";
import { parseBundleSpec } from "../../lib/spec/document/spec.ts";

/** What a machine keeps its control groups with. */
export type Machine = "v1" | "v2";

/** Where the bundle is. */
export const BUNDLE = "/srv/bundle";
const RESCTRL = "60 24 0:60 / /sys/fs/resctrl rw,relatime - resctrl resctrl rw\n";
const CONTROLLERS = [
  "cpu,cpuacct",
  "cpuset",
  "memory",
  "pids",
  "blkio",
  "devices",
  "freezer",
  "hugetlb",
  "net_cls,net_prio",
  "rdma",
];

/** From 5.16 on a limit of the kernel's own memory is refused. */
const RELEASES: Readonly<Record<Machine, string>> = { v1: "5.10.0", v2: "6.12.9" };

const directory = { kind: "directory", mode: 0o755 } as const;

const BUNDLE_FILES: ExampleFiles = {
  [BUNDLE]: directory,
  [`${BUNDLE}/rootfs`]: directory,
  "/srv/data": directory,
  "/sys/fs/resctrl": directory,
};

/** All of v1's hierarchies, mounted in a tmpfs as systemd used to. */
function v1Files(): ExampleFiles {
  const own = CONTROLLERS.map((name, index) => `${index + 2}:${name}:/\n`).join("");
  const mounts = CONTROLLERS.map((name, index) =>
    `${40 + index} 28 0:${70 + index} / /sys/fs/cgroup/${name} rw - cgroup cgroup rw,${name}\n`
  );
  const others = EXAMPLE_MOUNTS.replace("cgroup2 cgroup2 rw", "tmpfs tmpfs rw,mode=755");
  return {
    "/proc/self/cgroup": { text: own },
    "/proc/self/mountinfo": { text: others + mounts.join("") + RESCTRL },
    ...Object.fromEntries(CONTROLLERS.map((name) => [`/sys/fs/cgroup/${name}`, directory])),
    "/sys/fs/cgroup/cpuset/cpuset.cpus": { text: "0-3\n" },
    "/sys/fs/cgroup/cpuset/cpuset.mems": { text: "0\n" },
    "/sys/fs/cgroup/memory/memory.kmem.limit_in_bytes": { text: "9223372036854771712\n" },
    "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes": { text: "9223372036854771712\n" },
    "/sys/fs/cgroup/blkio/blkio.weight": { text: "500\n" },
  };
}

function v2Files(): ExampleFiles {
  const controllers = { text: "cpuset cpu io memory hugetlb pids rdma misc\n" };
  return {
    "/proc/self/mountinfo": { text: EXAMPLE_MOUNTS + RESCTRL },
    "/sys/fs/cgroup/cgroup.controllers": controllers,
    "/sys/fs/cgroup/system.slice/ssh.service/io.weight": { text: "default 100\n" },
  };
}

/** The plan of a document on a machine. Errors: those of the reader and of the plan. */
export function planOn(machine: Machine, text: string): Plan {
  return planForm(machine, formWithoutBlanks(parseBundleSpec("config.json", text).spec, BUNDLE));
}

/** The same of a form. `files`: what the machine has besides. */
export function planForm(machine: Machine, { spec, bundle, values }: BundleForm, files: ExampleFiles = {}): Plan {
  const absolute = absoluteSpec(spec, bundle);
  const host = exampleHost({ ...EXAMPLE_ROOT, release: RELEASES[machine] }, {
    ...BUNDLE_FILES,
    ...(machine === "v1" ? v1Files() : v2Files()),
    ...files,
  });
  const filled = { ...host, observe: (looks: readonly Look[]) => host.observe(fillBlanks(looks, { text: values })) };
  const facts = gatherBundleFacts(filled, {
    spec: absolute,
    global: { cgroupManager: "cgroupfs" },
    environment: { HOME: "/root" },
  });
  const wishes = {
    bundle,
    life: "created",
    kept: true,
    preserveFds: 0,
    keyring: true,
    notify: false,
    pivot: true,
  } as const;
  return bundlePlan(absolute, wishes, facts).plan;
}
