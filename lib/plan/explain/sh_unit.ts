/**
 * Units of systemd's as shell commands: busctl(1), systemctl(1).
 *
 * @module
 */
import type { HostStep, UnitProperty, UnitValue } from "../../core/wire.ts";
import { word, wordWithVariables } from "./sh_word.ts";

type Step<Kind extends HostStep["kind"]> = Extract<HostStep, { kind: Kind }>;

const MANAGER = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager";

/** Starts it, and waits until it runs. */
export function startUnit({ name, user, pid, properties }: Step<"start_unit">): string[] {
  const all: UnitProperty[] = pid === ""
    ? properties
    : [...properties, { name: "PIDs", value: { type: "numbers", value: [pid] } }];
  const list = propertyWords(all).join(" ");
  return [
    `busctl ${whose(user)}call ${MANAGER} StartTransientUnit 'ssa(sv)a(sa(sv))' ${
      word(name)
    } replace ${list} 0 >/dev/null`,
    `until systemctl ${whose(user)}--quiet is-active ${word(name)}; do sleep 0.1; done`,
  ];
}

/** Changes it for this boot. */
export function setUnitProperties({ name, user, properties }: Step<"set_unit_properties">): string[] {
  const list = propertyWords(properties).join(" ");
  return [`busctl ${whose(user)}call ${MANAGER} SetUnitProperties 'sba(sv)' ${word(name)} true ${list}`];
}

/** Stops it, and forgets that it failed; one that is gone is fine. */
export function stopUnit({ name, user }: Step<"stop_unit">): string[] {
  return ["stop", "reset-failed"].map((verb) =>
    `systemctl ${whose(user)}--quiet ${verb} ${word(name)} 2>/dev/null || true`
  );
}

function whose(user: boolean): string {
  return user ? "--user " : "";
}

/** `a(sv)` as busctl has it: how many, then each name, type and value. */
function propertyWords(properties: readonly UnitProperty[]): string[] {
  return [`${properties.length}`, ...properties.flatMap(({ name, value }) => [word(name), ...valueWords(value)])];
}

const SIGNATURES: Readonly<Record<UnitValue["type"], string>> = {
  boolean: "b",
  unsigned: "t",
  unsigned32: "u",
  signed: "x",
  signed32: "i",
  text: "s",
  texts: "as",
  bytes: "ay",
  numbers: "au",
  pairs: "a(ss)",
  rates: "a(st)",
};

/** The type, and the value: of an array how many, then all that is in it. */
function valueWords({ type, value }: UnitValue): string[] {
  const words = Array.isArray(value) ? [value.length, ...value.flat()] : [value];
  return [word(SIGNATURES[type]), ...words.map((part) => part === "" ? "''" : wordWithVariables(`${part}`))];
}
