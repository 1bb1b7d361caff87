/** Engines' documents with any values: whether a kept plan or a new decision makes the container, it is the same one. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Bundle, type Config } from "../bundle.ts";
import { keptPlans, recordOf } from "../kept_bundles.ts";
import { kernelTest } from "../needs.ts";
import type { StartOptions } from "../scratch.ts";

const BUNDLES = new URL("../fixtures/bundles/", import.meta.url);
const ROUNDS = 3;

/** All that a program sees of what engines choose anew. */
const SHOWN = 'env | sort; hostname; cat /proc/self/cgroup; cut -d " " -f 4- /proc/self/mountinfo; echo "$@"';

// deno-lint-ignore no-explicit-any -- documents as they are written, of any shape
type Fields = any;

/** What replaces an engine's values. */
interface Values {
  /** Of variables, annotations and arguments, taken in turn. */
  readonly texts: readonly string[];
  readonly host: string;
  /** Of files that are bound, and of the cgroup. */
  readonly name: string;
}

const plain = (characters: string) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 12 })
    .filter((text) => text !== "." && text !== "..");

const VALUES: fc.Arbitrary<Values> = fc.record({
  texts: fc.array(fc.oneof(plain("abzAZ09._-:@+, =~#%{}()[]'"), fc.constantFrom("/", "..", "/sys", "id")), {
    minLength: 1,
    maxLength: 9,
  }),
  host: plain("abz09.-"),
  name: plain("abzAZ09._-@"),
});

/** Arguments may be anything. */
const ARGUMENTS = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("${id}", '"\\"')), {
  maxLength: 4,
}).map((words) => words.map((word) => word.replaceAll("\0", "").toWellFormed()));

/** Puts into a bundle's config.json what a busybox can do of an engine's document, with other values. `files`: for what is bound. */
function withValues(config: Config, document: Fields, { texts, host, name }: Values, files: string): void {
  const { process, mounts, linux, annotations, root, hostname } = document;
  let next = 0;
  const text = () => texts[next++ % texts.length] ?? "";
  config.mounts = mounts.map((mount: Fields, index: number): Fields => {
    const { uidMappings: _uids, gidMappings: _gids, ...rest } = mount;
    const options = (mount.options ?? []).filter((option: string) => !/^r?idmap$/.test(option));
    const isBound = mount.type === "bind" || options.includes("bind") || options.includes("rbind");
    if (!isBound || /^\/(sys|proc)/.test(mount.source)) return { ...rest, options };
    const source = `${files}/${index}-${name}`;
    Deno.writeTextFileSync(source, text());
    return { ...rest, options, source, destination: `/bound/${index}/file` };
  });
  // What is in the root where a tmpfs is mounted is looked at, and the first container would make it.
  for (const { destination, type } of config.mounts) {
    if (type !== "tmpfs") continue;
    Deno.mkdirSync(`${config.root.path}${destination}`, { recursive: true });
  }
  const variables = (process.env ?? []).filter((variable: string) => !/^(PATH|HOME)=/.test(variable));
  config.process.env.push(...variables.map((variable: string) => `${variable.split("=", 1)[0]}=${text()}`));
  if (process.capabilities !== undefined) config.process.capabilities = process.capabilities;
  config.root.readonly = root.readonly === true;
  config.annotations = Object.fromEntries(Object.keys(annotations ?? {}).map((key) => [key, text()]));
  if (hostname !== undefined) config.hostname = host;
  config.hooks = { poststop: [{ path: "/bin/true", args: ["true", text()] }] };
  config.linux.maskedPaths = linux.maskedPaths ?? [];
  config.linux.resources = { devices: linux.resources?.devices ?? [] };
  config.linux.cgroupsPath = `/masu-kept-${Deno.pid}-${name}`;
}

/** The container's whole life. `decided`: another plan was kept. */
async function outcome(bundle: Bundle, root: string, options: StartOptions) {
  const before = keptPlans(root);
  const created = await bundle.create(["--root", root], options);
  assertEquals(created.code, 0, created.transcript);
  const decided = before.join() !== keptPlans(root).join();
  const record = recordOf(root, bundle.id);
  const started = await bundle.masu("start", "--root", root);
  while (JSON.parse((await bundle.masu("state", "--root", root)).stdout).status !== "stopped") {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { stdout, stderr } = await bundle.output();
  const deleted = await bundle.masu("delete", "--root", root);
  const codes = [started.code, deleted.code];
  return { decided, seen: { record, stdout, stderr, codes }, transcript: created.transcript };
}

for (const { name: fixture } of Deno.readDirSync(BUNDLES)) {
  const title = `a kept plan's container is the decided one's twin, whatever its values: ${fixture}`;
  kernelTest(title, ["mount", "busybox", "cgroups"], async (scratch) => {
    const document = JSON.parse(Deno.readTextFileSync(new URL(fixture, BUNDLES)));
    const root = scratch.path("state");
    const samples = fc.sample(fc.tuple(VALUES, ARGUMENTS), ROUNDS);
    for (const [round, [values, words]] of samples.entries()) {
      const files = await scratch.dir("files");
      await using bundle = await Bundle.make(scratch, SHOWN, (config) => {
        withValues(config, document, values, files);
        config.process.args.push("program", ...words);
      });
      const kept = await outcome(bundle, root, {});
      const decided = await outcome(bundle, root, { env: { MASU_FRONT: "0" } });
      const transcript = `${JSON.stringify(bundle.config)}\n${kept.transcript}`;
      assertEquals(kept.seen, decided.seen, transcript);
      assertEquals(kept.seen.codes, [0, 0], transcript);
      assertEquals([kept.decided, decided.decided], [round === 0, true], transcript);
    }
  });
}
