/**
 * The entry of a bundle of its own for what engines call masu for most, the making of containers: a small part of the program,
 * since V8 reads all of a bundle before it executes any of it.
 *
 * @module
 */
import { makeForEngine } from "../engine.ts";
import { thisProcess } from "../process.ts";

/** Where a file that the build embeds is. */
declare const embedded: (name: string) => URL;
/** Evaluates the whole program instead. */
declare const whole: () => void;

const status = makeForEngine(Deno.args, thisProcess({ core: embedded("masu_core.so") }));
if (status === undefined) whole();
else Deno.exit(status);
