#!/bin/sh
# Runs the measuring programs one after the other: run.sh BUILD FULL
build=$1
full=$2
state=$build/bench
rm -rf "$state"
mkdir -p "$state/config/secrets" "$state/drain"
trap 'rm -rf "$state"' EXIT
many=100000
[ "$full" = 1 ] && many=1000000

# Nobody listens on port 9: packd starts, finds nobody, and waits.
sed 's/:848[0-9]/:9/' firmware/config/defaults/site.json >"$state/config/site.json"
cat >"$state/config/station.json" <<END
{
  "id": "B1",
  "scanners": [{ "port": { "transport": "pty", "path": "$state/scanner" } }],
  "label_printer": { "port": { "transport": "pty", "path": "$state/printer" } },
  "console": { "port": 0 }
}
END
(
    umask 077
    for name in clarus-client-id clarus-client-secret shop-token; do
        echo "not-a-secret" >"$state/config/secrets/$name"
    done
)

cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
echo "packd, release build; $(nproc) cores, $cpu; Linux $(uname -r); $(stat -f -c %T "$state")"
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
"$build/tests/bench/order_bench" "$state"
"$build/tests/bench/waiting_bench" "$state" "$full"
"$build/tests/bench/drain_bench" "$state/drain"
"$build/tests/bench/process_bench" "$state" "$build" "$many"
"$build/tests/bench/label_bench" 2>/dev/null
"$build/tests/bench/codes_bench"
echo
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
