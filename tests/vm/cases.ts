/** What a machine's script says of its cases: lines `case NAME JSON` on the console. */

/** What a case came to: what `masu batch` answered, or a text. */
// deno-lint-ignore no-explicit-any -- the answers of many commands
export type Answer = any;

/** All cases by name. */
export type Answers = ReadonlyMap<string, Answer>;

/** Reads what was written on the console. */
export function answersOf(console: string): Answers {
  const lines = console.matchAll(/^.*?case ([a-z0-9-]+) ([{"].*)$/gm);
  return new Map([...lines].map(([, name = "", json = ""]) => [name, JSON.parse(json)]));
}

/** The text of scripts of this directory, one after the other. */
export async function scriptOf(...names: string[]): Promise<string> {
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(new URL(name, import.meta.url))));
  return texts.join("\n");
}

/** Runs `use` with a directory of its own, and takes that away. */
export async function inDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "masu-vm-" });
  try {
    return await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
