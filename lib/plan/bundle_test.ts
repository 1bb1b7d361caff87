import { assertEquals } from "@std/assert";
import type { ProcessReply } from "../core/wire.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER, type ExampleFiles, exampleHost } from "../host/example_host.ts";
import { exampleDocument, exampleSpec } from "../spec/example.ts";
import type { BundleWishes } from "./bundle_context.ts";
import { exampleBundlePlan } from "./example_bundle.ts";
import { planText } from "./example_plan.ts";

interface Case {
  readonly name: string;
  readonly process?: ProcessReply;
  /** A file of tests/fixtures/bundles, or the text itself. */
  readonly document: { readonly file: string } | { readonly text: string };
  readonly wishes?: Partial<BundleWishes>;
  readonly files?: ExampleFiles;
}

const DIRECTORY = { kind: "directory", mode: 0o755 } as const;

/** What the documents name of the host. */
const FILES: ExampleFiles = {
  "/srv/rootfs": DIRECTORY,
  "/srv/bundle": DIRECTORY,
  "/srv/bundle/rootfs": DIRECTORY,
  "/srv/rootfs/run": { ...DIRECTORY, mode: 0o711 },
};

const CASES: readonly Case[] = [
  { name: "bundle_example", document: { text: exampleDocument() } },
  { name: "bundle_rootless", process: EXAMPLE_USER, document: { text: rootless() } },
  { name: "bundle_podman", document: { file: "podman_plain" } },
  { name: "bundle_podman_terminal", document: { file: "podman_terminal" } },
  { name: "bundle_podman_userns", document: { file: "podman_userns" } },
  { name: "bundle_podman_limits", document: { file: "podman_limits" } },
  { name: "bundle_containerd", document: { file: "containerd_plain" } },
  {
    name: "bundle_watched",
    document: { text: exampleDocument() },
    wishes: { life: "watched", preserveFds: 2, keyring: false, pidFile: "/run/web.pid" },
  },
  { name: "bundle_hooks", document: { text: withHooks() }, wishes: { life: "created" } },
];

function rootless(): string {
  return exampleDocument({ uid: EXAMPLE_USER.uid, gid: EXAMPLE_USER.gid });
}

function withHooks(): string {
  const hook = (name: string) => [{ path: `/usr/libexec/${name}`, args: [name, "${id}"], env: ["A=b"], timeout: 3 }];
  const kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];
  return JSON.stringify({
    ...exampleSpec(),
    annotations: { "org.example": "${id}" },
    hooks: Object.fromEntries(kinds.map((kind) => [kind, hook(kind)])),
  });
}

for (const { name, process = EXAMPLE_ROOT, document, wishes, files = {} } of CASES) {
  Deno.test(`bundlePlan() makes the plan ${name}`, async () => {
    const text = "text" in document ? document.text : await fixture(document.file);
    const host = exampleHost(process, { ...FILES, ...sourcesOf(text), ...files });
    const plan = planText(exampleBundlePlan(host, text, wishes));
    const path = new URL(`./plans/${name}.plan`, import.meta.url);
    if (Deno.env.get("MASU_ACCEPT_PLANS") === "1") await Deno.writeTextFile(path, plan);
    assertEquals(plan, await Deno.readTextFile(path));
  });
}

async function fixture(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../../tests/fixtures/bundles/${name}.json`, import.meta.url));
}

/** Everything that a document binds is there: files, unless their name says that they are directories. */
function sourcesOf(text: string): ExampleFiles {
  const { mounts } = JSON.parse(text) as { mounts: { type?: string; source?: string }[] };
  const bound = mounts.flatMap(({ type, source }) => type === "bind" && source !== undefined ? [source] : []);
  const isDirectory = (path: string) => /\/(shm|srv)$/.test(path);
  return Object.fromEntries(bound.map((path) => [path, isDirectory(path) ? DIRECTORY : { text: "" }]));
}
