/**
 * Sealed memory files: libraries are loaded from them, since nobody can replace or change what is in them. memfd_create(2)
 *
 * @module
 */
import { MasuError } from "../error.ts";

/** An open sealed memfd, closed on disposal: a mapping of it outlives the descriptor. */
export interface SealedMemory extends Disposable {
  readonly fd: number;
  /** Where its content came from, for messages. */
  readonly origin: string;
}

/** System calls by number: one declaration of syscall(2) costs half a millisecond less than as many functions of the libc. */
const NUMBERS = {
  x86_64: { write: 1n, close: 3n, fcntl: 72n, readlinkat: 267n, memfd_create: 319n },
  aarch64: { write: 64n, close: 57n, fcntl: 25n, readlinkat: 78n, memfd_create: 279n },
} as const;

const LIBC = {
  syscall: { parameters: ["usize", "usize", "usize", "usize", "usize"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** memfd_create(2). */
const MFD = { CLOEXEC: 0x1n, ALLOW_SEALING: 0x2n, NOEXEC_SEAL: 0x8n } as const;
/** fcntl(2): operations, and the flags and seals that they take. */
const F = { GETFD: 1n, ADD_SEALS: 1033n, GET_SEALS: 1034n } as const;
const FD_CLOEXEC = 1;
const SEALS = 0x1 | 0x2 | 0x4 | 0x8; // F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE
const AT_FDCWD = BigInt.asUintN(64, -100n);

/** How much is copied at once: a buffer of the whole core would cost more than all else here, in page faults. */
const CHUNK_BYTES = 256 * 1024;

/** Where the front's descriptor is: from 40 on, the first free one (core-rs/init/src/front/hand_over.rs). */
const HANDED_OVER = { first: 40, last: 80 } as const;

/** The few system calls that are needed before there is a core. */
export class System implements Disposable {
  readonly #library = Deno.dlopen("libc.so.6", LIBC);
  readonly #number = NUMBERS[Deno.build.arch];

  /** The result, or -1: errno(3) is not to be had here, since Deno itself makes calls between ours. */
  call(name: keyof typeof NUMBERS["x86_64"], a: bigint, b = 0n, c = 0n, d = 0n): number {
    return Number(this.#library.symbols.syscall(this.#number[name], a, b, c, d));
  }

  [Symbol.dispose](): void {
    this.#library.close();
  }
}

/** Puts a whole file into sealed memory. Errors: `failed` naming the call; no memory above all. */
export function sealedMemory(system: System, name: string, file: Deno.FsFile, origin: string): SealedMemory {
  const memory = owned(system, createMemory(system, name), origin);
  try {
    copyAll(file, (address, length) => system.call("write", BigInt(memory.fd), address, length));
    if (system.call("fcntl", BigInt(memory.fd), F.ADD_SEALS, BigInt(SEALS)) !== 0) throw memoryError("seal", "fcntl");
    return memory;
  } catch (error) {
    memory[Symbol.dispose]();
    throw error;
  }
}

/**
 * Sealed memory of this name that this very process has made; null: there is none.
 *
 * What a caller passed on is not taken for it: a close-on-exec descriptor does not outlive execve(2).
 */
export function findSealedMemory(system: System, name: string): SealedMemory | null {
  const expected = `/memfd:${name} (deleted)`;
  for (let fd: number = HANDED_OVER.first; fd <= HANDED_OVER.last; fd++) {
    if (system.call("fcntl", BigInt(fd), F.GETFD) !== FD_CLOEXEC) continue;
    if (linkOf(system, fd, expected.length + 1) !== expected) continue;
    const seals = system.call("fcntl", BigInt(fd), F.GET_SEALS);
    if (seals >= 0 && (seals & SEALS) === SEALS) return owned(system, fd, name);
  }
  return null;
}

/** The first characters of what /proc/self/fd says a descriptor is; null: nothing. */
function linkOf(system: System, fd: number, length: number): string | null {
  const path = new TextEncoder().encode(`/proc/self/fd/${fd}\0`);
  const text = new Uint8Array(length);
  const size = system.call("readlinkat", AT_FDCWD, addressOf(path), addressOf(text), BigInt(length));
  return size < 0 ? null : new TextDecoder().decode(text.subarray(0, size));
}

function owned(system: System, fd: number, origin: string): SealedMemory {
  return {
    fd,
    origin,
    [Symbol.dispose]() {
      system.call("close", BigInt(fd));
    },
  };
}

/** Hands the whole file to `write`, which returns how much it took. */
function copyAll(file: Deno.FsFile, write: (address: bigint, length: bigint) => number): void {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const start = addressOf(chunk);
  for (let read = file.readSync(chunk); read !== null; read = file.readSync(chunk)) {
    for (let written = 0; written < read;) {
      const more = write(start + BigInt(written), BigInt(read - written));
      if (more <= 0) throw memoryError("fill", "write");
      written += more;
    }
  }
}

function createMemory(system: System, name: string): number {
  const text = new TextEncoder().encode(`${name}\0`);
  // Mapping it executable needs no execute permission; kernels before 6.3 refuse the flag (EINVAL).
  for (const flags of [MFD.CLOEXEC | MFD.NOEXEC_SEAL, MFD.CLOEXEC | MFD.ALLOW_SEALING]) {
    const fd = system.call("memfd_create", addressOf(text), flags);
    if (fd >= 0) return fd;
  }
  throw memoryError("make", "memfd_create");
}

/** Where bytes are. They must stay referenced for as long as the address is used. */
function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

function memoryError(action: string, call: string): MasuError {
  return new MasuError("failed", `Load core: cannot ${action} the memory file it is loaded from (${call}(2) failed)`, {
    call,
    hint: "this needs a kernel with memfd_create(2) and some free memory",
  });
}
