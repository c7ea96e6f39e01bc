# gs1_table.awk - makes C of the facts about GS1 application identifiers.
# awk -f tools/gs1_table.awk firmware/codes/gs1_ai.tsv firmware/codes/gs1_lists.tsv
# What it does not understand ends it with a word and status 1; there is no half a table.

function fail(why) { failed = 1; print FILENAME ":" FNR ": " why > "/dev/stderr"; exit 1 }

function bounds(text,    dash) {
    dash = index(text, "-")
    low = dash ? substr(text, 1, dash - 1) : text
    high = dash ? substr(text, dash + 1) : text
}

function read_part(text,    optional, checks, n, i, names) {
    optional = text ~ /^\[.*\]$/
    if (optional) text = substr(text, 2, length(text) - 2)
    if (text !~ /^[nxyb][0-9]+(-[0-9]+)?(:[a-z0-9+]+)?$/) fail("not a part: " text)
    checks = ""
    if (index(text, ":")) { checks = substr(text, index(text, ":") + 1); text = substr(text, 1, index(text, ":") - 1) }
    bounds(substr(text, 2))
    n = split(checks, names, "+")
    if (n > 3) fail("more than three checks")
    checks = ""
    for (i = 1; i <= n; i++) checks = checks (i > 1 ? ", " : "") "GS1_CHECK_" toupper(names[i])
    part[parts++] = "{GS1_SET_" toupper(substr(text, 1, 1)) ", " low + 0 ", " high + 0 ", " (optional ? "true" : "false") ", {" checks (n ? "" : "0") "}}"
    value_max += high
    if (!optional) value_min += low
}

function read_ai(    n, words, i) {
    if (NF != 7) fail("seven columns, not " NF)
    if ($2 != "length" && $2 != "separator") fail("how does it end: " $2)
    if ($3 !~ /^(-|data|key(=[0-9,|]+)?)$/) fail("not a place in a link: " $3)
    bounds($1)
    if (low !~ /^[0-9][0-9][0-9]?[0-9]?$/ || length(low) != length(high)) fail("not an identifier: " $1)
    first[rows] = low; last[rows] = high; digits[rows] = length(low)
    fixed[rows] = $2 == "length"; link[rows] = $3
    needs[rows] = $5; excludes[rows] = $6; title[rows] = $7
    first_part[rows] = parts; value_min = value_max = 0
    n = split($4, words, " ")
    for (i = 1; i <= n; i++) read_part(words[i])
    part_count[rows] = n; min[rows] = value_min; max[rows] = value_max
    if (fixed[rows] && value_min != value_max) fail("ended by its length, which varies")
    if (++rows > 255) fail("more than 255 rows")
}

# The rows a pattern means, as "n, row, row"; each must lie wholly inside it.
function rows_of(pattern, self,    from, to, i, n, list) {
    from = to = pattern
    gsub("n", "0", from); gsub("n", "9", to)
    n = 0; list = ""
    for (i = 0; i < rows; i++) {
        if (digits[i] != length(pattern) || last[i] + 0 < from + 0 || first[i] + 0 > to + 0) continue
        if (first[i] + 0 < from + 0 || last[i] + 0 > to + 0) fail(pattern " cuts " first[i] "-" last[i])
        if (i == self) { alone[self] = 1; continue }
        list = list ", " i; n++
    }
    if (n == 0 && !alone[self]) fail("no such identifier: " pattern)
    found = n
    return substr(list, 3)
}

function put(text) { partner = partner (partner == "" ? "" : ", ") text; partners += split(text, ignored, ",") }

function put_needs(row,    conditions, n, i, alternatives, k, j, together, t, m, list, text, count) {
    if (needs[row] == "-") return 0
    n = split(needs[row], conditions, " ")
    text = n
    for (i = 1; i <= n; i++) {
        k = split(conditions[i], alternatives, ",")
        count = 0; list = ""
        for (j = 1; j <= k; j++) {
            t = split(alternatives[j], together, "+")
            if (t == 1) {
                m = split(rows_of(together[1], row), each, ", ")
                for (m = 1; m in each && m <= found; m++) { list = list ", 1, " each[m]; count++ }
            } else {
                list = list ", " t
                for (m = 1; m <= t; m++) { list = list ", " rows_of(together[m], row); if (found != 1) fail("a pattern with +") }
                count++
            }
        }
        text = text ", " count list
    }
    where = partners
    put(text)
    return where
}

function put_excludes(row,    n, i, names, list, count, each) {
    if (excludes[row] == "-") return 0
    n = split(excludes[row], names, ",")
    list = ""; count = 0
    for (i = 1; i <= n; i++) {
        each = rows_of(names[i], row)
        if (found) { list = list ", " each; count += found }
    }
    if (!count) return 0
    where = partners
    put(count list)
    return where
}

function put_qualifiers(row,    n, i, k, j, sequences, names, text) {
    if (link[row] !~ /^key=/) return 0
    n = split(substr(link[row], 5), sequences, "|")
    text = n
    for (i = 1; i <= n; i++) {
        k = split(sequences[i], names, ",")
        text = text ", " k
        for (j = 1; j <= k; j++) { text = text ", " rows_of(names[j], -1); if (found != 1) fail("one identifier each") }
    }
    where = partners
    put(text)
    return where
}

function yes(flag) { return flag ? "true" : "false" }

function print_ais(    i, a, b, c) {
    print "const struct gs1_ai gs1_ais[] = {"
    for (i = 0; i < rows; i++) {
        a = put_needs(i); b = put_excludes(i); c = put_qualifiers(i)
        printf "    {%d, %d, %d, %d, %d, %d, %d, %s, %s, %s, %s, %d, %d, %d, \"%s\"},\n", first[i], last[i], digits[i], \
            part_count[i], first_part[i], min[i], max[i], yes(fixed[i]), yes(link[i] != "-"), yes(link[i] ~ /^key/), \
            yes(alone[i]), a, b, c, title[i]
    }
    print "};\nconst size_t gs1_ai_count = " rows ";"
    print "const uint8_t gs1_partners[] = {" partner "};"
}

function print_slots(    i, n, p, s, slots, size, list) {
    for (i = 0; i < rows; i++) {
        p = substr(first[i], 1, 2) + 0
        if (prefix[p] && prefix[p] != digits[i]) fail("identifiers of two lengths begin with " p)
        if (substr(last[i], 1, 2) + 0 != p && digits[i] > 2) fail("a range beyond its first two digits: " first[i])
        for (n = first[i] + 0; n <= last[i] + 0; n++) {
            p = digits[i] == 4 ? int(n / 100) : digits[i] == 3 ? int(n / 10) : n
            prefix[p] = digits[i]
            taken[digits[i], n] = i + 1
        }
    }
    print "const struct gs1_prefix gs1_prefixes[100] = {"
    slots = 0; list = ""
    for (p = 0; p < 100; p++) {
        if (!prefix[p]) continue
        size = prefix[p] == 4 ? 100 : prefix[p] == 3 ? 10 : 1
        printf "    [%d] = {%d, %d},\n", p, prefix[p], slots
        for (s = 0; s < size; s++) list = list (list == "" ? "" : ", ") taken[prefix[p], p * size + s] + 0
        slots += size
    }
    print "};\nconst uint8_t gs1_slots[] = {" list "};"
}

function print_bits(name, size,    i, b, byte) {
    printf "const uint8_t gs1_%s[%d] = {", name, size
    for (i = 0; i < size; i++) {
        byte = 0
        for (b = 7; b >= 0; b--) byte = byte * 2 + bit[name, i * 8 + b]
        printf "%s%d", i ? ", " : "", byte
    }
    print "};"
}

# Which sets each of the 256 characters belongs to.
function print_sets(    c, digit, upper, lower, set) {
    printf "const uint8_t gs1_sets[256] = {"
    for (c = 0; c < 256; c++) {
        digit = c >= 48 && c <= 57; upper = c >= 65 && c <= 90; lower = c >= 97 && c <= 122
        set = digit ? 15 : upper ? 14 : lower ? 10 : 0
        if (c == 33 || c == 34 || (c >= 37 && c <= 47) || (c >= 58 && c <= 63)) set = 2 # ! " %-/ :-?
        if (c == 95) set = 10 # _
        if (c == 45) set = 14 # -
        if (c == 47) set = 6 # /
        if (c == 35) set = 4 # #
        printf "%s%d", c ? ", " : "", set
    }
    print "};"
}

function read_list(    n, words, i) {
    n = split($2, words, " ")
    for (i = 1; i <= n; i++) {
        if ($1 == "country2") bit[$1, 26 * (index(letters, substr(words[i], 1, 1)) - 1) + index(letters, substr(words[i], 2)) - 1] = 1
        else if ($1 == "package") {
            if (package_last != "" && words[i] "" <= package_last "") fail("not ascending: " words[i])
            package_last = words[i]
            packages = packages (package_count++ ? ", " : "") "\"" words[i] "\""
        } else if ($1 == "country" || $1 == "currency") bit[$1, words[i] + 0] = 1
        else fail("no such list: " $1)
    }
}

BEGIN { FS = "\t"; letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"; partner = "0"; partners = 1; rows = 0; parts = 0 }
/^#/ || /^$/ { next }
FILENAME ~ /lists/ { read_list(); next }
{ read_ai() }
END {
    if (failed) exit 1
    print "/* Made by tools/gs1_table.awk. */\n#include \"firmware/codes/gs1_ai.h\"\n"
    print_ais()
    print "const struct gs1_part gs1_parts[] = {"
    for (i = 0; i < parts; i++) print "    " part[i] ","
    print "};"
    print_slots()
    print_sets()
    print_bits("country", 125); print_bits("currency", 125); print_bits("country2", 85)
    print "const char gs1_package[][4] = {" packages "};\nconst size_t gs1_package_count = " package_count ";"
}
