# What scripts share that do with bundles what engines do. FLAGS: of every command.
# shellcheck shell=sh
mkdir -p /bundle/rootfs
mount --bind /image /bundle/rootfs
# bundle PATH RESOURCES: writes config.json.
bundle() {
  cat >/bundle/config.json <<END
{"ociVersion":"1.2.0","process":{"user":{"uid":0,"gid":0},"args":["sleep","1000"],"env":["PATH=/bin"],"cwd":"/"},
"root":{"path":"rootfs"},"mounts":[{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/sys","type":"sysfs","source":"sysfs"},
{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro","nosuid","noexec","nodev"]}],
"linux":{"cgroupsPath":"$1","resources":$2,"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
END
}
# r NAME WORDS: what a command says, and its status. A container has its output, which a pipe would wait for.
r() {
  name=$1
  shift
  # shellcheck disable=SC2086
  masu $FLAGS "$@" </dev/null >/tmp/said 2>&1
  echo "status $?" >>/tmp/said
  say "$name" </tmp/said
}
