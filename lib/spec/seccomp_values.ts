/**
 * Numbers as system calls take them: written as a person would.
 *
 * @module
 */
import { mistake } from "../config/mistake.ts";

/** Constants that filters are asked about most, of every architecture that masu has. */
const CONSTANTS: Readonly<Record<string, number>> = {
  // linux/sched.h
  CLONE_NEWTIME: 0x80,
  CLONE_VM: 0x100,
  CLONE_FS: 0x200,
  CLONE_FILES: 0x400,
  CLONE_SIGHAND: 0x800,
  CLONE_PTRACE: 0x2000,
  CLONE_VFORK: 0x4000,
  CLONE_THREAD: 0x10000,
  CLONE_NEWNS: 0x20000,
  CLONE_NEWCGROUP: 0x2000000,
  CLONE_NEWUTS: 0x4000000,
  CLONE_NEWIPC: 0x8000000,
  CLONE_NEWUSER: 0x10000000,
  CLONE_NEWPID: 0x20000000,
  CLONE_NEWNET: 0x40000000,
  // linux/socket.h
  AF_UNSPEC: 0,
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
  AF_ALG: 38,
  AF_VSOCK: 40,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  // linux/mman.h
  PROT_NONE: 0,
  PROT_READ: 1,
  PROT_WRITE: 2,
  PROT_EXEC: 4,
  MAP_SHARED: 1,
  MAP_PRIVATE: 2,
  MAP_FIXED: 0x10,
  MAP_ANONYMOUS: 0x20,
  // linux/fcntl.h
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_CLOEXEC: 0o2000000,
  AT_FDCWD: -100,
  // linux/mount.h
  MS_RDONLY: 1,
  MS_NOSUID: 2,
  MS_NODEV: 4,
  MS_NOEXEC: 8,
  MS_REMOUNT: 32,
  MS_BIND: 4096,
  MS_REC: 16384,
  // asm/ioctls.h
  TIOCSTI: 0x5412,
  TIOCLINUX: 0x541c,
  TIOCSCTTY: 0x540e,
  // linux/personality.h
  PER_LINUX: 0,
  PER_LINUX32: 8,
  ADDR_NO_RANDOMIZE: 0x40000,
  // linux/prctl.h
  PR_SET_NO_NEW_PRIVS: 38,
  PR_SET_SECCOMP: 22,
  PR_SET_DUMPABLE: 4,
};

/** Whole numbers of 64 bits. */
const BITS = 64;

/**
 * A call's argument as 64 bits: decimal, also below 0, `0x` hexadecimal, `0` octal, a constant's name, or several of them with `|`.
 *
 * Errors: `invalid_config`.
 */
export function parseCallArgument(text: string): bigint {
  return BigInt.asUintN(BITS, text.split("|").reduce((all, word) => all | valueOf(text, word.trim()), 0n));
}

function valueOf(text: string, word: string): bigint {
  const constant = Object.hasOwn(CONSTANTS, word) ? CONSTANTS[word] : undefined;
  if (constant !== undefined) return BigInt(constant);
  const [, sign = "", digits = ""] = /^(-?)(0x[0-9a-f]+|0o?[0-7]+|0|[1-9]\d*)$/i.exec(word) ?? [];
  if (digits === "") {
    throw mistake(
      "ARG",
      text,
      `"${word}" is neither a number nor a constant that masu knows`,
      "10, 0xa, 012, CLONE_NEWUSER, O_WRONLY|O_CREAT",
    );
  }
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
  if (value >= 1n << BigInt(BITS)) throw mistake("ARG", text, "it has more than 64 bits");
  return sign === "" ? value : -value;
}

/** errno(3) by number: those that profiles return most. */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [1, "EPERM"],
  [2, "ENOENT"],
  [3, "ESRCH"],
  [5, "EIO"],
  [9, "EBADF"],
  [11, "EAGAIN"],
  [12, "ENOMEM"],
  [13, "EACCES"],
  [14, "EFAULT"],
  [16, "EBUSY"],
  [17, "EEXIST"],
  [19, "ENODEV"],
  [22, "EINVAL"],
  [25, "ENOTTY"],
  [28, "ENOSPC"],
  [30, "EROFS"],
  [38, "ENOSYS"],
  [95, "EOPNOTSUPP"],
  [97, "EAFNOSUPPORT"],
]);

/** `errno 1` becomes `errno EPERM (1)`. */
export function actionText(action: string, data: number | null): string {
  if (data === null) return action;
  const name = action === "errno" ? ERRORS.get(data) : undefined;
  return name === undefined ? `${action} ${data}` : `${action} ${name} (${data})`;
}
