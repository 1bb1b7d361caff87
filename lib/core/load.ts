/**
 * Loads the core, always from a sealed memfd and never from a file that somebody else could replace or that a host could
 * forbid to execute.
 *
 * Where its bytes come from: the path that the caller names (the compiled program: what is embedded in it, see
 * cli/compiled), else what `make build` or cargo made in this checkout.
 *
 * @module
 */
import { MasuError } from "../error.ts";
import { type CoreSymbols, SYMBOLS } from "./symbols.ts";
import { ABI_VERSION } from "./wire.ts";

/** The loaded core. */
export interface Core extends Disposable {
  readonly symbols: CoreSymbols;
}

/** Where the core is looked for when the caller names none. */
const PLACES = ["../../build/masu_core.so", "../../core-rs/target/release/libmasu_core.so"] as const;

/**
 * Loads the core.
 *
 * `path`: a file to use instead of the usual places.
 * Errors: `not_found` no core there; `failed` it cannot be loaded; `bug` it is of another version.
 */
export function openCore(path?: string | URL): Core {
  const { file, origin } = openFile(path);
  using _file = file;
  using memory = sealedMemory(file);
  const library = openLibrary(memory.fd, origin);
  const version = library.symbols.masu_abi_version();
  if (version !== ABI_VERSION) {
    library.close();
    throw new MasuError(
      "bug",
      `Load core "${origin}": it speaks version ${version}, this masu version ${ABI_VERSION}`,
      {
        hint: "build both from the same sources: make build",
      },
    );
  }
  return {
    symbols: library.symbols,
    [Symbol.dispose]() {
      library.close();
    },
  };
}

function openLibrary(fd: number, origin: string): Deno.DynamicLibrary<typeof SYMBOLS> {
  try {
    return Deno.dlopen(`/proc/self/fd/${fd}`, SYMBOLS);
  } catch (cause) {
    throw new MasuError("failed", `Load core "${origin}": ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

function openFile(path: string | URL | undefined): { file: Deno.FsFile; origin: string } {
  const places: (string | URL)[] = path === undefined ? PLACES.map((place) => new URL(place, import.meta.url)) : [path];
  for (const place of places) {
    try {
      return { file: Deno.openSync(place), origin: `${place}` };
    } catch (cause) {
      if (cause instanceof Deno.errors.NotFound) continue;
      throw new MasuError("failed", `Read core "${place}": ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      });
    }
  }
  throw new MasuError("not_found", `Load core: there is none at ${places.map((place) => `"${place}"`).join(" or ")}`, {
    hint: "build it: make build",
  });
}

/** System calls by number: one declaration of syscall(2) costs half a millisecond less than four functions of the libc. */
const NUMBERS = {
  x86_64: { write: 1n, close: 3n, fcntl: 72n, memfd_create: 319n },
  aarch64: { write: 64n, close: 57n, fcntl: 25n, memfd_create: 279n },
} as const;

const LIBC = {
  syscall: { parameters: ["usize", "usize", "usize", "usize"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

/** memfd_create(2). */
const MFD = { CLOEXEC: 0x1n, ALLOW_SEALING: 0x2n, NOEXEC_SEAL: 0x8n } as const;
/** fcntl(2), "File Sealing". */
const F_ADD_SEALS = 1033n;
const SEALS = 0x1n | 0x2n | 0x4n | 0x8n; // F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE

/** How much is copied at once: a buffer of the whole core would cost more than all else here, in page faults. */
const CHUNK_BYTES = 256 * 1024;

type Syscall = Deno.DynamicLibrary<typeof LIBC>["symbols"]["syscall"];

/** A sealed memfd with what is in a file, closed on disposal: a mapping of it outlives the descriptor. */
function sealedMemory(file: Deno.FsFile): Disposable & { readonly fd: number } {
  const library = Deno.dlopen("libc.so.6", LIBC);
  const { syscall } = library.symbols;
  const number = NUMBERS[Deno.build.arch];
  const fd = createMemory(syscall, number.memfd_create);
  const memory = {
    fd: Number(fd),
    [Symbol.dispose]() {
      syscall(number.close, fd, 0n, 0n);
      library.close();
    },
  };
  try {
    copyAll(file, (address, length) => syscall(number.write, fd, address, length));
    if (syscall(number.fcntl, fd, F_ADD_SEALS, SEALS) !== 0n) throw memoryError("seal", "fcntl");
    return memory;
  } catch (error) {
    memory[Symbol.dispose]();
    throw error;
  }
}

/** Hands the whole file to `write`, which returns how much it took. */
function copyAll(file: Deno.FsFile, write: (address: bigint, length: bigint) => bigint): void {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const start = addressOf(chunk);
  for (let read = file.readSync(chunk); read !== null; read = file.readSync(chunk)) {
    for (let written = 0; written < read;) {
      const more = Number(write(start + BigInt(written), BigInt(read - written)));
      if (more <= 0) throw memoryError("fill", "write");
      written += more;
    }
  }
}

function createMemory(syscall: Syscall, number: bigint): bigint {
  const name = new TextEncoder().encode("masu-core\0");
  // Mapping it executable needs no execute permission; kernels before 6.3 refuse the flag (EINVAL).
  for (const flags of [MFD.CLOEXEC | MFD.NOEXEC_SEAL, MFD.CLOEXEC | MFD.ALLOW_SEALING]) {
    const fd = syscall(number, addressOf(name), flags, 0n);
    if (fd >= 0n) return fd;
  }
  throw memoryError("make", "memfd_create");
}

/** Where bytes are. They must stay referenced for as long as the address is used. */
function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}

/** errno(3) is not to be had here: Deno itself makes calls between ours. */
function memoryError(action: string, call: string): MasuError {
  return new MasuError("failed", `Load core: cannot ${action} the memory file it is loaded from (${call}(2) failed)`, {
    call,
    hint: "this needs a kernel with memfd_create(2) and some free memory",
  });
}
