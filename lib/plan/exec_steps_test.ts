import { assertEquals, assertThrows } from "@std/assert";
import type { StageStep } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import { changedSteps, type ExecChanges } from "./exec_steps.ts";

const DEFAULTS = ["CAP_CHOWN", "CAP_KILL"];
const FILTER: StageStep = { kind: "load_filter", filter: { kind: "default" } };
const STEPS: readonly StageStep[] = [
  { kind: "new_session" },
  { kind: "set_rlimit", resource: "RLIMIT_NOFILE", soft: 1, hard: 2 },
  { kind: "set_umask", mask: 0o022 },
  { kind: "set_bounding_set", keep: DEFAULTS },
  { kind: "set_user", uid: 0, gid: 0, groups: [9] },
  { kind: "set_capabilities", effective: DEFAULTS, permitted: DEFAULTS, inheritable: ["CAP_KILL"], ambient: [] },
  { kind: "no_new_privileges" },
  FILTER,
  { kind: "execute", arguments: ["${arguments}"], environment: ["A=1"], reaper: false },
];
const NOTHING: ExecChanges = { capabilities: [], noNewPrivileges: false };

/** Bounding, user, held, inheritable. */
function rights(steps: readonly StageStep[]): unknown[] {
  return steps.flatMap((step): unknown[] => {
    if (step.kind === "set_bounding_set") return [step.keep];
    if (step.kind === "set_user") return [[step.uid, step.gid, step.groups]];
    if (step.kind === "set_capabilities") return [step.effective, step.permitted, step.inheritable, step.ambient];
    return [];
  });
}

const CASES: [name: string, changes: Partial<ExecChanges>, expected: unknown[]][] = [
  ["leaves the user", {}, [DEFAULTS, [0, 0, [9]], DEFAULTS, DEFAULTS, [], []]],
  [
    "takes the capabilities of another user",
    { user: { uid: 7, gid: 8, groups: [] } },
    [DEFAULTS, [7, 8, []], [], [], [], []],
  ],
  [
    "adds capabilities, and makes none inheritable",
    { capabilities: ["CAP_KILL", "CAP_NET_RAW"] },
    [
      [...DEFAULTS, "CAP_NET_RAW"],
      [0, 0, [9]],
      [...DEFAULTS, "CAP_NET_RAW"],
      [...DEFAULTS, "CAP_NET_RAW"],
      [],
      [],
    ],
  ],
  [
    "gives another user what was added only",
    { user: { uid: 7, gid: 8, groups: [1] }, capabilities: ["CAP_NET_RAW"] },
    [[...DEFAULTS, "CAP_NET_RAW"], [7, 8, [1]], ["CAP_NET_RAW"], ["CAP_NET_RAW"], [], []],
  ],
];
for (const [name, changes, expected] of CASES) {
  Deno.test(`changedSteps() ${name}`, () => {
    assertEquals(rights(changedSteps(STEPS, { ...NOTHING, ...changes })), expected);
  });
}

Deno.test("changedSteps() leaves groups alone that a namespace of one id cannot give", () => {
  const single = STEPS.map((step): StageStep => step.kind === "set_user" ? { ...step, groups: null } : step);
  const changed = changedSteps(single, { ...NOTHING, user: { uid: 1, gid: 1, groups: [5] } });
  assertEquals(changed.find(({ kind }) => kind === "set_user"), { kind: "set_user", uid: 1, gid: 1, groups: null });
});

Deno.test("changedSteps() loads the filter after new privileges were forbidden", () => {
  const loose = [FILTER, ...STEPS.filter(({ kind }) => kind !== "no_new_privileges" && kind !== "load_filter")];
  const kinds = changedSteps(loose, { ...NOTHING, noNewPrivileges: true }).map(({ kind }) => kind);
  assertEquals(kinds.slice(-3), ["no_new_privileges", "load_filter", "execute"]);
  assertEquals(kinds.filter((kind) => kind === "load_filter").length, 1);
});

Deno.test("changedSteps() needs the steps that it changes", () => {
  assertEquals(assertThrows(() => changedSteps([], NOTHING), MasuError).code, "bug");
});

Deno.test("changedSteps() labels the program before it gives up its rights, in place of the container's label", () => {
  const own: StageStep = { kind: "set_security_label", module: "apparmor", label: "own" };
  const changed = changedSteps([own, ...STEPS], { ...NOTHING, labels: [{ module: "apparmor", label: "other" }] });
  assertEquals(changed.filter(({ kind }) => kind === "set_security_label"), [{ ...own, label: "other" }]);
  assertEquals(changed[3]?.kind, "set_security_label");
});
