/**
 * What the compiled program starts with: it evaluates the bundle together with the bytecode that V8 made of it when masu was
 * built (tools/code_cache.ts), since compiling it anew in each run would take ten milliseconds.
 *
 * V8 checks that the bytecode is of its own version and flags and of a source of this length, and compiles as usual where it is
 * not. It is embedded: unlike Deno's own code cache, nothing is read from a place where others could write.
 *
 * @module
 */
import { Script } from "node:vm";

const embedded = (name: string): URL => new URL(name, import.meta.url);
const script = new Script(Deno.readTextFileSync(embedded("masu.js")), {
  filename: "masu.js",
  cachedData: Deno.readFileSync(embedded("masu.cache")),
});
script.runInThisContext()(embedded);
