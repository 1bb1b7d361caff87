/** `masu seccomp`: system call filters without containers. */
import type { Command } from "../command.ts";
import { family } from "../family.ts";
import { compile } from "./seccomp/compile.ts";
import { test } from "./seccomp/test.ts";

export const seccomp: Command = family({
  name: "seccomp",
  group: "Parts of the kernel, without a container",
  summary: "System call filters: profiles compiled, calls tried on them",
  description: [],
  examples: [
    ["masu seccomp compile --pfc profile.json", "What the kernel would execute"],
    ["masu seccomp test default mount", "What a container that mounts is answered, and why"],
    ["masu seccomp compile --raw -o filter profile.json", "A filter for bwrap --seccomp 3 3<filter"],
  ],
  subcommands: [compile, test],
});
