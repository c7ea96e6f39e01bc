#!/bin/sh
# Starts the stand-ins for Clarus and the shop, a label printer and packd on the embedded defaults,
# and ends them all on Ctrl-C. Usage: tools/run.sh build/dev, from the top folder.
#
# The stand-ins forget everything when they end, so each start begins with an empty store.
set -eu
umask 077
programs=$1
run=build/run
pids=""

# A listening socket on this machine, looked up where the kernel lists them.
taken() {
    port=$(printf '%04X' "$1")
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port=":$port" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}
free_or_say() {
    if taken "$1"; then
        echo "run: port $1 ($2) is taken; end the program that uses it and try again" >&2
        exit 1
    fi
}

stop() {
    trap - EXIT INT TERM HUP
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $pids; do
        wait "$pid" 2>/dev/null || true
    done
    [ -z "$pids" ] || echo "run: all ended; logs and labels stay in $run/ until the next start"
}
die() {
    echo "run: $1" >&2
    tail -n 5 "$2" >&2
    exit 1
}

# Waits for a condition at most 10 s, or until the program it depends on has ended.
await() { # pid log what command...
    pid=$1 log=$2 what=$3
    shift 3
    tries=0
    until "$@"; do
        kill -0 "$pid" 2>/dev/null || die "$what ended; the end of $log:" "$log"
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || die "$what does not get ready; the end of $log:" "$log"
        sleep 0.05
    done
}

free_or_say 8480 "the station's pages"
free_or_say 8481 "the stand-in for Clarus"
free_or_say 8482 "the stand-in for the shop"

rm -rf "$run"
mkdir -p "$run/config" "$run/secrets" "$run/state" "$run/labels"
printf '%s' bench-1 >"$run/secrets/clarus-client-id"
printf '%s' secret-1 >"$run/secrets/clarus-client-secret"
printf '%s' shop-token >"$run/secrets/shop-token"
od -An -N 24 -tx1 /dev/urandom | tr -d ' \n' >"$run/secrets/console-token"

trap 'exit 0' INT TERM HUP
trap stop EXIT
"$programs/packpeers" --demo --port-clarus 8481 --port-shop 8482 >"$run/peers.log" 2>&1 &
peers=$!
pids="$peers"
await "$peers" "$run/peers.log" packpeers grep -q '"control"' "$run/peers.log"
"$programs/packvirtual" --port "$run/label-printer" --out "$run/labels" >"$run/printer.log" 2>&1 &
pids="$pids $!"
"$programs/packd" --defaults --config "$run/config" --credentials "$run/secrets" --state "$run/state" \
    >"$run/packd.log" 2>&1 &
station=$!
pids="$station $pids"
await "$station" "$run/packd.log" packd grep -q 'console on' "$run/packd.log"
# Somebody holds the scanner, so that the page does not miss it.
await "$station" "$run/packd.log" "the scanner's link" test -e "$run/scanner"
exec 9>"$run/scanner"
control=$(sed -n 's/.*"control":"\([^"]*\)".*/\1/p' "$run/peers.log")

cat <<TEXT

The pack station is running.

  packer's page    http://127.0.0.1:8480/        (open it in a browser)
  lead's page      http://127.0.0.1:8480/lead

Scan on the packer's page (Demonstration scanner: type or click a code), or from another terminal:

  printf 'TOTE-01\r'        >$run/scanner     an order of one red mug opens
  printf 'BOX-S\r'          >$run/scanner     the box
  printf '5012345000015\r'  >$run/scanner     the mug; a label is bought and printed
  zbarimg -q --raw $run/labels/label-0001.png 2>/dev/null | tr '\n' '\r' >$run/scanner
                                                 the label scanned back: saved and sent

  labels           $run/labels/label-0001.png, ...
  logs             $run/packd.log, $run/peers.log
  stand-ins        $control/ledger

Nothing is kept: each start has new stand-ins and an empty store. Ctrl-C ends everything.

TEXT
status=0
wait "$station" || status=$?
die "packd ended with code $status; the end of $run/packd.log:" "$run/packd.log"
