/** What the documents show is what happens: each of their examples is run as it is printed. */
import { assert } from "@std/assert";
import { examples, isPrinted } from "../documents.ts";
import { kernelTest, needsOf } from "../needs.ts";
import { MASU } from "../scratch.ts";

for (const name of ["tour", "scripting"]) {
  const markdown = Deno.readTextFileSync(new URL(`../../docs/${name}.md`, import.meta.url));
  for (const example of examples(markdown)) {
    kernelTest(`docs/${name}.md: ${example.name}`, needsOf(example.needs), async (scratch) => {
      const directory = await scratch.dir("bin");
      await Deno.symlink(MASU, `${directory}/masu`);
      const script = await scratch.write("example.sh", `exec 2>&1\n${example.script}\n`);
      const path = `${directory}:${Deno.env.get("PATH")}`;
      const cwd = await scratch.dir("here");
      const { stdout, transcript } = await scratch.command("bash", script, { env: { PATH: path }, cwd });
      const told = `${example.script}\nexpected:\n${example.output.join("\n")}\n\n${transcript}`;
      assert(isPrinted(example.output, stdout), told);
    });
  }
}
