/** Pods and containers as Kubernetes makes them: crictl, containerd's CRI service, the runtime. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { exists } from "../host.ts";
import { type Containerd, criTest, fresh } from "./containerd.ts";
import { IMAGE } from "./image.ts";

/** Values of the CRI's NamespaceMode. */
const MODE = { pod: 0, container: 1, node: 2 } as const;
const HOST_NETWORK = { namespace_options: { network: MODE.node, pid: MODE.container, ipc: MODE.pod } };

interface Pod {
  readonly id: string;
  readonly config: string;
}

/** Runs a pod. `security`: its linux.security_context; `more`: other fields of its linux configuration. */
async function runPod(containerd: Containerd, security: object = HOST_NETWORK, more: object = {}): Promise<Pod> {
  const name = fresh();
  const config = await containerd.scratch.write(
    `${name}.json`,
    JSON.stringify({
      metadata: { name, namespace: "default", attempt: 1, uid: name },
      log_directory: await containerd.scratch.dir("logs"),
      linux: { cgroup_parent: "/masu-test", security_context: security, ...more },
    }),
  );
  return { id: await containerd.crictl("runp", "--runtime=masu", config), config };
}

/** Creates and starts a container in a pod. `linux`: its linux configuration; `more`: other fields. */
async function runContainer(
  containerd: Containerd,
  pod: Pod,
  script: string,
  linux: object = {},
  more: object = {},
): Promise<string> {
  const name = fresh();
  const config = {
    metadata: { name },
    image: { image: IMAGE },
    command: ["sh", "-c", script],
    log_path: `${name}.log`,
    linux,
    ...more,
  };
  const file = await containerd.scratch.write(`${name}.json`, JSON.stringify(config));
  const id = await containerd.crictl("create", pod.id, file, pod.config);
  await containerd.crictl("start", id);
  return id;
}

/** Ends a pod as Kubernetes does: with the network it was given. */
async function removePod(containerd: Containerd, pod: Pod): Promise<void> {
  await containerd.crictl("stopp", pod.id);
  await containerd.crictl("rmp", "--force", pod.id);
}

const script = (containerd: Containerd, id: string, words: string) =>
  containerd.crictl("exec", "--sync", id, "sh", "-c", words);

const WAIT = "trap 'exit 7' TERM; echo ready; sleep 1000 & wait";

criTest("a pod's container goes through its life", [], async (containerd) => {
  const pod = await runPod(containerd);
  const id = await runContainer(containerd, pod, WAIT);
  const inspect = async () => JSON.parse(await containerd.crictl("inspect", id));
  const running = await inspect();
  assertEquals(running.status.state, "CONTAINER_RUNNING");
  assert(exists(`/proc/${running.info.pid}`));
  await containerd.eventually(() => containerd.crictl("logs", id), /ready/);
  assertEquals(await script(containerd, id, "id -u; pwd"), "0\n/");
  const failing = await containerd.tryCrictl("exec", "--sync", id, "sh", "-c", "exit 9");
  assertNotEquals(failing.code, 0);
  assertMatch(failing.stderr, /exit(ed with)?( code)? 9|exit status: 9|non-zero exit code: 9/i, failing.transcript);
  const missing = await containerd.tryCrictl("exec", "--sync", id, "no-such-program");
  assertMatch(missing.stderr, /executable file not found in \$PATH/, missing.transcript);
  await containerd.crictl("stop", "--timeout=5", id);
  const stopped = await inspect();
  assertEquals([stopped.status.state, stopped.status.exitCode], ["CONTAINER_EXITED", 7]);
  await containerd.crictl("rm", id);
  await removePod(containerd, pod);
  assertEquals(await containerd.crictl("pods", "--quiet"), "");
});

criTest("a container's limits are set, counted and changed", ["cgroup1", "memory", "cpu"], async (containerd) => {
  const pod = await runPod(containerd);
  const resources = {
    memory_limit_in_bytes: 67108864,
    cpu_quota: 50000,
    cpu_period: 100000,
    cpu_shares: 512,
  };
  const id = await runContainer(containerd, pod, WAIT, { resources });
  const files = ["memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us", "cpu/cpu.shares"];
  const limits = () => script(containerd, id, `cd /sys/fs/cgroup; cat ${files.join(" ")}`);
  assertEquals(await limits(), "67108864\n50000\n512");
  await containerd.crictl("update", "--memory=134217728", "--cpu-quota=25000", id);
  assertEquals(await limits(), "134217728\n25000\n512");
  const stats = await containerd.eventually(() => containerd.crictl("stats", "--output=json", id), /workingSetBytes/);
  const [{ memory }] = JSON.parse(stats).stats;
  assert(Number(memory.workingSetBytes.value) > 0, stats);
  await removePod(containerd, pod);
});

/** [what, linux.security_context, script, expected, more of the container's configuration]. */
// deno-fmt-ignore
const SECURITY: readonly (readonly [string, object, string, string | RegExp, object?])[] = [
  ["run_as_user and its groups", { run_as_user: { value: 1000 }, run_as_group: { value: 50 }, supplemental_groups: [7] }, "id -u; id -g; id -G", "1000\n50\n50 7 29"],
  ["run_as_username", { run_as_username: "ada" }, "id -u", "1000"],
  ["readonly_rootfs", { readonly_rootfs: true }, "touch /x 2>&1; :", "touch: /x: Read-only file system"],
  ["privileges that are dropped and added", { capabilities: { drop_capabilities: ["ALL"], add_capabilities: ["CHOWN"] } }, "grep CapEff /proc/self/status | cut -f2", "0000000000000001"],
  ["no_new_privs", { no_new_privs: true }, "grep NoNewPrivs /proc/self/status | cut -f2", "1"],
  ["the runtime's seccomp profile", { seccomp: { profile_type: 0 } }, "grep ^Seccomp: /proc/self/status | cut -f2", "2"],
  ["no seccomp profile", { seccomp: { profile_type: 1 } }, "grep ^Seccomp: /proc/self/status | cut -f2", "0"],
  ["masked and read-only paths", { masked_paths: ["/etc/passwd"], readonly_paths: ["/proc/sys"] }, "wc -c </etc/passwd; echo x 2>&1 >/proc/sys/kernel/domainname; :", /^0\n.*Read-only file system$/],
  ["its own pid namespace", { namespace_options: { network: MODE.node, pid: MODE.container } }, "tr '\\0' ' ' </proc/1/cmdline", "sleep 1000"],
  ["the pod's pid namespace", { namespace_options: { network: MODE.node, pid: MODE.pod } }, "tr '\\0' ' ' </proc/1/cmdline", "sleep 1000000"],
  ["envs and a working directory", {}, "echo $A; pwd", "b\n/etc", { envs: [{ key: "A", value: "b" }], working_dir: "/etc" }],
];

criTest("a container's security context is what it gets", [], async (containerd) => {
  const pods = new Map<string, Pod>();
  for (const [name, security, words, expected, more] of SECURITY) {
    const options = { ...HOST_NETWORK, ...security };
    const { namespace_options } = options as typeof HOST_NETWORK;
    const key = JSON.stringify(namespace_options);
    const pod = pods.get(key) ?? await runPod(containerd, { namespace_options });
    pods.set(key, pod);
    const id = await runContainer(containerd, pod, "sleep 1000", { security_context: options }, more);
    const said = await script(containerd, id, words);
    if (typeof expected === "string") assertEquals(said, expected, name);
    else assertMatch(said, expected, name);
  }
  for (const pod of pods.values()) await removePod(containerd, pod);
});

criTest("mounts and devices of a container", [], async (containerd) => {
  const pod = await runPod(containerd);
  const data = await containerd.scratch.dir("data");
  const mounts = [
    { container_path: "/d", host_path: data },
    { container_path: "/ro", host_path: data, readonly: true },
  ];
  const devices = [{ container_path: "/dev/nought", host_path: "/dev/zero", permissions: "r" }];
  const id = await runContainer(containerd, pod, "sleep 1000", {}, { mounts, devices });
  assertEquals(
    await script(containerd, id, "touch /d/f /ro/x 2>&1; head -c 3 /dev/nought | wc -c"),
    "touch: /ro/x: Read-only file system\n3",
  );
  assert(exists(`${data}/f`));
  await removePod(containerd, pod);
});

criTest("a pod of CNI's network is one for all its containers", [], async (containerd) => {
  const network = {
    cniVersion: "0.4.0",
    name: "masu",
    plugins: [{
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipam: { type: "host-local", subnet: "10.89.0.0/24", dataDir: await containerd.scratch.dir("ipam") },
    }],
  };
  await containerd.scratch.dir("cni");
  await containerd.scratch.write("cni/10-masu.conflist", JSON.stringify(network));
  await containerd.eventually(() => containerd.crictl("info"), /"lastCNILoadStatus": "OK"/);
  const sysctls = { "net.ipv4.ip_unprivileged_port_start": "7" };
  const security = { namespace_options: { network: MODE.pod, pid: MODE.container, ipc: MODE.pod } };
  const pod = await runPod(containerd, security, { sysctls });
  const linux = { security_context: security };
  const one = await runContainer(containerd, pod, "sleep 1000", linux);
  const two = await runContainer(containerd, pod, "sleep 1000", linux);
  const words = "readlink /proc/self/ns/net; readlink /proc/self/ns/ipc";
  assertEquals(await script(containerd, one, words), await script(containerd, two, words));
  assertMatch(await script(containerd, one, "ip -o -4 addr show eth0"), /10\.89\.0\.\d+\/24/);
  assertEquals(await script(containerd, two, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "7");
  await removePod(containerd, pod);
});

criTest("a container that cannot be made says why, and leaves its pod as it is", [], async (containerd) => {
  const pod = await runPod(containerd);
  const config = { metadata: { name: "bad" }, image: { image: IMAGE }, command: ["no-such-program"] };
  const file = await containerd.scratch.write("bad.json", JSON.stringify(config));
  const id = await containerd.crictl("create", pod.id, file, pod.config);
  const started = await containerd.tryCrictl("start", id);
  assertNotEquals(started.code, 0);
  assertMatch(started.stderr, /executable file not found in \$PATH/, started.transcript);
  assertMatch(await containerd.crictl("inspectp", pod.id), /SANDBOX_READY/);
  await removePod(containerd, pod);
});

criTest("exec and attach by the stream that kubectl uses pass on what is written both ways", [], async (containerd) => {
  const pod = await runPod(containerd);
  const words = "while read line; do echo got $line; done";
  const id = await runContainer(containerd, pod, words, {}, { stdin: true });
  const executed = await containerd.tryCrictl("exec", "-i", id, "sh", "-c", "cat; echo error >&2; exit 9", {
    stdin: "one\ntwo\n",
  });
  assertEquals([executed.stdout, executed.code !== 0], ["one\ntwo\n", true], executed.transcript);
  assertMatch(executed.stderr, /^error\n[^]*exit code 9/m, executed.transcript);
  const attached = await containerd.spawnCrictl("attach", "-i", id);
  await attached.write("three\n");
  await attached.until(/got three/);
  await attached.closeStdin();
  await removePod(containerd, pod);
});

criTest("a container that is killed for its memory is said to be", ["memory"], async (containerd) => {
  const pod = await runPod(containerd);
  const resources = { memory_limit_in_bytes: 16 << 20, memory_swap_limit_in_bytes: 16 << 20 };
  const id = await runContainer(containerd, pod, "exec tail /dev/zero", { resources });
  const inspected = await containerd.eventually(() => containerd.crictl("inspect", id), /CONTAINER_EXITED/);
  const { status: { exitCode, reason } } = JSON.parse(inspected);
  assertEquals([exitCode, reason], [137, "OOMKilled"]);
  await removePod(containerd, pod);
});

criTest(
  "mounts of a privileged container go out where its volume says so, and the host's come in",
  [],
  async (containerd) => {
    const data = await containerd.scratch.dir("data/in");
    const security = { ...HOST_NETWORK, privileged: true };
    const pod = await runPod(containerd, security);
    const path = data.replace(/\/in$/, "");
    const volume = (container_path: string, propagation: number) => ({ container_path, host_path: path, propagation });
    // PROPAGATION_PRIVATE, _HOST_TO_CONTAINER, _BIDIRECTIONAL
    const mounts = [volume("/private", 0), volume("/slave", 1), volume("/shared", 2)];
    const id = await runContainer(containerd, pod, "sleep 1000", { security_context: security }, { mounts });
    const outside = await containerd.shell(`mount -t tmpfs outside ${data}`);
    assertEquals(outside.code, 0, outside.transcript);
    const words =
      "for name in private slave shared; do mkdir -p /$name/$name && mount -t tmpfs from-$name /$name/$name; done";
    await script(containerd, id, words);
    const seen = await script(containerd, id, "grep ' outside ' /proc/self/mountinfo | cut -d' ' -f5");
    assertEquals(seen.split("\n").sort(), ["/shared/in", "/slave/in"]);
    const found = await containerd.shell("grep -o ' from-[a-z]* ' /proc/self/mountinfo | sort -u");
    assertEquals(found.stdout, " from-shared \n", found.transcript);
    await removePod(containerd, pod);
  },
);
