import { assert, assertEquals } from "@std/assert";
import type { StageStep } from "../core/wire.ts";
import { EXAMPLE_ROOT, EXAMPLE_USER, exampleHost } from "../host/example_host.ts";
import { MS } from "../plan/mount_options.ts";
import { examplePlan } from "../plan/example_plan.ts";
import { mountPointsOf, overlaysOf, stoppedSteps } from "./container_files.ts";

/** Steps with a place, of one kind. */
function places(steps: readonly StageStep[], ...kinds: readonly StageStep["kind"][]): string[] {
  return steps.filter(({ kind }) => kinds.includes(kind)).flatMap((step) =>
    "destination" in step ? [step.destination] : "path" in step ? [step.path] : []
  );
}

for (const [who, process] of [["root", EXAMPLE_ROOT], ["an ordinary user", EXAMPLE_USER]] as const) {
  const plan = examplePlan(exampleHost(process), {
    mounts: [{ kind: "tmpfs", destination: "/scratch", options: [] }],
  });
  const steps = stoppedSteps(plan, "/run/masu/containers/${id}");

  Deno.test(`stoppedSteps() mounts every overlay of ${who}'s container and nothing of the kernel's`, () => {
    const overlays = overlaysOf(plan).map(({ destination }) => destination).filter((path) => path !== "/");
    assertEquals(places(steps, "mount_overlay"), overlays);
    const kernels = places(steps, "mount", "bind", "make_symlink", "make_directory")
      .filter((path) => /^\/(proc|sys)(\/|$)|^\/dev\/./.test(path));
    assertEquals(kernels, []);
  });

  Deno.test(`stoppedSteps() leaves nothing of ${who}'s container writable that would be lost`, () => {
    const closed = new Map<string, number>();
    for (const step of steps) {
      if (step.kind === "mount") closed.set(step.destination, step.flags);
      if (step.kind === "remount" && step.flags !== null && closed.has(step.destination)) {
        closed.set(step.destination, step.flags);
      }
    }
    assert(closed.size > 0);
    assertEquals([...closed].filter(([, flags]) => (flags & MS.RDONLY) === 0), []);
  });

  Deno.test(`stoppedSteps() mounts the root of ${who}'s container where no layer is`, () => {
    const [root] = places(steps, "mount_root");
    const layers = overlaysOf(plan).flatMap(({ destination, layer: { lower, upper, work } }) =>
      destination === "/" ? [...lower, upper] : [...lower, upper, work]
    );
    assertEquals(layers.filter((layer) => layer === root || layer.startsWith(`${root}/`)), []);
    assertEquals(steps.some(({ kind }) => kind === "pivot_root" || kind === "mask"), false);
  });
}

Deno.test("mountPointsOf() names mounts of all kinds", () => {
  const points = mountPointsOf(examplePlan(exampleHost(EXAMPLE_ROOT)));
  for (const point of ["/proc", "/dev", "/etc/hosts", "/run"]) assert(points.includes(point), point);
});
