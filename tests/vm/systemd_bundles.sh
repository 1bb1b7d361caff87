# Runs in the machine after systemd_cases.sh and bundle.sh: what engines do with --systemd-cgroup.
# shellcheck shell=sh
FLAGS=--systemd-cgroup

bundle "machine.slice:libpod:c1" '{"memory":{"limit":67108864},"cpu":{"shares":512,"quota":50000,"period":100000},"pids":{"limit":20}}'
r create create --bundle /bundle c1
C=machine.slice/libpod-c1.scope
# shellcheck disable=SC2086
unit create-unit libpod-c1.scope ActiveState Slice Delegate $MEMORY CPUQuotaPerSecUSec TasksMax Description
limits create-limits "$C"
r taken create --bundle /bundle --pid-file /tmp/c2.pid c2
r start start c1
r exec exec c1 grep -c . /proc/self/cgroup
echo '{"memory":{"limit":50331648},"pids":{"limit":30}}' >/tmp/resources
r bundle-update update --resources=/tmp/resources c1
# shellcheck disable=SC2086
unit update-unit libpod-c1.scope $MEMORY TasksMax
limits update-limits "$C"
r bundle-kill kill c1 9
r bundle-delete delete --force c1
unit delete-unit libpod-c1.scope LoadState
left deleted libpod-c1.scope
bundle "/c1" '{}'
r path-error create --bundle /bundle c1
