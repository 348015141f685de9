#!/bin/sh
# Prints the folder below which tests make their files: memory where there is plenty, the usual one elsewhere.
# Tests write builds by the hundred, and a build brings each of its files to the disk, which a slow disk takes half the
# time of the suite for.
least_kb=8000000
if [ -n "${TMPDIR:-}" ]; then
    echo "$TMPDIR"
elif [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 {print $4}')" -gt "$least_kb" ] &&
    [ "$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)" -gt $((2 * least_kb)) ]; then
    echo /dev/shm
else
    echo /tmp
fi
