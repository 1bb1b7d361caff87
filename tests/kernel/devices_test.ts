/** Devices: which nodes there are, and which can be used. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { attempt, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

/** /dev/kmsg: there on every Linux, and no default device of a container. Reading it can take CAP_SYSLOG besides. */
const KMSG = "1 11";
const SYSLOG = ["--cap-add", "syslog"] as const;

kernelTest("run --cap-add mknod makes nodes that cannot be opened", ["cgroup1", "busybox"], async (scratch) => {
  const script =
    `mknod /tmp/kmsg c ${KMSG} && mknod /tmp/null c 1 3 && mknod /tmp/loop b 7 0 && echo x >/tmp/null && echo made
    head -c 1 /tmp/kmsg; head -c 1 /tmp/loop; echo x >/tmp/kmsg`;
  const outcome = await attempt(scratch, ["--cap-add", "mknod", ...SYSLOG], script);
  assertEquals([outcome.code, outcome.stdout], [1, "made\n"], outcome.transcript);
  assertEquals(outcome.stderr.match(/Operation not permitted/g)?.length, 3, outcome.transcript);
});

kernelTest("run without CAP_MKNOD makes no nodes", ["mount", "busybox"], async (scratch) => {
  const outcome = await attempt(scratch, [], "mknod /tmp/null c 1 3");
  assertEquals(outcome.code, 1, outcome.transcript);
  assertStringIncludes(outcome.stderr, "Operation not permitted");
});

const NAMED: [flag: string, script: string, code: number][] = [
  ["/dev/kmsg", "stat -c '%t:%T' /dev/kmsg && : </dev/kmsg && : >/dev/kmsg", 0],
  ["/dev/kmsg:/dev/deep/log", "stat -c '%t:%T' /dev/deep/log && : </dev/deep/log", 0],
  ["/dev/kmsg:/dev/kmsg:r", "stat -c '%t:%T' /dev/kmsg && : </dev/kmsg", 0],
  ["/dev/kmsg:/dev/kmsg:r", "stat -c '%t:%T' /dev/kmsg && : >/dev/kmsg", 1],
  ["/dev/kmsg:/dev/kmsg:w", "stat -c '%t:%T' /dev/kmsg && : >/dev/kmsg", 0],
  ["/dev/kmsg:/dev/kmsg:w", "stat -c '%t:%T' /dev/kmsg && : </dev/kmsg", 1],
];
for (const [flag, script, code] of NAMED) {
  kernelTest(
    `run --device ${flag} ends ${code} on ${script.split("&& ").slice(1).join("&& ")}`,
    ["cgroup1", "busybox"],
    async (scratch) => {
      const outcome = await attempt(scratch, ["--device", flag, ...SYSLOG], script);
      assertEquals([outcome.code, outcome.stdout], [code, "1:b\n"], outcome.transcript);
    },
  );
}

kernelTest("run --privileged has the host's devices, and may use them", ["cgroup1", "busybox"], async (scratch) => {
  assertEquals(
    await inside(scratch, ["--privileged"], "stat -c '%t:%T' /dev/kmsg && : </dev/kmsg && mknod /x c 1 11 && : </x"),
    "1:b",
  );
});

kernelTest("run refuses a device that is none or is not there", ["busybox"], async (scratch) => {
  for (const path of ["/etc/passwd", "/dev/no-such-device", "/dev"]) {
    const outcome = await attempt(scratch, ["--device", path], "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, `"${path}"`);
  }
});

kernelTest("run allows tun and pseudoterminals, as Docker does", ["cgroup1", "busybox"], async (scratch) => {
  const rules = await inside(scratch, [], "cat /sys/fs/cgroup/devices/devices.list");
  for (const rule of ["c 10:200 rwm", "c 136:* rwm", "c 5:2 rwm", "c *:* m", "b *:* m"]) {
    assert(rules.split("\n").includes(rule), rules);
  }
  assertEquals(rules.split("\n").length, 12, rules);
});
