/** Changes of control files, told by the kernel. */
import { assertEquals } from "@std/assert";
import { openCore } from "../../lib/core/load.ts";
import { type ControlChange, readControlChanges } from "../../lib/engine/events_cgroup.ts";
import { kernelTest } from "../needs.ts";

kernelTest(
  "readControlChanges() tells what is killed for lack of memory, and ends with the group",
  ["cgroup1"],
  async () => {
    using core = openCore();
    const group = `/sys/fs/cgroup/memory/masu-changes-${Deno.pid}`;
    await Deno.mkdir(group);
    const limit = 32 << 20;
    await Deno.writeTextFile(`${group}/memory.limit_in_bytes`, `${limit}`);
    const script = `sleep 0.2; (echo 0 >${group}/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=128M count=1); ` +
      `sleep 0.2; rmdir ${group}`;
    const hog = new Deno.Command("sh", { args: ["-c", script], stdout: "null", stderr: "null" }).spawn();
    const changes: ControlChange[] = [];
    for (const some of readControlChanges(core, [{ path: `${group}/memory.oom_control`, registration: "" }], 10_000)) {
      changes.push(...some);
    }
    await hog.status;
    const last = changes.at(-1);
    assertEquals([last?.now, changes.length > 1], [null, true]);
    assertEquals(changes.some(({ now }) => /^oom_kill [1-9]/m.test(now ?? "")), true, JSON.stringify(changes));
  },
);
