#!/bin/sh
# Runs test programs one after the other and adds up what their runner printed.
# Prints each program's name and its failures; ends with "N passed, N failed".
passed=0
failed=0
skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
number() { sed -n "s/^\[  $1 *\] \([0-9][0-9]*\) test(s).*/\1/p" "$log" | awk '{n += $1} END {print n + 0}'; }
for program in "$@"; do
    timeout 600 "$program" >"$log" 2>&1
    code=$?
    p=$(number PASSED)
    f=$(number FAILED)
    s=$(number SKIPPED)
    if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$p" -eq 0 ] && [ "$f" -eq 0 ] && [ "$s" -eq 0 ]; then f=1; echo "$program: no test ran"; fi
    if [ "$f" -ne 0 ]; then
        cat "$log"
        echo "$program: failed (exit code $code); repeat with: $program"
    else
        echo "ok $program ($p passed)"
        grep '^skipped:' "$log"
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
