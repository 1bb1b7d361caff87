/** What flags of `podman run` do, as the container sees it. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Need } from "../needs.ts";
import { podmanTest } from "./podman.ts";

/** A flag's row: what it is about, the flags, a script, what that writes, and what it needs of the host. */
type Row = [name: string, flags: readonly string[], script: string, expected: string | RegExp, needs?: readonly Need[]];

/** The block device that the tests' files are on. */
const DISK = output("df", "--output=source", Deno.env.get("TMPDIR") ?? "/tmp").split("\n")[1] ?? "";
const MEMORY = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; :";
const SEEN = (file: string, ...names: string[]) => `grep -E '^(${names.join("|")}):' ${file} | tr -s '\\t ' '  '`;
const STATUS = (...names: string[]) => SEEN("/proc/self/status", ...names);

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  // Limits.
  ["--memory", ["--memory=64m"], MEMORY, "67108864", ["memory"]],
  ["--memory-swap", ["--memory=64m", "--memory-swap=64m"], "cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", "67108864", ["cgroup1", "memory"]],
  ["--memory-reservation", ["--memory-reservation=32m"], "cat /sys/fs/cgroup/memory/memory.soft_limit_in_bytes", "33554432", ["cgroup1", "memory"]],
  ["--memory-swappiness", ["--memory-swappiness=10"], "cat /sys/fs/cgroup/memory/memory.swappiness", "10", ["cgroup1", "memory"]],
  ["--cpus", ["--cpus=0.5"], "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n100000", ["cgroup1", "cpu"]],
  ["--cpu-shares", ["--cpu-shares=512"], "cat /sys/fs/cgroup/cpu/cpu.shares", "512", ["cgroup1", "cpu"]],
  ["--cpuset-cpus", ["--cpuset-cpus=0"], STATUS("Cpus_allowed_list"), "Cpus_allowed_list: 0", ["cgroup1"]],
  ["--pids-limit", ["--pids-limit=10"], "cat /sys/fs/cgroup/pids/pids.max; for i in $(seq 20); do sleep 5 & done 2>&1 | grep -c fork", /^10\n[1-9]/, ["cgroup1"]],
  ["--device-read-bps", [`--device-read-bps=${DISK}:1mb`], "cat /sys/fs/cgroup/blkio/blkio.throttle.read_bps_device", / 1048576$/, ["cgroup1", "blockdev"]],
  ["--ulimit", ["--ulimit=nofile=100:200", "--ulimit=core=0:0", "--ulimit=nproc=500:500"], "ulimit -n; ulimit -Hn; ulimit -c", "100\n200\n0"],
  ["--oom-score-adj", ["--oom-score-adj=500"], "cat /proc/self/oom_score_adj", "500"],
  ["--cgroup-parent", ["--cgroup-parent=/libpod_parent/own"], "grep -c :/libpod_parent/own/libpod- /proc/self/cgroup", /^[1-9]/, ["cgroup1"]],
  ["--cgroupns=private", ["--cgroupns=private"], "grep -v ':/$' /proc/self/cgroup || echo only roots", "only roots", ["cgroup1"]],
  ["the control groups, read-only", [], "mkdir /sys/fs/cgroup/pids/x 2>&1; cat /sys/fs/cgroup/pids/cgroup.procs | wc -l", "mkdir: can't create directory '/sys/fs/cgroup/pids/x': Read-only file system\n3", ["cgroup1"]],

  // The file system.
  ["--read-only", ["--read-only"], "touch /x 2>&1; touch /tmp/x && echo tmp; touch /run/x && echo run", "touch: /x: Read-only file system\ntmp\nrun"],
  ["--read-only-tmpfs=false", ["--read-only", "--read-only-tmpfs=false"], "touch /tmp/x 2>&1", "touch: /tmp/x: Read-only file system"],
  ["--tmpfs", ["--tmpfs=/t:size=1m,mode=1700,noexec"], "grep ' /t ' /proc/mounts | cut -d' ' -f3,4; stat -c %a /t", /^tmpfs .*noexec.*size=1024k,mode=1700.*\n1700$/],
  ["--tmpfs over what the image has, copied", ["--tmpfs=/etc", "--tmpfs=/home:notmpcopyup"], "grep -c ada /etc/passwd; stat -f -c %T /etc; ls -A /home", "1\ntmpfs"],
  ["--mount type=tmpfs", ["--mount=type=tmpfs,destination=/t,tmpfs-size=2m"], "grep ' /t ' /proc/mounts", /size=2048k/],
  ["--shm-size", ["--shm-size=3m"], "grep ' /dev/shm ' /proc/mounts", /size=3072k/],
  ["-v of a new volume copies what is there", ["-v=fresh:/etc"], "grep -c ada /etc/passwd", "1"],
  ["--workdir", ["--workdir=/home/ada"], "pwd", "/home/ada"],
  ["--entrypoint", ["--entrypoint=[\"/bin/echo\",\"said\"]"], "x", "said sh -c x"],
  ["--umask", ["--umask=0077"], "umask; touch /f; stat -c %a /f", "0077\n600"],
  ["--privileged", ["--privileged"], "mount -t tmpfs none /mnt 2>/dev/null || mkdir -p /m && mount -t tmpfs none /m && echo mounted; touch /proc/sys/kernel/domainname && echo writable", "mounted\nwritable"],
  ["masked and read-only paths", [], "cat /proc/keys /proc/timer_list | wc -c; echo 1 2>&1 >/proc/sys/kernel/domainname", /^0\n.*Read-only file system$/],
  ["--security-opt unmask", ["--security-opt=unmask=ALL"], "wc -c </proc/keys | grep -c '^0$'; head -c 5 /proc/timer_list", /^0\nTimer/],
  ["--security-opt mask", ["--security-opt=mask=/etc/passwd"], "wc -c </etc/passwd", "0"],

  // Users and what they may.
  ["--user by numbers", ["--user=1000:50"], "id -u; id -g; id -G", "1000\n50\n50"],
  ["--user by name", ["--user=ada"], "id -u; id -G; echo $HOME", "1000\n1000 29 50\n/home/ada"],
  ["--group-add", ["--user=1000:50", "--group-add=audio,7"], "id -G", "50 7 29"],
  ["--uidmap", ["--uidmap=0:2000000:5000", "--gidmap=0:2000000:6000"], "cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; touch /f; stat -c %u /f", " 0 2000000 5000\n 0 2000000 6000\n0"],
  ["--userns=auto", ["--userns=auto:size=2000"], "cat /proc/self/uid_map | tr -s ' '", /^ 0 2000000 2000$/],
  ["--userns=host", ["--userns=host"], "cat /proc/self/uid_map | tr -s ' '", " 0 0 4294967295"],
  ["--cap-drop and --cap-add", ["--cap-drop=all", "--cap-add=sys_time,chown"], STATUS("CapEff", "CapBnd", "CapPrm"), "CapPrm: 0000000002000001\nCapEff: 0000000002000001\nCapBnd: 0000000002000001"],
  ["--cap-add of another user", ["--user=1000", "--cap-add=net_admin"], STATUS("CapEff", "CapInh", "CapAmb"), "CapInh: 0000000000001000\nCapEff: 0000000000001000\nCapAmb: 0000000000001000"],
  ["its capabilities by default", [], STATUS("CapEff"), "CapEff: 00000000a80425fb"],
  ["--security-opt no-new-privileges", ["--security-opt=no-new-privileges"], STATUS("NoNewPrivs"), "NoNewPrivs: 1"],
  ["seccomp by default", [], STATUS("Seccomp"), "Seccomp: 2"],
  ["--security-opt seccomp=unconfined", ["--security-opt=seccomp=unconfined"], STATUS("Seccomp"), "Seccomp: 0"],
  ["--security-opt label=disable and apparmor=unconfined", ["--security-opt=label=disable", "--security-opt=apparmor=unconfined"], "echo runs", "runs"],
  ["--device", ["--device=/dev/fuse:/dev/own:r"], "exec 3</dev/own && echo opened; echo x 2>&1 >/dev/own", /^opened\n.*Operation not permitted$/, ["cgroup1"]],
  ["--device-cgroup-rule", ["--device-cgroup-rule=c 1:5 r", "--cap-add=mknod"], "rm /dev/zero; mknod /z c 1 5; head -c 3 /z | wc -c", "3", ["cgroup1"]],

  // Namespaces and what is set in them.
  ["--hostname", ["--hostname=masu.example"], "hostname; grep -c masu.example /etc/hosts", /^masu.example\n/],
  ["--sysctl", ["--sysctl=kernel.msgmax=4096", "--sysctl=net.ipv4.ip_unprivileged_port_start=7"], "cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_unprivileged_port_start", "4096\n7"],
  ["--network=none", [], "ls /sys/class/net; ip -o addr show lo | grep -c 127.0.0.1", /^(.*\n)?lo\n1$/],
  ["--pid=host", ["--pid=host"], "[ $$ -gt 1 ] && echo not the first", "not the first"],
  ["--ipc=private", ["--ipc=private"], "ls /dev/shm | wc -l; grep -c ' /dev/shm ' /proc/mounts", "0\n1"],
  ["--uts=host", ["--uts=host"], "hostname", Deno.hostname()],
  ["--init", ["--init"], "cat /proc/1/comm; [ $$ -ne 1 ] && echo not the first", "podman-init\nnot the first", ["catatonit"]],
  ["--env", ["--env=A=b c", "--unsetenv=TERM"], "echo \"$A\"; echo ${TERM-none}", "b c\nnone"],
  ["--tz", ["--tz=local"], "[ -e /etc/localtime ] && echo there", "there"],
  ["--systemd=always", ["--systemd=always"], "grep -E ' (/run|/tmp|/run/lock) ' /proc/mounts | cut -d' ' -f1 | sort -u; touch /sys/fs/cgroup/systemd/cgroup.procs && echo writable", "tmpfs\nwritable", ["cgroup1"]],
];

for (const [name, flags, script, expected, needs = []] of ROWS) {
  podmanTest(`run: ${name}`, needs, async (podman) => {
    const { stdout, stderr, transcript } = await podman.inside(flags, script);
    assertEquals(stderr, "", transcript);
    const said = stdout.trimEnd();
    if (typeof expected === "string") assertEquals(said, expected, transcript);
    else assertMatch(said, expected, transcript);
  });
}

function output(command: string, ...args: string[]): string {
  return new TextDecoder().decode(new Deno.Command(command, { args }).outputSync().stdout);
}
