/** masu overlay: mounted, compared and unmounted, as root and in a user namespace. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "../host.ts";
import { kernelTest } from "../needs.ts";
import type { Outcome, Scratch } from "../scratch.ts";

const NEEDS = ["userns", "mount", "overlay"] as const;

/** A shell in a mount namespace of its own, with masu as $MASU and a tmpfs with the three directories to start from. */
async function inPlace(scratch: Scratch, script: string): Promise<Outcome> {
  const place = await scratch.dir("place");
  const begin = `mount -t tmpfs none ${place}; cd ${place}; mkdir lower upper work merged; echo old > lower/old;
    mkdir lower/dir lower/gone; echo x > lower/dir/x; echo same > lower/same`;
  return await scratch.masu("ns", "run", "--mount", "--", "sh", "-c", `set -e; ${begin}; ${script}`);
}

const MASU = Deno.env.get("MASU_BIN") ?? new URL("../../dist/masu", import.meta.url).pathname;
const MOUNT = `${MASU} overlay mount --lower lower --upper upper --work work merged`;

kernelTest("overlay does what the talk shows", [...NEEDS], async (scratch) => {
  const run = await inPlace(
    scratch,
    `${MOUNT}; echo new > merged/new; rm merged/old; rmdir merged/gone; rm -r merged/dir; mkdir merged/dir
    ls merged; stat -c '%n %F %t:%T' upper/old; cat lower/old
    ${MASU} overlay diff merged; ${MASU} overlay diff --raw merged; ${MASU} overlay umount merged; ls -A merged`,
  );
  assertEquals(run.code, 0, run.transcript);
  assertEquals(run.stdout.split("\n").slice(1), [
    "dir",
    "new",
    "same",
    "upper/old character special file 0:0",
    "old",
    "C /dir  (opaque)",
    "D /dir/x",
    "D /gone  (whiteout: character device 0:0)",
    "A /new",
    "D /old  (whiteout: character device 0:0)",
    "d /dir  (opaque)",
    "c /gone  (whiteout: character device 0:0)",
    "- /new",
    "c /old  (whiteout: character device 0:0)",
    `${scratch.path("place")}/merged`,
    "",
  ]);
});

kernelTest("overlay works for an ordinary user in a user namespace", ["user", "overlay"], async (scratch) => {
  const script =
    `set -e; mount -t tmpfs none /mnt; cd /mnt; mkdir lower upper merged; echo old > lower/old; mkdir lower/dir
    \$0 overlay mount -q --lower lower --upper upper merged; rm merged/old; rmdir merged/dir; mkdir merged/dir; \$0 overlay diff merged
    \$0 overlay list --json; \$0 overlay umount -q merged`;
  const { stdout, code, transcript } = await scratch.masu(
    "ns",
    "run",
    "--user",
    "--map-root",
    "--mount",
    "--",
    "sh",
    "-c",
    script,
    MASU,
    { asUser: true },
  );
  assertEquals(code, 0, transcript);
  assert(stdout.startsWith("C /dir  (opaque)\nD /old  (whiteout: character device 0:0)\n["), transcript);
  assertStringIncludes(stdout, '"userxattr"');
  assertStringIncludes(stdout, '"work": "/mnt/upper.work"');
});

kernelTest("overlay tells an ordinary user of the host what to do", ["user"], async (scratch) => {
  const run = await scratch.masu("overlay", "mount", "--lower", "/usr", "--upper", "/tmp", "/mnt", { asUser: true });
  assertEquals(run.code, 1, run.transcript);
  assertStringIncludes(run.stderr, "masu ns run --user --map-root --mount -- masu overlay mount");
});

kernelTest("overlay takes paths with every letter, as mount(8) from its script", [...NEEDS], async (scratch) => {
  const run = await inPlace(
    scratch,
    `mkdir 'a,b' 'c:d' 'e\\f' 'u,p:\\' 'u2'; touch 'a,b/1' 'c:d/2' 'e\\f/3'
    set -- --lower 'a,b' --lower 'c\\:d' --lower 'e\\f' --upper 'u,p:\\'
    ${MASU} overlay mount -q "$@" merged; ls merged; touch merged/4; ${MASU} overlay diff merged; ${MASU} overlay umount -q merged
    ${MASU} overlay mount --explain=sh "$@" merged > script; sh script; ls merged; umount merged`,
  );
  assertEquals(run.stdout, "1\n2\n3\nA /4\n1\n2\n3\n4\n", run.transcript);
});

kernelTest("overlay takes more layers than a page of options holds", [...NEEDS], async (scratch) => {
  const run = await inPlace(
    scratch,
    `long=$(printf 'x%.0s' $(seq 100)); for i in $(seq 60); do mkdir -p $long/l,$i; touch $long/l,$i/f$i; set -- "$@" --lower $long/l,$i; done
    for i in $(seq 60); do mkdir -p $long/m$i; touch $long/m$i/g$i; set -- "$@" --lower $long/m$i; done
    ${MASU} overlay mount -q "$@" --upper upper merged; ls merged | wc -l; touch merged/f1; ${MASU} overlay umount -q merged`,
  );
  assertEquals(run.stdout, "120\n", run.transcript);
});

const REFUSED: [name: string, script: string, message: RegExp][] = [
  ["a work directory elsewhere", "mkdir w; mount -t tmpfs none w; MOUNT --work w", /another file system/],
  ["a work directory with files", "touch work/x; MOUNT --work work", /is not empty: it has "x"/],
  ["a work directory in the upper one", "mkdir upper/w; MOUNT --work upper/w", /contain each other/],
  ["an upper directory that is used", `${MOUNT}; mkdir m; MOUNT --work work2`, /is used by the overlay on ".*merged"/],
  ["an upper directory on an overlay", `${MOUNT}; mkdir merged/u; MOUNT --upper merged/u`, /on an overlay itself/],
  ["a lower directory that is not there", "MOUNT --lower absent", /there is no directory ".*absent"/],
  ["an option that does not go with another", "MOUNT --metacopy --redirect-dir=off", /does not go with/],
  ["an unknown option", "MOUNT --option nonsense", /dmesg/],
];
for (const [name, script, message] of REFUSED) {
  kernelTest(`overlay mount refuses ${name}`, [...NEEDS], async (scratch) => {
    const line = `${MASU} overlay mount --lower lower --upper upper merged`;
    const run = await inPlace(scratch, `mkdir work2; ${script.replace("MOUNT", line)}`);
    assertEquals(run.code === 1 || run.code === 2, true, run.transcript);
    assertMatch(run.stderr, message, run.transcript);
    assert(!exists(`${scratch.path("place")}/upper.work`));
  });
}

kernelTest("overlay umount says who uses it, and unmounts nothing else", [...NEEDS], async (scratch) => {
  const run = await inPlace(
    scratch,
    `${MOUNT} > /dev/null; (cd merged; exec sleep 1000) & sleep 0.2
    ${MASU} overlay umount merged || echo $?; ${MASU} overlay umount --lazy -q merged; kill $!
    ${MASU} overlay umount /proc || echo $?; ${MASU} overlay umount lower || echo $?`,
  );
  assertEquals(run.stdout, "1\n1\n1\n", run.transcript);
  assertMatch(run.stderr, /it is used by process \d+ \(sleep 1000\)/);
  assertMatch(run.stderr, /what is mounted there is no overlay but proc/);
  assertMatch(run.stderr, /nothing is mounted there/);
});

kernelTest("overlay diff tells redirects and copies of metadata", [...NEEDS], async (scratch) => {
  const run = await inPlace(
    scratch,
    `${MASU} overlay mount -q --lower lower --upper upper --metacopy --redirect-dir merged; mv merged/dir merged/moved
    chmod 600 merged/same; ${MASU} overlay diff merged; ${MASU} overlay diff --json merged`,
  );
  const [text, json] = run.stdout.split(/^(?=\[)/m);
  assertEquals(
    text,
    "D /dir  (whiteout: character device 0:0)\nA /moved  (was /dir)\nC /same  (metadata only)\n",
    run.transcript,
  );
  const changes: { path: string; metacopy?: boolean; redirect?: string | null }[] = JSON.parse(json ?? "");
  assertEquals(changes.map(({ redirect }) => redirect), [null, "dir", null]);
  assertEquals(changes.map(({ metacopy }) => metacopy), [false, false, true]);
});

kernelTest("overlay mount --read-only needs no upper layer", [...NEEDS], async (scratch) => {
  const run = await inPlace(
    scratch,
    `mkdir top; echo top > top/old; ${MASU} overlay mount -q --lower top:lower --read-only merged; cat merged/old
    ! touch merged/new 2> /dev/null; ${MASU} overlay list --json`,
  );
  assertEquals(run.code, 0, run.transcript);
  assert(run.stdout.startsWith("top\n["));
  assertStringIncludes(run.stdout, '"upper": null');
});
