#!/bin/sh
# Runs fuzz targets one after the other: run.sh SECONDS PROGRAM...
# Each begins with its corpus; what it finds beyond stays in a folder beside the program. Prints the
# executions of each, and ends with 1 when one was broken.
seconds=$1
shift
broken=0
for program in "$@"; do
    target=$(basename "$program" _fuzz)
    found=$program.found
    mkdir -p "$found"
    "$program" -max_total_time="$seconds" -max_len=16384 -rss_limit_mb=1024 -timeout=20 -print_final_stats=1 \
        -artifact_prefix="$found-" "$found" "tests/fuzz/corpus/$target" >"$program.log" 2>&1
    code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$program.log")
    if [ "$code" -eq 0 ]; then
        echo "$target: $runs executions"
    else
        echo "$target: BROKEN after ${runs:-?} executions; see $program.log"
        broken=1
    fi
done
exit "$broken"
