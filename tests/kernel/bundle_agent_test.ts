/** `linux.seccomp.listenerPath` of config.json: an agent that answers a container's system calls. */
import { assertEquals } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { exists } from "../host.ts";
import { kernelTest } from "../needs.ts";

/**
 * Takes one descriptor with its message, says what it was told, and answers one call with success, without doing it.
 * Numbers and structures: linux/seccomp.h.
 */
const AGENT = `
import fcntl, json, socket, struct, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
connection, _ = listener.accept()
message, descriptors, _, _ = socket.recv_fds(connection, 65536, 4)
print(message.decode(), len(descriptors), sep="\\n", flush=True)
asked = bytearray(80)
fcntl.ioctl(descriptors[0], 0xC0502100, asked)
fcntl.ioctl(descriptors[0], 0xC0182101, bytearray(struct.pack("=QqiI", struct.unpack("=Q", asked[:8])[0], 0, 0, 0)))
`;

kernelTest("a bundle's linux.seccomp.listenerPath gets the filter's descriptor and the container's state", [
  "mount",
  "busybox",
  "python3",
], async (scratch) => {
  const socket = scratch.path("agent.sock");
  await using agent = await scratch.spawnCommand("python3", "-c", AGENT, socket);
  while (!exists(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
  await using bundle = await Bundle.make(scratch, "hostname other && hostname", ({ linux }) => {
    linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      listenerPath: socket,
      listenerMetadata: "of this test",
      syscalls: [{ names: ["sethostname"], action: "SCMP_ACT_NOTIFY" }],
    };
  });
  const outcome = await bundle.attempt("create");
  assertEquals([outcome.code, outcome.stdout], [0, "box\n"], outcome.transcript);
  const told = (await agent.outcome()).stdout.split("\n");
  const { ociVersion, fds, pid, metadata, state } = JSON.parse(told[0] ?? "");
  assertEquals([told[1], fds, metadata, state.id, state.bundle], [
    "1",
    ["seccompFd"],
    "of this test",
    bundle.id,
    bundle.directory,
  ]);
  assertEquals([typeof ociVersion, typeof pid], ["string", "number"]);
});
