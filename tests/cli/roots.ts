/** Root directories for containers of both kinds of users. */
import { testUser } from "../host.ts";
import type { Scratch } from "../scratch.ts";

/** A root of busybox; for an ordinary user one that is theirs, as if they had unpacked it. */
export async function rootOf(scratch: Scratch, asUser: boolean): Promise<string> {
  const directory = await scratch.rootfs("busybox");
  const user = testUser();
  if (!asUser || user === null) return directory;
  const { code, transcript } = await scratch.command("chown", "-hR", `${user.uid}:${user.gid}`, directory);
  if (code !== 0) throw new Error(transcript);
  return directory;
}
