import { assertEquals } from "@std/assert";
import { agoWords, binarySize, decimalSize, durationWords, sinceWords } from "./table_words.ts";

const [S, M, H, D] = [1000, 60_000, 3_600_000, 86_400_000];
const DURATIONS: [milliseconds: number, words: string][] = [
  [0, "Less than a second"],
  [999, "Less than a second"],
  [S, "1 second"],
  [59 * S, "59 seconds"],
  [M, "About a minute"],
  [119 * S, "About a minute"],
  [2 * M, "2 minutes"],
  [59 * M, "59 minutes"],
  [H, "About an hour"],
  [89 * M, "About an hour"],
  [90 * M, "2 hours"],
  [47 * H, "47 hours"],
  [2 * D, "2 days"],
  [13 * D, "13 days"],
  [14 * D, "2 weeks"],
  [60 * D, "2 months"],
  [729 * D, "24 months"],
  [730 * D, "2 years"],
];
for (const [milliseconds, words] of DURATIONS) {
  Deno.test(`durationWords() of ${milliseconds} ms is "${words}"`, () =>
    assertEquals(durationWords(milliseconds), words));
}

Deno.test("agoWords() and sinceWords() count from an RFC 3339 time, never below zero, and say nothing of none", () => {
  const now = Date.parse("2026-01-01T00:10:00Z");
  assertEquals(agoWords("2026-01-01T00:05:00.123Z", now), "4 minutes ago");
  assertEquals(sinceWords("2026-01-01T00:20:00Z", now), "Less than a second");
  assertEquals([agoWords("", now), sinceWords("", now)], ["", ""]);
});

const SIZES: [bytes: number, binary: string, decimal: string][] = [
  [0, "0B", "0B"],
  [1023, "1023B", "1.02kB"],
  [1536, "1.5KiB", "1.54kB"],
  [536_870_912, "512MiB", "537MB"],
  [2 ** 60, "1024PiB", "1150PB"],
];
for (const [bytes, binary, decimal] of SIZES) {
  Deno.test(`${bytes} bytes read as ${binary} and ${decimal}`, () =>
    assertEquals([binarySize(bytes), decimalSize(bytes)], [binary, decimal]));
}
