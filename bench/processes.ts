/**
 * Whole processes, run in turn in shuffled order, timed by once.c.
 *
 * @module
 */
import type { Series } from "./table.ts";

/** One command under measurement. */
export interface Variant {
  readonly name: string;
  readonly command: readonly string[];
  /** Run untimed after each run. */
  readonly cleanup?: readonly string[];
}

/** What one run cost. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly peakKb: number;
}

/** Runs a command once under once.c. Throws when it fails. */
export function runOnce(once: string, variant: Variant): Cost {
  const { stdout, stderr } = new Deno.Command(once, { args: [...variant.command], stdout: "piped", stderr: "piped" })
    .outputSync();
  const [wall, cpu, peakKb, status] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  if (status !== 0 || wall === undefined || cpu === undefined || peakKb === undefined) {
    throw new Error(`${variant.command.join(" ")}: status ${status}: ${new TextDecoder().decode(stderr)}`);
  }
  if (variant.cleanup !== undefined) runQuietly(variant.cleanup);
  return { wall, cpu, peakKb };
}

/** Runs every variant `rounds` times, each round in another order, `idle` ms apart; one round before them is not counted. */
export async function interleave(
  once: string,
  variants: readonly Variant[],
  rounds: number,
  idle: number,
): Promise<{ wall: Series[]; peakKb: number[] }> {
  const wall = variants.map(({ name }): Series => ({ name, values: [] }));
  const peakKb = variants.map(() => 0);
  for (let round = -1; round < rounds; round++) {
    for (const index of shuffled(variants.length)) {
      const variant = variants[index];
      if (variant === undefined) continue;
      if (idle > 0) await new Promise((resolve) => setTimeout(resolve, idle));
      const cost = runOnce(once, variant);
      if (round < 0) continue;
      wall[index]?.values.push(cost.wall);
      peakKb[index] = Math.max(peakKb[index] ?? 0, cost.peakKb);
    }
  }
  return { wall, peakKb };
}

/** Runs a command, its output thrown away; throws with it when it fails. */
export function runQuietly(command: readonly string[]): void {
  const [program = "", ...args] = command;
  const { success, stderr } = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).outputSync();
  if (!success) throw new Error(`${command.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** 0 to `count` - 1 in random order. */
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}
