import { assertEquals } from "@std/assert";
import { call } from "../core/call.ts";
import { openCore } from "../core/load.ts";
import { RotatedLines } from "./rotated_lines.ts";

/** A writer as the monitor is one: it appends whole lines, and rotates by renaming. */
class Writer {
  readonly path: string;
  readonly #keep: number;
  #next = 0;

  constructor(directory: string, keep: number) {
    this.path = `${directory}/log`;
    this.#keep = keep;
  }

  write(count: number): void {
    const lines = Array.from({ length: count }, () => `${this.#next++}\n`);
    Deno.writeTextFileSync(this.path, lines.join(""), { append: true });
  }

  rotate(): void {
    if (this.#keep === 1) Deno.removeSync(this.path);
    for (let number = this.#keep - 1; number > 0; number--) {
      try {
        Deno.renameSync(number === 1 ? this.path : `${this.path}.${number - 1}`, `${this.path}.${number}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}

function test(name: string, keep: number, fn: (writer: Writer, lines: RotatedLines, all: () => string) => void): void {
  Deno.test(name, () => {
    using core = openCore();
    const directory = Deno.makeTempDirSync({ prefix: "masu-lines-" });
    try {
      const writer = new Writer(directory, keep);
      using lines = new RotatedLines(core, writer.path);
      fn(writer, lines, () => {
        let all = "";
        for (let read = lines.read(); read.length > 0; read = lines.read()) all += `${read.join(" ")} `;
        return all.trimEnd();
      });
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

test("read() returns each line once, whenever the file is rotated", 4, (writer, _lines, all) => {
  assertEquals(all(), "");
  writer.write(2);
  assertEquals(all(), "0 1");
  writer.write(1);
  writer.rotate();
  writer.write(2);
  assertEquals(all(), "2 3 4");
  writer.rotate();
  assertEquals(all(), "");
  writer.write(1);
  writer.rotate();
  writer.write(1);
  writer.rotate();
  writer.write(1);
  assertEquals(all(), "5 6 7");
});

test(
  "read() reads the rest of a file that was deleted, and goes on with the oldest there is",
  2,
  (writer, _lines, all) => {
    writer.write(1);
    assertEquals(all(), "0");
    writer.write(1); // 1
    for (let round = 0; round < 3; round++) {
      writer.rotate();
      writer.write(1); // 2, 3, 4
    }
    assertEquals(all(), "1 3 4");
  },
);

test("read() sees another file of the same name", 1, (writer, _lines, all) => {
  for (let round = 0; round < 20; round++) {
    writer.write(3);
    assertEquals(all(), [0, 1, 2].map((line) => round * 3 + line).join(" "));
    writer.rotate();
  }
});

test("read() leaves a line that is not whole yet", 2, (writer, _lines, all) => {
  Deno.writeTextFileSync(writer.path, "one\ntw");
  assertEquals(all(), "one");
  Deno.writeTextFileSync(writer.path, "o\n", { append: true });
  assertEquals(all(), "two");
});

test("endHere() holds, and loses nothing for whoever goes on", 3, (writer, lines, all) => {
  writer.write(3);
  lines.endHere();
  writer.write(2);
  writer.rotate();
  writer.write(1);
  assertEquals(all(), "0 1 2");
  lines.goOn();
  assertEquals(all(), "3 4 5");
});

for (
  const [count, first] of [[0, 200_000], [1, 199_999], [90_000, 110_000], [150_000, 50_000], [500_000, 0]] as const
) {
  test(`skipToLast() leaves the last ${count} lines and few more`, 3, (writer, lines, all) => {
    writer.write(100_000);
    writer.rotate();
    writer.write(100_000);
    lines.skipToLast(count);
    const found = Number(/^\d*/.exec(all())?.[0] || "200000");
    assertEquals([found <= first, first - found < 60_000], [true, true], `${found}`);
  });
}

test("skipToLast() begins before the end, however much was written after it", 2, (writer, lines, all) => {
  writer.write(5);
  lines.endHere();
  writer.write(100_000);
  lines.skipToLast(2);
  assertEquals(all(), "0 1 2 3 4");
});

test("endHere() leaves a line that is being written", 2, (writer, lines, all) => {
  Deno.writeTextFileSync(writer.path, "one\ntw");
  lines.endHere();
  Deno.writeTextFileSync(writer.path, "o\n", { append: true });
  assertEquals(all(), "one");
  lines.goOn();
  assertEquals(all(), "two");
});

test("seen() is what watch compares with", 2, (writer, lines, all) => {
  const changed = () => call(openedCore, "watch", { files: [lines.seen()], timeoutMs: 0 }).changed[0];
  using openedCore = openCore();
  all();
  assertEquals(changed(), false);
  writer.write(1);
  assertEquals(changed(), true);
  all();
  assertEquals(changed(), false);
  writer.write(1);
  assertEquals(changed(), true);
  all();
  writer.rotate();
  assertEquals(changed(), true);
  all();
  assertEquals(changed(), false);
  writer.write(1);
  assertEquals([changed(), all(), changed()], [true, "2", false]);
});
