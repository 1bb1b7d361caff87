/** Numbers and words of config.json that would become paths, ids, lines of files, settings or codes of terminals. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config, WAYS } from "../bundle.ts";
import { exists } from "../host.ts";
import { fields, image } from "../inside.ts";
import { MASU } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const NEEDS = ["mount", "pidns", "busybox"] as const;

/** C0 without tab and newline, DEL, C1: what drives a terminal. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

/** What config.json may not say: its place, and what is written there. */
const REFUSED: [name: string, change: (config: Config) => void][] = [
  ["T6: ten thousand id maps", ({ linux }) => {
    linux.namespaces.push({ type: "user" });
    linux.uidMappings = Array.from({ length: 10_000 }, (_, index) => ({
      containerID: index,
      hostID: 100_000 + index,
      size: 1,
    }));
    linux.gidMappings = linux.uidMappings;
  }],
  ["T6: id maps that overflow", ({ linux }) => {
    linux.namespaces.push({ type: "user" });
    linux.uidMappings = [{ containerID: 0, hostID: 4294967295, size: 4294967295 }];
    linux.gidMappings = linux.uidMappings;
  }],
  ["T6: a namespace's path of a megabyte", ({ linux }) => {
    linux.namespaces = [{ type: "network", path: `/${"a/".repeat(500_000)}` }];
  }],
  ["T6: a destination of a megabyte", ({ mounts }) => {
    mounts.push({ destination: `/${"a/".repeat(500_000)}`, type: "tmpfs" });
  }],
  ["T6: a host name of 100,000 letters", (config) => config.hostname = "x".repeat(100_000)],
  ["T17: the user -1", ({ process }) => process.user.uid = -1],
  ["T17: the user 4294967296", ({ process }) => process.user.uid = 4294967296],
  ["T17: the user 0.5", ({ process }) => process.user.uid = 0.5],
  ["T17: the user 1e300", ({ process }) => process.user.uid = 1e300],
  ['T17: the user "0"', ({ process }) => process.user = JSON.parse('{"uid":"0","gid":0}')],
  ["T17: the group 2^64", ({ process }) => process.user.gid = 18446744073709551616],
  ["T17: additional groups that are no ids", ({ process }) => process.user.additionalGids = [-1]],
  ["T18: a cgroup above", ({ linux }) => linux.cgroupsPath = "/../../pwned"],
  ["T18: a cgroup above, relative", ({ linux }) => linux.cgroupsPath = "a/../../../pwned"],
  ["T18: a cgroup with a line's end", ({ linux }) => linux.cgroupsPath = "/a\nb"],
  ["T21: a host name with a line's end", (config) => config.hostname = "a\nb"],
  ["T21: a host name with a terminal's code", (config) => config.hostname = "a\x1b[2J"],
  ["T21: a domain name with a line's end", (config) => config.domainname = "a\nnameserver 192.0.2.1"],
  ["T21: a destination with a NUL", ({ mounts }) => mounts.push({ destination: "/a\0b", type: "tmpfs" })],
  ["T21: a variable with a NUL", ({ process }) => process.env.push("A=b\0C=d")],
  ["T21: an argument with a NUL", ({ process }) => process.args.push("a\0b")],
  ["T21: a working directory with a NUL", ({ process }) => process.cwd = "/\0tmp"],
];
for (const [name, change] of REFUSED) {
  attackTest(`${name} in config.json is refused in one line`, NEEDS, async (scratch) => {
    for (const way of WAYS) {
      await using bundle = await Bundle.make(scratch, "echo ran", change);
      const outcome = await bundle.attempt(way);
      assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.stderr.slice(0, 2000));
      assert(outcome.stderr.length < 20_000, "a message of any length");
      assert(!CONTROLS.test(outcome.stderr), "the message drives the terminal");
      assert(!/panicked|\bat .*\.ts/.test(outcome.stderr), outcome.stderr.slice(0, 2000));
      assertEquals(await bundle.status(), null);
    }
  });
}

attackTest(
  "T17: uid and gid of a bundle and of exec's document are the numbers that they say",
  NEEDS,
  async (scratch) => {
    for (const [uid, gid] of [[1, 0], [1, 2], [0, 1], [4294967294, 4294967294]] as const) {
      await using bundle = await Bundle.make(
        scratch,
        "grep ^[UG]id /proc/self/status; echo on; exec sleep 100",
        (config) => {
          config.process.user = { uid, gid };
        },
      );
      await bundle.create();
      const started = await bundle.masu("start");
      assertEquals(started.code, 0, started.transcript);
      await bundle.said("on");
      const four = (id: number) => Array(4).fill(id).join(" ");
      const { stdout } = await bundle.output();
      assertEquals(fields(stdout, "Uid", "Gid"), [four(uid), four(gid)]);
      const exec = await bundle.exec((document) => {
        document.user = { uid: gid, gid: uid };
        document.args = ["cat", "/proc/self/status"];
      });
      assertEquals(fields(exec.stdout, "Uid", "Gid", "Groups"), [four(gid), four(uid), ""], exec.transcript);
    }
  },
);

/** What exec's document may not say. */
const DOCUMENTS: [what: string, document: string][] = [
  ["the user -1", '{"user":{"uid":-1,"gid":0},"args":["id"],"cwd":"/"}'],
  ["the user 4294967296", '{"user":{"uid":4294967296,"gid":0},"args":["id"],"cwd":"/"}'],
  ['the user "1"', '{"user":{"uid":"1","gid":0},"args":["id"],"cwd":"/"}'],
  ["the user 0x1", '{"user":{"uid":0x1,"gid":0},"args":["id"],"cwd":"/"}'],
  ["a relative working directory", '{"args":["id"],"cwd":"tmp"}'],
  ["no arguments", '{"args":[],"cwd":"/"}'],
  ["a NUL", '{"args":["echo","a\\u0000b"],"cwd":"/"}'],
  ["a list", "[]"],
  ["nothing", ""],
  ["half of it", '{"args":["id"],"cwd":"/"'],
  ["two of them", '{"args":["id"],"cwd":"/"}{"args":["id"],"cwd":"/"}'],
  ["10,000 levels", "[".repeat(10_000)],
];
attackTest("T17: a document of exec that says what cannot be is refused, and nothing runs", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "exec sleep 100");
  await bundle.create();
  await bundle.masu("start");
  for (const [what, text] of DOCUMENTS) {
    const file = await scratch.write("process.json", text);
    const outcome = await bundle.masu("exec", "--process", file);
    assertEquals([what, outcome.code, outcome.stdout], [what, 255, ""], outcome.transcript);
    assert(!/panicked|\bat .*\.ts/.test(outcome.stderr), outcome.transcript);
  }
});

attackTest(
  "T7: a bundle and exec's document get no inheritable capability unless they name it",
  NEEDS,
  async (scratch) => {
    await using bundle = await Bundle.make(scratch, "cat /proc/self/status; echo on; exec sleep 100");
    await bundle.create();
    await bundle.masu("start");
    await bundle.said("on");
    assertEquals(fields((await bundle.output()).stdout, "CapInh", "CapAmb"), ["0000000000000000", "0000000000000000"]);
    for (const words of [["--cap", "CAP_NET_RAW"], []]) {
      const { stdout, transcript } = await bundle.masu("exec", ...words, bundle.id, "cat", "/proc/self/status").then(
        () => scratch.masu("exec", ...words, bundle.id, "cat", "/proc/self/status"),
      );
      assertEquals(fields(stdout, "CapInh"), ["0000000000000000"], transcript);
    }
    const { stdout, transcript } = await bundle.exec((document) => {
      document.args = ["cat", "/proc/self/status"];
      document.capabilities = { bounding: ["CAP_NET_RAW"], effective: ["CAP_NET_RAW"], permitted: ["CAP_NET_RAW"] };
    });
    assertEquals(fields(stdout, "CapInh", "CapAmb"), ["0000000000000000", "0000000000000000"], transcript);
  },
);

const IDS = ["../x", "a/b", "/tmp/pwned", ".", "..", "", "a\nb", "a b", "a\x1b[2Jb", "枡", "x".repeat(5_000)];
attackTest("T18: an ID that is no name is refused by every command", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "echo ran");
  for (const id of IDS) {
    const commands = [
      ["create", "--bundle", bundle.directory, "--", id],
      ["run", "--bundle", bundle.directory, "--", id],
      ["start", "--", id],
      ["kill", "--", id, "9"],
      ["delete", "--", id],
      ["delete", "--force", "--", id],
      ["state", "--", id],
      ["pause", "--", id],
      ["exec", "--", id, "true"],
    ];
    for (const words of commands) {
      const outcome = await scratch.masu(...words);
      assert(outcome.code !== 0 && outcome.stdout === "", outcome.transcript.slice(0, 2000));
      assert(!CONTROLS.test(outcome.stderr), "the message drives the terminal");
      assert(outcome.stderr.length < 10_000, "a message of any length");
    }
  }
  assertEquals(exists("/tmp/pwned"), false);
});

attackTest("T18: exec --cgroup leads to no cgroup but the container's", NEEDS, async (scratch) => {
  await using bundle = await Bundle.make(scratch, "exec sleep 100");
  await bundle.create();
  await bundle.masu("start");
  for (const path of ["../..", "/../..", "pids:../..", "a/../../..", "pids:/../x", "..", "memory:..,pids:/"]) {
    const outcome = await scratch.masu("exec", "--cgroup", path, bundle.id, "cat", "/proc/self/cgroup");
    if (outcome.code === 0) {
      const lines = outcome.stdout.split("\n").filter((line) => /:(pids|memory):/.test(line));
      assert(lines.every((line) => line.includes(bundle.id)), outcome.transcript);
    } else assertEquals(outcome.stdout, "", outcome.transcript);
  }
});

attackTest(
  "T21: values with any characters break no file of masu's and no document that it prints",
  NEEDS,
  async (scratch) => {
    const value = 'x\n"},"pid":1,"status":"stopped","a":{"\x1b[2J\u009b${id}$${id}';
    await using bundle = await Bundle.make(scratch, 'printf %s "$VALUE"', (config) => {
      config.annotations = { "org.example": value, [value]: "x", "${id}": "${pid}" };
      config.process.env.push(`VALUE=${value}`);
    });
    const outcome = await bundle.attempt("create");
    assertEquals([outcome.code, outcome.stdout], [0, value], outcome.transcript);
    const { stdout, transcript } = await bundle.masu("state");
    assertEquals(JSON.parse(stdout).annotations, bundle.config.annotations, transcript);
    assert(!CONTROLS.test(stdout.replaceAll("\n", "")), "the state drives the terminal");
    const list = await scratch.masu("list", "--all");
    assert(!CONTROLS.test(list.stdout), list.transcript);
  },
);

const SYSCTLS = [
  "kernel.core_pattern",
  "kernel.modprobe",
  "kernel.sysrq",
  "vm.overcommit_memory",
  "fs.file-max",
  "fs.binfmt_misc.register",
  "net.x+kernel.core_pattern",
  "net/../kernel/core_pattern",
  "net.../kernel/core_pattern",
  "net..kernel.core_pattern",
  "net.ipv4/../../kernel/core_pattern",
  "/proc/sys/kernel/core_pattern",
  "net.",
  "",
  ".net.ipv4.ip_forward",
  "kernel.msgmax/../core_pattern",
  "kernel.shm_rmid_forced.x",
  "net.ipv4.ip_forward=1\nkernel.core_pattern",
];
attackTest("T28: no setting beyond the container's namespaces is made by a bundle's sysctl", NEEDS, async (scratch) => {
  for (const key of SYSCTLS) {
    await using bundle = await Bundle.make(scratch, "echo ran", ({ linux }) => linux.sysctl = { [key]: "|/pwned" });
    const outcome = await bundle.create();
    assertEquals([key, outcome.code], [key, 1], outcome.transcript);
    assertStringIncludes(outcome.stderr, "sysctl");
  }
});

attackTest("T28: a setting of a namespace that the bundle shares with the host is refused", NEEDS, async (scratch) => {
  for (
    const [type, key] of [["network", "net.ipv4.ip_forward"], ["ipc", "kernel.msgmax"], ["uts", "kernel.domainname"]]
  ) {
    for (const path of [undefined, `/proc/self/ns/${type === "network" ? "net" : type}`]) {
      await using bundle = await Bundle.make(scratch, "echo ran", ({ linux }) => {
        linux.namespaces = linux.namespaces.filter((one) => one.type !== type);
        if (path !== undefined) linux.namespaces.push({ type: type ?? "", path });
        // Nothing is changed if the attack succeeds.
        linux.sysctl = { [key ?? ""]: Deno.readTextFileSync(`/proc/sys/${key?.replaceAll(".", "/")}`).trim() };
      });
      const outcome = await bundle.create();
      assertEquals(outcome.code, 1, outcome.transcript);
    }
  }
});

/** config.json as no engine writes it. */
const FILES: [what: string, make: (path: string) => Promise<unknown>][] = [
  ["64 MB of blanks", (path) => Deno.writeTextFile(path, `${" ".repeat(64 << 20)}{}`)],
  ["a text of 64 MB", (path) => Deno.writeTextFile(path, JSON.stringify({ hostname: "x".repeat(64 << 20) }))],
  ["100,000 levels", (path) => Deno.writeTextFile(path, `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)],
  ["a million mounts", (path) => Deno.writeTextFile(path, `{"mounts":[${"{},".repeat(1_000_000)}{}]}`)],
  ["cut off", (path) => Deno.writeTextFile(path, '{"ociVersion":"1.0.2","process":{')],
  ["no UTF-8", (path) => Deno.writeFile(path, new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]))],
  ["a directory", (path) => Deno.mkdir(path)],
  ["/dev/zero", (path) => Deno.symlink("/dev/zero", path)],
  ["a FIFO", (path) => new Deno.Command("mkfifo", { args: [path] }).output()],
  ["a sparse terabyte", (path) => new Deno.Command("truncate", { args: ["-s", "1T", path] }).output()],
  ["a prototype", (path) => Deno.writeTextFile(path, '{"__proto__":{"root":{"path":"/"}},"constructor":1}')],
];
for (const [what, make] of FILES) {
  attackTest(`T23: a config.json that is ${what} ends in a clean error, soon`, NEEDS, async (scratch) => {
    await using bundle = await Bundle.make(scratch, "echo ran");
    const path = `${bundle.directory}/config.json`;
    await Deno.remove(path);
    await make(path);
    const script = 'ulimit -v 100000000; exec timeout 20 "$@"';
    const outcome = await scratch.command(
      "sh",
      "-c",
      script,
      "sh",
      MASU,
      "run",
      "--bundle",
      bundle.directory,
      bundle.id,
    );
    assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript.slice(0, 2000));
    assert(outcome.stderr.length < 20_000, "a message of any length");
    assert(!/panicked|\bat .*\.ts|heap|memory/.test(outcome.stderr), outcome.stderr.slice(0, 2000));
  });
}

/** Files of a bundle's root from which a home or a group could be read. */
const PASSWDS: [what: string, make: string][] = [
  ["a link to the host's", "ln -s /etc/shadow passwd && ln -s ../../../../../../../../etc/shadow group"],
  ["a FIFO", "mkfifo passwd group"],
  ["an endless device", "mknod passwd c 1 5 && mknod group c 1 5"],
  ["ten gigabytes", "truncate -s 10G passwd group"],
  ["a link to a process's file", "ln -s /proc/self/environ passwd && ln -s /proc/1/environ group"],
];
for (const [what, make] of PASSWDS) {
  attackTest(`T25: a bundle whose /etc/passwd is ${what} neither tells nor delays`, NEEDS, async (scratch) => {
    const root = await image(scratch);
    const made = await scratch.command("sh", "-c", `rm passwd group && ${make}`, { cwd: `${root}/etc` });
    assertEquals(made.code, 0, made.transcript);
    await using bundle = await Bundle.make(scratch, "echo $HOME; exec sleep 100", ({ process }) => {
      process.user = { uid: 1000, gid: 1000 };
    });
    const created = await bundle.create();
    assertEquals(created.code, 0, created.transcript);
    await bundle.masu("start");
    await bundle.said("/");
    const exec = await bundle.exec((document) => document.args = ["sh", "-c", "echo $HOME"]);
    assertEquals([exec.code, exec.stdout], [0, "/\n"], exec.transcript);
  });
}

attackTest("T27: checkpoint and restore are refused, and no image is read", NEEDS, async (scratch) => {
  const directory = await scratch.dir("checkpoint");
  await scratch.write("checkpoint/config.json", '{"mounts":[{"destination":"/mnt","type":"bind","source":"/"}]}');
  await using bundle = await Bundle.make(scratch, "echo ran");
  for (const command of ["checkpoint", "restore"]) {
    const words = command === "restore" ? ["--bundle", bundle.directory] : [];
    const outcome = await bundle.masu(command, "--image-path", directory, ...words);
    assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, "does not support checkpoints");
  }
});
