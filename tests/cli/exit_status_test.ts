/** How masu run ends: with the program's status, or with one of its own and the reason. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import { image } from "../inside.ts";
import { familyOf, nameOf, until } from "./family.ts";

const CONTAINER: Need[] = ["mount", "pidns", "overlay", "busybox"];

const PROGRAMS: [name: string, args: string[], code: number][] = [
  ["with 0", ["ROOTFS", "true"], 0],
  ["with the program's status", ["ROOTFS", "sh", "-c", "exit 42"], 42],
  ["with 255", ["ROOTFS", "sh", "-c", "exit 255"], 255],
  ["with the program's 125, silently", ["ROOTFS", "sh", "-c", "exit 125"], 125],
  ["with the status below --init", ["--init", "ROOTFS", "sh", "-c", "exit 7"], 7],
  ["with 128 + 15 below --init", ["--init", "ROOTFS", "sh", "-c", "kill -TERM $$"], 143],
  ["with 128 + 11 below --init", ["--init", "ROOTFS", "sh", "-c", "kill -SEGV $$"], 139],
  ["with 128 + 9 in the host's pid namespace", ["--pid", "host", "ROOTFS", "sh", "-c", "kill -KILL $$"], 137],
  ["with 128 + 6 in the host's pid namespace", ["--pid", "host", "ROOTFS", "sh", "-c", "kill -ABRT $$"], 134],
];
for (const [name, args, code] of PROGRAMS) {
  for (const asUser of [false, true]) {
    kernelTest(`masu run ends ${name}${asUser ? " as an ordinary user" : ""}`, needs(asUser), async (scratch) => {
      const rootfs = await image(scratch, { asUser });
      const words = args.map((word) => word === "ROOTFS" ? rootfs : word);
      const result = await scratch.masu("run", ...words, { asUser });
      assertEquals([result.code, result.stdout, result.stderr], [code, "", ""], result.transcript);
    });
  }
}

kernelTest("masu run ends with 137 when its container is killed from outside", CONTAINER, async (scratch) => {
  const masu = await scratch.spawn("run", await scratch.rootfs("busybox"), "sleep", "100");
  const { first } = await familyOf(masu.pid);
  await until("the program runs", () => nameOf(first) === "sleep");
  Deno.kill(first, "SIGKILL");
  const result = await masu.outcome();
  assertEquals([result.code, result.stderr], [137, ""], result.transcript);
});

/** A file that is put into the root, and what starting `program` with it says. */
interface Unusable {
  readonly name: string;
  readonly program: string;
  readonly code: 126 | 127;
  readonly message: RegExp;
  readonly hint?: RegExp;
  prepare?(rootfs: string): Promise<void>;
}

const UNUSABLE: Unusable[] = [
  {
    name: "a name that is nowhere",
    program: "no-such-program",
    code: 127,
    message: /"no-such-program".*not found/,
  },
  {
    name: "a path where nothing is",
    program: "/bin/no-such-program",
    code: 127,
    message: /"\/bin\/no-such-program".*\(ENOENT from execve\(2\)\)/,
  },
  {
    name: "a path through a file",
    program: "/bin/busybox/x",
    code: 127,
    message: /"\/bin\/busybox\/x".*\(ENOTDIR from execve\(2\)\)/,
  },
  {
    name: "a file that is not executable",
    program: "/etc/passwd",
    code: 126,
    message: /"\/etc\/passwd".*\(EACCES from execve\(2\)\)/,
    hint: /chmod/,
  },
  {
    name: "a directory",
    program: "/etc",
    code: 126,
    message: /"\/etc": permission denied: it is a directory \(EACCES from execve\(2\)\)/,
    hint: /name the program/,
  },
  {
    name: "a program for another processor",
    program: "/foreign",
    code: 126,
    message: /"\/foreign": it was built for aarch64, .*\(ENOEXEC from execve\(2\)\)/,
    hint: /x86_64/,
    prepare: (rootfs) => copyELF("/bin/busybox", `${rootfs}/foreign`, { machine: 183 }),
  },
  {
    name: "a script whose interpreter is missing",
    program: "/script",
    code: 126,
    message: /"\/script": the interpreter "\/no\/interpreter" .*\(ENOENT from execve\(2\)\)/,
    hint: /"\/no\/interpreter"/,
    prepare: (rootfs) => executable(`${rootfs}/script`, "#!/no/interpreter -x\necho hello\n"),
  },
  {
    name: "a script that Windows ended the lines of",
    program: "/script",
    code: 126,
    message: /"\/script".*\(ENOENT from execve\(2\)\)/,
    hint: /carriage returns/,
    prepare: (rootfs) => executable(`${rootfs}/script`, "#!/bin/sh\r\necho hello\r\n"),
  },
  {
    name: "a text without an interpreter",
    program: "/text",
    code: 126,
    message: /"\/text".*\(ENOEXEC from execve\(2\)\)/,
    hint: /#!/,
    prepare: (rootfs) => executable(`${rootfs}/text`, "echo hello\n"),
  },
  {
    name: "a program whose loader is missing",
    program: "/dynamic",
    code: 126,
    message: /"\/dynamic": its ELF loader "\/lib64\/ld-linux-x86-64\.so\.2" is missing \(ENOENT from execve\(2\)\)/,
    hint: /C library|static/,
    prepare: (rootfs) => copyELF("/bin/true", `${rootfs}/dynamic`, {}),
  },
];
for (const { name, program, code, message, hint, prepare } of UNUSABLE) {
  for (const asUser of [false, true]) {
    kernelTest(
      `masu run ends with ${code} for ${name}${asUser ? ", as an ordinary user" : ""}`,
      needs(asUser),
      async (scratch) => {
        const rootfs = await image(scratch, { asUser });
        await prepare?.(rootfs);
        const result = await scratch.masu("run", rootfs, program, { asUser });
        assertEquals([result.code, result.stdout], [code, ""], result.transcript);
        const [first = "", second = "", ...rest] = result.stderr.trimEnd().split("\n");
        assertMatch(first, /^masu: Execute "/, result.transcript);
        assertMatch(first, message, result.transcript);
        assertMatch(second, /^step: exec \d+ of the plan$/, result.transcript);
        if (hint !== undefined) assertMatch(rest.join("\n"), hint, result.transcript);
        else assertEquals(rest.filter((line) => !line.startsWith("hint: ")), [], result.transcript);
      },
    );
  }
}

/** What masu itself cannot do: flags before the image, and the whole of what it says. */
const FAILURES: [name: string, args: string[], stderr: RegExp][] = [
  ["a root that is missing", ["run", "./missing", "true"], /^masu: Read IMAGE ".*\/missing": no such directory\n/],
  ["a root that is a file", ["run", "./file", "true"], /^masu: Read IMAGE ".*\/file": not a directory\nhint: /],
  [
    "a --rootfs that is a file",
    ["run", "--rootfs", "file", "true"],
    /^masu: Read --rootfs ".*\/file": not a directory\nhint: /,
  ],
  [
    "a bind mount whose source is missing",
    ["run", "--mount", "type=bind,src=./missing,dst=/x", "host", "true"],
    /^masu: Mount "[^"]*\/missing" on "\/x": there is no such file or directory\nhint: .*--volume/,
  ],
  [
    "a working directory that is a file",
    ["run", "-w", "/etc/passwd", "host", "true"],
    /^masu: Change directory to "\/etc\/passwd": .*\(ENOTDIR from .*\(2\)\)\nstep: exec \d+ of the plan\n/,
  ],
  [
    "a user that is not in the container's passwd",
    ["run", "-u", "nobody-of-that-name", "host", "true"],
    /^masu: .*"nobody-of-that-name".*\n/,
  ],
  [
    "a sysctl that the kernel refuses",
    ["run", "--sysctl", "net.ipv4.ip_forward=many", "host", "true"],
    /^masu: .*"net\.ipv4\.ip_forward".*\(EINVAL from write\(2\)\)\nstep: inside \d+ of the plan\n/,
  ],
  [
    "a container that is not there to be joined",
    ["run", "--net", "container:nowhere", "host", "true"],
    /^masu: Find container "nowhere": no such container\n/,
  ],
  [
    "a tmpfs with an option that the kernel does not know",
    ["run", "--tmpfs", "/x:uid=nobody", "host", "true"],
    /^masu: .*(uid=nobody|"\/x").*\n/,
  ],
  [
    "a descriptor to preserve that is not open",
    ["run", "--preserve-fds", "7", "host", "true"],
    /^masu: .*"\d+".*\(EBADF from fcntl\(2\)\)\nstep: exec \d+ of the plan\nhint: /,
  ],
];
for (const [name, args, stderr] of FAILURES) {
  for (const asUser of [false, true]) {
    kernelTest(
      `masu run ends with 125 for ${name}${asUser ? ", as an ordinary user" : ""}`,
      needs(asUser),
      async (scratch) => {
        await scratch.write("file", "");
        const result = await scratch.masu(...args, { asUser });
        assertEquals([result.code, result.stdout], [125, ""], result.transcript);
        assertMatch(result.stderr, stderr, result.transcript);
        assertMatch(result.stderr, /^masu: [A-Z][^\n]*[^.\n]\n(step: [^\n]+\n)?(hint: [^\n]+\n)?$/, result.transcript);
      },
    );
  }
}

for (const asUser of [false, true]) {
  const who = asUser ? ", as an ordinary user" : "";
  kernelTest(`masu run refuses a --cidfile that is there, and leaves it${who}`, needs(asUser), async (scratch) => {
    const cidfile = await scratch.write("cid", "precious");
    const result = await scratch.masu("run", "--cidfile", cidfile, "host", "true", { asUser });
    assertEquals(result.code, 125, result.transcript);
    assertStringIncludes(result.stderr, `"${cidfile}"`, result.transcript);
    assertEquals(await Deno.readTextFile(cidfile), "precious");
  });

  kernelTest(
    `masu run refuses a name that is in use, and leaves its container${who}`,
    needs(asUser),
    async (scratch) => {
      const rootfs = await image(scratch, { asUser });
      const first = await scratch.spawn("run", "--name", "web", rootfs, "sh", "-c", "echo up; read line", { asUser });
      await first.until(/up/);
      const second = await scratch.masu("run", "--name", "web", rootfs, "true", { asUser });
      assertEquals([second.code, second.stdout], [125, ""], second.transcript);
      assertMatch(
        second.stderr,
        /^masu: Use name "web" \(--name\): container "[0-9a-f]{12}" has it\nhint: /,
        second.transcript,
      );
      const third = await scratch.masu("run", "--uts", "container:web", rootfs, "hostname", { asUser });
      assertEquals(third.code, 0, third.transcript);
      await first.write("\n");
      assertEquals((await first.outcome()).code, 0);
      const fourth = await scratch.masu("run", "--name", "web", rootfs, "true", { asUser });
      assertEquals(fourth.code, 0, fourth.transcript);
    },
  );

  kernelTest(
    `masu run writes --cidfile and --pidfile before the program runs${who}`,
    needs(asUser),
    async (scratch) => {
      const directory = await scratch.dir("ids", 0o777);
      const files = ["--cidfile", `${directory}/cid`, "--pidfile", `${directory}/pid`];
      const masu = await scratch.spawn(
        "run",
        ...files,
        await image(scratch, { asUser }),
        "sh",
        "-c",
        "hostname; read line",
        {
          asUser,
        },
      );
      const [id] = await masu.until(/[0-9a-f]{12}/);
      assertEquals(await Deno.readTextFile(`${directory}/cid`), id);
      assertEquals(Number(await Deno.readTextFile(`${directory}/pid`)), (await familyOf(masu.pid)).first);
      await masu.write("\n");
      assertEquals((await masu.outcome()).code, 0);
    },
  );
}

function needs(asUser: boolean): Need[] {
  return asUser ? [...CONTAINER, "user"] : CONTAINER;
}

async function executable(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, 0o755);
}

/** ELF: e_machine is the half-word at 18. elf(5) */
async function copyELF(from: string, to: string, { machine }: { machine?: number }): Promise<void> {
  const bytes = await Deno.readFile(from);
  if (machine !== undefined) new DataView(bytes.buffer).setUint16(18, machine, true);
  await Deno.writeFile(to, bytes, { mode: 0o755 });
}
