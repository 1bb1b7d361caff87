# Runs in the machine, after say.sh.
# shellcheck shell=sh
G=/sys/fs/cgroup
batch

m check check
m run run -d --name a --memory 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 \
  --pids-limit 20 /image sleep 1000
ID=$(echo "$answer" | sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p')
A=$G/masu/$ID
files limits "$A" memory.max memory.swap.max memory.low cpu.max cpu.weight cpuset.cpus pids.max
say first <<END
$(cat "/proc/$(head -n 1 "$A/cgroup.procs")/comm")
END
m exec-joins exec a sh -c "'cat /proc/self/cgroup; grep -c . /sys/fs/cgroup/cgroup.procs'"
m device-null exec a sh -c "'echo x >/dev/null && echo opened'"
m device-other exec --privileged a sh -c "'mknod /tmp/kmsg c 1 11 && head -c 1 /tmp/kmsg'"
m device-mknod exec --privileged a sh -c "'mknod /tmp/mem c 1 1; cat /tmp/mem'"
m pause pause a
files paused "$A" cgroup.events
m resume resume a
files resumed "$A" cgroup.events
m stats stats --no-stream --json a
m update update --memory 48m --memory-swap 48m a
files updated "$A" memory.max
m oom-child exec a sh -c "'dd if=/dev/zero of=/dev/null bs=100M count=1; echo status \$?'"
files oom-counted "$A" memory.events
m oom-event events --no-stream --since 10m --json --filter event=oom
m oom-inspect inspect a
m kill kill a
m delete delete -f a
find "$G" -type d -name "${ID:-no id}" | grep -c . | say gone
m hog-run run -d --name hog --memory 20m /image dd if=/dev/zero of=/dev/null bs=100M count=1
m hog wait hog
m hog-delete delete -f hog
mkdir "$G/web"
m parent run -d --name p --cgroup-parent web /image sleep 1000
[ -d "$G/masu" ] || find "$G/web" -type d | grep -c . | say parent-made
m parent-delete delete -f p
find "$G/web" -type d | grep -c . | say parent-stays

m group-create cgroup create t/a --memory 30M --cpus 10% --pids 50
files group-files "$G/t/a" memory.max cpu.max pids.max
m group-set cgroup set t/a memory.high=20M --cpu-shares 512
m group-get cgroup get --json t/a memory cpus pids cpu-weight
sleep 1000 &
SLEEPER=$!
m group-move cgroup move t/a $SLEEPER
m group-freeze cgroup freeze t/a
files group-frozen "$G/t/a" cgroup.events
m group-thaw cgroup thaw t/a
m group-stats cgroup stats --json t/a
m group-list cgroup list --json t
m group-internal cgroup create t/a/inner --memory 10M
find "$G/t/a" -type d | grep -c . | say group-internal-left
m group-threaded cgroup create --threaded u/threads
files group-type "$G/u/threads" cgroup.type
m group-delete-busy cgroup delete t/a
m group-devices cgroup set t/a --device-cgroup-rule "'c 1:3 rwm'"
m group-devices-again cgroup set t/a --device-cgroup-rule "'c 1:5 rwm'"
masu cgroup run --group t/a sh -c 'true </dev/zero && echo zero; true </dev/null || echo no null' 2>/dev/null </dev/zero | say group-devices-open
m group-delete cgroup delete --recursive --kill t u
find "$G" -path "$G/[tu]*" -type d | grep -c . | say group-gone
exec 3>&-
masu cgroup run --memory 20M --pids 10 -- sh -c 'cat /proc/self/cgroup; dd if=/dev/zero of=/dev/null bs=100M count=1' </dev/null >/tmp/run.out 2>&1
echo "$?" | say group-run-status
say group-run </tmp/run.out
find "$G" -name 'masu-run-*' | grep -c . | say group-run-gone
