/**
 * `linux.seccomp`: shapes and ranges. What is said of system calls is compiled by the core.
 *
 * Source: config-linux.md, "Seccomp".
 *
 * @module
 */
import type { LinuxSeccomp, LinuxSeccompArgument, LinuxSyscall } from "../oci.ts";
import type { Place } from "./place.ts";
import { checked, list, object, type Reader, required, someOf } from "./reader.ts";
import { absolutePath, bits, filled, text, unlessEmpty, whole, word } from "./value.ts";
import { SECCOMP_ACTIONS, SECCOMP_ARCHITECTURES, SECCOMP_FLAGS, SECCOMP_OPERATORS } from "./words.ts";

const NOTIFY = "SCMP_ACT_NOTIFY";

/** seccomp(2), SECCOMP_RET_DATA: errno(3) for ERRNO, any 16 bits for TRACE. */
const RETURNED = whole(0, 65_535);

const ACTION = word("is no action", SECCOMP_ACTIONS);

const ARGUMENT = object<LinuxSeccompArgument>({
  index: required(whole(0, 5)),
  value: required(bits),
  valueTwo: bits,
  op: required(word("is no comparison", SECCOMP_OPERATORS)),
});

const SYSCALL = checked(
  object<LinuxSyscall>({
    names: required(list(filled(text))),
    action: required(ACTION),
    errnoRet: RETURNED,
    args: someOf(ARGUMENT),
  }),
  (place, { names }) => {
    if (names.length === 0) throw place.at("names").wrong("names no system call");
  },
);

/** `linux.seccomp`. */
export const SECCOMP: Reader<LinuxSeccomp> = checked(
  object<LinuxSeccomp>({
    defaultAction: required(ACTION),
    defaultErrnoRet: RETURNED,
    architectures: someOf(word("is no architecture", SECCOMP_ARCHITECTURES)),
    flags: someOf(word("is no flag of a filter", SECCOMP_FLAGS)),
    listenerPath: unlessEmpty(absolutePath),
    listenerMetadata: unlessEmpty(text),
    syscalls: someOf(SYSCALL),
  }),
  checkListener,
);

/** Whoever is asked must be there, and the stage itself must not have to ask: it sends the descriptor with system calls. */
function checkListener(place: Place, seccomp: LinuxSeccomp): void {
  const { defaultAction, listenerPath, listenerMetadata, syscalls = [] } = seccomp;
  if (listenerMetadata !== undefined && listenerPath === undefined) {
    throw place.at("listenerMetadata").wrong("is for a listener, and there is no listenerPath");
  }
  if (defaultAction === NOTIFY) {
    throw place.at("defaultAction").wrongValue(
      NOTIFY,
      "would ask about the calls that send the listener its descriptor",
    );
  }
  const asked = syscalls.findIndex(({ action }) => action === NOTIFY);
  if (asked >= 0 && listenerPath === undefined) {
    throw place.at("syscalls").at(asked).at("action").wrongValue(
      NOTIFY,
      "asks a listener, and there is no listenerPath",
    );
  }
}
