import { assertEquals } from "@std/assert";
import { kernelVersion } from "../host/kernel.ts";
import { parseBundleSpec, SPEC } from "./document/spec.ts";
import { exampleSpec } from "./example.ts";
import { features } from "./features.ts";

const { linux, hooks, ociVersionMax, ociVersionMin, mountOptions } = features(kernelVersion("6.1.0"));

/** A document with one more thing in `linux`. */
function read(more: Record<string, unknown>): void {
  const spec = exampleSpec();
  parseBundleSpec("config.json", JSON.stringify({ ...spec, linux: { ...spec.linux, ...more } }));
}

Deno.test("features() lists namespaces, actions, operators, architectures and flags that config.json may have", () => {
  for (const type of linux.namespaces) {
    const others = [{ type: "mount" }, { type: "uts" }].filter((other) => other.type !== type);
    read({ namespaces: [...others, { type, path: "/x" }] });
  }
  const { actions, operators, archs, knownFlags } = linux.seccomp;
  for (const action of actions) {
    read({
      seccomp: { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/a", syscalls: [{ names: ["mount"], action }] },
    });
  }
  for (const op of operators) {
    const args = [{ index: 0, value: 0, op }];
    read({
      seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mount"], action: "SCMP_ACT_LOG", args }] },
    });
  }
  read({ seccomp: { defaultAction: "SCMP_ACT_ALLOW", architectures: archs, flags: knownFlags } });
});

Deno.test("features() lists the hooks that config.json may have", () => {
  assertEquals(hooks.filter((hook) => !SPEC.keys?.includes(`hooks.${hook}`)), []);
  assertEquals(SPEC.keys?.filter((key) => /^hooks\.[a-zA-Z]+$/.test(key)).length, hooks.length);
});

Deno.test("features() says which flags of a filter this kernel has", () => {
  const flags = (release: string) => features(kernelVersion(release)).linux.seccomp.supportedFlags;
  assertEquals(flags("4.14.0"), ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"]);
  assertEquals(flags("6.1.0"), linux.seccomp.knownFlags);
});

Deno.test("features() is of versions that are read", () => {
  for (const ociVersion of [ociVersionMin, ociVersionMax]) {
    parseBundleSpec("config.json", JSON.stringify({ ...exampleSpec(), ociVersion }));
  }
  assertEquals(mountOptions.includes("rbind"), true);
});
