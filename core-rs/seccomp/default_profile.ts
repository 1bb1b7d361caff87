/**
 * Writes `default_profile.json`, which `build.rs` compiles, from `lib/spec/seccomp_default.ts`:
 * `deno run --allow-write=core-rs/seccomp core-rs/seccomp/default_profile.ts`
 *
 * @module
 */
import { builtInSeccomp } from "../../lib/spec/seccomp_default.ts";

const profiles = Object.fromEntries(["x86_64", "aarch64"].map((name) => [name, builtInSeccomp(name)]));
await Deno.writeTextFile(new URL("default_profile.json", import.meta.url), `${JSON.stringify(profiles, null, 1)}\n`);
