/**
 * A bundle's document to begin with.
 *
 * @module
 */
import { call } from "../core/call.ts";
import type { Core } from "../core/load.ts";
import type { HostStep } from "../core/wire.ts";
import { escapeBlanks } from "../plan/blank.ts";
import { exampleDocument } from "../spec/example.ts";

/** Where, and for whom. */
export interface ExampleRequest {
  /** Absolute path of the bundle's directory, which is there. */
  readonly bundle: string;
  /** For the user who runs masu, without privileges. */
  readonly rootless: boolean;
}

/** Writes `config.json`. Errors: `already_exists` there is one; `not_found` there is no such directory. */
export function writeExample(core: Core, { bundle, rootless }: ExampleRequest): void {
  const user = rootless ? call(core, "process", {}) : undefined;
  const path = `${bundle === "/" ? "" : bundle}/config.json`;
  const step: HostStep = { kind: "write_file", path, text: exampleDocument(user), mode: 0o644, exclusive: true };
  call(core, "perform", { steps: [escapeBlanks(step)], blanks: {} });
}
