# Runs in the machine after cases.sh and bundle.sh: bundles whose cgroups get all controllers, some, or none.
# shellcheck shell=sh
FLAGS=
MEMORY='{"memory":{"limit":67108864}}'

bundle /free/a '{"memory":{"limit":67108864,"swap":67108864},"pids":{"limit":20},"hugepageLimits":[{"pageSize":"2MB","limit":4194304}],
  "unified":{"memory.high":"50331648","cgroup.max.depth":"3"}}'
r free-create create --bundle /bundle a
files free-limits $G/free/a memory.max memory.high pids.max hugetlb.2MB.max hugetlb.2MB.rsvd.max cgroup.max.depth
r free-delete delete --force a

mkdir $G/busy
sleep 1000 &
echo $! >$G/busy/cgroup.procs
bundle /busy/b '{}'
r busy-create create --bundle /bundle b
files busy-type $G/busy cgroup.type cgroup.subtree_control b/cgroup.type
r busy-start start b
r busy-delete delete --force b
bundle /busy/deep/b '{}'
r busy-deep create --bundle /bundle b
r busy-deep-delete delete --force b
bundle /busy/b "$MEMORY"
r busy-memory create --bundle /bundle b
r busy-run run --rm --cgroup-parent busy --memory 64m /image true
find $G/busy -type d -name b | grep -c . | say busy-left

bundle /busy/b '{"pids":{"limit":20},"cpu":{"shares":512}}'
r threaded-create create --bundle /bundle b
r threaded-start start b
files threaded-limits $G/busy/b cgroup.type pids.max cpu.weight
r threaded-exec exec b grep -c busy/b /proc/self/cgroup
r threaded-ps --log /tmp/log ps --format json b
r threaded-pause pause b
files threaded-frozen $G/busy/b cgroup.events
r threaded-resume resume b
echo '{"pids":{"limit":30}}' >/tmp/resources
r threaded-update update --resources=/tmp/resources b
echo "$MEMORY" >/tmp/resources
r threaded-memory update --resources=/tmp/resources b
files threaded-updated $G/busy/b pids.max
r threaded-delete delete --force b
find $G/busy -type d -name b | grep -c . | say threaded-left
bundle /busy/b '{}'
r threaded-plain create --bundle /bundle b
files threaded-plain-type $G/busy/b cgroup.type
r threaded-plain-delete delete --force b
bundle /busy/b "$MEMORY"
r threaded-refused create --bundle /bundle b
r threaded-run run --rm --cgroup-parent busy /image cat /sys/fs/cgroup/pids.max
