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
import { findSealedMemory, type SealedMemory, sealedMemory, System } from "./memory.ts";
import { type CoreSymbols, SYMBOLS } from "./symbols.ts";
import { ABI_VERSION } from "./wire.ts";

/** The loaded core. */
export interface Core extends Disposable {
  /** Errors: `failed` it was disposed of. */
  readonly symbols: CoreSymbols;
  /** Keeps it loaded, for a call on another thread, until what this returns is disposed of. */
  hold?(): Disposable;
  /** This process goes on, and must not become another program: ops that would are refused. */
  readonly stays?: true;
}

/** What the sealed memory is called in /proc/self/fd; the front has the same name. */
const MEMORY_NAME = "masu-core";

/** Where the core is looked for when the caller names none. */
const PLACES = ["../../build/masu_core.so", "../../core-rs/target/release/libmasu_core.so"] as const;

/**
 * Loads the core.
 *
 * `path`: a file to use instead of the usual places; as a URL, the one that the compiled program embeds: where the front has
 * put that into sealed memory already, it is taken from there.
 * Errors: `not_found` no core there; `failed` it cannot be loaded; `bug` it is of another version.
 */
export function openCore(path?: string | URL): Core {
  using system = new System();
  using memory = (path instanceof URL ? handedOver(system) : null) ?? readInto(system, path);
  const { origin } = memory;
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
  return heldLibrary(library);
}

/** Unloaded once it is disposed of and no thread executes it any more. */
function heldLibrary(library: Deno.DynamicLibrary<typeof SYMBOLS>): Core {
  let isWanted = true;
  let isOpen = true;
  let holders = 0;
  const closeUnused = () => {
    if (isWanted || holders > 0 || !isOpen) return;
    isOpen = false;
    library.close();
  };
  return {
    get symbols() {
      if (isOpen) return library.symbols;
      throw new MasuError("failed", "Call core: it was disposed of");
    },
    hold() {
      holders++;
      return {
        [Symbol.dispose]() {
          holders--;
          closeUnused();
        },
      };
    },
    [Symbol.dispose]() {
      isWanted = false;
      closeUnused();
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

/** The memory that the front left for this (core-rs/init/src/front/hand_over.rs); null: this was started without it. */
function handedOver(system: System): SealedMemory | null {
  return findSealedMemory(system, MEMORY_NAME);
}

function readInto(system: System, path: string | URL | undefined): SealedMemory {
  const { file, origin } = openFile(path);
  using _file = file;
  return sealedMemory(system, MEMORY_NAME, file, origin);
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
    hint: path instanceof URL
      ? "the front could not put it into memory: is there free memory?"
      : "build it: make build",
  });
}
