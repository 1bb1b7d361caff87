import { assertEquals, assertRejects } from "@std/assert";
import { readLines } from "./lines.ts";

async function linesOf(...blocks: Uint8Array[]): Promise<string[]> {
  const source = {
    read(buffer: Uint8Array): Promise<number | null> {
      const block = blocks.shift();
      if (block === undefined) return Promise.resolve(null);
      buffer.set(block);
      return Promise.resolve(block.length);
    },
  };
  return await Array.fromAsync(readLines(source));
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("readLines() yields lines across blocks, and the last one without an end", async () => {
  assertEquals(await linesOf(bytes("a\nb"), bytes("c\n\nd")), ["a", "bc", "", "d"]);
});

Deno.test("readLines() puts characters together that blocks cut", async () => {
  const whole = bytes("ü\n");
  assertEquals(await linesOf(whole.subarray(0, 1), whole.subarray(1)), ["ü"]);
});

Deno.test("readLines() refuses a line that does not end", async () => {
  const block = new Uint8Array(64 * 1024).fill(97);
  await assertRejects(() => linesOf(...Array.from({ length: 65 }, () => block)), RangeError);
});
