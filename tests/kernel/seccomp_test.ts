/** System call filters: the default one, a file's, none. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { attempt, fields, image, inside } from "../inside.ts";
import { kernelTest } from "../needs.ts";

/** errno(3). */
const EPERM = "errno 1";
const ENOSYS = "errno 38";
const EINVAL = "errno 22";
const EFAULT = "errno 14";

const CLONE_NEWUSER = "0x10000000";
const AF_INET = "2";
const AF_ALG = "38";
const AF_VSOCK = "40";

const CALLS: [flags: string[], call: string, answer: string][] = [
  [[], `unshare ${CLONE_NEWUSER}`, EPERM],
  [["--cap-add", "sys_admin"], `unshare 0`, "0"],
  [[], `clone ${CLONE_NEWUSER}`, EPERM],
  [[], "clone3 0 0", ENOSYS],
  [[], "9999", ENOSYS],
  [[], "mount", EPERM],
  [["--cap-add", "sys_admin"], "mount 0 0 0 0 0", EFAULT],
  [[], "setns -1 0", EPERM],
  [[], "pivot_root 0 0", EPERM],
  [[], "bpf 0 0 0", EPERM],
  [[], "keyctl 0 -3 0", EPERM],
  [[], "add_key 0 0 0 0 0", EPERM],
  [[], "userfaultfd 0", EPERM],
  [[], "io_uring_setup 1 0", EPERM],
  [[], "open_by_handle_at 0 0 0", EPERM],
  [[], `socket ${AF_VSOCK} 1 0`, EPERM],
  [[], `socket ${AF_ALG} 5 0`, EPERM],
  [[], "socket 300 1 0", EPERM],
  [[], "personality 0xffffffff", "0"],
  [[], "personality 0x0400000", EPERM],
  [[], "umask 022", "18"],
  [["--security-opt", "seccomp=unconfined"], "9999", ENOSYS],
  [["--security-opt", "seccomp=unconfined"], "unshare 0", "0"],
  [["--security-opt", "seccomp=unconfined"], "clone3 0 0", EINVAL],
  [["--privileged"], "unshare 0x20000", "0"],
];
for (const [flags, call, answer] of CALLS) {
  kernelTest(`run ${flags.join(" ")} answers ${call} with ${answer}`, ["mount", "busybox", "cc"], async (scratch) => {
    assertEquals(await inside(scratch, flags, `probe call ${call}`, { probe: true }), answer);
  });
}

kernelTest("run lets a program make sockets", ["mount", "busybox", "cc"], async (scratch) => {
  assertEquals(await inside(scratch, [], `probe call socket ${AF_INET} 1 0`, { probe: true }), "3");
});

kernelTest("run filters calls of the 32-bit convention too", ["mount", "busybox", "cc"], async (scratch) => {
  const [UMASK, MOUNT, UNKNOWN] = [60, 21, 5000];
  const script = `probe call32 ${UMASK}; probe call32 ${MOUNT}; probe call32 ${UNKNOWN}`;
  const seen = await inside(scratch, [], script, { probe: true });
  if (Deno.build.arch === "x86_64") assertEquals(seen, `18\n${EPERM}\n${ENOSYS}`);
  else assertEquals(seen, "none\nnone\nnone");
});

const MODES: [flags: string[], mode: string][] = [
  [[], "2"],
  [["--security-opt", "seccomp=unconfined"], "0"],
  [["--privileged"], "0"],
  [["--cap-add", "sys_admin"], "2"],
  [["--security-opt", "no-new-privileges=false"], "2"],
  [["--security-opt", "no-new-privileges=false", "-u", "ada"], "2"],
];
for (const [flags, mode] of MODES) {
  kernelTest(`run ${flags.join(" ")} has Seccomp ${mode}`, ["mount", "busybox"], async (scratch) => {
    assertEquals(fields(await inside(scratch, flags, "cat /proc/self/status"), "Seccomp"), [mode]);
  });
}

/** A profile that allows all but `rules`, and the probe's call with its answer. */
const PROFILES: [name: string, profile: unknown, flags: string[], call: string, answer: string][] = [
  [
    "of the OCI",
    { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["umask"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }] },
    [],
    "umask",
    "errno 95",
  ],
  [
    "without errnoRet",
    { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["umask"], action: "SCMP_ACT_ERRNO" }] },
    [],
    "umask",
    EPERM,
  ],
  [
    "of docker with a capability that is there",
    {
      defaultAction: "SCMP_ACT_ALLOW",
      archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
      syscalls: [{ name: "umask", action: "SCMP_ACT_ERRNO", errnoRet: 95, includes: { caps: ["CAP_SYS_TIME"] } }],
    },
    ["--cap-add", "sys_time"],
    "umask",
    "errno 95",
  ],
  [
    "of docker with a capability that is not there",
    {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["umask"], action: "SCMP_ACT_ERRNO", errnoRet: 95, includes: { caps: ["CAP_SYS_TIME"] } }],
    },
    [],
    "umask",
    "18",
  ],
  [
    "with an argument that matches",
    {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{
        names: ["umask"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: 95,
        args: [{ index: 0, value: 7, op: "SCMP_CMP_EQ" }],
      }],
    },
    [],
    "umask 7",
    "errno 95",
  ],
  [
    "with an argument that does not match",
    {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{
        names: ["umask"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: 95,
        args: [{ index: 0, value: 7, op: "SCMP_CMP_EQ" }],
      }],
    },
    [],
    "umask 8",
    "18",
  ],
  [
    "with a mask",
    {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{
        names: ["umask"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: 95,
        args: [{ index: 0, value: 6, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ" }],
      }],
    },
    [],
    "umask 011",
    "18",
  ],
];
for (const [name, profile, flags, call, answer] of PROFILES) {
  kernelTest(`run --security-opt seccomp=FILE keeps a profile ${name}`, ["mount", "busybox", "cc"], async (scratch) => {
    const file = await scratch.write("profile.json", JSON.stringify(profile));
    assertEquals(
      await inside(scratch, ["--security-opt", `seccomp=${file}`, ...flags], `probe call ${call}`, { probe: true }),
      answer,
    );
  });
}

kernelTest("run with SCMP_ACT_KILL_PROCESS ends 159, as SIGSYS does", ["mount", "busybox", "cc"], async (scratch) => {
  const file = await scratch.write(
    "profile.json",
    JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["umask"], action: "SCMP_ACT_KILL_PROCESS" }],
    }),
  );
  const root = await image(scratch, { probe: true });
  const outcome = await scratch.masu("run", "--security-opt", `seccomp=${file}`, root, "probe", "call", "umask");
  assertEquals([outcome.code, outcome.stdout], [159, ""], outcome.transcript);
});

kernelTest("run with a profile that forbids all masu needs but execve still starts the program", [
  "mount",
  "busybox",
  "cc",
], async (scratch) => {
  const allowed = [
    "execve",
    "write",
    "exit_group",
    "brk",
    "arch_prctl",
    "fstat",
    "newfstatat",
    "set_tid_address",
    "set_robust_list",
    "rseq",
    "prlimit64",
    "readlinkat",
    "readlink",
    "getrandom",
    "mprotect",
    "uname",
    "ioctl",
  ];
  const file = await scratch.write(
    "profile.json",
    JSON.stringify({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ names: allowed, action: "SCMP_ACT_ALLOW" }] }),
  );
  const root = await image(scratch, { probe: true });
  const outcome = await scratch.masu("run", "--security-opt", `seccomp=${file}`, root, "/bin/probe", "call", "umask");
  assertEquals([outcome.code, outcome.stdout], [0, `${EPERM}\n`], outcome.transcript);
});

const WRONG: [text: string, named: string][] = [
  ["not json", "JSON"],
  ["{}", "defaultAction"],
  ['{"defaultAction":"SCMP_ACT_ALOW"}', "SCMP_ACT_ALOW"],
  ['{"defaultAction":"SCMP_ACT_ALLOW","sycalls":[]}', "sycalls"],
  ['{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/x"}', "listenerPath"],
  ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":[],"action":"SCMP_ACT_ERRNO"}]}', "syscalls[0]"],
];
for (const [text, named] of WRONG) {
  kernelTest(`run refuses the profile ${text}`, ["busybox"], async (scratch) => {
    const file = await scratch.write("profile.json", text);
    const outcome = await attempt(scratch, ["--security-opt", `seccomp=${file}`], "echo ran");
    assertEquals([outcome.code, outcome.stdout], [125, ""], outcome.transcript);
    assertStringIncludes(outcome.stderr, named);
    assertStringIncludes(outcome.stderr, file);
  });
}
