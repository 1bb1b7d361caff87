/** Documents whose examples are run as they are printed. */

/** One block of shell in a document. */
export interface Example {
  /** The heading above it, and its number below that heading. */
  readonly name: string;
  /** Words after `sh` on the fence: what it needs of the host. */
  readonly needs: readonly string[];
  readonly script: string;
  /** Lines that it prints, stdout and stderr as they come; `…` is any text, or any lines where it stands alone. */
  readonly output: readonly string[];
}

const FENCE = /^```sh *(.*)$/;
const OUTPUT = /^#> ?(.*)$/;

/** All blocks that begin with ```` ```sh ````. In them, lines with `#>` are what the lines above print. */
export function examples(markdown: string): Example[] {
  const found: Example[] = [];
  let heading = "";
  let block: { readonly needs: readonly string[]; readonly lines: string[] } | null = null;
  let count = 0;
  for (const line of markdown.split("\n")) {
    const fence = FENCE.exec(line);
    if (block === null) {
      if (fence !== null) block = { needs: (fence[1] ?? "").split(" ").filter(Boolean), lines: [] };
      else if (/^#+ /.test(line)) [heading, count] = [line.replace(/^#+ /, ""), 0];
    } else if (line === "```") {
      found.push(example(`${heading}, ${++count}`, block));
      block = null;
    } else block.lines.push(line);
  }
  return found;
}

function example(
  name: string,
  { needs, lines }: { readonly needs: readonly string[]; readonly lines: readonly string[] },
): Example {
  const output = lines.flatMap((line) => OUTPUT.exec(line)?.[1] ?? []);
  return { name, needs, script: lines.filter((line) => !OUTPUT.test(line)).join("\n"), output };
}

/** Whether what was printed is what a document says. */
export function isPrinted(expected: readonly string[], printed: string): boolean {
  const pattern = expected.map((line) => line === "…" ? "(?:.*\n)*?" : `${line.split("…").map(quote).join(".*")}\n`);
  return new RegExp(`^${pattern.join("")}$`).test(printed === "" || printed.endsWith("\n") ? printed : `${printed}\n`);
}

function quote(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
