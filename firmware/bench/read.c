/* read.c - what a scan says by itself, before the session asks what it means here. */
#include "firmware/bench/session.h"

#include <stdio.h>

static bool is_known(struct bench *b, struct slice reference)
{
    int64_t id = 0;
    return catalogue_find(b->store, reference, &id) != ERR_NOTFOUND;
}

struct slice read_scan(struct bench *b, const struct scan *scan)
{
    static const struct reading_rules no_prefixes = {NULL, NULL}; /* both are taken off before */
    struct reading *r = &b->reading;
    reading_of(&no_prefixes, scan->aim, scan->text, r);
    r->rest = SLICE_NONE;
    if (b->phase == PHASE_SCAN_BACK) return scan->text;
    if (r->kind == READING_TEXT && r->sscc[0] && !is_known(b, scan->text))
        return slice_text(r->sscc);
    if (r->kind != READING_ELEMENTS) return scan->text;
    if (r->sscc[0]) return slice_text(r->sscc);
    return r->gtin[0] ? slice_text(r->gtin) : scan->text;
}

bool read_refuse(struct bench *b, const struct scan *scan, struct slice key)
{
    bool wrong = b->reading.kind == READING_REFUSED && b->phase != PHASE_SCAN_BACK;
    if (wrong) {
        char words[SAY_KEY_CAP];
        (void)snprintf(words, sizeof words, "code.%s", code_fault_name(b->reading.fault));
        block_refuse(b, say("bench.code_wrong"), say(words), scan->text);
    } else if (key.len >= CODE_CAP) {
        block_refuse(b, say("bench.unreadable"), say("bench.scan_too_long"), scan->text);
    }
    return wrong || key.len >= CODE_CAP;
}
