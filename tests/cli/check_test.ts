/** masu check: what it says is what containers then find. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CheckLine, CheckReport } from "../../lib/engine/check.ts";
import { image } from "../inside.ts";
import { cliTest, has, kernelTest, type Need } from "../needs.ts";
import { MASU, type Scratch } from "../scratch.ts";
import { trace } from "./calls.ts";

/** Every key, as scripts may rely on. */
const KEYS = [
  ...["kernel.version", "kernel.proc", "kernel.overlay_userns", "kernel.idmapped_mounts", "kernel.seccomp"],
  ...["clone3", "openat2", "close_range", "pidfd_open", "open_tree", "mount_setattr", "keyctl"].map((name) =>
    `system_call.${name}`
  ),
  ...["user", "mount", "pid", "network", "ipc", "uts", "cgroup", "time"].map((name) => `namespace.${name}`),
  ...["ids.uids", "ids.gids", "cgroup.mode"],
  ...["tmpfs", "devpts", "mqueue"].map((name) => `file_system.${name}`),
  ...["unshare", "ip", "nft", "criu"].map((name) => `tool.${name}`),
];

for (const asUser of [false, true]) {
  const who = asUser ? " as an ordinary user" : "";
  const needs: Need[] = asUser ? ["mount", "overlay", "busybox", "user"] : ["mount", "overlay", "busybox"];

  kernelTest(`masu check --json${who} prints one document with stable keys`, needs, async (scratch) => {
    const { stdout, stderr, transcript } = await scratch.masu("check", "--json", { asUser });
    assertEquals(stderr, "", transcript);
    const report: CheckReport = JSON.parse(stdout);
    assertEquals(Object.keys(report), ["ready", "checks"]);
    for (const check of report.checks) {
      assertEquals(Object.keys(check), ["key", "group", "name", "status", "detail", "fix", "essential"]);
      assert(["ok", "limited", "missing"].includes(check.status), check.status);
      assertMatch(check.detail, /^\S[^\n]*$/);
    }
    const keys = report.checks.map(({ key }) => key);
    assertEquals(new Set(keys).size, keys.length);
    assertEquals(KEYS.filter((key) => !keys.includes(key)), []);
  });

  kernelTest(`masu check${who} ends with 0 exactly where masu run works`, needs, async (scratch) => {
    const check = await scratch.masu("check", "-q", { asUser });
    assertEquals([check.stdout, check.stderr], ["", ""], check.transcript);
    const run = await scratch.masu("run", await image(scratch, { asUser }), "true", { asUser });
    assertEquals(check.code === 0, run.code === 0, `${check.transcript}\n${run.transcript}`);
  });

  kernelTest(`masu check${who} says in words what --json says`, needs, async (scratch) => {
    const { checks } = await report(scratch, asUser);
    const { stdout, transcript } = await scratch.masu("check", { asUser });
    for (const { name, status, detail, fix } of checks) {
      const line = stdout.split("\n").findIndex((line) => line.includes(` ${name} `) && line.includes(detail));
      assertMatch(stdout.split("\n")[line] ?? "", new RegExp(`^  ${status} `), `${name}\n${transcript}`);
      if (fix !== null) assertStringIncludes(stdout.split("\n")[line + 1] ?? "", `fix: ${fix}`, transcript);
    }
  });

  kernelTest(`masu check${who} leaves everything as it is`, [...needs, "strace"], async (scratch) => {
    // Alone: what it tries, it tries in children with namespaces of their own.
    const { changes, code, stderr } = await trace(scratch, [MASU, "check"], { asUser, alone: true });
    assertEquals([code < 2, stderr], [true, ""]);
    assertEquals(changes.filter((line) => !/"\/dev\/(null|tty)"|\/memfd:/.test(line)), []);
  });
}

/** What is probed here by other means, and what masu check then has to say. */
const AGREE: [key: string, need: Need, asUser: boolean][] = [
  ["namespace.user", "userns", false],
  ["namespace.mount", "mount", false],
  ["namespace.pid", "pidns", false],
  ["namespace.network", "netns", false],
  ["namespace.time", "timens", false],
  ["kernel.overlay", "overlay", false],
  ["namespace.user", "user", true],
];
for (const [key, need, asUser] of AGREE) {
  cliTest(`masu check agrees with the kernel about ${key}${asUser ? " for an ordinary user" : ""}`, async (scratch) => {
    if (asUser && !has("user")) return;
    const { checks } = await report(scratch, asUser);
    assertEquals(checks.find((check) => check.key === key)?.status === "ok", has(need));
  });
}

kernelTest(
  "masu check finds user namespaces switched off, and says how to switch them on",
  ["userns"],
  async (scratch) => {
    // The limit is that of a user namespace: this host's own stays as it is.
    const script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$0" check --json';
    const { stdout, transcript } = await scratch.command(
      "unshare",
      "--user",
      "--map-root-user",
      "sh",
      "-c",
      script,
      MASU,
    );
    const { checks }: CheckReport = JSON.parse(stdout);
    const line = checks.find(({ key }) => key === "namespace.user");
    assertEquals([line?.status, line?.fix], ["limited", "sudo sysctl -w user.max_user_namespaces=15000"], transcript);
    assertStringIncludes(line?.detail ?? "", "ENOSPC");
  },
);

kernelTest("masu check without /proc says so", ["mount"], async (scratch) => {
  const script = 'mount -t tmpfs none /proc; exec "$0" check';
  const { code, stderr, transcript } = await scratch.command("unshare", "--mount", "sh", "-c", script, MASU);
  // The front says it, which does not know what status a command of this name would have.
  assertEquals(code, 125, transcript);
  assertMatch(stderr, /^masu: .*"\/proc\/self\/exe".*\nhint: .*mount -t proc proc \/proc\n$/, transcript);
});

kernelTest("masu check finds the programs of PATH", ["mount"], async (scratch) => {
  const directory = await scratch.dir("tools");
  await scratch.write("tools/criu", "", 0o755);
  await scratch.write("tools/nft", "", 0o644);
  const { stdout } = await scratch.masu("check", "--json", { env: { PATH: directory } });
  const { checks }: CheckReport = JSON.parse(stdout);
  const status = (key: string) => checks.find((check) => check.key === key)?.status;
  assertEquals([status("tool.criu"), status("tool.nft"), status("tool.ip")], ["ok", "limited", "limited"]);
});

async function report(scratch: Scratch, asUser: boolean): Promise<{ checks: readonly CheckLine[] }> {
  return JSON.parse((await scratch.masu("check", "--json", { asUser })).stdout);
}
