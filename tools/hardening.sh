#!/bin/sh
# Size of a program, and one line of proof for each hardening property; fails when one is missing.
program=$1
missing=0
prove() {
    if [ -n "$2" ]; then echo "$1: yes ($2)"; else
        echo "$1: NO"
        missing=1
    fi
}
first() { head -n 1 | tr -s ' ' | sed 's/^ //'; }

size=$(stat -c %s "$program")
echo "$program: $size bytes"
prove "stripped" "$(readelf -S "$program" | grep -q '\.symtab' || echo 'no .symtab')"
prove "position independent" "$(readelf -h "$program" | grep 'Type:.*DYN' | first)"
prove "relocations read-only" "$(readelf -lW "$program" | grep -o 'GNU_RELRO' | first)"
prove "bound at start" "$(readelf -dW "$program" | grep -oE 'BIND_NOW|Flags:.* NOW.*' | first)"
prove "stack not executable" "$(readelf -lW "$program" | grep -E 'GNU_STACK.* RW ' | grep -o 'GNU_STACK' | first)"
prove "stack protector" "$(readelf --dyn-syms -W "$program" | grep -o '__stack_chk_fail' | first)"
checked=$(readelf --dyn-syms -W "$program" | grep -oE '__[a-z]+_chk$|__[a-z]+_chk@' | tr -d @ | sort -u | tr '\n' ' ')
prove "checked library calls" "${checked% }"
if [ "$size" -gt 1572864 ]; then
    echo "size: above 1.5 MB"
    missing=1
fi
exit $missing
