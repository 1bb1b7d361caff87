/**
 * Other container tools, where they are installed and can run here.
 *
 * @module
 */

/** Runs what follows without the v2 hierarchy of a hybrid host, which crun refuses: in a mount namespace of its own. */
const WITHOUT_UNIFIED = [
  "unshare",
  "--mount",
  "--propagation",
  "private",
  "sh",
  "-c",
  'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"',
  "sh",
] as const;

/** Words before a peer's command, outside of what is measured. */
export function surroundings(peer: string): readonly string[] {
  return peer === "crun" && isHybrid() ? WITHOUT_UNIFIED : [];
}

function isHybrid(): boolean {
  try {
    return Deno.statSync("/sys/fs/cgroup/unified").isDirectory;
  } catch {
    return false;
  }
}

/** True when there is such a program. */
export function isInstalled(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" }).outputSync().success;
}

/** Runs a command to its end. Throws when it fails. */
export function must(command: readonly string[], env: Record<string, string> = {}): string {
  const [program = "", ...args] = command;
  const output = new Deno.Command(program, { args, env, stdin: "null", stdout: "piped", stderr: "piped" }).outputSync();
  const text = new TextDecoder();
  if (!output.success) throw new Error(`${command.join(" ")}: ${text.decode(output.stderr)}`);
  return text.decode(output.stdout);
}
