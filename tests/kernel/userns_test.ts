/** Root's containers with ids of their own. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { alongside, attempt, fields, image, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

const PRIVATE = ["--userns", "private"] as const;
const MAPS = "sed 's/  */ /g;s/^ //' /proc/self/uid_map /proc/self/gid_map";

kernelTest(
  "run --userns private maps 65,536 ids that nobody on the host has",
  ["userns", "busybox"],
  async (scratch) => {
    const [uids = "", gids = ""] = (await inside(scratch, PRIVATE, MAPS)).split("\n");
    const [first, host, size] = uids.split(" ").map(Number);
    assertEquals([first, size], [0, 65_536]);
    assert(host !== undefined && host >= 65_536, uids);
    assertEquals(gids, uids);
    const taken = (await Deno.readTextFile("/etc/passwd")).split("\n").map((line) => Number(line.split(":")[2]));
    assertEquals(taken.filter((uid) => uid >= host && uid < host + 65_536), []);
  },
);

kernelTest("run --uidmap --gidmap map exactly that", ["userns", "busybox"], async (scratch) => {
  const flags = ["--uidmap", "0:200000:10", "--uidmap", "1000:210000", "--gidmap", "0:300000:100"];
  assertEquals(await inside(scratch, flags, MAPS), "0 200000 10\n1000 210000 1\n0 300000 100");
  assertEquals(await inside(scratch, ["--uidmap", "0:200000:10"], MAPS), "0 200000 10\n0 200000 10");
});

kernelTest("run --userns private is nobody outside", ["userns", "busybox"], async (scratch) => {
  const pidfile = scratch.path("pid");
  const flags = ["--uidmap", "0:200000:2000", "--pidfile", pidfile, "-u", "ada"];
  const running = await alongside(scratch, flags, "id -u; echo ready; read end");
  assertEquals(running.stdout, "1000\nready\n");
  const status = await Deno.readTextFile(`/proc/${await Deno.readTextFile(pidfile)}/status`);
  assertEquals(fields(status, "Uid", "Gid"), ["201000 201000 201000 201000", "201000 201000 201000 201000"]);
});

for (const [how, direct] of [["DIR", false], ["--rootfs DIR", true]] as const) {
  kernelTest(
    `run --userns private ${how} shows the image's owners as they are`,
    ["userns", "busybox"],
    async (scratch) => {
      const script =
        "stat -c %u:%g /bin/busybox /home/ada / /etc/hosts && touch /new && stat -c %u /new && chown 7:8 /new && stat -c %u:%g /new";
      assertEquals(await inside(scratch, PRIVATE, script, { direct }), "0:0\n1000:1000\n0:0\n0:0\n0\n7:8");
    },
  );
}

kernelTest(
  "run --userns private --rootfs writes as the ids that the container has",
  ["userns", "busybox"],
  async (scratch) => {
    const root = await image(scratch);
    await inside(scratch, PRIVATE, "touch /a /b && chown 1000:50 /b", { direct: true });
    const owners = ["a", "b"].map((name) => Deno.statSync(`${root}/${name}`)).map(({ uid, gid }) => `${uid}:${gid}`);
    assertEquals(owners, ["0:0", "1000:50"]);
  },
);

kernelTest(
  "run --userns private host shows the system's owners as they are",
  ["userns", "overlay"],
  async (scratch) => {
    const shadow = Deno.statSync("/etc/shadow");
    const script = "stat -c %u:%g /etc /usr/bin/env /etc/shadow && touch /etc/new && stat -c %u /etc/new";
    assertEquals(await inside(scratch, PRIVATE, script, { image: "host" }), `0:0\n0:0\n${shadow.uid}:${shadow.gid}\n0`);
  },
);

kernelTest(
  "run --userns private -v shows files of the host's root as nobody's",
  ["userns", "busybox"],
  async (scratch) => {
    const data = await scratch.dir("data");
    const outcome = await attempt(scratch, [...PRIVATE, "-v", `${data}:/data`], "stat -c %u:%g /data; touch /data/f");
    assertEquals([outcome.code, outcome.stdout], [1, "65534:65534\n"], outcome.transcript);
    assertStringIncludes(outcome.stderr, "Permission denied");
  },
);

kernelTest(
  "run --userns private has every right in its own namespaces, and none outside",
  ["userns", "busybox"],
  async (scratch) => {
    const flags = [...PRIVATE, "--privileged"];
    assertMatch(
      await inside(scratch, flags, "grep CapEff /proc/self/status; mount -t tmpfs none /mnt; hostname own; hostname", {
        image: "host",
      }),
      /\b0*1f?[0-9a-f]{10}\nown$/,
    );
    const outcome = await attempt(
      scratch,
      flags,
      "mknod /x c 1 3; p=/proc/sys/vm/overcommit_memory; v=$(cat $p); echo $v >$p; mount -t ext4 /dev/null /tmp",
    );
    assertEquals(
      [outcome.code, outcome.stderr.match(/[Pp]ermission denied|not permitted/g)?.length],
      [1, 3],
      outcome.transcript,
    );
  },
);

kernelTest("run --userns private keeps limits and gives devices, terminals and networks", [
  "userns",
  "cgroup1",
  "busybox",
], async (scratch) => {
  const flags = [
    ...PRIVATE,
    "--memory",
    "64m",
    "--sysctl",
    "net.ipv4.ip_forward=1",
    "--tmpfs",
    "/t",
    "--hostname",
    "box",
    "--device",
    "/dev/kmsg",
  ];
  const script =
    `cat /sys/fs/cgroup/memory/memory.limit_in_bytes /proc/sys/net/ipv4/ip_forward; hostname; echo x >/dev/null && ls /dev/pts &&
    stat -c %t:%T /dev/kmsg /dev/tty; grep -c ' /t ' /proc/self/mountinfo; touch /t/f /dev/shm/f`;
  assertEquals(await inside(scratch, flags, script), "67108864\n1\nbox\nptmx\n1:b\n5:0\n1");
});

const REFUSED: [flags: string[], named: string][] = [
  [[...PRIVATE, "-u", "65536"], "65536"],
  [["--uidmap", "0:200000:10", "-u", "10"], "10"],
  [["--uidmap", "1:200000:10"], "--uidmap"],
  [["--uidmap", "0:200000:10", "--uidmap", "5:300000:10"], "--uidmap"],
  [["--userns", "keep-id"], "keep-id"],
];
for (const [flags, named] of REFUSED) {
  kernelTest(`run ${flags.join(" ")} is refused by name`, ["userns", "busybox"], async (scratch) => {
    const outcome = await attempt(scratch, flags, "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, named);
  });
}
