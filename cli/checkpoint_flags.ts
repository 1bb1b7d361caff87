/**
 * The flags of `masu checkpoint` and `masu restore`: runc's and crun's. They are read, so that engines see which there are.
 *
 * @module
 */
import type { Flag } from "./flags.ts";

const GROUP = "Flags";

function word(name: string, value: string, help: string): Flag {
  return { name, value, group: GROUP, help };
}

function on(name: string, help: string): Flag {
  return { name, group: GROUP, help };
}

const SHARED: readonly Flag[] = [
  word("image-path", "DIR", "Where the images are"),
  word("work-path", "DIR", "Where CRIU keeps its logs"),
  word("parent-path", "DIR", "Where the images of the checkpoint before are"),
  on("tcp-established", "With open TCP connections"),
  on("ext-unix-sk", "With UNIX sockets that lead out of the container"),
  on("shell-job", "With a terminal of the caller's"),
  on("file-locks", "With file locks"),
  on("link-remap", "With open files that were deleted"),
  on("lazy-pages", "With memory that is read when it is needed"),
  word("manage-cgroups-mode", "MODE", "soft, full, strict or ignore"),
  { ...word("empty-ns", "NAMESPACE", "Without what is in this namespace"), repeatable: true },
  on("auto-dedup", "Without pages that are in images of a later checkpoint"),
];

/** In the order of the help. */
export const CHECKPOINT_FLAGS: readonly Flag[] = [
  ...SHARED,
  on("leave-running", "Let the container go on afterwards"),
  on("pre-dump", "Only the memory, for another checkpoint to begin with"),
  word("page-server", "ADDRESS:PORT", "Send memory there"),
  word("status-fd", "FD", "Write a zero byte to this descriptor once memory can be asked for"),
  on("tcp-skip-in-flight", "Without TCP connections that are being made"),
];

/** In the order of the help. */
export const RESTORE_FLAGS: readonly Flag[] = [
  ...SHARED,
  { ...word("bundle", "DIR", "The container's bundle"), short: "b" },
  { ...on("detach", "Return once it runs"), short: "d" },
  word("pid-file", "FILE", "Write its PID here"),
  word("console-socket", "SOCKET", "Send its terminal here"),
  { ...on("no-subreaper", "Do not become the parent of the container's orphans"), oneDash: true },
  on("no-pivot", "chroot(2) in place of pivot_root(2)"),
  on("tcp-close", "Close TCP connections"),
  word("lsm-profile", "TYPE:NAME", "Another profile or label for its processes"),
  word("lsm-mount-context", "CONTEXT", "Another SELinux context for its mounts"),
  on("keep", "Keep the container when its program has ended"),
  word("preserve-fds", "N", "Pass on N open descriptors from 3 on"),
  on("print-stats", "Print CRIU's statistics"),
];
