/** `mounts` of config.json, by what the container sees. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Bundle, type Config } from "../bundle.ts";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";

type Mount = Config["mounts"][number] & Record<string, unknown>;

/** A directory of the host's with a file, a subdirectory with a mount of its own, and owners. */
async function source(scratch: Scratch): Promise<string> {
  const directory = await scratch.dir("source");
  await Deno.mkdir(`${directory}/sub`);
  await Deno.writeTextFile(`${directory}/file`, "of the host\n");
  await Deno.chown(`${directory}/file`, 1234, 5678);
  return directory;
}

interface Case {
  readonly name: string;
  /** Where `source` is filled in. */
  readonly mount: Partial<Mount>;
  readonly script: string;
  readonly says: string;
  readonly needs?: readonly Need[];
}

const FLAGS = "awk '$5 == \"/mnt\" { print $6 }' /proc/self/mountinfo";

const CASES: Case[] = [
  { name: "a bind mount shows the source", mount: {}, script: "cat /mnt/file", says: "of the host" },
  {
    name: "a bind mount's flags are set",
    mount: { options: ["bind", "ro", "nosuid", "nodev", "noexec", "noatime"] },
    script: FLAGS,
    says: "ro,nosuid,nodev,noexec,noatime",
  },
  {
    name: "a bind mount of a file is one on a file",
    mount: { destination: "/etc/new/file", source: "file" },
    script: "cat /etc/new/file",
    says: "of the host",
  },
  {
    name: "a relative destination begins at the root",
    mount: { destination: "mnt" },
    script: "cat /mnt/file",
    says: "of the host",
  },
  {
    name: "a tmpfs has its options",
    mount: { type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=64k", "mode=1770"] },
    script: "stat -c %a /mnt; df -k /mnt | tail -n 1 | awk '{ print $2 }'",
    says: "1770\n64",
  },
  {
    name: "tmpcopyup copies what was there",
    mount: { type: "tmpfs", source: "tmpfs", destination: "/bin", options: ["tmpcopyup"] },
    script: "awk '$5 == \"/bin\" { print $9 }' /proc/self/mountinfo; test -x /bin/busybox && echo there",
    says: "tmpfs\nthere",
  },
  {
    name: "a mapping of its own shows other owners",
    mount: {
      options: ["bind"],
      uidMappings: [{ containerID: 1234, hostID: 77, size: 1 }],
      gidMappings: [{ containerID: 5678, hostID: 88, size: 1 }],
    },
    script: "stat -c %u:%g /mnt/file",
    says: "77:88",
    needs: ["userns"],
  },
];

for (const { name, mount, script, says, needs = [] } of CASES) {
  kernelTest(`in a bundle ${name}`, ["mount", "busybox", ...needs], async (scratch) => {
    const directory = await source(scratch);
    await using bundle = await Bundle.make(scratch, script, ({ mounts }) => {
      const { source: below, ...rest } = mount;
      const bound = rest.type === undefined;
      mounts.push({
        destination: "/mnt",
        type: "bind",
        options: ["bind"],
        ...rest,
        source: bound ? `${directory}/${below ?? ""}` : below ?? "",
      });
    });
    const outcome = await bundle.attempt("create");
    assertEquals([outcome.code, outcome.stdout.trimEnd()], [0, says], outcome.transcript);
  });
}

/** Options that hold for what is mounted below too. */
const RECURSIVE: [option: string, flag: string][] = [["rro", "ro"], ["rnosuid", "nosuid"], ["rnoexec", "noexec"]];
for (const [option, flag] of RECURSIVE) {
  kernelTest(`in a bundle ${option} holds for what is mounted below too`, ["mount", "busybox"], async (scratch) => {
    const directory = await source(scratch);
    const script = "awk '$5 == \"/mnt/sub\" { print $6 }' /proc/self/mountinfo";
    await using bundle = await Bundle.make(scratch, script, ({ mounts }) => {
      mounts.push({ destination: "/mnt", type: "bind", source: directory, options: ["rbind", option] });
    });
    const around = 'mount -t tmpfs none "$1" && shift && exec "$@"';
    const words = ["sh", "-ec", around, "sh", `${directory}/sub`, MASU, "run", "--bundle", bundle.directory, bundle.id];
    const outcome = await scratch.command("unshare", "--mount", ...words);
    assertEquals(outcome.code, 0, outcome.transcript);
    assertStringIncludes(`,${outcome.stdout.trimEnd()},`, `,${flag},`, outcome.transcript);
  });
}

/** What cannot be meant. */
const REFUSED: [name: string, mount: Partial<Mount>, says: string][] = [
  ["a bind mount with options of a file system", { options: ["bind", "size=1"] }, "size=1"],
  ["a source that is not there", { source: "not/there" }, "no such file or directory"],
  ["owners of something else than a bind mount", { type: "tmpfs", options: ["idmap"] }, "idmap"],
];
for (const [name, mount, says] of REFUSED) {
  kernelTest(`a bundle is refused with ${name}`, ["mount", "busybox"], async (scratch) => {
    const directory = await source(scratch);
    await using bundle = await Bundle.make(scratch, "echo ran", ({ mounts }) => {
      const { source: below = "", ...rest } = mount;
      mounts.push({ destination: "/mnt", type: "bind", options: ["bind"], ...rest, source: `${directory}/${below}` });
    });
    const outcome = await bundle.attempt("create");
    assertEquals([outcome.code === 0, outcome.stdout], [false, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, says, outcome.transcript);
  });
}

kernelTest(
  "a bundle's mounts have their own propagation, whatever the root's says of the rest",
  ["mount", "busybox"],
  async (scratch) => {
    const words = ["rprivate", "rslave", "rshared"];
    const script =
      'awk \'$5 ~ /^.m-/ { printf "%s", $5; for (i = 7; $i != "-"; i++) printf " %s", substr($i, 1, index($i, ":")); print "" }\' /proc/self/mountinfo | sort';
    await using bundle = await Bundle.make(scratch, script, ({ mounts, linux }) => {
      linux.rootfsPropagation = "rshared";
      for (const word of words) {
        mounts.push({ destination: `/m-${word}`, type: "tmpfs", source: "tmpfs", options: [word] });
      }
      mounts.push({ destination: "/m-unsaid", type: "tmpfs", source: "tmpfs" });
    });
    const outcome = await bundle.run();
    // A slave that has no master is private.
    assertEquals(outcome.stdout, "/m-rprivate\n/m-rshared shared:\n/m-rslave\n/m-unsaid shared:\n", outcome.transcript);
  },
);

kernelTest(
  "a bundle's tmpfs with rro is read-only when all is mounted in it",
  ["mount", "busybox"],
  async (scratch) => {
    const script = "awk '$5 ~ /^.mnt/ { print $5, $6 }' /proc/self/mountinfo";
    await using bundle = await Bundle.make(scratch, script, ({ mounts }) => {
      mounts.push({ destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["rro", "rnoexec"] });
      mounts.push({ destination: "/mnt/in/it", type: "tmpfs", source: "tmpfs" });
    });
    const outcome = await bundle.run();
    assertEquals(outcome.stdout, "/mnt ro,noexec,relatime\n/mnt/in/it rw,relatime\n", outcome.transcript);
  },
);

/** As runc: what a bind mount says, it has alone, and what its source's mount has, as long as it says nothing. */
const OF_SOURCE: [name: string, options: string[], has: string][] = [
  ["that says nothing", ["bind"], "rw,nosuid,noexec,relatime"],
  ["that names flags", ["bind", "ro"], "ro,relatime"],
  ["that takes one off", ["bind", "suid"], "rw,relatime"],
];
for (const [name, options, has] of OF_SOURCE) {
  kernelTest(`in a bundle a bind mount ${name} is ${has}`, ["mount", "busybox"], async (scratch) => {
    const directory = await source(scratch);
    await using bundle = await Bundle.make(scratch, FLAGS, ({ mounts }) => {
      mounts.push({ destination: "/mnt", type: "bind", source: `${directory}/sub`, options });
    });
    const around = 'mount -t tmpfs -o nosuid,noexec none "$1" && shift && exec "$@"';
    const words = ["sh", "-ec", around, "sh", `${directory}/sub`, MASU, "run", "--bundle", bundle.directory, bundle.id];
    const outcome = await scratch.command("unshare", "--mount", ...words);
    assertEquals([outcome.code, outcome.stdout.trimEnd()], [0, has], outcome.transcript);
  });
}
