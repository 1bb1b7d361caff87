/** One build twice gives the same bytes, wherever it is done. */
import { assertEquals } from "@std/assert";
import { kernelTest } from "../needs.ts";

const HERE = new URL("../../", import.meta.url).pathname;
/** From the first to the last, so that the message names the one that brings the difference in. */
const ARTEFACTS = [
  "build/init",
  "build/masu_core.so",
  "build/masu.js",
  "build/masu.cache",
  "build/engine.js",
  "build/engine.cache",
  "build/masu-program",
  "build/masu-compiled",
  "dist/masu",
];

async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

kernelTest("make build gives the same bytes in another directory", ["cargo"], async (scratch) => {
  const copy = await scratch.dir("another/place");
  const copied = await scratch.command(
    "bash",
    "-euo",
    "pipefail",
    "-c",
    `
    git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' file; do
      [ ! -e "$file" ] || printf '%s\\0' "$file"
    done | tar --create --null --files-from=- | tar --extract --directory="$0"
    mkdir "$0/build" && cp -r build/tools build/toolchain.mk "$0/build" && touch "$0/build/toolchain.mk"`,
    copy,
    { cwd: HERE },
  );
  assertEquals(copied.code, 0, copied.transcript);
  const home = Deno.env.get("HOME") ?? "/root";
  const made = await scratch.command("make", "build", {
    cwd: copy,
    env: { HOME: home, DENO_DIR: Deno.env.get("DENO_DIR") },
    timeoutMs: 600_000,
  });
  assertEquals(made.code, 0, made.transcript);
  for (const artefact of ARTEFACTS) {
    assertEquals(await sha256(`${copy}/${artefact}`), await sha256(`${HERE}${artefact}`), artefact);
  }
});
