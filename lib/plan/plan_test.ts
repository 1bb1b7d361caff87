/**
 * Whole plans of typical containers, as documents in `plans/`. What changes there is what changes for everybody: read the
 * difference before it is accepted with MASU_ACCEPT_PLANS=1.
 */
import { assertEquals } from "@std/assert";
import type { RunConfig } from "../config/run_config.ts";
import type { ProcessReply } from "../core/wire.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER, type ExampleFile, exampleHost } from "../host/example_host.ts";
import { examplePlan, planText } from "./example_plan.ts";

/** One container of the example machine. */
interface Case {
  readonly name: string;
  readonly process?: ProcessReply;
  readonly files?: Readonly<Record<string, ExampleFile | null>>;
  readonly config?: Partial<RunConfig>;
}

const ROOTFS = { kind: "directory", path: "/srv/alpine", copyOnWrite: false } as const;
const IMAGE = { ...ROOTFS, copyOnWrite: true };
const ALPINE: Readonly<Record<string, ExampleFile>> = {
  "/srv/alpine": { kind: "directory", mode: 0o755 },
  "/srv/alpine/proc": { kind: "directory", mode: 0o755 },
  "/srv/alpine/etc": { kind: "directory", mode: 0o755 },
  "/srv/alpine/etc/passwd": { text: "root:x:0:0:root:/root:/bin/sh\nweb:x:100:101::/srv:/bin/sh\n" },
  "/srv/alpine/etc/group": { text: "root:x:0:\nweb:x:101:\nlog:x:102:web\n" },
};
const NO_SUBIDS = { "/etc/subuid": null, "/etc/subgid": null };
const RUNNING: Readonly<Record<string, ExampleFile>> = {
  "/var/lib/masu/names/db": { kind: "symlink", target: "../containers/0123456789ab" },
  "/run/masu/containers/0123456789ab/state.json": {
    text: '{"id": "0123456789ab", "pid": 5000, "masu": {"start": 777}}',
  },
  "/proc/5000/stat": { text: `5000 (post gres) S ${Array(18).fill("1").join(" ")} 777 1\n` },
};

const CASES: readonly Case[] = [
  { name: "root_host" },
  { name: "root_directory", files: ALPINE, config: { image: IMAGE, user: "web", workingDirectory: "/srv" } },
  { name: "root_rootfs", files: ALPINE, config: { image: ROOTFS } },
  { name: "root_private_userns", files: ALPINE, config: { image: IMAGE, userns: { kind: "private" } } },
  { name: "root_privileged", files: ALPINE, config: { image: IMAGE, privileged: true } },
  {
    name: "root_host_namespaces",
    files: { ...ALPINE, "/dev/shm": { kind: "directory", mode: 0o1777 } },
    config: {
      image: IMAGE,
      pid: { kind: "host" },
      ipc: { kind: "host" },
      uts: { kind: "host" },
      network: { kind: "host" },
      cgroupns: { kind: "host" },
    },
  },
  {
    name: "root_joins_container",
    files: { ...ALPINE, ...RUNNING },
    config: {
      image: IMAGE,
      pid: { kind: "container", container: "db" },
      network: { kind: "container", container: "0123456789ab" },
    },
  },
  { name: "root_read_only_host", config: { readOnly: true } },
  {
    name: "root_everything",
    files: { ...ALPINE, "/srv/www": { kind: "directory", mode: 0o755 }, "/etc/motd": { text: "" } },
    config: {
      image: IMAGE,
      name: "web",
      terminal: true,
      hostname: "front",
      domainname: "example.org",
      cidfile: "/tmp/cid",
      pidfile: "/tmp/pid",
      mounts: [
        volume("/srv/new", "/data/new", { createSource: true }),
        volume("/srv/www", "/data", { readOnly: true, propagation: "rslave" }),
        volume("/etc/motd", "/etc/motd", { recursive: false }),
        { kind: "tmpfs", destination: "/cache", options: ["size=1m", "exec"] },
      ],
      devices: [{ source: "/dev/net/tun", destination: "/dev/net/tun", access: "rwm" }],
      ulimits: [{ name: "core", soft: 0, hard: -1 }],
      sysctls: [["net.core.somaxconn", "100"]],
      timeOffsets: [{ clock: "boottime", seconds: -5, nanoseconds: 500_000_000 }],
      labels: [["${id}", "a ${pid}"]],
      capAdd: ["CAP_NET_ADMIN"],
      noNewPrivileges: false,
      oomScoreAdj: -500,
      init: true,
      preserveFds: 2,
      resources: { memory: 64 << 20, cpus: 0.5 },
    },
  },
  {
    name: "root_lasting",
    files: ALPINE,
    config: { image: IMAGE, lasting: true, name: "web", cidfile: "/tmp/cid", pidfile: "/tmp/pid", stopTimeout: -1 },
  },
  { name: "root_lasting_removed", files: ALPINE, config: { image: IMAGE, lasting: true, remove: true } },
  { name: "user_lasting_removed", process: EXAMPLE_USER, config: { lasting: true, remove: true } },
  { name: "user_host", process: EXAMPLE_USER },
  { name: "user_single_id", process: EXAMPLE_USER, files: { ...ALPINE, ...NO_SUBIDS }, config: { image: IMAGE } },
  {
    name: "user_rootfs_host_network",
    process: EXAMPLE_USER,
    files: ALPINE,
    config: { image: ROOTFS, network: { kind: "host" } },
  },
];

function volume(
  source: string,
  destination: string,
  options: Partial<RunConfig["mounts"][number]>,
): RunConfig["mounts"][number] {
  return {
    kind: "bind",
    source,
    destination,
    readOnly: false,
    recursiveReadOnly: false,
    recursive: true,
    createSource: false,
    options: [],
    ...options,
  } as RunConfig["mounts"][number];
}

for (const { name, process = EXAMPLE_ROOT, files = {}, config = {} } of CASES) {
  Deno.test(`planOf() makes the plan ${name}`, async () => {
    const document = planText(examplePlan(exampleHost(process, files), config));
    const path = new URL(`./plans/${name}.plan`, import.meta.url);
    if (Deno.env.get("MASU_ACCEPT_PLANS") === "1") await Deno.writeTextFile(path, document);
    assertEquals(document, await Deno.readTextFile(path));
  });
}
