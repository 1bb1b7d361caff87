# Runs in the machine after systemd_cases.sh: an ordinary user with a systemd of its own.
# shellcheck shell=sh
# u NAME WORDS: what a command of ada's says, and its status.
u() {
  name=$1
  shift
  setpriv --reuid 1000 --regid 1000 --clear-groups env HOME=/home/ada XDG_RUNTIME_DIR=/run/user/1000 "$@" \
    </dev/null >/tmp/said 2>&1
  echo "status $?" >>/tmp/said
  say "$name" </tmp/said
}
cp -a /image /home/ada/image
chown -R ada: /home/ada/image
OWN=user.slice/user-1000.slice/user@1000.service
u user-run masu --cgroup-manager systemd run -d --name u --memory 64m --pids-limit 20 /home/ada/image sleep 1000
files user-limits "$(find "$G/$OWN" -type d -name 'masu-*.scope')" memory.max pids.max
find "$G/$OWN/user.slice" -type d -name 'masu-*.scope' | grep -c . | say user-place
u user-exec masu exec u cat /proc/self/cgroup
u user-delete masu delete -f u
find "$G/$OWN" -type d -name 'masu-*.scope' | grep -c . | say user-gone
u user-delegated systemd-run --quiet --user --scope -p Delegate=yes masu run --rm --memory 64m /home/ada/image cat /sys/fs/cgroup/memory.max
