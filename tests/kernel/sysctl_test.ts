/** `--sysctl`: settings of the container's own namespaces, and of nothing else. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { alongside, attempt, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

const SETTINGS: [name: string, value: string][] = [
  ["net.ipv4.ip_forward", "1"],
  ["net.ipv4.conf.lo.forwarding", "1"],
  ["net.core.somaxconn", "100"],
  ["kernel.msgmax", "1234"],
  ["kernel.shm_rmid_forced", "1"],
  ["fs.mqueue.msg_max", "7"],
  ["net.ipv4.ip_unprivileged_port_start", "80"],
  ["net.ipv4.ping_group_range", "5 6"],
];
for (const [name, value] of SETTINGS) {
  kernelTest(
    `run --sysctl ${name}=${value} sets the container's, not the host's`,
    ["mount", "busybox"],
    async (scratch) => {
      const path = `/proc/sys/${name.replaceAll(".", "/")}`;
      const before = await Deno.readTextFile(path);
      assertEquals(
        (await inside(scratch, ["--sysctl", `${name}=${value}`], `cat ${path}`)).replaceAll("\t", " "),
        value,
      );
      assertEquals(await Deno.readTextFile(path), before);
    },
  );
}

kernelTest(
  "run lets everybody ping and use any port in a network of its own",
  ["mount", "busybox"],
  async (scratch) => {
    const script = "cd /proc/sys/net/ipv4; cat ping_group_range ip_unprivileged_port_start";
    assertEquals((await inside(scratch, [], script)).replaceAll("\t", " "), "0 2147483647\n0");
    const host = await Deno.readTextFile("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    assertEquals(
      await inside(scratch, ["--net", "host"], "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"),
      host.trim(),
    );
  },
);

kernelTest(
  "run --net host and --ipc host refuse the settings that would be the host's",
  ["busybox"],
  async (scratch) => {
    for (const [flag, setting] of [["--net", "net.ipv4.ip_forward=1"], ["--ipc", "kernel.msgmax=1"]] as const) {
      const outcome = await attempt(scratch, [flag, "host", "--sysctl", setting], "echo ran");
      assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
      assertStringIncludes(outcome.stderr, flag);
    }
  },
);

kernelTest("run --sysctl names a setting that the kernel does not have", ["mount", "busybox"], async (scratch) => {
  const outcome = await attempt(scratch, ["--sysctl", "net.ipv4.no_such_setting=1"], "echo ran");
  assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
  assertStringIncludes(outcome.stderr, "net.ipv4.no_such_setting");
});

kernelTest("run --net container:NAME leaves the other's settings alone", ["mount", "busybox"], async (scratch) => {
  const first = await alongside(
    scratch,
    ["--name", "first", "--sysctl", "net.ipv4.ip_unprivileged_port_start=77"],
    "echo ready; read end; cat /proc/sys/net/ipv4/ip_unprivileged_port_start",
  );
  await inside(scratch, ["--net", "container:first"], "true");
  await first.write("end\n");
  assertEquals((await first.outcome()).stdout, "ready\n77\n");
});
