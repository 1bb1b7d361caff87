/** Containers of bundles that start while another one swaps what their mounts go through. CVE-2021-30465, CVE-2025-52881 */
import { assert, assertEquals } from "@std/assert";
import { Bundle, type Config, WAYS } from "../bundle.ts";
import { probe } from "../probe.ts";
import type { Running, Scratch } from "../scratch.ts";
import { attackTest } from "./invariants.ts";

const NEEDS = ["mount", "pidns", "busybox", "cc"] as const;
/** How many containers start while their mount points are swapped. */
const STARTS = 16;

/** A volume in which `target`, a directory, and `link` are exchanged again and again. */
async function swapping(scratch: Scratch, link: string): Promise<{ volume: string; racer: Running }> {
  const volume = await scratch.dir("volume");
  await Deno.mkdir(`${volume}/target${scratch.path()}`, { recursive: true });
  for (const name of ["etc", "attr", "self", "net", "kernel"]) await Deno.mkdir(`${volume}/target/${name}`);
  await Deno.symlink(link, `${volume}/link`);
  const racer = await scratch.spawnCommand(await probe(), "exchange", `${volume}/target`, `${volume}/link`);
  await racer.until(/^ready$/m);
  return { volume, racer };
}

async function stop(racer: Running): Promise<void> {
  await racer.closeStdin();
  const { code, transcript } = await racer.outcome();
  assertEquals(code, 0, transcript);
}

for (const way of WAYS) {
  attackTest(
    `T5, T10: mount points of a bundle that are swapped for links to / never lead to the host, by ${way}`,
    NEEDS,
    async (scratch) => {
      const { volume, racer } = await swapping(scratch, "/");
      const host = await scratch.dir("host", 0o777);
      const changes: ((config: Config) => void)[] = [
        ({ mounts }) => mounts.push({ destination: `/volume/target${host}/pwned/a/b`, type: "tmpfs", source: "none" }),
        ({ mounts }) => mounts.push({ destination: "/volume/target/etc", type: "tmpfs", source: "none" }),
        ({ mounts }) => {
          const destination = `/volume/target${host}/pwned-file`;
          mounts.push({ destination, type: "bind", source: volume, options: ["rbind"] });
        },
        ({ process }) => process.cwd = `/volume/target${host}/pwned-cwd`,
        ({ linux }) => linux.maskedPaths.push(`/volume/target${host}`),
        ({ linux }) => linux.readonlyPaths.push("/volume/target/etc"),
      ];
      let started = 0;
      for (let run = 0; run < STARTS; run++) {
        await using bundle = await Bundle.make(
          scratch,
          "ls -d /work /usr/bin/env /volume/target/usr/bin/env 2>/dev/null; true",
          (config) => {
            config.mounts.push({ destination: "/volume", type: "bind", source: volume, options: ["rbind", "rw"] });
            changes[run % changes.length]?.(config);
          },
        );
        const outcome = await bundle.attempt(way);
        if (outcome.code === 0) started++;
        assertEquals(outcome.stdout, "", outcome.transcript);
        assertEquals([...Deno.readDirSync(host)], [], outcome.transcript);
      }
      assert(started > 0, "none started");
      await stop(racer);
    },
  );
}

/** Where a swapped mount point leads, what is put there, and which file then shows that it landed. */
const REDIRECTS: [link: string, destination: string][] = [
  ["/proc/self", "/volume/target/attr"],
  ["/proc/sys", "/volume/target/net"],
  ["/proc/sys", "/volume/target/kernel"],
  ["/proc", "/volume/target/self"],
];
for (const [link, destination] of REDIRECTS) {
  attackTest(
    `T14: ${destination} that is swapped for a link to ${link} redirects nothing that masu writes below /proc`,
    NEEDS,
    async (scratch) => {
      const { volume, racer } = await swapping(scratch, link);
      const fake = await scratch.dir("fake");
      await Deno.mkdir(`${fake}/ipv4`);
      for (const name of ["exec", "current", "ipv4/ip_forward", "msgmax", "oom_score_adj"]) {
        await Deno.writeTextFile(`${fake}/${name}`, "fake");
      }
      for (let run = 0; run < STARTS / 2; run++) {
        await using bundle = await Bundle.make(
          scratch,
          "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/self/oom_score_adj",
          (config) => {
            config.mounts.push({ destination: "/volume", type: "bind", source: volume, options: ["rbind", "rw"] });
            config.mounts.push({ destination, type: "bind", source: fake, options: ["bind", "rw"] });
            config.linux.sysctl = { "net.ipv4.ip_forward": "1", "kernel.msgmax": "4711" };
            config.process.oomScoreAdj = 123;
          },
        );
        const outcome = await bundle.attempt(run % 2 === 0 ? "create" : "run");
        // It landed in the right files, or the container was not made.
        if (outcome.code === 0) assertEquals(outcome.stdout, "1\n4711\n123\n", outcome.transcript);
        for (const name of ["exec", "current", "ipv4/ip_forward", "msgmax", "oom_score_adj"]) {
          assertEquals(await Deno.readTextFile(`${fake}/${name}`), "fake", outcome.transcript);
        }
      }
      await stop(racer);
    },
  );
}

attackTest(
  "T14: links of a volume are no way to cover what masu writes",
  ["mount", "pidns", "busybox"],
  async (scratch) => {
    for (const link of ["/proc/self/attr", "/proc/sys/net/ipv4", "/proc/self", "/proc/sys"]) {
      const volume = await scratch.dir(`volume-${link.length}`);
      await Deno.symlink(link, `${volume}/link`);
      for (const way of WAYS) {
        await using bundle = await Bundle.make(scratch, "echo ran", (config) => {
          config.mounts.push({ destination: "/volume", type: "bind", source: volume, options: ["rbind", "rw"] });
          config.mounts.push({ destination: "/volume/link", type: "tmpfs", source: "none" });
          config.linux.sysctl = { "net.ipv4.ip_forward": "1" };
        });
        const outcome = await bundle.attempt(way);
        assertEquals([outcome.code, outcome.stdout], [1, ""], outcome.transcript);
      }
    }
  },
);
