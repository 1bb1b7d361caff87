#!/bin/sh
# The machine's first process. The kernel unpacks an initramfs into a root that pivot_root(2) refuses to leave: so everything
# moves to a tmpfs, where the script runs.
if [ "$1" != moved ]; then
  mkdir -p /new
  mount -t tmpfs -o size=1500m,mode=755 root /new
  cp -a /bin /etc /home /image /init /lib /lib64 /modules /script /root /usr /var /new
  mkdir -p /new/dev /new/proc /new/run /new/sys /new/tmp
  rm -rf /image /lib /lib64
  exec switch_root /new /init moved
fi
export PATH=/bin HOME=/root LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=666 pts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
ip link set lo up
insmod /modules/overlay.ko
cd /root || exit
sh /script </dev/null 2>&1
echo "machine ends"
poweroff -f
