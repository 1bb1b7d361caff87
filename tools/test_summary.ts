/**
 * `test_summary.ts DIRECTORY`: adds up what `tools/test` left there, names each skipped test with its reason, and fails when a
 * test failed or none ran. The last line is `N passed, N failed, N skipped`.
 */

/** What became of some tests. */
export interface Tally {
  /** How many passed. */
  readonly passed: number;
  /** Names of those that failed. */
  readonly failed: readonly string[];
  /** Names of those that were skipped, with the reason where the runner gives it apart. */
  readonly skipped: readonly string[];
}

/** Reads the JUnit XML of `deno test --junit-path`. */
export function readJunit(xml: string): Tally {
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  for (const [, attributes = "", body = ""] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const name = unescape(/name="([^"]*)"/.exec(attributes)?.[1] ?? "?");
    if (/<(failure|error)\b/.test(body)) failed.push(name);
    else if (/<skipped\b/.test(body)) skipped.push(name);
    else passed++;
  }
  return { passed, failed, skipped };
}

/**
 * Reads what `cargo test -- --show-output` prints. libtest cannot skip a test while it runs: one that prints
 * `skipped: why` has not tested anything.
 */
export function readCargo(text: string): Tally {
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  const reasons = new Map<string, string>();
  for (
    const [, name = "", output = ""] of text.matchAll(/^---- (.+?) stdout ----$(.*?)(?=^---- |^$\n^\S|$(?![^]))/gms)
  ) {
    const reason = /^skipped: (.*)$/m.exec(output)?.[1];
    if (reason !== undefined) reasons.set(name, reason);
  }
  for (const [, name = "", result, ignored] of text.matchAll(/^test (.+?) \.\.\. (ok|FAILED|ignored)(?:, (.*))?$/gm)) {
    const reason = reasons.get(name) ?? ignored;
    if (result === "FAILED") failed.push(name);
    else if (result === "ok" && reason === undefined) passed++;
    else skipped.push(`${name} [skipped: ${reason ?? "no reason given"}]`);
  }
  return { passed, failed, skipped };
}

function unescape(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&apos;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** All suites of a directory. One that ended badly without naming a failed test counts as a failure. */
async function readAll(directory: string): Promise<Tally> {
  let passed = 0;
  const failed: string[] = [];
  const skipped: string[] = [];
  for await (const { name } of Deno.readDir(directory)) {
    if (!name.endsWith(".status")) continue;
    const suite = name.slice(0, -".status".length);
    const tally = suite === "cargo"
      ? readCargo(await Deno.readTextFile(`${directory}/cargo.txt`))
      : readJunit(await Deno.readTextFile(`${directory}/${suite}.xml`).catch(() => ""));
    const status = (await Deno.readTextFile(`${directory}/${name}`)).trim();
    passed += tally.passed;
    failed.push(...tally.failed.map((test) => `${suite}: ${test}`));
    skipped.push(...tally.skipped.map((test) => `${suite}: ${test}`));
    if (status !== "0" && tally.failed.length === 0) failed.push(`${suite}: ended with status ${status}`);
  }
  return { passed, failed, skipped };
}

if (import.meta.main) {
  const [directory] = Deno.args;
  if (directory === undefined) throw new Error("Usage: test_summary.ts DIRECTORY");
  const { passed, failed, skipped } = await readAll(directory);
  const lines = [
    "",
    ...skipped.toSorted().map((name) => `skipped  ${name}`),
    ...failed.toSorted().map((name) => `FAILED   ${name}`),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ];
  await Deno.stdout.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
  if (failed.length > 0 || passed === 0) Deno.exitCode = 1;
}
