#!/bin/bash
# guest.sh TREE: boots the Debian in TREE with its own systemd; run within new namespaces. The tree becomes the root, as
# services with a file system of their own want it.
set -e
tree=$1
mount --make-rprivate /
mount --bind "$tree" "$tree"
mkdir -p "$tree/mnt/outside"
mount -t proc proc "$tree/proc"
mount -t sysfs sysfs "$tree/sys"
mount --rbind /sys/fs/cgroup "$tree/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
mount -t tmpfs -o mode=1777 tmpfs "$tree/tmp"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
for device in null zero full random urandom tty; do
    touch "$tree/dev/$device"
    mount --bind "/dev/$device" "$tree/dev/$device"
done
mkdir "$tree/dev/pts" "$tree/dev/shm"
mount -t devpts -o newinstance devpts "$tree/dev/pts"
ln -s pts/ptmx "$tree/dev/ptmx"
ip link set lo up
cd "$tree"
pivot_root . mnt/outside
umount -l /mnt/outside
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --log-target=null </dev/null
