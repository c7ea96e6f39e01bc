#!/bin/sh
# Installs the Debian packages that build, run and test this project, where they are missing.
set -eu
needed="build-essential pkg-config libcurl4-openssl-dev libmbedtls-dev libcjson-dev libserialport-dev libsqlite3-dev
 libmicrohttpd-dev libevdev-dev libsystemd-dev libpng-dev libzbar-dev libcmocka-dev libssl-dev openssl poppler-utils
 fontconfig fonts-urw-base35 zbar-tools chromium chromium-driver clang clang-tidy clang-format cppcheck"
missing=""
for package in $needed; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo="sudo"
else
    echo "These packages are missing. Install them with:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 1
fi
echo "Installing:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $sudo $install
