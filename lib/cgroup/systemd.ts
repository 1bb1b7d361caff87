/**
 * A container's cgroups where systemd has them: a unit of its own, which systemd makes a cgroup for, puts the first process into,
 * and leaves to masu (`Delegate`). All limits are then written into the cgroup's own files, too: systemd knows but some of them.
 *
 * Source: systemd, docs/CGROUP_DELEGATION.md; org.freedesktop.systemd1(5).
 *
 * @module
 */
import type { HostStep, UnitProperty, UnitRecord, UnitValue } from "../core/wire.ts";
import { MasuError } from "../error.ts";
import type { LinuxResources } from "../spec/oci.ts";
import type { CgroupLayout } from "./layout.ts";
import { writeControl } from "./parts.ts";
import { type CgroupPlan, placedCgroups } from "./placement.ts";
import type { ResourceWords } from "./resources.ts";
import { annotatedProperties } from "./systemd_annotations.ts";
import { deviceProperties } from "./systemd_devices.ts";
import { type UnitPlace, unitPlace } from "./systemd_name.ts";
import { resourceProperties } from "./systemd_properties.ts";

/** Which unit a container gets. */
export interface SystemdRequest {
  /** `slice:prefix:name`; undefined: `masu-ID.scope` in the usual slice. */
  readonly cgroupsPath: string | undefined;
  /** The container's ID, and its first process once there is one; blanks of a plan. */
  readonly id: string;
  readonly pid: string;
  readonly resources: LinuxResources;
  /** Those that begin with `org.systemd.property.` are properties of the unit. */
  readonly annotations: Readonly<Record<string, string>>;
  /** v1 controllers whose hierarchies it joins even where nothing is set there; null: all hierarchies. */
  readonly joined: readonly string[] | null;
  /** v2 controllers that it gets where they can be had. */
  readonly enabled: readonly string[];
  readonly words: ResourceWords;
}

const TRUE: UnitValue = { type: "boolean", value: true };

/** v1's hierarchy without controllers in which systemd keeps its own order. */
const OWN_HIERARCHY = "name=systemd";

/** What makes systemd count, and so have, the controllers: for slices, which it delegates none of. */
const ACCOUNTING: readonly UnitProperty[] = [
  { name: "CPUAccounting", value: TRUE },
  { name: "MemoryAccounting", value: TRUE },
  { name: "TasksAccounting", value: TRUE, since: 227 },
  { name: "IOAccounting", value: TRUE, since: 230 },
];

/**
 * The steps for a container's cgroups through systemd, which `layout` says is there.
 *
 * Errors: `invalid_config` a path or an annotation; `denied` this user's manager has nothing to give; those of `placedCgroups`.
 */
export function systemdCgroups(request: SystemdRequest, layout: CgroupLayout): CgroupPlan {
  const user = layout.systemd?.user === true;
  if (user && layout.v2?.base == null) throw nothingDelegated();
  const place = unitPlace(request.cgroupsPath, { id: request.id, user });
  const { joined } = request;
  const placed = placedCgroups({
    place: ({ base }) => `${base}${place.path}`,
    resources: request.resources,
    joined: joined === null ? null : [...joined, OWN_HIERARCHY],
    enabled: request.enabled,
    removed: () => 1,
    words: request.words,
  }, layout);
  const unit: UnitRecord = { name: place.unit, user };
  const [kill, ...removal] = placed.afterwards;
  return {
    ...placed,
    before: [],
    // The unit needs a process, so all of it comes after the clone; the process itself waits meanwhile.
    record: [startUnit(request, place, layout), ...placed.before, ...joining(request, place, { placed, layout })],
    cloneInto: null,
    afterwards: [...(kill === undefined ? [] : [kill]), { kind: "stop_unit", ...unit }, ...removal],
    unit,
  };
}

/** Tells systemd of new limits of a unit that is there. */
export function unitChanges(unit: UnitRecord, resources: LinuxResources, layout: CgroupLayout): HostStep[] {
  const properties = [...resourceProperties(resources, layout), ...devicesOf(resources, layout)];
  return properties.length === 0 ? [] : [{ kind: "set_unit_properties", ...unit, properties }];
}

function startUnit(request: SystemdRequest, place: UnitPlace, layout: CgroupLayout): HostStep {
  const { id, resources, annotations } = request;
  const scope = isScope(place);
  return {
    kind: "start_unit",
    name: place.unit,
    user: layout.systemd?.user === true,
    pid: scope ? request.pid : "",
    properties: [
      property("Description", { type: "text", value: `masu container ${id}` }),
      ...(scope
        ? [property("Slice", { type: "text", value: place.slice }), property("Delegate", TRUE)]
        : [property("Wants", { type: "texts", value: [place.slice] })]),
      property("DefaultDependencies", { type: "boolean", value: false }),
      ...ACCOUNTING,
      ...resourceProperties(resources, layout),
      ...devicesOf(resources, layout),
      ...annotatedProperties(annotations),
    ],
  };
}

function property(name: string, value: UnitValue): UnitProperty {
  return { name, value };
}

/** A user's manager may load no device program, and warns of it. */
function devicesOf({ devices = [] }: LinuxResources, { deviceControl }: CgroupLayout): UnitProperty[] {
  return deviceControl ? deviceProperties(devices) : [];
}

/** A slice is given no processes when it is started; and beside v1's hierarchies, v2's may be one that systemd has nothing in. */
function joining(
  { pid }: SystemdRequest,
  place: UnitPlace,
  { placed, layout }: { readonly placed: CgroupPlan; readonly layout: CgroupLayout },
): HostStep[] {
  const { unified } = placed.directories;
  if (unified === undefined || (isScope(place) && layout.v1.length === 0)) return [];
  return [writeControl(`${unified}/cgroup.procs`, pid)];
}

function isScope({ unit }: UnitPlace): boolean {
  return unit.endsWith(".scope");
}

function nothingDelegated(): MasuError {
  return new MasuError(
    "denied",
    'Use cgroup manager "systemd": this user\'s own systemd has no v2 cgroup to give away',
    {
      hint: "have it run: loginctl enable-linger; or do without: --cgroup-manager cgroupfs",
    },
  );
}
