import { assertEquals } from "@std/assert";
import { HOST_CONFIG } from "../plan/example_plan.ts";
import type { RunConfig } from "../config/run_config.ts";
import type { Look, ProcessReply } from "../core/wire.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER, type ExampleFile, exampleHost } from "./example_host.ts";
import type { HostFacts } from "./facts.ts";
import { gatherFacts } from "./gather.ts";

interface Gathered {
  readonly facts: HostFacts;
  /** The looks of each call. */
  readonly calls: (readonly Look[])[];
}

function gather(
  process: ProcessReply,
  config: Partial<RunConfig> = {},
  files: Readonly<Record<string, ExampleFile | null>> = {},
): Gathered {
  const host = exampleHost(process, files);
  const calls: (readonly Look[])[] = [];
  const counted = {
    ...host,
    observe(looks: readonly Look[]) {
      calls.push(looks);
      return host.observe(looks);
    },
  };
  const environment = { HOME: "/home/alice", XDG_RUNTIME_DIR: "/run/user/1000" };
  const wanted = {
    config: { ...HOST_CONFIG, ...config },
    global: { cgroupManager: "cgroupfs" as const },
    environment,
  };
  return { facts: gatherFacts(counted, wanted), calls };
}

const CALLS: [name: string, process: ProcessReply, config: Partial<RunConfig>, expected: number][] = [
  ["root's host", EXAMPLE_ROOT, {}, 2],
  ["an ordinary user's host, which is taken apart", EXAMPLE_USER, {}, 3],
  ["a directory", EXAMPLE_USER, { image: { kind: "directory", path: "/srv/www", copyOnWrite: true } }, 2],
];
for (const [name, process, config, expected] of CALLS) {
  Deno.test(`gatherFacts() makes ${expected} calls for ${name}`, () => {
    const { calls } = gather(process, config);
    assertEquals(calls.length, expected);
    const asked = calls.flat().map((look) => JSON.stringify(look));
    assertEquals(new Set(asked).size, asked.length, "something was looked at twice");
  });
}

Deno.test("gatherFacts() does not read what a directory without user namespace does not need", () => {
  const { calls } = gather(EXAMPLE_ROOT, { image: { kind: "directory", path: "/srv/www", copyOnWrite: true } });
  const paths = calls.flat().filter(({ root }) => root === null).map(({ path }) => path);
  for (const path of ["/etc/subuid", "/etc/passwd", "/dev/null", "/home/alice"]) {
    assertEquals(paths.includes(path), false, path);
  }
});

Deno.test("gatherFacts() reads users and groups inside the image", () => {
  const image = { kind: "directory", path: "/srv/image", copyOnWrite: true } as const;
  const files = { "/srv/image": { kind: "directory" as const }, "/srv/image/etc/passwd": { text: "web:x:1:1::/:\n" } };
  const { facts } = gather(EXAMPLE_ROOT, { image }, files);
  assertEquals([facts.image.passwd, facts.image.group], ["web:x:1:1::/:\n", null]);
});

Deno.test("gatherFacts() finds every node below /dev for --privileged", () => {
  const { facts } = gather(EXAMPLE_ROOT, { privileged: true });
  assertEquals(Object.keys(facts.devices).filter((path) => /net|mem|fuse/.test(path)), [
    "/dev/fuse",
    "/dev/mem",
    "/dev/net/tun",
  ]);
});

Deno.test("gatherFacts() takes a user's home from passwd, not from a HOME that sudo kept", () => {
  assertEquals(gather(EXAMPLE_ROOT).facts.home, "/root");
});

Deno.test("gatherFacts() finds the home of a user without HOME", () => {
  const host = exampleHost(EXAMPLE_USER);
  const facts = gatherFacts(host, { config: HOST_CONFIG, global: { cgroupManager: "disabled" }, environment: {} });
  assertEquals(facts.directories, {
    runtime: "/home/alice/.local/share/masu/run",
    data: "/home/alice/.local/share/masu",
  });
  assertEquals(facts.cgroups.mode, "disabled");
});

Deno.test("gatherFacts() says of each file how to see that it is the same", () => {
  const { facts } = gather(EXAMPLE_ROOT, {}, { "/etc/hosts": null });
  const named = new Map(facts.list.map((fact) => [fact.name, fact]));
  assertEquals(named.get("host.hosts")?.holds, { kind: "file", path: "/etc/hosts", device: 0, inode: 0, mtimeMs: 0 });
  assertEquals(named.get("image.passwd")?.value, "file");
  assertEquals(named.get("kernel.release")?.holds, { kind: "boot", id: EXAMPLE_ROOT.bootId });
});

Deno.test("gatherFacts() follows a container's name only to its ID", () => {
  const files = {
    "/var/lib/masu/names/db": { kind: "symlink" as const, target: "../../../../etc/0123" },
    "/run/masu/containers/0123/state.json": { text: '{"id": "0123", "pid": 5000, "masu": {"start": 777}}' },
    "/proc/5000/stat": { text: `5000 (a) b) S ${Array(18).fill("1").join(" ")} 777 1\n` },
  };
  const { facts } = gather(EXAMPLE_ROOT, { pid: { kind: "container", container: "db" } }, files);
  assertEquals(facts.containers, { db: { id: "0123", pid: 5000 } });
});

const INITS: [name: string, args: string[], entrypoint: string[], init: string | null][] = [
  ["none in a shell", ["sh"], [], null],
  ["none in what only has one as an argument", ["ls", "/sbin/init"], [], null],
  ["systemd behind its link", ["/sbin/init"], [], "systemd"],
  ["systemd by its own name", ["systemd"], [], "systemd"],
  ["systemd as the entry point", ["--user"], ["", "init"], "systemd"],
  ["another one by its own name", ["/opt/init"], [], "init"],
];
for (const [name, args, entrypoint, init] of INITS) {
  Deno.test(`gatherFacts() finds the init ${name}`, () => {
    const files = { "/sbin/init": { kind: "symlink" as const, target: "/lib/systemd/systemd" } };
    const { facts } = gather(EXAMPLE_ROOT, { arguments: args, entrypoint }, files);
    assertEquals(facts.image.init, init);
  });
}
