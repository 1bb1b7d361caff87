import { assertEquals, assertThrows } from "@std/assert";
import type { IdMapping, UserMapping } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER } from "../host/example_host.ts";
import type { HostFacts } from "../host/facts.ts";
import type { LinuxIdMapping, Spec } from "../spec/oci.ts";
import { hostID, userMapping } from "./user_namespace.ts";

const TOOLS = { newuidmap: "/usr/bin/newuidmap", newgidmap: "/usr/bin/newgidmap" };
type IdFacts = Pick<HostFacts, "process" | "subordinateIds">;

function facts(process: typeof EXAMPLE_ROOT, ids: Partial<HostFacts["subordinateIds"]> = {}): IdFacts {
  const spans = [{ first: 100000, size: 65536 }];
  return {
    process,
    subordinateIds: { uids: spans, gids: spans, allUids: spans, allGids: spans, tools: TOOLS, ...ids },
  };
}

function spec(...maps: [containerID: number, hostID: number, size: number][]): Pick<Spec, "linux"> {
  const mappings: LinuxIdMapping[] = maps.map(([containerID, hostID, size]) => ({ containerID, hostID, size }));
  return { linux: { namespaces: [{ type: "user" }], uidMappings: mappings, gidMappings: mappings } };
}

const ALICE = facts(EXAMPLE_USER);

const WORKING: [
  name: string,
  spec: Pick<Spec, "linux">,
  facts: IdFacts,
  expected: Omit<UserMapping, "uidMappings" | "gidMappings">,
][] = [
  ["lets root map what it likes", spec([0, 5000, 10]), facts(EXAMPLE_ROOT), { tools: null, denySetgroups: false }],
  ["needs nobody for one's own id", spec([0, 1000, 1]), ALICE, { tools: null, denySetgroups: true }],
  ["needs no programs for one's own id either", spec([0, 1000, 1]), facts(EXAMPLE_USER, { tools: null }), {
    tools: null,
    denySetgroups: true,
  }],
  ["has more ids written by newuidmap", spec([0, 1000, 1], [1, 100000, 65536]), ALICE, {
    tools: TOOLS,
    denySetgroups: false,
  }],
  ["takes a part of a range", spec([0, 1000, 1], [1, 100010, 5]), ALICE, { tools: TOOLS, denySetgroups: false }],
];
for (const [name, asked, given, expected] of WORKING) {
  Deno.test(`userMapping() ${name}`, () => {
    const mappings = asked.linux.uidMappings as IdMapping[];
    assertEquals(userMapping(asked, given), { uidMappings: mappings, gidMappings: mappings, ...expected });
  });
}

Deno.test("userMapping() is null without a user namespace and for a joined one", () => {
  for (const namespaces of [[], [{ type: "user" as const, path: "/proc/1/ns/user" }]]) {
    assertEquals(userMapping({ linux: { namespaces } }, ALICE), null);
  }
});

const REFUSED: [name: string, spec: Pick<Spec, "linux">, facts: IdFacts, message: string, hint: string][] = [
  [
    "whose root is nobody",
    spec([1, 100000, 10]),
    facts(EXAMPLE_ROOT),
    "Use --uidmap: user 0 of the container is not mapped",
    "add a range that starts with it, 0:ID:SIZE",
  ],
  [
    "with ids of somebody else",
    spec([0, 1000, 1], [1, 500000, 10]),
    ALICE,
    'Map user ids "1:500000:10" (--uidmap): they are not this user\'s',
    "/etc/subuid gives 100000 to 165535, and your own id is 1000",
  ],
  [
    "that goes past the end of a range",
    spec([0, 1000, 1], [1, 165530, 7]),
    ALICE,
    'Map user ids "1:165530:7" (--uidmap): they are not this user\'s',
    "/etc/subuid gives 100000 to 165535, and your own id is 1000",
  ],
  [
    "with subordinate ids where there are none",
    spec([0, 1000, 1], [1, 100000, 10]),
    facts(EXAMPLE_USER, { uids: [] }),
    'Map user ids "1:100000:10" (--uidmap): they are not this user\'s',
    "root can give some in /etc/subuid: usermod --add-subuids 100000-165535 USER",
  ],
  [
    "whose root is not the user itself",
    spec([0, 100000, 65536]),
    ALICE,
    "Use --uidmap: user 0 of the container must be your own id outside, 1000",
    "--uidmap 0:1000",
  ],
  [
    "that nothing can write",
    spec([0, 1000, 1], [1, 100000, 10]),
    facts(EXAMPLE_USER, { tools: null }),
    "Map ids (--uidmap): newuidmap(1) and newgidmap(1), which write such maps, are missing",
    "install the package uidmap (Debian, Ubuntu) or shadow-utils",
  ],
];
for (const [name, asked, given, message, hint] of REFUSED) {
  Deno.test(`userMapping() refuses a mapping ${name}`, () => {
    const error = assertThrows(() => userMapping(asked, given), MasuError);
    assertEquals([error.message, error.hint], [message, hint]);
  });
}

Deno.test("userMapping() calls what is wrong with a bundle's ids by its key", () => {
  const error = assertThrows(() => userMapping(spec([1, 1, 1]), facts(EXAMPLE_ROOT), "field"), MasuError);
  assertEquals(error.message, "Use linux.uidMappings: user 0 of the container is not mapped");
});

Deno.test("hostID() finds an id in its range", () => {
  const mappings = [{ containerID: 0, hostID: 1000, size: 1 }, { containerID: 1, hostID: 100000, size: 10 }];
  for (const [id, expected] of [[0, 1000], [1, 100000], [10, 100009], [11, null]] as const) {
    assertEquals(hostID(mappings, id), expected, `${id}`);
  }
});
