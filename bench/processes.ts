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
  /** Words that start it and are not measured. */
  readonly within?: readonly string[];
}

/** What one run cost. */
export interface Cost {
  /** Microseconds. */
  readonly wall: number;
  /** Of its largest process. */
  readonly peakKb: number;
}

/** Runs a command once under once.c. Throws when it fails. */
export function runOnce(once: string, variant: Variant): Cost {
  const [program = "", ...args] = [...variant.within ?? [], once, ...variant.command];
  const { stdout, stderr } = new Deno.Command(program, { args, stdout: "piped", stderr: "piped" }).outputSync();
  const [wall, , peakKb, status] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  if (status !== 0 || wall === undefined || peakKb === undefined) {
    throw new Error(`${variant.command.join(" ")}: status ${status}: ${new TextDecoder().decode(stderr)}`);
  }
  return { wall, peakKb };
}

/** Runs every variant `rounds` times, each round in another order, `idle` ms apart; one round before them is not counted. */
export async function interleave(
  once: string,
  variants: readonly Variant[],
  rounds: number,
  idle: number,
): Promise<Series[]> {
  const all = variants.map(({ name }): Series => ({ name, values: [] }));
  for (let round = -1; round < rounds; round++) {
    for (const index of shuffled(variants.length)) {
      const variant = variants[index];
      if (variant === undefined) continue;
      if (idle > 0) await new Promise((resolve) => setTimeout(resolve, idle));
      const { wall } = runOnce(once, variant);
      if (round >= 0) all[index]?.values.push(wall);
    }
  }
  return all;
}

/** 0 to `count` - 1 in random order. */
export function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}

/** Tries a command once: why it cannot take part in a measurement, or undefined. */
export function whyNot([program = "", ...args]: readonly string[]): string | undefined {
  try {
    const { success, stderr } = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).outputSync();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "it is not installed";
    throw error;
  }
}
