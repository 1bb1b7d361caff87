import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MasuError } from "../../lib/error.ts";
import { parseBundleSpec, REFUSED_KEYS, SPEC } from "../../lib/spec/document/spec.ts";
import { type Machine, planOn } from "./bundle_host.ts";
import { changed, orRefused, property } from "./property.ts";

const BUNDLES = new URL("../fixtures/bundles/", import.meta.url);

const read = (name: string): unknown =>
  JSON.parse(Deno.readTextFileSync(new URL(name, BUNDLES)).replaceAll(/\d{17,}/g, "1125899906842624"));

const documents = [...Deno.readDirSync(BUNDLES)].map(({ name }) => read(name));

for (const machine of ["v1", "v2"] as const) {
  property(
    `bundlePlan() plans or refuses what parseBundleSpec() accepts, with ${machine}`,
    fc.constantFrom(...documents).chain(changed),
    (document) => {
      const text = JSON.stringify(document);
      if (orRefused(() => parseBundleSpec("config.json", text)) !== undefined) orRefused(() => planOn(machine, text));
    },
  );
}

/** Those whose values are a person's own: the whole of it is one key. */
const MAPS = ["annotations", "linux.sysctl", "linux.resources.unified"];

/** Those that have an object for each of a person's own names. */
const NAMED = ["linux.timeOffsets", "linux.netDevices", "linux.resources.rdma"];

type Fields = Record<string, unknown>;

/** A value, the key that the reader has for it, and what holds it. */
interface Leaf {
  readonly key: string;
  readonly parent: Fields;
  readonly name: string;
}

/** The places of a document that hold nothing more. */
function* leaves(value: unknown, key = "", parent: Fields = {}, name = ""): Generator<Leaf> {
  if (typeof value !== "object" || value === null || Array.isArray(value) && typeof value[0] !== "object") {
    yield { key, parent, name };
    return;
  }
  for (const [inner, item] of Object.entries(value)) {
    const below = Array.isArray(value)
      ? `${key}[]`
      : key === ""
      ? inner
      : `${key}.${NAMED.includes(key) ? "*" : inner}`;
    yield* leaves(item, MAPS.includes(key) ? key : below, value as Fields, inner);
  }
}

/** What becomes of a document: its plan, or why there is none. */
function outcome(machine: Machine, document: unknown): string {
  try {
    return JSON.stringify(
      planOn(machine, JSON.stringify(document)),
      (key, value) => key === "text" ? withoutCopy(value) : value,
    );
  } catch (error) {
    if (!(error instanceof MasuError)) throw error;
    return error.message;
  }
}

/** The record repeats resources as they were asked for, so that they can be changed later: that is not to apply them. */
function withoutCopy(text: string): string {
  return text.replace(/,"resources":.*?\}\}\}/s, "");
}

/** Words that could stand instead of another one. */
const WORDS = [
  "/other",
  "rbind",
  "tmpfs",
  "mqueue",
  "u",
  "b",
  "cgroup",
  "RLIMIT_AS",
  "IOPRIO_CLASS_IDLE",
  "SCHED_BATCH",
  "SCHED_RR",
  "SCMP_ACT_LOG",
  "SCMP_CMP_EQ",
  "LINUX",
  "MPOL_INTERLEAVE",
  "1GB",
  "rw",
  "private",
  "0-3",
  "MB:0=30",
];

/** Other values that could stand there: none, another number, another word. */
function others(value: unknown): unknown[] {
  if (typeof value === "number") return [undefined, value + 1, value - 1, value * 2];
  if (typeof value === "boolean") return [undefined, !value];
  if (Array.isArray(value)) return [undefined, value.slice(1), [...value, value[0]]];
  return [undefined, `${value}x`, "1", "2", ...WORDS];
}

/** What a machine has no counterpart of is refused by name there, and tried on the other one. */
const LACKING: Readonly<Record<Machine, RegExp>> = {
  v1: /^linux\.resources\.unified/,
  v2:
    /^linux\.resources\.(memory\.(kernel|kernelTCP|swappiness|disableOOM)|cpu\.realtime|blockIO\.(weightDevice\[\]\.)?leafWeight)/,
};

/** Everything that a machine can have, in ways of which one would hide the other. */
function* everything(machine: Machine): Generator<unknown> {
  const whole = read("everything.json") as {
    linux: Fields & { namespaces: { type: string }[]; resources: Fields };
    process: Fields;
    mounts: Fields[];
  };
  for (const { key, parent, name } of [...leaves(whole)]) if (LACKING[machine].test(key)) delete parent[name];
  if (machine === "v2") delete whole.linux.resources.network;
  yield whole;
  const plain = structuredClone(whole);
  plain.linux.namespaces = plain.linux.namespaces.filter(({ type }) => type !== "user" && type !== "cgroup");
  for (const key of ["uidMappings", "gidMappings"]) delete plain.linux[key];
  plain.process.scheduler = { policy: "SCHED_FIFO", priority: 5 };
  yield plain;
  yield { ...plain, process: { ...plain.process, scheduler: { policy: "SCHED_OTHER", nice: 5 } } };
}

/** Keys that change nothing of a plan, and why that is right. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  ociVersion: "all of version 1 is read in the same way",
  "linux.resources.memory.checkBeforeUpdate": "a new cgroup holds no memory; update checks",
};

/** Keys of one document with which another value makes another plan. */
function* effectiveKeys(machine: Machine, document: unknown): Generator<string> {
  const before = outcome(machine, document);
  assert(before.startsWith("{"), before);
  const copy = structuredClone(document);
  for (const { key, parent, name } of [...leaves(copy)]) {
    const value = parent[name];
    for (const other of others(value)) {
      if (other === undefined) delete parent[name];
      else parent[name] = other;
      const accepted = orRefused(() => parseBundleSpec("config.json", JSON.stringify(copy))) !== undefined;
      if (accepted && outcome(machine, copy) !== before) {
        yield key;
        break;
      }
    }
    parent[name] = value;
  }
}

Deno.test("bundlePlan() leaves no key of config.json without an effect", () => {
  const effective = new Set<string>();
  for (const machine of ["v1", "v2"] as const) {
    for (const document of everything(machine)) {
      for (const key of effectiveKeys(machine, document)) effective.add(key);
    }
  }
  const keys = SPEC.keys ?? [];
  const outer = keys.filter((key) => keys.some((other) => other.startsWith(`${key}.`) || other.startsWith(`${key}[`)));
  const silent = keys.filter((key) => !outer.includes(key) && !REFUSED_KEYS.includes(key) && !effective.has(key));
  assertEquals(silent, Object.keys(WITHOUT_EFFECT));
});
