#!/bin/sh
# Packs the guest's initial RAM disk: busybox, kernel modules, the programs named and their libraries.
# Arguments: the arm64 root, the file to write, the folder of the build, programs in it.
set -eu
root=$1
out=$2
build=$3
shift 3
here=$(dirname "$0")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
release=$(ls "$root/lib/modules")
mkdir -p "$tree/bin" "$tree/lib" "$tree/modules" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/tmp" "$tree/run"
cp "$root/bin/busybox" "$tree/bin/"
cp "$here/init" "$tree/init"
chmod 755 "$tree/init"

# Modules in the order they must be loaded.
[ -f "$root/lib/modules/$release/modules.dep.bin" ] || depmod -b "$root" "$release"
while read -r module; do
    modprobe -d "$root" -S "$release" --show-depends "$module"
done <"$here/modules" | awk '$1 == "insmod" && !seen[$2]++ {print $2}' >"$tree/modules/paths"
while read -r path; do
    cp "$path" "$tree/modules/"
    basename "$path"
done <"$tree/modules/paths" >"$tree/modules/order"
rm "$tree/modules/paths"

library() {
    for dir in "$root/lib/aarch64-linux-gnu" "$root/usr/lib/aarch64-linux-gnu" "$root/lib"; do
        if [ -e "$dir/$1" ]; then echo "$dir/$1"; return; fi
    done
    echo "image.sh: no library $1 in $root" >&2
    exit 1
}
needed() { aarch64-linux-gnu-readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
waiting=ld-linux-aarch64.so.1
for program in "$@"; do
    mkdir -p "$tree/packd/$(dirname "$program")"
    cp "$build/$program" "$tree/packd/$program"
    aarch64-linux-gnu-strip "$tree/packd/$program"
    waiting="$waiting $(needed "$build/$program")"
done
while [ -n "$waiting" ]; do
    next=""
    for name in $waiting; do
        [ -e "$tree/lib/$name" ] && continue
        cp -L "$(library "$name")" "$tree/lib/$name"
        next="$next $(needed "$tree/lib/$name")"
    done
    waiting=$next
done
(cd "$tree" && find . | sort | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$out"
