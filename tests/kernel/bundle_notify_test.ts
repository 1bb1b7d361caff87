/** `NOTIFY_SOCKET`: a service's program says that it is ready, and whoever waits for the service hears of it. sd_notify(3) */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle } from "../bundle.ts";
import { exists } from "../host.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";

const NEEDS: readonly Need[] = ["mount", "busybox", "python3"];

/** Prints each message that comes to a socket, as a line; ends when its input does. */
const SERVICE = `
import select, socket, sys
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(sys.argv[1].replace("@", "\\0", 1))
print("listens", flush=True)
while True:
    ready, _, _ = select.select([heard, sys.stdin], [], [])
    if heard in ready:
        print(repr(heard.recv(4096).decode()), flush=True)
    elif not sys.stdin.read(1):
        break
`;

/** Says a message on the socket that a container's process sees. */
const SAY = `
import os, socket, sys
os.chroot(f"/proc/{sys.argv[1]}/root")
said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
said.sendto(sys.argv[2].encode(), "/run/notify/notify.sock")
`;

/** Who waits for the service. */
async function service(scratch: Scratch, name: string) {
  const path = name.startsWith("@") ? name : scratch.path(name);
  const running = await scratch.spawnCommand("python3", "-c", SERVICE, path);
  await running.until(/^listens$/m);
  const env = { NOTIFY_SOCKET: path };
  const heard = async () => {
    await running.closeStdin();
    return (await running.outcome()).stdout.split("\n").filter((line) => line !== "" && line !== "listens");
  };
  return { env, heard };
}

/** Says something to where the program of a container would. */
async function say(scratch: Scratch, pid: number, message: string): Promise<void> {
  const { code, transcript } = await scratch.command("python3", "-c", SAY, `${pid}`, message);
  assertEquals(code, 0, transcript);
}

async function pidOf(bundle: Bundle): Promise<number> {
  const { code, stdout, transcript } = await bundle.masu("state");
  assertEquals(code, 0, transcript);
  return JSON.parse(stdout).pid;
}

/** Waits until the container's program can say something. */
async function listening(pid: number): Promise<void> {
  while (!exists(`/proc/${pid}/root/run/notify/notify.sock`)) await new Promise((resolve) => setTimeout(resolve, 20));
}

const SHOWN = 'echo "$NOTIFY_SOCKET"; touch /run/notify/x 2>/dev/null || echo read-only; exec sleep 1000';

for (const name of ["service.sock", `@masu-test-${Deno.pid}`]) {
  kernelTest(
    `start waits until a bundle's program is ready, and tells ${name[0] === "@" ? "an abstract" : "a"} socket`,
    [
      ...NEEDS,
    ],
    async (scratch) => {
      const { env, heard } = await service(scratch, name);
      await using bundle = await Bundle.make(scratch, SHOWN);
      assertEquals((await bundle.create([], { env })).code, 0);
      const starting = await scratch.spawn("start", bundle.id, { env });
      await bundle.said("read-only");
      const pid = await pidOf(bundle);
      await say(scratch, pid, "STATUS=begins");
      // Its lock is not held meanwhile.
      assertEquals(await bundle.status(), "running");
      assertEquals((await bundle.masu("pause")).code, 0);
      assertEquals((await bundle.masu("resume")).code, 0);
      assertEquals(starting.transcript().includes("still running"), true);
      await say(scratch, pid, "STATUS=runs\nREADY=1\nMAINPID=1");
      const started = await starting.outcome();
      assertEquals([started.code, started.stderr], [0, ""], started.transcript);
      assertEquals((await bundle.output()).stdout, "/run/notify/notify.sock\nread-only\n");
      assertEquals(await heard(), ["'READY=1\\n'", `'MAINPID=${pid}\\n'`]);
    },
  );
}

kernelTest("start returns when a bundle's program ends before it was ready", NEEDS, async (scratch) => {
  const { env, heard } = await service(scratch, "service.sock");
  await using bundle = await Bundle.make(scratch, "sleep 0.2");
  assertEquals((await bundle.create([], { env })).code, 0);
  const started = await bundle.masu("start", { env });
  assertEquals([started.code, started.stderr], [0, ""], started.transcript);
  assertEquals(await heard(), []);
});

kernelTest("start fails when nobody listens for a bundle's program, which runs on", NEEDS, async (scratch) => {
  const env = { NOTIFY_SOCKET: scratch.path("nobody") };
  await using bundle = await Bundle.make(scratch, SHOWN);
  assertEquals((await bundle.create([], { env })).code, 0);
  const starting = await scratch.spawn("start", bundle.id, { env });
  await bundle.said("read-only");
  await say(scratch, await pidOf(bundle), "READY=1");
  const started = await starting.outcome();
  assertEquals(started.code, 1, started.transcript);
  assertStringIncludes(started.stderr, "is ready (NOTIFY_SOCKET): No such file or directory");
  assertEquals(await bundle.status(), "running");
});

kernelTest("start waits for no bundle that was created without NOTIFY_SOCKET", NEEDS, async (scratch) => {
  const { env, heard } = await service(scratch, "service.sock");
  await using bundle = await Bundle.make(scratch, 'echo "[$NOTIFY_SOCKET]"; exec sleep 1000');
  assertEquals((await bundle.create()).code, 0);
  assertEquals((await bundle.masu("start", { env })).code, 0);
  await bundle.said("[]");
  assertEquals(await heard(), []);
});

kernelTest("run of a bundle tells that its program is ready, and stays the service's main process", [
  ...NEEDS,
], async (scratch) => {
  const { env, heard } = await service(scratch, "service.sock");
  await using bundle = await Bundle.make(
    scratch,
    'echo "$NOTIFY_SOCKET"; trap "exit 7" TERM; while :; do sleep 0.1; done',
  );
  const running = await scratch.spawn("run", "--bundle", bundle.directory, bundle.id, { env });
  await running.until(/^\/run\/notify\/notify.sock$/m);
  const pid = await pidOf(bundle);
  await say(scratch, pid, "READY=1");
  running.kill("SIGTERM");
  const ran = await running.outcome();
  assertEquals([ran.code, ran.stderr], [7, ""], ran.transcript);
  assertEquals(await heard(), ["'READY=1\\n'"]);
});

kernelTest("a detached run of a bundle waits until its program is ready", NEEDS, async (scratch) => {
  const { env, heard } = await service(scratch, "service.sock");
  await using bundle = await Bundle.make(scratch, "exec sleep 1000");
  const script = 'exec "$@" >/dev/null 2>&1 </dev/null';
  const words = [MASU, "run", "--detach", "--bundle", bundle.directory, bundle.id];
  const running = await scratch.spawnCommand("sh", "-c", script, "sh", ...words, { env });
  while (await bundle.status() !== "running") await new Promise((resolve) => setTimeout(resolve, 20));
  const pid = await pidOf(bundle);
  await listening(pid);
  assertEquals(running.transcript().includes("still running"), true);
  await say(scratch, pid, "READY=1");
  assertEquals((await running.outcome()).code, 0);
  assertEquals(await heard(), ["'READY=1\\n'", `'MAINPID=${pid}\\n'`]);
});
