/** Registers tests that need something of the host, and says why when they cannot run there. */
import { exists, read, succeeds, TEST_USER, testUser } from "./host.ts";
import { Scratch } from "./scratch.ts";
import { hasMachine } from "./vm/machine.ts";

/** The tool that drives an engine as Kubernetes does: where `.ci/run` builds it, or the one in PATH. */
export const CRICTL = [new URL("../build/tools/crictl", import.meta.url).pathname].find(exists) ?? "crictl";

/** What a test can need. Each probe tries the thing itself and never asks for uid 0. */
const PROBES = {
  userns: () => succeeds("unshare", "--user", "--map-root-user", "true"),
  mount: () => succeeds("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"),
  netns: () => succeeds("unshare", "--net", "true"),
  pidns: () => succeeds("unshare", "--pid", "--fork", "true"),
  timens: () => succeeds("unshare", "--time", "--monotonic", "1", "true"),
  overlay: () =>
    succeeds(
      "unshare",
      "--mount",
      "sh",
      "-ec",
      "mount -t tmpfs none /mnt && cd /mnt && mkdir l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w none m",
    ),
  cgroup1: () => exists("/sys/fs/cgroup/pids/tasks") || exists("/sys/fs/cgroup/memory/tasks"),
  cgroup2: () => (read("/sys/fs/cgroup/cgroup.controllers") ?? "").includes("memory"),
  /** Control groups that limit memory, or CPU time; some that can be made. */
  memory: () => hasController("memory"),
  cpu: () => hasController("cpu"),
  cgroups: () => hasController("pids"),
  /** The temporary directory is on a block device. */
  blockdev: () => succeeds("sh", "-c", `test -b "$(df --output=source "\${TMPDIR:-/tmp}" | tail -n 1)"`),
  /** v2 limits huge pages, also beside v1. */
  hugetlb2: () =>
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].some((top) =>
      (read(`${top}/cgroup.controllers`) ?? "").includes("hugetlb")
    ) &&
    exists("/sys/kernel/mm/hugepages/hugepages-2048kB"),
  hugepages: () => Number(read("/proc/sys/vm/nr_hugepages") ?? 0) >= 4,
  /** A virtual machine of Debian's kernel, on an emulated processor. */
  vm: hasMachine,
  perf: () => canMountV1("perf_event") && succeeds("perf", "--version"),
  netcls: () => canMountV1("net_cls") && succeeds("nft", "--version"),
  /** CAP_SYS_RESOURCE: limits and the OOM killer's preference may go past the caller's own. */
  resource: () => succeeds("choom", "--adjust", "-1", "--", "true"),
  /** An ordinary user who may make user namespaces. */
  user: () =>
    testUser() !== null && succeeds("setpriv", ...asTestUser(), "unshare", "--user", "--map-root-user", "true"),
  /** The ordinary user has subordinate ids and the tools that map them. */
  subuid: () =>
    testUser() !== null && (read("/etc/subuid") ?? "").includes(`${TEST_USER}:`) &&
    succeeds("sh", "-c", "command -v newuidmap"),
  busybox: () => succeeds("sh", "-c", "command -v busybox && ! ldd $(command -v busybox)"),
  mmdebstrap: () => succeeds("mmdebstrap", "--version"),
  tmux: () => succeeds("tmux", "-V"),
  script: () => succeeds("script", "--version"),
  strace: () => succeeds("strace", "-o", "/dev/null", "true"),
  bwrap: () => succeeds("bwrap", "--ro-bind", "/", "/", "true"),
  crun: () => succeeds("crun", "--version"),
  runc: () => succeeds("runc", "--version"),
  podman: () => succeeds("podman", "--version") && succeeds("conmon", "--version"),
  netavark: () => exists("/usr/lib/podman/netavark") || exists("/usr/libexec/podman/netavark"),
  /** Podman's `--init`. */
  catatonit: () => succeeds("catatonit", "--version"),
  slirp4netns: () => succeeds("slirp4netns", "--version") && exists("/dev/net/tun"),
  docker: () => succeeds("dockerd", "--version") && succeeds("docker", "--version"),
  containerd: () => succeeds("containerd", "--version") && succeeds("ctr", "--version"),
  crictl: () => succeeds(CRICTL, "--version"),
  cni: () => exists("/usr/lib/cni/loopback"),
  capsh: () => succeeds("capsh", "--print"),
  jq: () => succeeds("jq", "--version"),
  /** procps's, which knows more than busybox's. */
  ps: () => succeeds("ps", "--version"),
  python3: () => succeeds("python3", "--version"),
  cc: () => succeeds("cc", "--version"),
  cargo: () => succeeds("cargo", "--version"),
  libseccomp: () => loads("libseccomp.so.2"),
} as const satisfies Record<string, () => boolean>;

/** What a test can need of the host. */
export type Need = keyof typeof PROBES;

/** Words of a document as needs. Throws for one that is none. */
export function needsOf(words: readonly string[]): Need[] {
  return words.map((word) => {
    if (!(word in PROBES)) throw new Error(`"${word}" is nothing that a test can need`);
    return word as Need;
  });
}

const MUST_RUN: ReadonlySet<string> = new Set((Deno.env.get("MASU_TESTS_MUST_RUN") ?? "").split(",").filter(Boolean));
const found = new Map<Need, boolean>();

for (const name of MUST_RUN) {
  if (!(name in PROBES)) {
    throw new Error(`MASU_TESTS_MUST_RUN names "${name}"; known are ${Object.keys(PROBES).join(", ")}`);
  }
}

/** True when this host has it. Asked once. */
export function has(need: Need): boolean {
  const known = found.get(need);
  if (known !== undefined) return known;
  const answer = PROBES[need]();
  found.set(need, answer);
  return answer;
}

/**
 * Registers a test that needs the real kernel.
 *
 * On a host without one of `needs` it is skipped and its name says why; MASU_TESTS_MUST_RUN=name,name makes that a failure.
 * What the test leaves behind on the host fails it.
 */
export function kernelTest(name: string, needs: readonly Need[], fn: (scratch: Scratch) => Promise<void>): void {
  const missing = needs.filter((need) => !has(need));
  const demanded = missing.filter((need) => MUST_RUN.has(need));
  if (demanded.length > 0) {
    Deno.test(name, () => {
      throw new Error(`MASU_TESTS_MUST_RUN demands ${demanded.join(", ")}, this host lacks it`);
    });
  } else if (missing.length > 0) {
    Deno.test({ name: `${name} [skipped: no ${missing.join(", ")}]`, ignore: true, fn() {} });
  } else {
    Deno.test(name, () => withScratch(fn));
  }
}

/** Runs a test in a place of its own. Says both when it failed and left something behind. */
async function withScratch(fn: (scratch: Scratch) => Promise<void>): Promise<void> {
  try {
    await using scratch = await Scratch.create();
    try {
      await fn(scratch);
    } catch (error) {
      throw await scratch.explain(error);
    }
  } catch (error) {
    if (!(error instanceof SuppressedError)) throw error;
    throw new Error(`${error.suppressed?.message}\n\n${error.error?.message}`, { cause: error });
  }
}

/** Registers a test of the program as a person types it, that needs nothing of the host. */
export function cliTest(name: string, fn: (scratch: Scratch) => Promise<void>): void {
  kernelTest(name, [], fn);
}

function hasController(name: string): boolean {
  const v2 = read("/sys/fs/cgroup/cgroup.controllers") ?? "";
  return exists(`/sys/fs/cgroup/${name}/tasks`) || v2.split(/\s+/).includes(name);
}

/** A v1 hierarchy of this controller can be mounted, in a mount namespace that ends with it. */
function canMountV1(controller: string): boolean {
  return succeeds("unshare", "--mount", "mount", "-t", "cgroup", "-o", controller, "cgroup", "/mnt") ||
    succeeds("unshare", "--mount", "mount", "-t", "cgroup", "-o", "net_cls,net_prio", "cgroup", "/mnt");
}

function loads(library: string): boolean {
  try {
    Deno.dlopen(library, {}).close();
    return true;
  } catch {
    return false;
  }
}

function asTestUser(): string[] {
  const user = testUser();
  return user === null ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
}
