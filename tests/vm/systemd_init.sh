#!/usr/bin/busybox sh
# The machine's first process, before systemd. pivot_root(2) refuses to leave the root that the kernel unpacks an initramfs into: so it
# is mounted over itself.
b=/usr/bin/busybox
$b insmod /modules/overlay.ko
$b mount --bind / /mnt
cd /mnt || exit
$b mount --move . /
exec $b chroot . /lib/systemd/systemd
