#!/bin/sh
# Compares the station's parser of GS1 data with another one: run.sh PROGRAM SEED COUNT
# The other one comes from the package registry at its locked version; without it nothing is compared.
program=$1
seed=$2
count=$3
here=tests/differential
home=build/differential
mkdir -p "$home"
cp "$here/package.json" "$here/package-lock.json" "$home/"
if ! command -v npm >/dev/null || ! (cd "$home" && npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1); then
    echo "skipped: no package registry, nothing to compare with"
    exit 0
fi
"$program" "$here/elements.tsv" "$seed" "$count" >"$home/messages.tsv" || exit 1
cd "$home" && exec node "../../$here/codes_peer.mjs" <messages.tsv
