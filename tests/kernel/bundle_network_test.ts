/** `linux.netDevices` of config.json. */
import { assertEquals } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { kernelTest } from "../needs.ts";
import { MASU } from "../scratch.ts";

kernelTest(
  "a bundle's linux.netDevices move into the container, under the name that is wanted",
  ["mount", "busybox", "netns"],
  async (scratch) => {
    const script = "ls /sys/class/net | grep -v -x -e lo; ip -o -4 addr show eth7 | grep -c 192.0.2.7";
    await using bundle = await Bundle.make(scratch, script, ({ linux }) => {
      linux.netDevices = { masu0: { name: "eth7" }, masu2: {} };
    });
    // In a network of the test's own, which is the caller's then.
    const around = [
      "ip link add masu0 type veth peer name masu1",
      "ip link add masu2 type veth peer name masu3",
      "ip addr add 192.0.2.7/24 dev masu0",
      '"$@"',
      "ip -o link show masu0 2>&1 | grep -c -v 'does not exist'",
    ].join("; ");
    const words = [MASU, "run", "--bundle", bundle.directory, bundle.id];
    const outcome = await scratch.command("unshare", "--net", "sh", "-c", around, "sh", ...words);
    assertEquals(outcome.stdout, "eth7\nmasu2\n1\n0\n", outcome.transcript);
  },
);
