#!/bin/sh
# What the documents name must exist: files in backquotes, links to files, tests by name.
# Run from the top folder. Prints what is missing and ends with 1.
set -eu
documents="README.md $(find docs -name '*.md' | sort)"
missing=0
complain() {
    echo "docs: $1"
    missing=1
}

# `firmware/...`, `tests/...` and the like; a folder may end with a slash.
for path in $(grep -ohE '`(firmware|drivers|hal|board|tools|tests|docs|\.ci)/[A-Za-z0-9_./-]+`' $documents | tr -d '`' | sort -u); do
    [ -e "$path" ] || complain "no such file: $path"
done

# [text](file#part), relative to the document.
for document in $documents; do
    for link in $(grep -ohE '\]\([^)#]+' "$document" | sed 's/^](//' | grep -vE '^[a-z]+:' | sort -u); do
        [ -e "$(dirname "$document")/$link" ] || complain "$document: no such file: $link"
    done
done

# subject__behaviour must be a test function.
known=$(mktemp)
trap 'rm -f "$known"' EXIT
grep -ohE '^static void [a-z0-9_]+__[a-z0-9_]+\(' tests/*/*_test.c | sed 's/^static void //; s/($//' | sort -u >"$known"
for name in $(grep -ohE '`[a-z0-9_]+__[a-z0-9_]+`' $documents | tr -d '`' | sort -u); do
    grep -qx "$name" "$known" || complain "no such test: $name"
done

# make targets and requirement numbers.
for target in $(grep -ohE '(`|^)make [a-z-]+' $documents | sed 's/.*make //' | sort -u); do
    grep -qE "^$target:" Makefile || complain "no such target: make $target"
done
numbers=$(grep -oE '^\| R-0[0-9][0-9] ' docs/requirements.md | sort -u | wc -l)
[ "$numbers" -eq 80 ] || complain "docs/requirements.md has $numbers of R-001 to R-080"

for number in $(grep -E '^\| R-0[0-9][0-9] ' docs/requirements.md | grep -viE '\| \*\*not yet\*\*' |
    awk -F'|' '$4 !~ /`[a-z]+\/.*`/ || $5 !~ /`[a-z0-9_]+__[a-z0-9_]+`/ {gsub(/ /, "", $2); print $2}'); do
    complain "docs/requirements.md: $number names no code or no test"
done

# Rules of the lead's tables, metrics and API paths: as the program has them.
for rule in $(grep -E '^\| `' docs/lead.md | cut -d'|' -f2 | grep -oE '[a-z_]+\.[a-z_]+' | sort -u); do
    grep -rqF "\"$rule\"" firmware || complain "docs/lead.md: no such rule: $rule"
done
metrics=$(mktemp)
trap 'rm -f "$known" "$metrics"' EXIT
grep -ohE '\bpackd_[a-z_]+' firmware/console/console_metrics.c | sort -u >"$metrics"
for metric in $(cat "$metrics"); do
    grep -qE "$metric\b" docs/integrator.md || complain "docs/integrator.md does not name $metric"
done
grep -q packd_uptime_seconds "$metrics" || complain "no metrics found in the source"
for document in $documents docs/grafana-dashboard.json docs/alert-rules.yml; do
    for metric in $(grep -ohE '\bpackd_[a-z_]+(\.c)?' "$document" | grep -v '\.c$' | sed -E 's/_seconds_(bucket|sum|count)$/_seconds/' | sort -u); do
        grep -qx "$metric" "$metrics" || complain "$document: no such metric: $metric"
    done
done
grep -oE 'alert: [A-Za-z]+' docs/alert-rules.yml | sed 's/alert: //' | sort >"$known"
grep -ohE '`Packd[A-Za-z]+`' docs/monitoring.md | tr -d '`' | sort -u | comm -3 "$known" - >"$metrics"
[ ! -s "$metrics" ] || complain "docs/monitoring.md and docs/alert-rules.yml differ: $(tr -s '\n\t' '  ' <"$metrics")"
for route in $(grep -ohE '"/(api/[a-z/]+|metrics|healthz|events/bench)"' firmware/console/console.c | tr -d '"' | sort -u); do
    grep -qF "$route" docs/integrator.md || complain "docs/integrator.md does not name $route"
done
for command in $(grep -ohE '^    \{"[A-Z-]+", run_' firmware/bench/commands.c | grep -oE '[A-Z-]+' | sort -u); do
    grep -qE "[:\`]$command\`" docs/packer.md || complain "docs/packer.md does not name the command $command"
done

# Every rule the program can hold, stop, park or alarm with: for the lead, or with its kind of shop.
{
    grep -ohE '"rule": "[a-z_]+\.[a-z_]+"' firmware/channels/definitions/*.json
    owners='"(packer|lead|warehouse|integration|e-commerce|product-data|finance)"'
    find firmware -name '*.c' ! -path 'firmware/console/*' -exec cat {} + | tr '\n' ' ' >"$metrics"
    grep -oE '(\.rule = [^,;]*|VERDICT_[A-Z]+, *|refuse\(why, *|RULE_PARK, *|_alarm\(f, *|_exception\(b, &of, *|ATTEMPT_[A-Z]+, *|outbox_complain\([a-z, ]*)"[a-z_]+\.[a-z_]+"' "$metrics"
    grep -oE "\"[a-z_]+\.[a-z_]+\", *(\"[a-z]+\", *)?$owners" "$metrics"
} | grep -oE '"[a-z_]+\.[a-z_]+"' | tr -d '"' | sort -u >"$known"
[ "$(wc -l <"$known")" -ge 80 ] || complain "too few rules found in the source"
for rule in $(cat "$known"); do
    grep -qF "\`$rule\`" docs/lead.md docs/channels/*.md || complain "docs/lead.md does not name the rule $rule"
done

[ "$missing" -eq 0 ] && echo "docs: green"
exit "$missing"
