import { assertEquals, assertThrows } from "@std/assert";
import type { MountConfig } from "../config/run_config.ts";
import { MasuError } from "../error.ts";
import type { LinuxNamespace } from "./oci.ts";
import { checkDestination, checkSysctl } from "./validate.ts";

const OWN: LinuxNamespace[] = [{ type: "mount" }, { type: "network" }, { type: "ipc" }, { type: "uts" }];

for (
  const name of [
    "net.ipv4.ip_forward",
    "net.ipv6.conf.eth0.disable_ipv6",
    "net.core.somaxconn",
    "kernel.shmmax",
    "kernel.sem",
    "fs.mqueue.msg_max",
  ]
) {
  Deno.test(`checkSysctl() lets ${name} pass`, () => checkSysctl(name, OWN));
}

/** Attack T28: a setting of the whole machine, in disguise or not. */
const FOREIGN = [
  "kernel.core_pattern",
  "net.x+kernel.core_pattern",
  "net/../kernel/core_pattern",
  "net.ipv4/../../kernel/core_pattern",
  "net...kernel.core_pattern",
  "net.ipv4.x=1",
  "net",
  "net.",
  "Net.ipv4.ip_forward",
  "vm.swappiness",
  "kernel.shmmax.x",
  "kernel.modprobe",
  "fs.file-max",
  "user.max_user_namespaces",
  "",
];
for (const name of FOREIGN) {
  Deno.test(`checkSysctl() refuses "${name}"`, () => {
    assertEquals(assertThrows(() => checkSysctl(name, OWN), MasuError, "the whole machine's").code, "invalid_config");
  });
}

Deno.test("checkSysctl() refuses a setting whose namespace is the host's", () => {
  const hosts: LinuxNamespace[] = [{ type: "mount" }];
  assertThrows(() => checkSysctl("net.ipv4.ip_forward", hosts), MasuError, '"--net host"');
  assertThrows(() => checkSysctl("kernel.shmmax", hosts), MasuError, '"--ipc host"');
});

Deno.test("checkSysctl() points to the flag that a setting has", () => {
  assertEquals(assertThrows(() => checkSysctl("kernel.hostname", OWN), MasuError).hint, "use --hostname");
});

const tmpfs = (destination: string): MountConfig => ({ kind: "tmpfs", destination, options: [] });

for (
  const path of [
    "/data",
    "/procfs",
    "/dev/shm",
    "/sys/kernel",
    "/proc/cpuinfo",
    "/proc/sys/crypto/fips_enabled",
    "/proc/uptime",
  ]
) {
  Deno.test(`checkDestination() lets ${path} pass`, () => checkDestination(tmpfs(path)));
}

/** Attack T4: a file of somebody's making where masu writes. */
for (
  const path of [
    "/",
    "//",
    "/./",
    "/proc",
    "/proc/",
    "//proc",
    "/./proc/./self/attr",
    "/proc/self/attr",
    "/proc/sys",
    "/proc/sysrq-trigger",
    "/proc/cpuinfo/x",
    "/a/../proc",
    "relative",
  ]
) {
  Deno.test(`checkDestination() refuses ${path}`, () => {
    assertEquals(assertThrows(() => checkDestination(tmpfs(path)), MasuError).code, "invalid_config");
  });
}

Deno.test("checkDestination() lets the host's whole /proc be bound over the container's", () => {
  const bind: MountConfig = {
    kind: "bind",
    source: "/proc",
    destination: "/proc",
    readOnly: false,
    recursiveReadOnly: false,
    recursive: true,
    createSource: false,
    options: [],
  };
  checkDestination(bind);
  assertThrows(() => checkDestination({ ...bind, source: "/tmp/fake" }), MasuError, "nothing may cover");
});
