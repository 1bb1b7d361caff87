import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseContainerID } from "../../lib/config/container_id.ts";
import { parseMount } from "../../lib/config/mount.ts";
import { parseSysctl } from "../../lib/config/sysctl.ts";
import { parseIdMaps } from "../../lib/config/user_namespace.ts";
import { parseVolume } from "../../lib/config/volume.ts";
import { MOUNT_OPTIONS, mountOptions } from "../../lib/plan/mount_options.ts";
import { parseGroupFile, parsePasswd, resolveUser } from "../../lib/spec/passwd.ts";
import { parseSeccompProfile } from "../../lib/spec/seccomp_profile.ts";
import { sysctlNamespace, sysctlPath } from "../../lib/spec/sysctl.ts";
import { changed, orRefused, property } from "./property.ts";

/** (uid_t) -1 is no id. */
const IDS = 2 ** 32 - 1;

const text = fc.string({ unit: "binary" });
/** Words made of what the grammars are made of. */
const made = (parts: readonly string[]) =>
  fc.array(fc.oneof(fc.constantFrom(...parts), fc.string()), { maxLength: 8 }).map((all) => all.join(""));

property(
  "mountOptions() sets no bit that it clears, and hands no word of its own to the file system",
  fc.array(fc.oneof(fc.constantFrom(...MOUNT_OPTIONS), text), { maxLength: 12 }),
  (options) => {
    const read = orRefused(() => mountOptions(options));
    if (read === undefined) return;
    assertEquals(read.flags & read.cleared, 0);
    const data = read.data.split(",");
    for (const option of options) if (MOUNT_OPTIONS.includes(option)) assert(!data.includes(option), option);
  },
);

property(
  "parseIdMaps() maps no id twice and none that is none",
  fc.array(fc.oneof(text, fc.tuple(fc.nat(IDS), fc.nat(IDS), fc.nat(IDS)).map((numbers) => numbers.join(":"))), {
    maxLength: 4,
  }),
  (words) => {
    const ranges = orRefused(() => parseIdMaps("--uidmap", words)) ?? [];
    for (const key of ["containerID", "hostID"] as const) {
      const sorted = ranges.toSorted((one, other) => one[key] - other[key]);
      for (const [at, range] of sorted.entries()) {
        assert(range.size > 0 && range[key] + range.size <= IDS);
        const next = sorted[at + 1];
        if (next !== undefined) assert(range[key] + range.size <= next[key]);
      }
    }
  },
);

const lines = made(["root", ":", "x", "0", "1000", "-1", "4294967295", "\n", "\0", "/root", ","]);
property(
  "resolveUser() gives nobody an id that is none, whatever the files hold",
  fc.tuple(lines, lines, made(["root", ":", "0", "-1"])),
  ([passwd, group, user]) => {
    const ids = [
      ...parsePasswd(passwd).flatMap(({ uid, gid }) => [uid, gid]),
      ...parseGroupFile(group).map(({ gid }) => gid),
    ];
    const resolved = orRefused(() => resolveUser(user, { passwd, group }));
    if (resolved !== undefined) ids.push(resolved.uid, resolved.gid, ...resolved.groups);
    for (const id of ids) assert(Number.isInteger(id) && id >= 0 && id < IDS, `${id}`);
  },
);

const name = made(["net", "kernel", "fs", "mqueue", ".", "/", "..", "+", "=", "shmmax", "core_pattern", "ipv4"]);
property("sysctlPath() leads nowhere but below /proc/sys, and to no setting of the machine's", name, (name) => {
  const path = sysctlPath(name);
  if (path === null) return;
  const file = `/proc/sys/${path.join("/")}`;
  assertEquals(new URL(`file://${file}`).pathname, file);
  if (sysctlNamespace(path) !== null) {
    assert(/^(net\/|fs\/mqueue\/|kernel\/(msg|sem|shm|hostname|domainname))/.test(path.join("/")));
  }
});
property("parseSysctl() accepts or refuses", name, (name) => {
  const read = orRefused(() => parseSysctl("--sysctl", `${name}=1`));
  if (read !== undefined) assert(sysctlPath(read[0]) !== null, read[0]);
});

property("parseContainerID() takes no path", made(["a", "-", ".", "/", "..", "_", "\n", "\0"]), (id) => {
  const read = orRefused(() => parseContainerID("ID", id));
  if (read !== undefined) assertEquals(new URL(`file:///x/${read}`).pathname, `/x/${read}`);
});

const mount = made(["type", "=", "bind", ",", "source", "/", "..", "destination", ":", "ro", "a"]);
property("parseMount() and parseVolume() accept or refuse", mount, (word) => {
  for (const parse of [parseMount, parseVolume]) orRefused(() => parse("-v", word, () => "/home"));
});

const PROFILE = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 38,
  archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
  flags: ["SECCOMP_FILTER_FLAG_LOG"],
  syscalls: [
    {
      names: ["read", "write"],
      action: "SCMP_ACT_ALLOW",
      includes: { caps: ["CAP_KILL"], minKernel: "4.8" },
      excludes: {},
    },
    {
      name: "clone",
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: 5, valueTwo: 1, op: "SCMP_CMP_MASKED_EQ" }],
      comment: "",
    },
  ],
};
const SITUATION = {
  capabilities: ["CAP_KILL"],
  architecture: "x86_64",
  kernel: { release: "6.1", major: 6, minor: 1 },
};
property("parseSeccompProfile() accepts or refuses", changed(PROFILE), (profile) => {
  orRefused(() => parseSeccompProfile("p.json", JSON.stringify(profile), SITUATION));
});
property("parseSeccompProfile() accepts or refuses any text", fc.oneof(text, fc.json()), (profile) => {
  orRefused(() => parseSeccompProfile("p.json", profile, SITUATION));
});
