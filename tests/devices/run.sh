#!/bin/sh
# Boots the virtual machine with the device tests in it. Arguments: the arm64 root, the build folder.
# Ends with "N passed, N failed".
set -eu
root=$1
build=$2
here=$(dirname "$0")
"$here/image.sh" "$root" "$build/devices.initrd" "$build/arm64" tests/devices/devices_test \
    tests/devices/station_test packd packpeers
log=$build/devices.log
code=0
"$build/devices_host" "$root"/boot/vmlinuz-* "$build/devices.initrd" >"$log" 2>&1 || code=$?
cat "$log"
number() { sed -n "s/^\[  $1 *\] \([0-9][0-9]*\) test(s).*/\1/p" "$log" | awk '{n += $1} END {print n + 0}'; }
passed=$(number PASSED)
failed=$(number FAILED)
if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
