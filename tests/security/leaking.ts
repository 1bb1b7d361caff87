/** A caller that leaves descriptors of the host's root open for masu, and the paths that lead to them. CVE-2024-21626 */
import { MASU, type Outcome, type Scratch } from "../scratch.ts";

/** Runs masu from a caller that has the host's root open as descriptors 3 to 9. */
export async function leaking(scratch: Scratch, ...args: readonly string[]): Promise<Outcome> {
  const open = [3, 4, 5, 6, 7, 8, 9].map((fd) => `${fd}</`).join(" ");
  return await scratch.command("sh", "-c", `exec ${open}; exec "$@"`, "sh", MASU, ...args);
}

/** Working directories that a descriptor of the caller's or of masu's would be: some by way of the container's first process. */
export const DESCRIPTOR_PATHS: readonly string[] = Array.from({ length: 62 }, (_, index) => index + 3).flatMap((fd) => [
  `/proc/self/fd/${fd}`,
  ...(fd < 13 ? [`/proc/1/fd/${fd}`] : []),
]);
