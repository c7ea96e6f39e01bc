#!/bin/sh
# Installs the Debian packages that are missing. Arguments: build, test, check, devices (each on its own).
set -eu
build="build-essential pkg-config libcurl4-openssl-dev libmbedtls-dev libcjson-dev libserialport-dev libsqlite3-dev
 libmicrohttpd-dev libsystemd-dev libpng-dev libzbar-dev poppler-utils fontconfig fonts-urw-base35"
test="libcmocka-dev libssl-dev openssl zbar-tools chromium chromium-driver"
check="clang clang-tidy clang-format cppcheck"
devices="qemu-system-arm gcc-aarch64-linux-gnu busybox-static cpio kmod"
needed=""
for group in "${@:-build}"; do
    case $group in
    build) needed="$needed $build" ;;
    test) needed="$needed $test" ;;
    check) needed="$needed $check" ;;
    devices) needed="$needed $devices" ;;
    *) echo "packages.sh: unknown group '$group'; use build, test, check or devices" >&2; exit 2 ;;
    esac
done
missing=""
for package in $needed; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "Packages are missing. Install them with:" >&2
    echo "    sudo sh -c 'apt-get update && $install'" >&2
    exit 1
fi
echo "Installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive $install
