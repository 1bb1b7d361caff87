/** Images whose directories are symbolic links, and mount points that are swapped while a container starts. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exists, testUser } from "../host.ts";
import { alongside, attempt, image, inside } from "../inside.ts";
import { attackTest } from "./invariants.ts";

for (const name of ["proc", "sys"]) {
  for (const direct of [false, true]) {
    attackTest(
      `T3: /${name} of ${direct ? "--rootfs" : "an image"} that is a link is refused`,
      ["mount", "busybox"],
      async (scratch) => {
        const root = await image(scratch);
        await Deno.remove(`${root}/${name}`);
        await Deno.mkdir(`${root}/bad/self/attr`, { recursive: true });
        await Deno.symlink("/bad", `${root}/${name}`);
        const outcome = await attempt(scratch, [], "echo ran", { direct });
        assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
        assertStringIncludes(outcome.stderr, `/${name}`);
        assertEquals([...Deno.readDirSync(`${root}/bad`)].map(({ name }) => name), ["self"]);
      },
    );
  }
}

const COVERS: string[][] = [
  ["--tmpfs", "/proc/self/attr"],
  ["--tmpfs", "/proc/self"],
  ["--tmpfs", "/proc"],
  ["-v", "/tmp:/proc"],
  ["-v", "/tmp:/proc/sys"],
  ["-v", "/tmp:/proc/sys/net"],
  ["-v", "/dev/null:/proc/self/attr/exec"],
  ["-v", "/dev/null:/proc/../proc/self/oom_score_adj"],
  ["--mount", "type=tmpfs,destination=/./proc/./self"],
];
for (const flags of COVERS) {
  attackTest(`T4: ${flags.join(" ")} may not cover what masu relies on`, ["mount", "busybox"], async (scratch) => {
    const outcome = await attempt(scratch, flags, "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, "/proc");
  });
}

attackTest("T4: /proc/cpuinfo may be covered", ["mount", "busybox"], async (scratch) => {
  const file = await scratch.write("cpuinfo", "one\n");
  assertEquals(await inside(scratch, ["-v", `${file}:/proc/cpuinfo:ro`], "cat /proc/cpuinfo"), "one");
});

for (const link of ["/proc/self/attr", "/proc/sys/net/ipv4", "/proc/self"]) {
  attackTest(`T14: a volume's link to ${link} is no way to cover it`, ["mount", "busybox"], async (scratch) => {
    const volume = await scratch.dir("volume");
    await Deno.symlink(link, `${volume}/link`);
    const flags = ["-v", `${volume}:/volume`, "--tmpfs", "/volume/link", "--sysctl", "net.ipv4.ip_forward=1"];
    const outcome = await attempt(
      scratch,
      flags,
      "grep -c tmpfs.*/proc /proc/self/mountinfo; cat /proc/sys/net/ipv4/ip_forward",
    );
    assert(outcome.code === 125, outcome.transcript);
  });
}

/** Where a mount destination leads if a link in the image is followed on the host. */
const LEADS: [link: string, target: (host: string) => string, destination: string][] = [
  ["data", (host) => host, "/data/pwned/deep"],
  ["data", (host) => `../../../../../../../../..${host}`, "/data/pwned"],
  ["dev", (host) => host, "/dev/pwned"],
  ["etc", (host) => host, "/etc/pwned"],
  ["run", (host) => host, "/run/pwned"],
];
for (const [link, target, destination] of LEADS) {
  for (const direct of [false, true]) {
    attackTest(`T15: /${link} -> ${target("HOST")} of ${direct ? "--rootfs" : "an image"} makes nothing on the host`, [
      "mount",
      "busybox",
    ], async (scratch) => {
      const root = await image(scratch);
      const host = await scratch.dir("host");
      if (exists(`${root}/${link}`)) await Deno.remove(`${root}/${link}`, { recursive: true });
      await Deno.symlink(target(host), `${root}/${link}`);
      const file = await scratch.write("file", "mine");
      for (const flags of [["--tmpfs", destination], ["-v", `${file}:${destination}`], ["--read-only"]]) {
        await attempt(scratch, flags, "echo x >/data/f; echo x >/dev/f", { direct });
        assertEquals([...Deno.readDirSync(host)], []);
      }
    });
  }
}

attackTest(
  "T24: a working directory through a link to / is made in the container",
  ["mount", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    await Deno.symlink("/", `${root}/link`);
    await Deno.symlink("../../../../../../../..", `${root}/up`);
    for (const link of ["link", "up"]) {
      const path = `/${link}${scratch.path()}/pwned`;
      assertEquals(await inside(scratch, ["-w", path], "pwd"), `${scratch.path()}/pwned`);
      assertEquals(exists(scratch.path("pwned")), false);
    }
  },
);

/** How many containers start while their mount points are swapped. */
const STARTS = 24;

for (const asUser of [false, true]) {
  const who = asUser ? "an ordinary user's" : "root's";
  const needs = ["mount", "busybox", "cc", ...(asUser ? ["user" as const] : [])] as const;
  attackTest(
    `T5, T10: ${who} mount points that are swapped for links to / never lead to the host`,
    needs,
    async (scratch) => {
      const options = { asUser, probe: true };
      const volume = await scratch.dir("volume");
      await Deno.mkdir(`${volume}/target`);
      await Deno.symlink("/", `${volume}/link`);
      await Deno.mkdir(`${volume}/target${scratch.path()}`, { recursive: true });
      const host = await scratch.dir("host", 0o777);
      if (asUser) await scratch.command("chown", "-R", `${testUser()?.uid}`, volume);
      await using racer = await alongside(
        scratch,
        ["-v", `${volume}:/volume`],
        "exec probe exchange /volume/target /volume/link",
        options,
      );
      let started = 0;
      for (let run = 0; run < STARTS; run++) {
        const flags = [
          ["--tmpfs", `/volume/target${host}/pwned/a/b`],
          ["--tmpfs", "/volume/target/etc"],
          ["-v", `${volume}:/volume/target${host}/pwned-file`],
          ["-w", `/volume/target${host}/pwned-cwd`],
        ][run % 4] ?? [];
        const outcome = await attempt(
          scratch,
          ["-v", `${volume}:/volume`, ...flags],
          "ls -d /work /usr/bin/env /volume/target/usr/bin/env 2>/dev/null; true",
          options,
        );
        if (outcome.code === 0) started++;
        assert(outcome.code === 0 || outcome.code === 125, outcome.transcript);
        assertEquals(outcome.stdout, "", outcome.transcript);
        assertEquals([...Deno.readDirSync(host)], [], outcome.transcript);
      }
      assert(started > 0, "none started");
      await racer.closeStdin();
      assertEquals((await racer.outcome()).code, 0);
    },
  );
}
