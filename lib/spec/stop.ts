/**
 * How a container is asked to end.
 *
 * @module
 */
import type { RunConfig } from "../config/run_config.ts";
import type { StopSettings } from "../core/wire.ts";
import { parseSignal } from "./signal.ts";

/** docker's: what asks a program to end, where neither a person nor its image says another signal. */
const DEFAULT_SIGNAL = "SIGTERM";

/** docker's, in seconds. */
const DEFAULT_TIMEOUT = 10;

/**
 * What asks an init to shut its system down. On SIGTERM systemd executes itself anew, and busybox starts the system anew.
 *
 * Source: systemd(1), "Signals"; busybox, init/init.c; sysvinit's init(8) and lxc.container.conf(5), "lxc.signal.halt".
 */
const HALT_SIGNALS: Readonly<Record<string, string>> = {
  systemd: "SIGRTMIN+3",
  busybox: "SIGUSR2",
  init: "SIGPWR",
};

/** The signal, and how long the program has until SIGKILL. `init`: which init the program is, if it is one. */
export function stopSettings(
  { stopSignal, stopTimeout }: Pick<RunConfig, "stopSignal" | "stopTimeout">,
  init: string | null,
): StopSettings {
  const seconds = stopTimeout ?? DEFAULT_TIMEOUT;
  const signal = stopSignal ?? HALT_SIGNALS[init ?? ""] ?? DEFAULT_SIGNAL;
  return { signal: parseSignal(signal), timeoutMs: seconds < 0 ? -1 : seconds * 1000 };
}
