# Runs in the machine as a service of systemd's, after say.sh.
# shellcheck shell=sh
G=/sys/fs/cgroup
if [ -e $G/cgroup.controllers ]; then MODE=v2; else MODE=v1; fi
export HOME=/root PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8
chmod 1777 /tmp
batch --cgroup-manager systemd

# unit NAME UNIT PROPERTY...: what systemd says of it.
unit() {
  name=$1 unit=$2
  shift 2
  for property in "$@"; do systemctl show -p "$property" "$unit"; done | say "$name"
}
# limits NAME PATH: what the kernel says of a cgroup.
limits() {
  if [ $MODE = v2 ]; then
    files "$1" "$G/$2" memory.max memory.swap.max cpu.max cpu.weight pids.max
  else
    for file in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares pids/pids.max; do
      echo "${file#*/} $(cat "$G/${file%%/*}/$2/${file#*/}" 2>&1)"
    done | say "$1"
  fi
}
# left NAME PATTERN: how many cgroups of such a name there are.
left() { find $G -type d -name "$2" | grep -c . | say "$1"; }

m check check
m run run -d --name a --memory 64m --memory-swap 96m --cpus 0.5 --cpu-shares 512 --pids-limit 20 /image sleep 1000
ID=$(printf %s "$answer" | sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p')
U=masu-$ID.scope
if [ $MODE = v2 ]; then MEMORY="MemoryMax CPUWeight" TOP=$G; else MEMORY="MemoryLimit CPUShares" TOP=$G/systemd; fi
# shellcheck disable=SC2086
unit unit "$U" ActiveState Slice Delegate $MEMORY CPUQuotaPerSecUSec TasksMax DevicePolicy
limits limits "system.slice/$U"
say first <<END
$(cat "/proc/$(head -n 1 "$TOP/system.slice/$U/cgroup.procs")/comm")
END
m exec-joins exec a sh -c "'grep -c . /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null'"
systemctl daemon-reload
limits reloaded "system.slice/$U"
m device-null exec a sh -c "'echo x >/dev/null && echo opened'"
m device-other exec --privileged a sh -c "'mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg'"
m pause pause a
m state list --json
m resume resume a
m update update --memory 48m --memory-swap 48m --pids-limit 30 a
# shellcheck disable=SC2086
unit updated-unit "$U" $MEMORY TasksMax
limits updated "system.slice/$U"
m kill kill a
m delete delete -f a
unit gone-unit "$U" LoadState
left gone "$U"

m parent run -d --name p --cgroup-parent web-db.slice /image sleep 1000
ID=$(printf %s "$answer" | sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p')
[ -d "$TOP/web.slice/web-db.slice/masu-$ID.scope" ] && echo there | say parent-place
m parent-delete delete -f p
m hog-run run -d --name hog --memory 20m /image dd if=/dev/zero of=/dev/null bs=100M count=1
m hog wait hog
m hog-delete delete -f hog
m property run -d --name q --annotation "'org.systemd.property.TimeoutStopUSec=uint64 7000000'" /image sleep 1000
ID=$(printf %s "$answer" | sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p')
unit property-unit "masu-$ID.scope" TimeoutStopUSec
systemctl stop "masu-$ID.scope"
m stopped wait q
m property-delete delete -f q
m wrong run -d --annotation "org.systemd.property.NoSuchThing=true" /image true
m path run -d --cgroup-parent /web /image true
# There is neither capsh(1) here, to take capabilities away, nor ip(8), to bring a loopback device up.
masu --cgroup-manager systemd run --explain=sh --privileged --network host --memory 64m /image cat /proc/self/cgroup >/tmp/plan
{ sh /tmp/plan </dev/null >/tmp/said 2>&1; echo "status $?"; tail -n 1 /tmp/said; } | say explained
left none "masu-*.scope"
