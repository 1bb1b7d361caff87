/** What no attack may change on the host: settings of the kernel, mounts, masu itself, files where attackers would put some. */
import { assertEquals } from "@std/assert";
import { kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";

/** Settings that attacks on containers go for, and those of the families that containers may set. */
const SETTINGS = [
  "kernel/core_pattern",
  "kernel/hostname",
  "kernel/modprobe",
  "kernel/msgmax",
  "kernel/pid_max",
  "kernel/sysrq",
  "net/ipv4/ip_forward",
  "net/ipv4/ip_unprivileged_port_start",
  "net/ipv4/ping_group_range",
  "vm/overcommit_memory",
];

/** Directories in which an attack would leave a file. What is made in `/tmp` by others is told apart by its name. */
const PLACES = ["/", "/etc", "/root", "/run", "/usr/bin", "/var"];

/** Registers a test of an attack: besides what {@link kernelTest} checks, the host must be as it was. */
export function attackTest(name: string, needs: readonly Need[], attack: (scratch: Scratch) => Promise<void>): void {
  kernelTest(name, needs, async (scratch) => {
    const before = await look();
    await attack(scratch);
    assertEquals(await look(), before, "the host has changed");
  });
}

async function look(): Promise<Record<string, string>> {
  const seen: Record<string, string> = { [MASU]: await sha256(MASU), "mount namespace": await mounts() };
  for (const setting of SETTINGS) {
    const path = `/proc/sys/${setting}`;
    seen[path] = await Deno.readTextFile(path).catch(() => "none");
  }
  for (const place of PLACES) seen[place] = [...Deno.readDirSync(place)].map(({ name }) => name).sort().join(" ");
  seen["/tmp"] = [...Deno.readDirSync("/tmp")].map(({ name }) => name).filter((name) => /pwned/.test(name)).join(" ");
  return seen;
}

/** The mount points outside of the tests' own directories, in order. */
async function mounts(): Promise<string> {
  const lines = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n").map((line) =>
    line.split(" ").slice(3, 6).join(" ")
  );
  return lines.filter((line) => !line.includes("/tmp/") && !line.includes("/sys/kernel/")).join("\n");
}

async function sha256(path: string): Promise<string> {
  using file = await Deno.open(path);
  // The front and the core: what could be executed. 94 MB would take a second a test.
  const bytes = new Uint8Array(2 << 20);
  await file.read(bytes);
  const { size, mtime, ino } = await file.stat();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return `${size} bytes, inode ${ino}, ${mtime?.getTime()}, ${digest}`;
}
