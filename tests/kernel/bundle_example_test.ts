/** `masu spec`: the document that it writes is one that runs. */
import { assertEquals } from "@std/assert";
import { image } from "../inside.ts";
import { kernelTest, type Need } from "../needs.ts";

const USERS: [who: string, flags: string[], asUser: boolean, needs: Need[]][] = [
  ["root", [], false, []],
  ["an ordinary user", ["--rootless"], true, ["user"]],
];

for (const [who, flags, asUser, needs] of USERS) {
  kernelTest(
    `spec ${flags.join(" ")} writes a bundle that ${who} can run`,
    ["mount", "busybox", ...needs],
    async (scratch) => {
      const root = await image(scratch, { asUser });
      const directory = await scratch.dir("bundle", 0o777);
      const written = await scratch.masu("spec", ...flags, "--bundle", directory, { asUser });
      assertEquals([written.code, written.stdout], [0, ""], written.transcript);
      const file = `${directory}/config.json`;
      const config = JSON.parse(await Deno.readTextFile(file));
      // No terminal is here to be given.
      config.process.terminal = false;
      config.process.args = ["sh", "-c", "echo $$ $(id -u) $(hostname)"];
      config.root.path = root;
      await Deno.writeTextFile(file, JSON.stringify(config));
      const outcome = await scratch.masu("run", "--bundle", directory, `spec-${crypto.randomUUID().slice(0, 8)}`, {
        asUser,
      });
      assertEquals([outcome.code, outcome.stdout], [0, "1 0 masu\n"], outcome.transcript);
    },
  );
}
