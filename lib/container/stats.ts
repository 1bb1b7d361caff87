/**
 * What one container uses, looked at again and again.
 *
 * @module
 */
import { callUntil } from "../core/cancel.ts";
import { MasuError } from "../error.ts";
import type { LogTarget } from "../engine/logs.ts";
import { type ContainerStats, StatsReader } from "../engine/stats.ts";
import type { StatsOptions } from "./container_options.ts";

/** The figures, until the container is deleted. Errors: `not_found` it is not there; the signal's reason. */
export async function* containerStats(
  { core, store, container }: LogTarget,
  { intervalMs, signal }: StatsOptions & { readonly intervalMs: number },
): AsyncGenerator<ContainerStats, void> {
  const reader = new StatsReader(core, store, { words: [container], all: true });
  reader.read();
  for (;;) {
    await callUntil(core, "watch", { files: [], timeoutMs: intervalMs }, signal);
    const stats = readPresent(reader);
    if (stats === null) return;
    yield stats;
  }
}

/** null: the container was deleted. */
function readPresent(reader: StatsReader): ContainerStats | null {
  try {
    return reader.read()[0] ?? null;
  } catch (error) {
    if (error instanceof MasuError && error.code === "not_found") return null;
    throw error;
  }
}
