/**
 * What the compiled program starts with: it evaluates a bundle together with the bytecode that V8 made of it when masu was
 * built (tools/code_cache.ts), since compiling it anew in each run would take ten milliseconds.
 *
 * There are two: the program, and the small part of it that makes containers for engines (engine.ts), since reading the bytecode
 * of all takes ten milliseconds more.
 *
 * V8 checks that the bytecode is of its own version and flags and of a source of this length, and compiles as usual where it is
 * not. It is embedded: unlike Deno's own code cache, nothing is read from a place where others could write.
 *
 * @module
 */
import { Script } from "node:vm";

const embedded = (name: string): URL => new URL(name, import.meta.url);

function evaluate(name: string): void {
  const script = new Script(Deno.readTextFileSync(embedded(`${name}.js`)), {
    filename: `${name}.js`,
    cachedData: Deno.readFileSync(embedded(`${name}.cache`)),
  });
  script.runInThisContext()(embedded, () => evaluate("masu"));
}

const makes = Deno.args.some((word) => word === "create" || word === "run");
const ofBundle = Deno.args.some((word) => word === "--bundle" || word === "-b" || word.startsWith("--bundle="));
evaluate(makes && ofBundle ? "engine" : "masu");
