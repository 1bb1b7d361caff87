/** The program of `fixtures/probe.c`, compiled once: it makes single system calls and performs attacks. */
let compiled: string | null = null;

/** Path of the static executable. Tests that use it need "cc". */
export async function probe(): Promise<string> {
  if (compiled !== null) return compiled;
  const source = new URL("fixtures/probe.c", import.meta.url).pathname;
  const directory = await Deno.makeTempDir({ prefix: "masu-test-probe-" });
  await Deno.chmod(directory, 0o755);
  const program = `${directory}/probe`;
  const args = ["-O1", "-Wall", "-Wextra", "-Werror", "-static", "-o", program, source];
  const { success, stderr } = await new Deno.Command("cc", { args, stdin: "null" }).output();
  if (!success) throw new Error(`cc ${args.join(" ")} failed:\n${new TextDecoder().decode(stderr)}`);
  globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
  compiled = program;
  return program;
}
