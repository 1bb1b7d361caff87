/**
 * The environment, with a note of what was read of it.
 *
 * @module
 */
import type { ReadVariables } from "../lib/engine/kept.ts";

/** Variables by name, and which of them were read. */
export interface NotedEnvironment {
  readonly environment: Readonly<Record<string, string>>;
  /** What was read so far; undefined: all of it, one cannot tell what for. */
  read(): ReadVariables | undefined;
}

/** Notes each variable that is read by its name, also when it is not set. */
export function notedEnvironment(values: Readonly<Record<string, string>>): NotedEnvironment {
  const read = new Map<string, string | undefined>();
  let all = false;
  const note = (name: string | symbol) => {
    if (typeof name === "string") read.set(name, values[name]);
  };
  const environment = new Proxy(values, {
    get(target, name) {
      note(name);
      return Reflect.get(target, name);
    },
    has(target, name) {
      note(name);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor(target, name) {
      note(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys(target) {
      all = true;
      return Reflect.ownKeys(target);
    },
  });
  return { environment, read: () => all ? undefined : read };
}
