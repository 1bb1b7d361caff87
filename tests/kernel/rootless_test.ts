/** Containers of an ordinary user. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists, testUser } from "../host.ts";
import { attempt, fields, image, inside, mountsInside } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU } from "../scratch.ts";

const USER = { asUser: true } as const;
const HOST = { asUser: true, image: "host" } as const;
const NEEDS: readonly Need[] = ["user", "busybox"];
const MAPS = "sed 's/  */ /g;s/^ //' /proc/self/uid_map /proc/self/gid_map";

const account = testUser() ?? { uid: 0, gid: 0 };

kernelTest("run as an ordinary user maps the user and the subordinate ids", ["subuid", ...NEEDS], async (scratch) => {
  const maps = (await inside(scratch, [], MAPS, USER)).split("\n");
  assertEquals([maps[0], maps[2]], [`0 ${account.uid} 1`, `0 ${account.gid} 1`]);
  for (const line of [maps[1], maps[3]]) assertMatch(line ?? "", /^1 \d{6,} \d{5,}$/);
});

kernelTest("run as an ordinary user without subordinate ids maps the user alone", NEEDS, async (scratch) => {
  const script = `mount --bind /dev/null /etc/subuid && mount --bind /dev/null /etc/subgid &&
    exec setpriv --reuid=${account.uid} --regid=${account.gid} --clear-groups "$@"`;
  const env = { HOME: scratch.path("user-home"), XDG_RUNTIME_DIR: scratch.path("user-runtime") };
  const root = await image(scratch, USER);
  const run = (...args: string[]) =>
    scratch.command("unshare", "--mount", "sh", "-c", script, "sh", MASU, "run", ...args, { env });
  const { stdout, transcript } = await run(
    root,
    "sh",
    "-c",
    `${MAPS}; id -u; id -G; touch /f && stat -c %u:%g /f /proc/self/setgroups; cat /proc/self/setgroups`,
  );
  assertEquals(stdout, `0 ${account.uid} 1\n0 ${account.gid} 1\n0\n0\n0:0\n0:0\ndeny\n`, transcript);
  const refused = await run("-u", "1000", root, "true");
  assertEquals(refused.code, 125, refused.transcript);
  assertStringIncludes(refused.stderr, "/etc/subuid", refused.transcript);
});

kernelTest("run as an ordinary user removes files of subordinate ids too", ["subuid", ...NEEDS], async (scratch) => {
  const script =
    "mkdir -p /d/e && touch /d/e/f && chown -R 1000:50 /d && chmod 0 /d/e /d && rm -r /usr && mkdir /usr && chmod 700 /usr && chown 7 /usr && ls / | wc -l";
  assertMatch(await inside(scratch, [], script, USER), /^\d+$/);
  const outcome = await attempt(scratch, [], "touch /f; chown 1000 /f; exit 3", USER);
  assertEquals(outcome.code, 3, outcome.transcript);
});

kernelTest("run as an ordinary user copies on write, and --rootfs writes as the user", NEEDS, async (scratch) => {
  const root = await image(scratch, USER);
  await inside(scratch, [], "echo x >/etc/passwd; rm /bin/ls; mkdir /new", USER);
  assertEquals([
    exists(`${root}/new`),
    exists(`${root}/bin/ls`),
    (await Deno.readTextFile(`${root}/etc/passwd`)).startsWith("root"),
  ], [false, true, true]);
  await inside(scratch, [], "echo x >/kept", { ...USER, direct: true });
  assertEquals(Deno.statSync(`${root}/kept`).uid, account.uid);
});

kernelTest(
  "run host as an ordinary user shows the system, and changes nothing of it",
  ["overlay", ...NEEDS],
  async (scratch) => {
    const script = `id -u; touch /etc/masu-test && ls -d /etc/masu-test; ls -A /root; cat /etc/shadow 2>&1 | head -n1
    for d in / /usr /etc /var; do [ -d $d ] || echo no $d; done; touch /tmp/f /run/f /root/f; ls /home`;
    const seen = await inside(scratch, [], script, HOST);
    const name = (await Deno.readTextFile("/etc/passwd")).split("\n").find((line) =>
      line.split(":")[2] === `${account.uid}`
    )?.split(":")[0];
    assertEquals(seen.split("\n"), [
      "0",
      "/etc/masu-test",
      "cat: /etc/shadow: Permission denied",
      ...(exists(`/home/${name}`) ? [name] : []),
    ]);
    assertEquals(exists("/etc/masu-test"), false);
  },
);

kernelTest(
  "run as an ordinary user has the default capabilities, in the user namespace only",
  NEEDS,
  async (scratch) => {
    const status = await inside(scratch, [], "cat /proc/self/status", USER);
    assertEquals(fields(status, "CapEff", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp"), [
      "00000000800405fb",
      "0000000000000000",
      "0000000000000000",
      "1",
      "2",
    ]);
  },
);

kernelTest("run --privileged as an ordinary user has no right outside", NEEDS, async (scratch) => {
  const outcome = await attempt(
    scratch,
    ["--privileged"],
    "mknod /x c 1 3; p=/proc/sys/vm/overcommit_memory; v=$(cat $p); echo $v >$p; mount -t ext4 /dev/null /tmp",
    USER,
  );
  assert(outcome.code !== 0, outcome.transcript);
  assertEquals(
    outcome.stderr.match(/Permission denied|permission denied|not permitted|Read-only/g)?.length,
    3,
    outcome.transcript,
  );
});

kernelTest("run as an ordinary user mounts the kernel's file systems", NEEDS, async (scratch) => {
  const mounts = await mountsInside(scratch, [], USER);
  for (const path of ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/etc/hosts"]) {
    assert(mounts.has(path), path);
  }
  assert(mounts.get("/sys")?.options.includes("ro"));
  const script =
    "for n in null zero full random urandom tty; do [ -c /dev/$n ] || echo no $n; done; echo x >/dev/null; head -c 1 /dev/urandom | wc -c; stat -c %a /dev/shm /dev/pts/ptmx";
  assertEquals(await inside(scratch, [], script, USER), "1\n1777\n666");
});

const WORKS: [flags: string[], script: string, seen: string][] = [
  [["--hostname", "box"], "hostname; grep -c box /etc/hosts", "box\n1"],
  [["--read-only"], "touch /f 2>&1; touch /run/f", "touch: /f: Read-only file system"],
  [["--tmpfs", "/t:size=64k"], "grep -c ' /t ' /proc/self/mountinfo", "1"],
  [["--init"], "[ $$ != 1 ] && cut -d' ' -f4 /proc/$$/stat", "1"],
  [["--net", "none"], "ls /sys/class/net", "lo"],
  [["--sysctl", "net.ipv4.ip_forward=1"], "cat /proc/sys/net/ipv4/ip_forward", "1"],
  [["--pid", "host"], "[ -d /proc/1 ] && [ $$ != 1 ] && echo seen", "seen"],
  [["--ipc", "host"], "id -u", "0"],
  [["--uts", "host"], "hostname", Deno.hostname()],
  [["--cgroupns", "host"], "id -u", "0"],
  [["--time-offset", "boottime=5"], "grep boottime /proc/self/timens_offsets | tr -s ' '", "boottime 5 0"],
  [["-w", "/made"], "pwd", "/made"],
  [["--oom-score-adj", "700"], "cat /proc/self/oom_score_adj", "700"],
  [["--ulimit", "core=0"], "ulimit -c", "0"],
  [["--security-opt", "seccomp=unconfined"], "grep Seccomp: /proc/self/status | cut -f2", "0"],
  [["--device", "/dev/null:/dev/mine"], "stat -c %t:%T /dev/mine", "1:3"],
  [["--shm-size", "1m"], "df -k /dev/shm | tail -n1 | awk '{print $2}'", "1024"],
];
for (const [flags, script, seen] of WORKS) {
  kernelTest(`run ${flags.join(" ")} works for an ordinary user`, NEEDS, async (scratch) => {
    assertEquals((await inside(scratch, flags, script, USER)).replaceAll("\t", " "), seen);
  });
}

kernelTest("run --net host as an ordinary user shows the host's links, read-only", NEEDS, async (scratch) => {
  const links = [...Deno.readDirSync("/sys/class/net")].map(({ name }) => name).sort();
  const script = "ls /sys/class/net; find /sys -name uevent -writable 2>/dev/null | head -n 3";
  assertEquals((await inside(scratch, ["--net", "host"], script, USER)).split("\n").sort(), links);
});

const IDS: [user: string, uid: number, gid: number, groups: string][] = [
  ["ada", 1000, 1000, "29 50"],
  ["4242:4243", 4242, 4243, ""],
];
for (const [user, uid, gid, groups] of IDS) {
  kernelTest(
    `run -u ${user} works for an ordinary user with subordinate ids`,
    ["subuid", ...NEEDS],
    async (scratch) => {
      const status = await inside(scratch, ["-u", user], "cat /proc/self/status", USER);
      const four = (id: number) => `${id} ${id} ${id} ${id}`;
      assertEquals(fields(status, "Uid", "Gid", "Groups", "CapEff"), [
        four(uid),
        four(gid),
        groups,
        "0000000000000000",
      ]);
    },
  );
}

kernelTest("run -v as an ordinary user writes as the user", NEEDS, async (scratch) => {
  const data = await scratch.dir("data");
  await Deno.chown(data, account.uid, account.gid);
  assertEquals(
    await inside(
      scratch,
      ["-v", `${data}:/data`, "-v", `${data}:/seen:ro`],
      "echo x >/data/f; stat -c %u /data/f; ! touch /seen/g 2>/dev/null && echo kept",
      USER,
    ),
    "0\nkept",
  );
  assertEquals(Deno.statSync(`${data}/f`).uid, account.uid);
});

const REFUSED: [flags: string[], named: string][] = [
  [["--memory", "64m"], "--memory"],
  [["--cpus", "0.5"], "--cpus"],
  [["--pids-limit", "10"], "--pids-limit"],
  [["--cpuset-cpus", "0"], "--cpuset-cpus"],
  [["--userns", "host"], "--userns host"],
  [["--uidmap", "0:0:1"], "0:0:1"],
  [["--uidmap", "0:1:65536"], "0:1:65536"],
];
for (const [flags, named] of REFUSED) {
  kernelTest(
    `run ${flags.join(" ")} is refused by name to an ordinary user`,
    ["cgroup1", ...NEEDS],
    async (scratch) => {
      const outcome = await attempt(scratch, flags, "echo ran", USER);
      assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, named);
    },
  );
}

kernelTest(
  "run as an ordinary user needs neither XDG_RUNTIME_DIR nor HOME's writability for --rootfs",
  NEEDS,
  async (scratch) => {
    const env = { XDG_RUNTIME_DIR: undefined };
    assertEquals(await inside(scratch, [], "id -u", { ...USER, env }), "0");
  },
);

kernelTest(
  "run as an ordinary user takes a root that belongs to somebody else, when all mount points are there",
  NEEDS,
  async (scratch) => {
    const root = await image(scratch);
    for (const name of ["hosts", "hostname", "resolv.conf"]) await Deno.writeTextFile(`${root}/etc/${name}`, "");
    assertEquals(
      await inside(scratch, [], "id -u; stat -c %u /bin/busybox; cat /etc/hostname | wc -c", { ...USER, image: root }),
      "0\n65534\n13",
    );
  },
);

kernelTest(
  "run says what to do about a mount point that this user cannot make",
  ["user", "busybox"],
  async (scratch) => {
    const image = await scratch.rootfs("busybox");
    await Deno.remove(`${image}/etc/hosts`).catch(() => {});
    await Deno.chown(`${image}/etc`, 0, 0);
    const outcome = await scratch.masu("run", image, "true", { asUser: true });
    assertEquals(outcome.code, 125, outcome.transcript);
    assertStringIncludes(outcome.stderr, 'on "/etc/hosts": Permission denied (EACCES from ');
    assertStringIncludes(outcome.stderr, "hint: make the mount point in the image beforehand");
  },
);
