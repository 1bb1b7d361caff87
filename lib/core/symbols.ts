/**
 * What is loaded from the core: its C interface, `core-rs/core/src/ffi.rs`.
 *
 * @module
 */

const CALL = ["u32", "buffer", "usize", "buffer"] as const; // op, request, its length in bytes, slot

/** Everything loaded from the core. */
export const SYMBOLS = {
  masu_abi_version: { parameters: [], result: "u32" },
  masu_call: { parameters: CALL, result: "i32" },
  masu_call_blocking: { name: "masu_call", parameters: CALL, result: "i32", nonblocking: true },
  masu_free: { parameters: ["pointer", "usize"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The core's functions, as Deno declares them. */
export type CoreSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
