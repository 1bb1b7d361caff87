import { assertEquals, assertThrows } from "@std/assert";
import { MasuError } from "../error.ts";
import type { BindMount } from "./run_config.ts";
import { parseVolume } from "./volume.ts";

const here = () => "/home/ann";

const PLAIN: BindMount = {
  kind: "bind",
  source: "/src",
  destination: "/dst",
  readOnly: false,
  recursiveReadOnly: false,
  recursive: true,
  createSource: true,
  options: [],
};

const VOLUMES: [name: string, text: string, expected: Partial<BindMount>][] = [
  ["reads two paths", "/src:/dst", {}],
  ["resolves a relative source", "./data:/dst", { source: "/home/ann/data" }],
  ["takes the directory itself", ".:/dst", { source: "/home/ann" }],
  ["leaves .. in the source to the kernel", "../x:/dst", { source: "/home/ann/../x" }],
  ["cleans the destination", "/src:/a/./b//../dst/", { destination: "/a/dst" }],
  ["reads ro", "/src:/dst:ro", { readOnly: true }],
  ["lets a later rw undo ro", "/src:/dst:ro,rw", {}],
  ["reads rro as ro for what is mounted below too", "/src:/dst:rro", { readOnly: true, recursiveReadOnly: true }],
  ["reads a propagation", "/src:/dst:rslave,ro", { readOnly: true, propagation: "rslave" }],
  ["reads bind as without what is mounted below", "/src:/dst:bind", { recursive: false }],
  ["passes mount(8) words on", "/src:/dst:nosuid,noexec", { options: ["nosuid", "noexec"] }],
];
for (const [name, text, expected] of VOLUMES) {
  Deno.test(`parseVolume() ${name}`, () => {
    assertEquals(parseVolume("--volume", text, here), { ...PLAIN, ...expected });
  });
}

const MISTAKES: [name: string, text: string, cause: string, hint: string | undefined][] = [
  ["a named volume", "data:/dst", "named volumes are not supported yet", "for the directory of that name write ./data"],
  ["an anonymous volume", "/dst", "anonymous volumes", "SOURCE:DESTINATION, or --tmpfs DESTINATION"],
  ["no source", ":/dst", "no source", "SOURCE:DESTINATION"],
  ["a relative destination", "/src:dst", "not an absolute path in the container", undefined],
  ["the root as destination", "/src:/x/..", "the container's root itself", undefined],
  ["a third colon", "/a:b:/dst:ro", "more than two colons", "--mount takes paths that hold a colon"],
  ["a misspelt option", "/src:/dst:or", "no such option", 'did you mean "ro"?'],
  [
    "relabelling",
    "/src:/dst:z",
    'the option "z"',
    "masu sets no SELinux labels: leave it out, or relabel with chcon(1)",
  ],
  ["a newline", "/src:/dst\n", "control character", undefined],
];
for (const [name, text, cause, hint] of MISTAKES) {
  Deno.test(`parseVolume() refuses ${name}`, () => {
    const error = assertThrows(() => parseVolume("--volume", text, here), MasuError, cause);
    assertEquals(error.hint, hint);
  });
}
