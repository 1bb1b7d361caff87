/**
 * The core of what needs no containers.
 *
 * @module
 */
import { type Core, openCore } from "../core/load.ts";
import { once } from "../engine/once.ts";

/** Loaded on first use, and kept. */
export const usualCore: () => Core = once(() => openCore());
