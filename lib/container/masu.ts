/**
 * The door for programs: one loaded core, one place where containers are.
 *
 * @module
 */
import type { Caller } from "../config/caller.ts";
import { call, callBlocking } from "../core/call.ts";
import { type Core, openCore } from "../core/load.ts";
import type { ContainerView, PruneReply, Store } from "../core/wire.ts";
import { callerOf } from "../engine/caller.ts";
import { createContainer, runDetached } from "../engine/create.ts";
import { type ContainerEvent, followEvents } from "../engine/events.ts";
import { keepFor, type ReadVariables, runKept } from "../engine/kept.ts";
import { once } from "../engine/once.ts";
import type { RunRequest } from "../engine/prepare.ts";
import { storeOf } from "../engine/store.ts";
import type { UpdateSituation } from "../engine/update.ts";
import { Container } from "./container.ts";
import type { EventsOptions, MasuOptions, PruneOptions } from "./masu_options.ts";
import { configOf, type ContainerOptions } from "./options.ts";
import { timeOf } from "./time.ts";

/**
 * Containers of this user below one root: the same ones that the command `masu` has. Several can be open at once.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { Masu } from "@masu/masu";
 *
 * using masu = new Masu();
 * await using box = await masu.run({ image: "host", command: ["sleep", "100"] });
 * assert((await masu.list([box.id])).length === 1);
 * ```
 */
export class Masu implements Disposable {
  /** The loaded core, for the engine's own functions. */
  readonly core: Core;
  /** Where the containers are. */
  readonly store: Store;
  /** What plans of this depend on besides a container's options. */
  readonly situation: UpdateSituation;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #caller: Caller;

  /**
   * Loads the core. `root`: a directory of its own for all state; the default is that of the command `masu`.
   *
   * Errors: `not_found` there is no core; `failed` it cannot be loaded; `bug` it is of another version.
   */
  constructor({ core, environment, ...global }: MasuOptions = {}) {
    this.core = openCore(core);
    this.#environment = environment ?? Deno.env.toObject();
    this.#caller = callerOf(this.#environment, () => this.core);
    const all = { cgroupManager: "cgroupfs", ...global } as const;
    this.store = storeOf(this.core, all, this.#environment);
    this.situation = { store: this.store, global: all, environment: this.#environment };
  }

  /**
   * Makes a container.
   *
   * Errors: `invalid_config` an option, named by its flag; `already_exists` the name; the step that failed, undone by then.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { MasuError, Masu } from "@masu/masu";
   *
   * using masu = new Masu();
   * await using box = await masu.create({ command: ["sleep", "100"], env: { LEVEL: "3" } });
   * await box.start();
   * assert((await box.exec(["sh", "-c", "echo $LEVEL"])).stdout === "3\n");
   * const error = await masu.create({ memory: "much" }).catch((error) => error);
   * assert(error instanceof MasuError && error.code === "invalid_config");
   * ```
   */
  create(options: ContainerOptions): Promise<Container> {
    return Promise.try(() => new Container(this, createContainer(this.core, this.#request(options))));
  }

  /**
   * Makes a container and starts it: its program runs when this returns.
   *
   * Errors: as of {@link create}; `program_not_found` and `program_not_executable`. Nothing is left of it then.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { Masu } from "@masu/masu";
   *
   * using masu = new Masu();
   * await using box = await masu.run({ command: ["sh", "-c", "cat /proc/1/comm; exec sleep 100"] });
   * assert((await box.view()).status === "running");
   * ```
   */
  run(options: ContainerOptions): Promise<Container> {
    return Promise.try(() => {
      // The same options again: what was decided for them holds as long as the host is as it was.
      const command = ["", JSON.stringify([options, this.situation.global])];
      const kept = runKept(this.core, this.store, command);
      if (kept !== null) return new Container(this, kept);
      const request = this.#request(options);
      const keep = (store: Store) => keepFor(request.config, store, command, this.#read());
      return new Container(this, runDetached(this.core, request, keep));
    });
  }

  /** A container that is there, by its ID, its name, or the start of its ID. Errors: `not_found`. */
  async get(word: string): Promise<Container> {
    const [view] = await this.list([word]);
    return new Container(this, view?.id ?? word);
  }

  /**
   * What is true of containers now; of all without words, the oldest first.
   *
   * Errors: `not_found`; `invalid_config` the IDs of several begin with a word.
   */
  list(words: readonly string[] = []): Promise<ContainerView[]> {
    return Promise.try(() => call(this.core, "containers", { store: this.store, words: [...words] }).containers);
  }

  /**
   * What happens to containers, as it happens: `create`, `start`, `die`, `oom`, `destroy` and so on.
   *
   * Errors: `invalid_config` no such time; the signal's reason.
   *
   * ```ts
   * import { assert } from "@std/assert";
   * import { Masu } from "@masu/masu";
   *
   * using masu = new Masu();
   * const since = new Date();
   * await using box = await masu.run({ command: ["true"] });
   * const filters = [{ key: "container", value: box.id }, { key: "event", value: "die" }] as const;
   * for await (const { attributes } of masu.events({ since, filters, signal: AbortSignal.timeout(5000) })) {
   *   assert(attributes["exitCode"] === "0");
   *   break;
   * }
   * ```
   */
  async *events(
    { since, until, past = false, filters = [], signal }: EventsOptions = {},
  ): AsyncGenerator<ContainerEvent, void> {
    const times = { since: timeOf("since", since), until: timeOf("until", until) };
    yield* followEvents(this.core, this.store, { ...times, past, filters }, signal);
  }

  /** Removes what no container has any more; `containers`: and containers that do not run. */
  prune({ containers = false }: PruneOptions = {}): Promise<PruneReply> {
    return callBlocking(this.core, "prune", { store: this.store, containers, dry: false });
  }

  /** Unloads the core, once nothing waits in it any more. Containers live on. */
  [Symbol.dispose](): void {
    this.core[Symbol.dispose]();
  }

  /** What of the environment a plan of a program's options can depend on. */
  #read(): ReadVariables {
    return new Map(["HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"].map((name) => [name, this.#environment[name]]));
  }

  #request(options: ContainerOptions): RunRequest {
    const { global, environment } = this.situation;
    return { config: configOf(options, this.#caller), global, environment };
  }
}

/** Made on first use, and kept: the containers of this user. */
const usual = once(() => new Masu());

/**
 * Makes a container and starts it. See {@link Masu.run}.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { run } from "@masu/masu";
 *
 * await using box = await run({ command: ["sleep", "100"] });
 * assert((await box.exec(["true"])).success);
 * ```
 */
export function run(options: ContainerOptions): Promise<Container> {
  return Promise.try(usual).then((masu) => masu.run(options));
}

/**
 * Makes a container. See {@link Masu.create}.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { create, list } from "@masu/masu";
 *
 * await using box = await create({ image: "host", command: ["true"], labels: { purpose: "example" } });
 * assert((await list()).some(({ id, labels }) => id === box.id && labels["purpose"] === "example"));
 * ```
 */
export function create(options: ContainerOptions): Promise<Container> {
  return Promise.try(usual).then((masu) => masu.create(options));
}

/**
 * A container that is there. See {@link Masu.get}.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { create, get } from "@masu/masu";
 *
 * await using box = await create({ name: "example-of-get" });
 * assert((await get("example-of-get")).id === box.id);
 * ```
 */
export function get(word: string): Promise<Container> {
  return Promise.try(usual).then((masu) => masu.get(word));
}

/** What is true of containers now. See {@link Masu.list}. */
export function list(words: readonly string[] = []): Promise<ContainerView[]> {
  return Promise.try(usual).then((masu) => masu.list(words));
}

/**
 * What happens to containers. See {@link Masu.events}.
 *
 * ```ts
 * import { events } from "@masu/masu";
 *
 * for await (const { time, action, name } of events({ past: true, since: "1h" })) console.log(time, action, name);
 * ```
 */
export async function* events(options: EventsOptions = {}): AsyncGenerator<ContainerEvent, void> {
  yield* usual().events(options);
}
