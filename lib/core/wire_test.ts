/**
 * The types in `wire.ts` are the ones that the Rust side declares.
 */
import { assertEquals } from "@std/assert";

const WIRE = new URL("./wire.ts", import.meta.url);
const WORKSPACE = new URL("../../core-rs/", import.meta.url);

/** Why the types cannot be generated here, or null. */
function obstacle(): string | null {
  try {
    new Deno.Command("cargo", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return null;
  } catch {
    return "no cargo on PATH";
  }
}

const why = obstacle();
const mustRun = (Deno.env.get("MASU_TESTS_MUST_RUN") ?? "").split(",").includes("cargo");

Deno.test({
  name: `wire.ts is what core-rs/wire generates${why === null ? "" : ` [skipped: ${why}]`}`,
  ignore: why !== null && !mustRun,
  async fn() {
    const generated = await run("cargo", [
      "run",
      "--quiet",
      "--package=masu-wire",
      "--features=typescript",
      "--example=typescript",
    ]);
    const formatted = await run(Deno.execPath(), ["fmt", "--ext=ts", "--line-width=120", "-"], generated);
    assertEquals(formatted, await Deno.readTextFile(WIRE), "wire.ts is out of date: make wire");
  },
});

async function run(program: string, args: string[], input = ""): Promise<string> {
  const child = new Deno.Command(program, { args, cwd: WORKSPACE, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals(code, 0, `${program} ${args.join(" ")}: exit status ${code}\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
