#!/bin/sh
# Unpacks Debian arm64 packages with all they need into a folder, beside the system's own packages and
# without touching them. Arguments: the folder, then packages. Does nothing when they are there already.
set -eu
root=$(realpath -m "$1")
shift
wanted="$*"
[ "$(cat "$root.packages" 2>/dev/null || true)" = "$wanted" ] && exit 0
apt=$root.apt
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
: >"$apt/state/status"
cat >"$apt/conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
CONF
apt-get -qq -c "$apt/conf" update
# shellcheck disable=SC2086
apt-get -qq -c "$apt/conf" install -y --download-only $wanted >/dev/null
rm -rf "$root"
mkdir -p "$root"
for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$root"
done
echo "$wanted" >"$root.packages"
