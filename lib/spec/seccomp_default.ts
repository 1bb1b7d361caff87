/**
 * The default seccomp profile: what a container's program may ask of the kernel.
 *
 * The calls are those of Docker's default profile (moby/profiles v0.3.0): every call that a confined program needs and that the kernel guards
 * by itself, further ones with the capability that they need anyway. A call that is known and not allowed fails with EPERM; one that is newer than every
 * named call fails with ENOSYS, so that programs fall back: the core's compiler does that for each profile, as runc does.
 *
 * The profile for the default capabilities is compiled when masu is built, from `core-rs/seccomp/default_profile.json`.
 *
 * @module
 */
import { invalidConfig } from "../error.ts";
import type { LinuxSeccomp, LinuxSeccompArgument, LinuxSyscall } from "./oci.ts";

/** What the rules depend on besides the capabilities. */
interface Situation {
  readonly capabilities: ReadonlySet<string>;
  readonly architecture: Architecture;
  readonly kernel: Version;
}

type Architecture = "x86_64" | "aarch64";

interface Version {
  readonly major: number;
  readonly minor: number;
}

/** Calls that are allowed where every given condition holds. */
interface Allowance {
  readonly names: string;
  /** Any of these capabilities. */
  readonly with?: readonly string[];
  /** Not with this capability. */
  readonly without?: string;
  readonly on?: Architecture;
  /** From this kernel on. */
  readonly since?: Version;
  /** The first argument must be one of these. */
  readonly first?: readonly Comparison[];
}

type Comparison = Pick<LinuxSeccompArgument, "op" | "value" | "valueTwo">;

/** The machine's own convention first, then those that its kernel can also run. */
const ARCHITECTURES: Readonly<Record<Architecture, readonly string[]>> = {
  x86_64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  aarch64: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
};

/** errno(3). */
const ERRNO = { EPERM: 1, ENOSYS: 38 } as const;

/** clone(2): NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. Time namespaces are made by unshare(2) and clone3(2) only. */
const NAMESPACE_FLAGS = 0x7e020000;

/** Allowed to everybody. */
const EVERYBODY = `
_llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32
clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
clock_nanosleep_time64 close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1
epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit
exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2
fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat
fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait
futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32
geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid
getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname getsockopt
gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1
inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl
ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32
lgetxattr link linkat listen listmount listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat lstat64
madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2
mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc
pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6
pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg
recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 restart_syscall rmdir
rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity
sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop
semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area set_tid_address
setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid setpriority setregid
setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid setsockopt setuid
setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 sigprocmask sigreturn
socketcall socketpair splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync sync_file_range
syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
times tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat utimensat_time64
utimes vfork vmsplice wait4 waitid waitpid write writev
`;

/**
 * socket(2), address families that some kernel still implements, without AF_ALG (38; a large surface that containers do not need) and
 * AF_VSOCK (40; reaches virtual machines past every network namespace). Below 3 are AF_UNIX and AF_INET.
 */
const SOCKET_FAMILIES: readonly number[] = [
  7,
  8,
  9,
  10,
  13,
  14,
  15,
  16,
  17,
  18,
  21,
  22,
  24,
  26,
  27,
  28,
  29,
  30,
  31,
  32,
  33,
  35,
  36,
  39,
  41,
  42,
  43,
  44,
  45,
];

/** personality(2): query, and PER_LINUX or PER_LINUX32, with and without UNAME26. */
const PERSONALITIES: readonly number[] = [0, 8, 0x20000, 0x20008, 0xffffffff];

const ALLOWANCES: readonly Allowance[] = [
  { names: EVERYBODY },
  // ptrace(2): before 4.8 a tracer could get past a filter.
  { names: "process_vm_readv process_vm_writev ptrace", since: { major: 4, minor: 8 } },
  { names: "socket", first: [{ value: 3, op: "SCMP_CMP_LT" }, ...SOCKET_FAMILIES.map(equals)] },
  { names: "personality", first: PERSONALITIES.map(equals) },
  {
    names: "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2",
    on: "aarch64",
  },
  { names: "arch_prctl modify_ldt", on: "x86_64" },
  { names: "open_by_handle_at", with: ["CAP_DAC_READ_SEARCH"] },
  {
    names: `
clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr
mount mount_setattr move_mount open_tree quotactl quotactl_fd setdomainname sethostname setns umount umount2 unshare
`,
    with: ["CAP_SYS_ADMIN"],
  },
  {
    names: "clone",
    without: "CAP_SYS_ADMIN",
    first: [{ value: NAMESPACE_FLAGS, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
  },
  { names: "reboot", with: ["CAP_SYS_BOOT"] },
  { names: "chroot", with: ["CAP_SYS_CHROOT"] },
  { names: "delete_module finit_module init_module", with: ["CAP_SYS_MODULE"] },
  { names: "acct", with: ["CAP_SYS_PACCT"] },
  {
    names: "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
    with: ["CAP_SYS_PTRACE"],
  },
  { names: "ioperm iopl", with: ["CAP_SYS_RAWIO"] },
  { names: "clock_settime clock_settime64 settimeofday stime", with: ["CAP_SYS_TIME"] },
  { names: "vhangup", with: ["CAP_SYS_TTY_CONFIG"] },
  { names: "get_mempolicy mbind set_mempolicy set_mempolicy_home_node", with: ["CAP_SYS_NICE"] },
  { names: "syslog", with: ["CAP_SYSLOG", "CAP_SYS_ADMIN"] },
  { names: "bpf", with: ["CAP_BPF", "CAP_SYS_ADMIN"] },
  { names: "perf_event_open", with: ["CAP_PERFMON", "CAP_SYS_ADMIN"] },
];

/** The capabilities that the program in the core is compiled for, as far as the profile asks for them. */
const BUILT_IN_CAPABILITIES: readonly string[] = ["CAP_SYS_CHROOT"];

/** Resolved profiles by what they depend on, so that equal ones are the same object. */
const resolved = new Map<string, LinuxSeccomp>();

/** Profiles that {@link isBuiltIn} has compared. */
const compared = new WeakMap<LinuxSeccomp, boolean>();

/**
 * The default profile for a container with these capabilities (`CAP_...`), on this machine (`x86_64`, `aarch64`) and kernel.
 *
 * The result is shared: do not change it.
 * Throws `invalid_config` for another architecture.
 */
export function defaultSeccomp(capabilities: readonly string[], architecture: string, kernel: Version): LinuxSeccomp {
  if (!isSupported(architecture)) {
    throw invalidConfig(`Make the default seccomp profile: unknown architecture "${architecture}"`);
  }
  const situation = { capabilities: new Set(capabilities), architecture, kernel };
  const applying = ALLOWANCES.map((allowance) => applies(allowance, situation));
  const key = `${architecture} ${applying.map(Number).join("")}`;
  const known = resolved.get(key);
  if (known !== undefined) return known;
  const profile = resolve(ALLOWANCES.filter((_, index) => applying[index]), situation);
  resolved.set(key, profile);
  return profile;
}

/** The profile is exactly the one that is compiled into the core of this machine's masu. */
export function isBuiltIn(profile: LinuxSeccomp): boolean {
  const known = compared.get(profile);
  if (known !== undefined) return known;
  const builtIn = builtInSeccomp(Deno.build.arch);
  const same = profile === builtIn || JSON.stringify(profile) === JSON.stringify(builtIn);
  compared.set(profile, same);
  return same;
}

/** The profile that is compiled into the core for `architecture`. */
export function builtInSeccomp(architecture: string): LinuxSeccomp {
  return defaultSeccomp(BUILT_IN_CAPABILITIES, architecture, { major: 4, minor: 18 });
}

function isSupported(architecture: string): architecture is Architecture {
  return Object.hasOwn(ARCHITECTURES, architecture);
}

function applies(allowance: Allowance, { capabilities, architecture, kernel }: Situation): boolean {
  const { with: any, without, on, since } = allowance;
  return (any === undefined || any.some((capability) => capabilities.has(capability))) &&
    (without === undefined || !capabilities.has(without)) &&
    (on === undefined || on === architecture) &&
    (since === undefined || kernel.major > since.major ||
      (kernel.major === since.major && kernel.minor >= since.minor));
}

function resolve(allowances: readonly Allowance[], { capabilities, architecture }: Situation): LinuxSeccomp {
  const syscalls = allowances.flatMap(rules);
  if (!capabilities.has("CAP_SYS_ADMIN")) {
    // clone3(2) has its flags behind a pointer, where no filter can look: the C library falls back on clone(2).
    syscalls.push({ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ERRNO.ENOSYS });
  }
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ERRNO.EPERM,
    architectures: [...ARCHITECTURES[architecture]],
    syscalls,
  };
}

function rules({ names, first }: Allowance): LinuxSyscall[] {
  const rule = { names: names.trim().split(/\s+/), action: "SCMP_ACT_ALLOW" };
  return first === undefined ? [rule] : first.map((comparison) => ({ ...rule, args: [{ index: 0, ...comparison }] }));
}

function equals(value: number): Comparison {
  return { value, op: "SCMP_CMP_EQ" };
}
