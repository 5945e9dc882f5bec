#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: Apache-2.0
#
# The guest of the self-test: carries out what it reads from its second serial
# port, one command a line with a number before it, and says how each ended.

/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do
    insmod "$module"
done

# wait_for TEST ARGUMENT... - wait until a test is true, 20 s at most
wait_for() {
    left=200
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        usleep 100000
    done
}

# disk SERIAL - print the device of a disk
disk() {
    for block in /sys/block/vd*; do
        if [ "$(cat "$block/serial" 2>/dev/null)" = "$1" ]; then
            echo "/dev/${block##*/}"
            return 0
        fi
    done
    return 1
}

# no_disk SERIAL - succeed if there is no such disk
no_disk() {
    ! disk "$1" >/dev/null
}

# block NUMBER - print 64 KiB that no other number has
block() {
    yes "block $1 of the self-test" | head -c 65536
}

# write_on DEVICE BLOCKS - write block after block, round and round, each to
# the disk, until told to stop
write_on() {
    number=0
    while [ ! -e /tmp/stop ]; do
        block "$number" | dd of="$1" bs=65536 seek=$((number % $2)) \
            iflag=fullblock conv=fsync,notrunc 2>/dev/null ||
            echo "$number" >>/tmp/failed
        number=$((number + 1))
        echo "$number" >/tmp/written.new
        mv /tmp/written.new /tmp/written
    done
    touch /tmp/stopped
}

exec </dev/ttyS1 >/dev/ttyS1 2>&1
stty raw -echo
echo "ready"
while read -r number command; do
    eval "$command" </dev/null
    echo "end $number $?"
done
poweroff -f
