/** Each namespace, on and off on its own, and shared with another container. */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { alongside, attempt, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

const NAMES = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"] as const;
const LINKS = `for n in ${NAMES.join(" ")}; do readlink /proc/self/ns/$n; done`;

/** The namespaces of `links` that are the host's. */
async function hosts(links: string): Promise<string> {
  const own = await Promise.all(NAMES.map((name) => Deno.readLink(`/proc/self/ns/${name}`)));
  const seen = links.split("\n");
  assertEquals(seen.length, NAMES.length, links);
  return NAMES.filter((_, index) => seen[index] === own[index]).join(" ");
}

const CASES: [flags: string[], hosts: string][] = [
  [[], "time user"],
  [["--cgroupns", "host"], "cgroup time user"],
  [["--ipc", "host"], "ipc time user"],
  [["--net", "host"], "net time user"],
  [["--pid", "host"], "pid time user"],
  [["--uts", "host"], "time user uts"],
  [["--time-offset", "boottime=1"], "user"],
  [["--userns", "private"], "time"],
  [["--privileged"], "time user"],
  [
    ["--pid", "host", "--net", "host", "--ipc", "host", "--uts", "host", "--cgroupns", "host"],
    "cgroup ipc net pid time user uts",
  ],
];
for (const [flags, expected] of CASES) {
  kernelTest(`run ${flags.join(" ")} shares with the host: ${expected}`, ["mount", "busybox"], async (scratch) => {
    assertEquals(await hosts(await inside(scratch, flags, LINKS)), expected);
  });
}

const JOINED: [flag: string, name: typeof NAMES[number]][] = [
  ["--ipc", "ipc"],
  ["--net", "net"],
  ["--pid", "pid"],
  ["--uts", "uts"],
  ["--cgroupns", "cgroup"],
];
for (const asUser of [false, true]) {
  const who = asUser ? " as an ordinary user" : "";
  kernelTest(
    `run ${JOINED.map(([flag]) => flag).join(" ")} container:NAME joins exactly that${who}`,
    ["mount", "busybox", ...(asUser ? ["user" as const] : [])],
    async (scratch) => {
      const script = `${LINKS}; echo ready; read end`;
      const first = await alongside(scratch, ["--name", "first"], script, { asUser });
      const theirs = first.stdout.split("\n");
      for (const [flag, name] of JOINED) {
        const seen = (await inside(scratch, [flag, "container:first"], LINKS, { asUser })).split("\n");
        // An ordinary user may enter namespaces only by way of the user namespace that they belong to.
        const same = NAMES.filter((_, index) => seen[index] === theirs[index]).filter((name) => name !== "time");
        assertEquals(same, NAMES.filter((other) => other === name || other === "user"), flag);
      }
      await first.write("end\n");
      assertEquals((await first.outcome()).code, 0);
    },
  );
}

kernelTest("run --net container:NAME refuses a container that is not there", ["busybox"], async (scratch) => {
  const outcome = await attempt(scratch, ["--net", "container:nobody"], "true");
  assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
  assertStringIncludes(outcome.stderr, '"nobody"');
});

kernelTest("run makes the program the first process of its own", ["mount", "busybox"], async (scratch) => {
  assertEquals(await inside(scratch, [], "echo $$; echo /proc/[0-9]*"), "1\n/proc/1");
});

kernelTest("run --pid host shows the host's processes", ["mount", "busybox"], async (scratch) => {
  const seen = await inside(scratch, ["--pid", "host"], `[ $$ != 1 ] && tr '\\0' ' ' </proc/${Deno.pid}/cmdline`);
  assertEquals(seen, (await Deno.readTextFile("/proc/self/cmdline")).replaceAll("\0", " ").trimEnd());
});

kernelTest("run names the host after the container's ID", ["mount", "busybox"], async (scratch) => {
  const cidfile = scratch.path("id");
  const name = await inside(scratch, ["--cidfile", cidfile], "hostname");
  assertEquals(name, await Deno.readTextFile(cidfile));
  assertNotEquals(name, Deno.hostname());
});

kernelTest("run --hostname --domainname sets both, and not the host's", ["mount", "busybox"], async (scratch) => {
  const flags = ["--hostname", "box", "--domainname", "example.net"];
  const script = "hostname; cat /proc/sys/kernel/domainname /etc/hostname; echo $HOSTNAME; grep box /etc/hosts";
  const before = Deno.hostname();
  assertEquals(await inside(scratch, flags, script), "box\nexample.net\nbox\nbox\n127.0.1.1\tbox.example.net box");
  assertEquals(Deno.hostname(), before);
});

kernelTest("run --uts host keeps the host's name", ["mount", "busybox"], async (scratch) => {
  assertEquals(await inside(scratch, ["--uts", "host"], "hostname"), Deno.hostname());
});

kernelTest("run --net none gives loopback, and it is up", ["mount", "busybox"], async (scratch) => {
  const IFF_UP_LOOPBACK = "0x9";
  const script = "ls /sys/class/net; cat /sys/class/net/lo/flags; ip -o addr show dev lo | grep -c 127.0.0.1/8";
  for (const flags of [[], ["--net", "none"]]) {
    assertEquals(await inside(scratch, flags, script), `lo\n${IFF_UP_LOOPBACK}\n1`);
  }
});

kernelTest("run --net host shows the host's links", ["mount", "busybox"], async (scratch) => {
  const links = [...Deno.readDirSync("/sys/class/net")].map(({ name }) => name).sort();
  assertEquals((await inside(scratch, ["--net", "host"], "ls /sys/class/net")).split("\n").sort(), links);
});

kernelTest("run --ipc host shares POSIX shared memory, others do not", ["mount", "busybox"], async (scratch) => {
  const name = `masu-test-${Deno.pid}`;
  await Deno.writeTextFile(`/dev/shm/${name}`, "shared");
  try {
    assertEquals(await inside(scratch, ["--ipc", "host"], `cat /dev/shm/${name}`), "shared");
    assertEquals(await inside(scratch, [], `ls -A /dev/shm`), "");
  } finally {
    await Deno.remove(`/dev/shm/${name}`);
  }
});

kernelTest("run --ipc container:NAME shares POSIX shared memory", ["mount", "busybox"], async (scratch) => {
  const first = await alongside(scratch, ["--name", "first"], "echo shared >/dev/shm/x; echo ready; read end");
  assertEquals(await inside(scratch, ["--ipc", "container:first"], "cat /dev/shm/x"), "shared");
  await first.closeStdin();
});

kernelTest(
  "run --cgroupns private shows the container's cgroup as the root",
  ["cgroup1", "busybox"],
  async (scratch) => {
    const cidfile = scratch.path("id");
    const script = "grep :memory: /proc/self/cgroup | cut -d: -f3";
    assertEquals(await inside(scratch, [], script), "/");
    const seen = await inside(scratch, ["--cgroupns", "host", "--cidfile", cidfile], script);
    assertStringIncludes(seen, `/masu/${await Deno.readTextFile(cidfile)}`);
  },
);

const OFFSETS: [clock: string, text: string, shown: string][] = [
  ["monotonic", "86400", "86400 0"],
  ["boottime", "1.5", "1 500000000"],
  ["boottime", "-0.25", "-1 750000000"],
];
for (const [clock, text, shown] of OFFSETS) {
  kernelTest(`run --time-offset ${clock}=${text} shifts that clock only`, ["timens", "busybox"], async (scratch) => {
    const seen = await inside(scratch, ["--time-offset", `${clock}=${text}`], "cat /proc/self/timens_offsets");
    const table = Object.fromEntries(
      seen.split("\n").map((line) => {
        const [name = "", seconds, nanoseconds] = line.split(/\s+/);
        return [name, `${seconds} ${nanoseconds}`];
      }),
    );
    assertEquals(table, { monotonic: "0 0", boottime: "0 0", [clock]: shown });
  });
}

kernelTest("run --time-offset holds for the program itself", ["timens", "busybox"], async (scratch) => {
  const day = 86_400;
  const uptime = Number(await inside(scratch, ["--time-offset", `boottime=${day}`], "cut -d' ' -f1 /proc/uptime"));
  const own = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]);
  assert(uptime > own + day - 10 && uptime < own + day + 10, `${uptime} is not a day past ${own}`);
});

kernelTest("run keeps mounts that the container makes to itself", ["mount", "busybox"], async (scratch) => {
  const before = await Deno.readTextFile("/proc/self/mountinfo");
  const script = "mount -t tmpfs none /mnt && grep -c ' /mnt ' /proc/self/mountinfo; echo ready; read end";
  const running = await alongside(scratch, ["--privileged"], `mkdir /mnt; ${script}`);
  assertStringIncludes(running.stdout, "1\n");
  const lines = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n").filter((line) => !before.includes(line));
  assertEquals(lines, []);
});
