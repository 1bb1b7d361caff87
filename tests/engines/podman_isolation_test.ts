/** What Podman's containers share with each other and with the host: mounts, users, networks, pods, profiles, hooks. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { mountTable } from "../inside.ts";
import { IMAGE } from "./image.ts";
import { podmanTest } from "./podman.ts";

const SPACES = "readlink /proc/self/ns/net; readlink /proc/self/ns/ipc";

podmanTest("run -v shows a directory of the host, read-only when asked", [], async (podman) => {
  const data = await podman.scratch.dir("data");
  await podman.scratch.write("data/file", "from outside\n");
  const flags = [`-v=${data}:/rw`, `-v=${data}:/ro:ro`, `-v=${data}/file:/one`];
  const script = "cat /rw/file; echo more >>/rw/file; cat /one; touch /ro/x 2>&1; mkdir /rw/made";
  const { stdout, transcript } = await podman.inside(flags, script);
  assertEquals(stdout, "from outside\nfrom outside\nmore\ntouch: /ro/x: Read-only file system\n", transcript);
  assertEquals((await Deno.lstat(`${data}/made`)).isDirectory, true);
});

podmanTest("run -v with options mounts with them", [], async (podman) => {
  const data = await podman.scratch.dir("data");
  const flags = [`-v=${data}:/a:noexec,nosuid,nodev`, `-v=${data}:/b:rslave`, `-v=${data}:/c:rprivate,exec`];
  const { stdout } = await podman.inside(flags, "cat /proc/self/mountinfo");
  const mounts = mountTable(stdout);
  for (const option of ["noexec", "nosuid", "nodev"]) assert(mounts.get("/a")?.options.includes(option), stdout);
  assert(!mounts.get("/c")?.options.includes("noexec"), stdout);
  assertEquals(mounts.get("/b")?.propagation.map((word) => word.replace(/:.*/, "")), ["master"]);
  assertEquals(mounts.get("/c")?.propagation, []);
});

podmanTest(
  "mounts below a volume appear where -v says rslave or rshared, and go out of rshared alone",
  [],
  async (podman) => {
    const data = await podman.scratch.dir("data");
    for (const name of ["slave", "shared", "private"]) await podman.scratch.dir(`data/${name}/in`);
    const flags = ["slave", "shared", "private"].map((name) => `-v=${data}/${name}:/${name}:r${name}`);
    const box = await podman.box([...flags, "--cap-add=sys_admin", "--security-opt=seccomp=unconfined"]);
    const made = await podman.shell(`for name in slave shared private; do
    mount -t tmpfs outside ${data}/$name/in
    podman exec ${box} sh -c "mkdir /$name/out && mount -t tmpfs inside /$name/out"
  done
  podman exec ${box} grep outside /proc/self/mountinfo | cut -d' ' -f5
  grep ' inside ' /proc/self/mountinfo | cut -d' ' -f5`);
    assertEquals([made.code, made.stderr], [0, ""], made.transcript);
    assertEquals(made.stdout.trim().split("\n").sort(), [`${data}/shared/out`, "/shared/in", "/slave/in"].sort());
  },
);

podmanTest("run -v :U gives files to the container's user", [], async (podman) => {
  const data = await podman.scratch.dir("data");
  const { stdout, transcript } = await podman.inside(
    ["--uidmap=0:2000000:5000", "--user=1000", `-v=${data}:/d:U`],
    "touch /d/f; stat -c %u /d /d/f",
  );
  assertEquals(stdout, "1000\n1000\n", transcript);
  assertEquals((await Deno.stat(`${data}/f`)).uid, 2_001_000);
});

// runc knows it from 1.2 on.
podmanTest("run -v :idmap shows files as the container's user's, and leaves them as they are", [], async (podman) => {
  const data = await podman.scratch.dir("data");
  await podman.scratch.write("data/file", "");
  const { stdout, transcript } = await podman.inside(
    ["--uidmap=0:2000000:5000", `-v=${data}:/d:idmap`],
    "touch /d/made; stat -c %u /d/file /d/made",
  );
  assertEquals(stdout, "0\n0\n", transcript);
  assertEquals([(await Deno.stat(`${data}/file`)).uid, (await Deno.stat(`${data}/made`)).uid], [0, 0]);
});

podmanTest("run mounts that cover each other in the order of their depth", [], async (podman) => {
  const data = await podman.scratch.dir("data/inner");
  const flags = ["--tmpfs=/t", `-v=${podman.scratch.path("data")}:/t/a`, `-v=${data}:/t/a/inner/deeper`];
  await podman.scratch.dir("data/inner/deeper");
  const { stdout, transcript } = await podman.inside(flags, "ls /t /t/a /t/a/inner/deeper");
  assertEquals(stdout, "/t:\na\n\n/t/a:\ninner\n\n/t/a/inner/deeper:\ndeeper\n", transcript);
});

podmanTest("run --rootfs uses a directory as it is", [], async (podman) => {
  const root = await podman.scratch.rootfs("busybox", "own");
  const words = ["run", "--rm", "--network=none", "--rootfs", root, "sh", "-c", "touch /made; ls / | grep made"];
  assertEquals(await podman.ok(...words), "made");
  assertEquals((await Deno.stat(`${root}/made`)).isFile, true);
});

podmanTest("secrets and named volumes are there for the next container", [], async (podman) => {
  await podman.ok("secret", "create", "word", await podman.scratch.write("secret", "sesame"));
  assertEquals((await podman.inside(["--secret=word"], "cat /run/secrets/word")).stdout, "sesame");
  await podman.inside(["-v=kept:/v"], "echo one >/v/file");
  assertEquals((await podman.inside(["-v=kept:/v"], "cat /v/file")).stdout, "one\n");
});

podmanTest("a seccomp profile of one's own is enforced", [], async (podman) => {
  const profile = await podman.scratch.write(
    "profile.json",
    JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X86_64"],
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
    }),
  );
  const { stdout } = await podman.inside([`--security-opt=seccomp=${profile}`], "mkdir /x 2>&1");
  assertEquals(stdout, "mkdir: can't create directory '/x': No space left on device\n");
});

podmanTest("hooks run at their stages, with the container's state", [], async (podman) => {
  const hooks = await podman.scratch.dir("hooks");
  const log = podman.scratch.path("log");
  const program = await podman.scratch.write("hook", `#!/bin/sh\n{ echo "$1"; cat; echo; } >>${log}\n`, 0o755);
  for (const stage of ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]) {
    const hook = {
      version: "1.0.0",
      hook: { path: program, args: ["hook", stage] },
      when: { always: true },
      stages: [stage],
    };
    await podman.scratch.write(`hooks/${stage}.json`, JSON.stringify(hook));
  }
  const out = await podman.ok(`--hooks-dir=${hooks}`, "run", "--rm", "--network=none", IMAGE, "echo", "ran");
  assertEquals(out, "ran");
  const lines = (await Deno.readTextFile(log)).trim().split("\n");
  const stages = lines.filter((_, line) => line % 2 === 0);
  assertEquals(stages, ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]);
  const states = lines.filter((_, line) => line % 2 === 1).map((line) => JSON.parse(line));
  assertEquals(states.slice(0, 3).map(({ status }) => status), ["creating", "creating", "creating"]);
  for (const { pid, bundle, id } of states.slice(0, 4)) {
    assert(pid > 0);
    assertMatch(bundle, /userdata$/);
    assertMatch(id, /^[0-9a-f]{64}$/);
  }
});

podmanTest("a container joins another's namespaces", [], async (podman) => {
  const box = await podman.box(["--hostname=first", "--ipc=shareable"]);
  const flags = [
    `--network=container:${box}`,
    `--pid=container:${box}`,
    `--ipc=container:${box}`,
    `--uts=container:${box}`,
  ];
  const words = [
    "run",
    "--rm",
    ...flags,
    IMAGE,
    "sh",
    "-c",
    `hostname; pidof sleep; ${SPACES}`,
  ];
  const [hostname, pid, ...spaces] = (await podman.ok(...words)).split("\n");
  const theirs = await podman.ok("exec", box, "sh", "-c", SPACES);
  assertEquals([hostname, spaces.join("\n")], ["first", theirs]);
  assertMatch(pid ?? "", /^\d+$/);
});

podmanTest("a pod's containers share its namespaces, and end with it", ["catatonit"], async (podman) => {
  await podman.ok("pod", "create", "--name=pod", "--network=none", "--share=net,uts,ipc", "--hostname=podded");
  const words = (name: string) => ["run", "--detach", "--pod=pod", `--name=${name}`, IMAGE, "sleep", "1000"];
  for (const name of ["a", "b"]) await podman.ok(...words(name));
  const look = (name: string) =>
    podman.ok(
      "exec",
      name,
      "sh",
      "-c",
      `hostname; ${SPACES}; readlink /proc/self/ns/mnt`,
    );
  const [a, b] = [(await look("a")).split("\n"), (await look("b")).split("\n")];
  assertEquals(a.slice(0, 3), b.slice(0, 3));
  assertEquals(a[0], "podded");
  assertNotEquals(a[3], b[3]);
  await podman.ok("pod", "pause", "pod");
  assertEquals(await podman.look("a", ".State.Status"), "paused");
  await podman.ok("pod", "unpause", "pod");
  await podman.ok("pod", "stop", "--time=0", "pod");
  assertEquals(await podman.look("b", ".State.Status"), "exited");
  await podman.ok("pod", "start", "pod");
  assertEquals(await podman.look("b", ".State.Status"), "running");
});

podmanTest("run joins the host's network, or a bridge of netavark's", ["netavark"], async (podman) => {
  const run = (...flags: string[]) =>
    podman.ok(
      "run",
      "--rm",
      ...flags,
      IMAGE,
      "sh",
      "-c",
      "readlink /proc/self/ns/net; ip -o -4 addr; cat /etc/resolv.conf",
    );
  const host = await run("--network=host");
  assertMatch(host, /^net:.*\n1: lo/);
  assertMatch(await run(), /eth0 +inet 10\.88\.\d+\.\d+\/16/);
  assertMatch(await run("--dns=192.0.2.1"), /nameserver 192\.0\.2\.1/);
});

podmanTest("containers on a bridge reach each other, and the host a published port", ["netavark"], async (podman) => {
  const server = ["run", "--detach", "--name=server", "-p=127.0.0.1:8080:80", IMAGE];
  await podman.ok(...server, "sh", "-c", "echo hello >/tmp/index.html; exec httpd -f -p 80 -h /tmp");
  const address = await podman.look("server", ".NetworkSettings.IPAddress");
  const fetched = await podman.eventually(
    async () => (await podman.do("run", "--rm", IMAGE, "wget", "-qO-", `http://${address}/`)).stdout,
    /./,
  );
  assertEquals(fetched, "hello\n");
});

podmanTest("a pod's containers are in its user namespace, which each joins", ["catatonit"], async (podman) => {
  await podman.ok("pod", "create", "--name=pod", "--network=none", "--userns=auto:size=3000");
  const look = "readlink /proc/self/ns/user; tr -s ' ' </proc/self/uid_map; touch /f; stat -c %u /f";
  const [a, b] = [
    await podman.ok("run", "--rm", "--pod=pod", IMAGE, "sh", "-c", look),
    await podman.ok("run", "--rm", "--pod=pod", IMAGE, "sh", "-c", look),
  ];
  assertMatch(a ?? "", /^user:\[\d+\]\n 0 2000000 3000\n0$/);
  assertEquals(a, b);
});
