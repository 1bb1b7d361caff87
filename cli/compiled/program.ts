/**
 * The bundle's entry: the command line, as a script that `loader.ts` evaluates inside one function, whose argument it finds here.
 *
 * @module
 */
import { main } from "../main.ts";
import { thisProcess } from "../process.ts";

/** Where a file that the build embeds is. */
declare const embedded: (name: string) => URL;

main(Deno.args, thisProcess({ core: embedded("masu_core.so") })).then(Deno.exit);
