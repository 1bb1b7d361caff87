/** Bundles in user namespaces: new ones, joined ones, and masu itself in one, as rootless engines have it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config } from "../bundle.ts";
import { testUser } from "../host.ts";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";

const NEEDS: readonly Need[] = ["mount", "userns", "busybox"];
const MAP = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
const MAPS = "sed 's/  */ /g;s/^ //' /proc/self/uid_map";
const account = testUser() ?? { uid: 0, gid: 0 };

function inUserNamespace({ linux }: Config): void {
  linux.namespaces.push({ type: "user" });
  linux.uidMappings = MAP;
  linux.gidMappings = MAP;
}

kernelTest("a bundle's program is root of its user namespace, and nobody outside", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, `${MAPS}; id -u; stat -c %u / /dev/null; touch /dev/f`, (config) => {
    inUserNamespace(config);
  });
  const outcome = await bundle.run();
  assertEquals([outcome.code, outcome.stdout], [0, "0 200000 65536\n0\n65534\n65534\n"], outcome.transcript);
});

kernelTest("a bundle's user namespace is joined by its path, with those that belong to it", NEEDS, async (scratch) => {
  await using pod = await Bundle.make(scratch, "sleep 60", inUserNamespace);
  assertEquals((await pod.create()).code, 0);
  const { pid } = JSON.parse((await pod.masu("state")).stdout);
  const files: Readonly<Record<string, string>> = { pid: "pid", network: "net", ipc: "ipc", uts: "uts", user: "user" };
  await using bundle = await Bundle.make(scratch, `${MAPS}; hostname; id -u`, ({ linux }) => {
    linux.namespaces = [
      { type: "mount" },
      ...Object.entries(files).map(([type, file]) => ({ type, path: `/proc/${pid}/ns/${file}` })),
    ];
  });
  const outcome = await bundle.run();
  assertEquals([outcome.code, outcome.stdout], [0, "0 200000 65536\nbox\n0\n"], outcome.transcript);
});

/** masu as root of a user namespace of an ordinary user's, who has no right to make cgroups. */
async function rootless(scratch: Scratch, bundle: Bundle, ...globals: readonly string[]) {
  const runtime = await scratch.dir(`runtime-${crypto.randomUUID().slice(0, 8)}`);
  Deno.chownSync(runtime, account.uid, account.gid);
  return await scratch.command(
    "setpriv",
    `--reuid=${account.uid}`,
    `--regid=${account.gid}`,
    "--clear-groups",
    "unshare",
    "--user",
    "--map-root-user",
    "--map-auto",
    "--mount",
    MASU,
    ...globals,
    "--root",
    runtime,
    "run",
    "--bundle",
    bundle.directory,
    bundle.id,
  );
}

const ROOTLESS: readonly (readonly [name: string, globals: readonly string[]])[] = [
  ["without limits needs no cgroup", []],
  ["needs none where none are wanted", ["--cgroup-manager", "disabled"]],
];
for (const [name, globals] of ROOTLESS) {
  kernelTest(`a bundle of a rootless engine's ${name}`, ["user", "subuid", "busybox"], async (scratch) => {
    const root = await image(scratch, { asUser: true });
    await using bundle = await Bundle.make(scratch, `${MAPS} | head -n 1; id -u; echo x >/dev/null`, (config) => {
      config.root.path = root;
      config.linux.resources = globals.length === 0 ? {} : { pids: { limit: 5 } };
    });
    const outcome = await rootless(scratch, bundle, ...globals);
    assertEquals([outcome.code, outcome.stdout], [0, `0 ${account.uid} 1\n0\n`], outcome.transcript);
  });
}

kernelTest("a bundle of a rootless engine's is refused with a limit that nobody gave it the right to", [
  "user",
  "subuid",
  "busybox",
  "cgroup1",
], async (scratch) => {
  const root = await image(scratch, { asUser: true });
  await using bundle = await Bundle.make(scratch, "true", (config) => {
    config.root.path = root;
    config.linux.resources = { pids: { limit: 5 } };
  });
  const outcome = await rootless(scratch, bundle);
  assertEquals(outcome.code, 1, outcome.transcript);
  assertStringIncludes(outcome.stderr, "linux.resources.pids.limit", outcome.transcript);
});

kernelTest("a bundle for an ordinary user runs as that user", ["user", "busybox"], async (scratch) => {
  const root = await image(scratch, { asUser: true });
  await using bundle = await Bundle.make(scratch, `${MAPS}; id -u`, (config) => {
    config.root.path = root;
    config.mounts = config.mounts.map((mount) => ({
      ...mount,
      ...(mount.options !== undefined && { options: mount.options.filter((word) => word !== "gid=5") }),
    }));
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = [{ containerID: 0, hostID: account.uid, size: 1 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: account.gid, size: 1 }];
    config.linux.resources = {};
  });
  const outcome = await bundle.run([], { asUser: true });
  assertEquals([outcome.code, outcome.stdout], [0, `0 ${account.uid} 1\n0\n`], outcome.transcript);
});

kernelTest(
  "a bundle in a user namespace is shown files of directories that are closed to its root",
  NEEDS,
  async (scratch) => {
    const closed = await scratch.dir("closed", 0o700);
    await Deno.writeTextFile(`${closed}/file`, "of the engine\n");
    await using bundle = await Bundle.make(scratch, "cat /mnt; grep -c shared: /proc/self/mountinfo", (config) => {
      inUserNamespace(config);
      config.linux.rootfsPropagation = "rprivate";
      config.mounts.push({ destination: "/mnt", type: "bind", source: `${closed}/file`, options: ["bind", "ro"] });
      Deno.writeTextFileSync(`${config.root.path}/mnt`, "");
    });
    const outcome = await bundle.run();
    assertEquals(outcome.stdout, "of the engine\n0\n", outcome.transcript);
  },
);
