/** What Podman does with containers beside running them: builds, descriptors, YAML of Kubernetes', other configurations. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { IMAGE } from "./image.ts";
import { podmanTest, rootlessPodmanTest } from "./podman.ts";
import { RUNTIME } from "./sandbox.ts";

const CONTAINERFILE = `FROM ${IMAGE}
RUN id -u >/who && echo built >/file
USER ada
WORKDIR /home/ada
RUN touch here && [ "$(id -u)" = 1000 ]
CMD ["cat", "/file"]
`;

for (const [user, test] of [["root", podmanTest], ["an ordinary user", rootlessPodmanTest]] as const) {
  test(`build runs its commands in containers, for ${user}`, [], async (podman) => {
    await podman.scratch.dir("context");
    await podman.scratch.write("context/Containerfile", CONTAINERFILE);
    const context = podman.scratch.path("context");
    const runtime = `--runtime=${podman.runtime}`;
    const built = await podman.do("build", runtime, "--isolation=oci", "--network=none", "--tag=built", context);
    assertEquals(built.code, 0, built.transcript);
    assertEquals(await podman.ok("run", "--rm", "--network=none", "localhost/built"), "built");
    assertEquals(await podman.ok("run", "--rm", "--network=none", "localhost/built", "cat", "/who"), "0");
    await podman.scratch.write("context/Failing", `FROM ${IMAGE}\nRUN exit 9\n`);
    const words = ["build", runtime, "--isolation=oci", "--network=none", `--file=${context}/Failing`, context];
    const failing = await podman.do(...words);
    assertStringIncludes(failing.stderr, "exit status 9", failing.transcript);
  });
}

podmanTest("run --preserve-fds hands descriptors to the program", [], async (podman) => {
  const file = await podman.scratch.write("file", "from a descriptor\n");
  const words = `podman run --rm --network=none --preserve-fds=1 ${IMAGE} sh -c 'cat <&3; ls /proc/self/fd | wc -l'`;
  const { stdout, transcript } = await podman.shell(`exec 3<${file}; ${words}`);
  assertEquals(stdout, "from a descriptor\n5\n", transcript);
});

podmanTest("a runtime by its path, without documents of errors", [], async (podman) => {
  const plain = await podman.scratch.write(
    "plain.conf",
    '[containers]\ndefault_ulimits = []\n[engine]\nevents_logger = "file"\n',
  );
  const env = { CONTAINERS_CONF: plain };
  const flags = ["--cgroup-manager=cgroupfs", `--runtime=${RUNTIME}`, "run", "--rm", "--network=none"];
  assertEquals(await podman.ok(...flags, IMAGE, "echo", "ran", { env }), "ran");
  const failed = await podman.do(...flags, IMAGE, "no-such-program", { env });
  assertEquals(failed.code, 127, failed.transcript);
  assertMatch(failed.stderr, /executable file.* not found in \$PATH/, failed.transcript);
  assertEquals(failed.stderr.trimEnd().split("\n").length, 1, failed.transcript);
});

podmanTest("kube play makes the pod of a YAML, and kube down ends it", ["catatonit"], async (podman) => {
  const yaml = await podman.scratch.write(
    "pod.yaml",
    `apiVersion: v1
kind: Pod
metadata: { name: played }
spec:
  hostNetwork: true
  containers:
    - name: one
      image: ${IMAGE}
      imagePullPolicy: Never
      command: [/bin/sleep, "1000"]
      resources: { limits: { memory: 64Mi } }
      securityContext: { runAsUser: 1000, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
`,
  );
  const played = await podman.do("play", "kube", yaml);
  assertEquals(played.code, 0, played.transcript);
  const seen = await podman.ok(
    "exec",
    "played-one",
    "/bin/sh",
    "-c",
    "id -u; grep CapEff /proc/self/status | cut -f2; touch /x 2>&1; :",
  );
  assertEquals(seen, "1000\n0000000000000000\ntouch: /x: Read-only file system");
  await podman.ok("play", "kube", "--down", yaml);
  assertEquals(await podman.ok("pod", "ls", "--quiet"), "");
});
