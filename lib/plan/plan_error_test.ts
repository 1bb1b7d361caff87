/**
 * What a person asked for and cannot have: refused before anything is touched, by name.
 */
import { assertEquals, assertThrows } from "@std/assert";
import type { MountConfig, RunConfig } from "../config/run_config.ts";
import type { ErrorCode, ProcessReply } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { EXAMPLE_MOUNTS, EXAMPLE_ROOT, EXAMPLE_USER, type ExampleFile, exampleHost } from "../host/example_host.ts";
import { examplePlan } from "./example_plan.ts";

interface Case {
  readonly name: string;
  readonly config: Partial<RunConfig>;
  readonly process?: ProcessReply;
  readonly files?: Readonly<Record<string, ExampleFile | null>>;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

function bind(source: string, createSource = false, options: string[] = []): MountConfig {
  const flags = { readOnly: false, recursiveReadOnly: false, recursive: true };
  return { kind: "bind", source, destination: "/data", createSource, options, ...flags };
}

const NFS = EXAMPLE_MOUNTS.replace("ext4 /dev/sda1", "nfs4 nas:/root").replaceAll("tmpfs tmpfs", "ramfs ramfs");

const CASES: readonly Case[] = [
  {
    name: "a name that is taken",
    config: { name: "web" },
    files: { "/var/lib/masu/names/web": { kind: "symlink", target: "../containers/0123" } },
    code: "already_exists",
    message: 'Use name "web" (--name): container "0123" has it',
    hint: "choose another name, or remove that container: masu delete --force web",
  },
  {
    name: "a cidfile that is there",
    config: { cidfile: "cid" },
    files: { "/root/cid": { text: "" } },
    code: "already_exists",
    message: 'Write the container\'s ID to "cid" (--cidfile): this file is there',
    hint: "it may belong to a running container: remove it, or name another file",
  },
  {
    name: "a source of --mount that is missing",
    config: { mounts: [bind("/nowhere")] },
    code: "not_found",
    message: 'Mount "/nowhere" on "/data": there is no such file or directory',
    hint: "make it, or use --volume, which makes missing directories",
  },
  {
    name: "two mounts at one place",
    config: { mounts: [bind("/srv/www"), { kind: "tmpfs", destination: "/data", options: [] }] },
    code: "invalid_config",
    message: 'Mount on "/data": two mounts have this destination',
    hint: "look at --tmpfs, --volume and --mount",
  },
  {
    name: "an option that a bind mount does not have",
    config: { mounts: [bind("/srv/www", false, ["size=1m"])] },
    code: "invalid_config",
    message: 'Mount "/srv/www" on "/data": a bind mount has no option "size=1m"',
    hint: undefined,
  },
  {
    name: "a container that is not there",
    config: { network: { kind: "container", container: "db" } },
    code: "not_found",
    message: 'Find container "db": no such container',
    hint: "masu list --all shows this user's containers",
  },
  {
    name: "a container whose process is another one by now",
    config: { network: { kind: "container", container: "db" } },
    files: {
      "/run/masu/containers/db/state.json": { text: '{"id": "db", "pid": 5000, "masu": {"start": 777}}' },
      "/proc/5000/stat": { text: `5000 (sh) S ${Array(18).fill("1").join(" ")} 778 1\n` },
    },
    code: "not_found",
    message: 'Join the namespaces of container "db": it is not running',
    hint: undefined,
  },
  {
    name: "the host's user namespace for an ordinary user",
    config: { userns: { kind: "host" } },
    process: EXAMPLE_USER,
    code: "denied",
    message: "Run without a user namespace (--userns host): only root may",
    hint: "leave --userns out: a user namespace makes this user root of the container",
  },
  {
    name: "upper directories where no file system can hold them",
    config: {},
    files: { "/proc/self/mountinfo": { text: NFS.replace("ramfs ramfs", "9p share") } },
    code: "kernel_lacks",
    message:
      'Keep what the container writes in "/var/lib/masu": overlayfs cannot write to a file system of type "nfs4"',
    hint: "name a directory on a disk or a tmpfs with --root DIR, or use --rootfs DIR",
  },
];

for (const { name, config, process = EXAMPLE_ROOT, files = {}, code, message, hint } of CASES) {
  Deno.test(`planOf() refuses ${name}`, () => {
    const error = assertThrows(() => examplePlan(exampleHost(process, files), config), MasuError);
    assertEquals([error.code, error.message, error.hint], [code, message, hint]);
  });
}

Deno.test("planOf() keeps upper directories in the runtime directory where the data directory cannot hold them", () => {
  const mounts = EXAMPLE_MOUNTS.replace("ext4 /dev/sda1", "overlay overlay");
  const plan = examplePlan(exampleHost(EXAMPLE_ROOT, { "/proc/self/mountinfo": { text: mounts } }));
  const made = plan.create.flatMap((step) => step.kind === "make_directory" ? [step.path] : []);
  assertEquals(made.includes("/run/masu/layers/${id}/upper"), true, made.join("\n"));
  assertEquals(plan.delete.map((step) => step.kind === "remove_tree" && step.path), [
    "/run/masu/layers/${id}",
  ]);
});

Deno.test("planOf() takes no text of a person's or the host's for a blank", () => {
  const mounts = [{ ...bind("/srv/${pid}"), destination: "/${id}" } as MountConfig];
  const files = { "/srv/${pid}": { kind: "directory" as const }, "/etc/resolv.conf": { text: "# ${arguments}\n" } };
  const plan = examplePlan(exampleHost(EXAMPLE_ROOT, files), { mounts, environment: ["A=${start}"] });
  const bound = plan.inside.find((step) => step.kind === "bind" && step.destination === "/$${id}");
  assertEquals(bound?.kind === "bind" && [bound.source, bound.create], ["/srv/$${pid}", "directory"]);
  const resolvConf = plan.before.find((step) => step.kind === "write_file" && step.path.endsWith("resolv.conf"));
  assertEquals(resolvConf?.kind === "write_file" && resolvConf.text, "# $${arguments}\n");
  const execute = plan.exec.at(-1);
  assertEquals(execute?.kind === "execute" && execute.environment.at(-1), "A=$${start}");
});
