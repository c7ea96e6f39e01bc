#include "tests/simulation/marks.h"

#include <assert.h>

static const struct mark MARKS[] = {
    /* replies, looking and sending again */
    {"outbox.deliver", "outcome=unknown", 50},
    {"outbox.deliver", "outcome=absent", 100},
    {"outbox.deliver", "outcome=down", 100},
    {"outbox.deliver", "outcome=reauth", 2000},
    {"outbox.deliver", "outcome=cancelled", 500},
    {"clarus.shipment", "intent=submit2", 200},
    {"clarus.shipment", "intent=cancel", 200},
    {"clarus.shipment", "intent=delete", 200},
    {"clarus.shipment", "intent=void", 1000},
    {"clarus.worklist_failed", NULL, 50},
    {"clarus.not_json", NULL, 50},
    {"clarus.claim", "result=ERR_GONE", 500},
    {"clarus.check", "rule=order.cancelled", 100},
    {"clarus.check", "rule=order.released", 1000},
    {"clarus.late_cancel", NULL, 20000},
    {"clarus.label_late", NULL, 1000},
    /* the disk */
    {"station.rebuild", NULL, 50},
    {"store.error", "doing=commit", 50},
    {"store.error", "doing=checkpoint", 300},
    {"store.error", "doing=log", 500},
    {"store.slack", NULL, 500},
    {"store.preallocate", NULL, 1000},
    {"store.corrupt", NULL, 1000},
    /* what the packer is shown */
    {"bench.not_confirmed", NULL, 100},
    {"bench.storage_full", NULL, 500},
    {"bench.not_known_offline", NULL, 100},
    {"bench.state_unknown", NULL, 500},
    {"bench.confirm_part", NULL, 50},
    {"bench.note_packing", NULL, 200},
    {"bench.label_late", NULL, 500},
    {"bench.label_unfit", NULL, 2000},
    {"bench.print_unknown", NULL, 1000},
    {"bench.printer_waits", NULL, 1000},
    {"bench.stop", NULL, 100},
    /* what a lead does */
    {"console.recall", "result=ERR_OK", 500},
    {"console.exception", "act=retry result=ERR_OK", 500},
    {"console.exception", "act=resolve result=ERR_OK", 500},
    {"console.exception", "act=pulled result=ERR_OK", 1000},
    {"console.exception", "act=gone result=ERR_OK", 20000},
    /* what stands at the end */
    {"store.set_aside", NULL, 1000},
    {"order.cancelled", NULL, 300},
};
static_assert(sizeof MARKS / sizeof MARKS[0] <= MARKS_MAX, "a bit for each");

size_t mark_count(void)
{
    return sizeof MARKS / sizeof MARKS[0];
}

const struct mark *mark_at(size_t i)
{
    return i < mark_count() ? &MARKS[i] : NULL;
}

uint64_t marks_of_line(struct slice line)
{
    uint64_t bits = 0;
    struct slice event = slice_sub(line, 0, slice_find_byte(line, ' '));
    for (size_t i = 0; i < mark_count(); i++) {
        const struct mark *m = &MARKS[i];
        if (!slice_is(event, m->name)) continue;
        if (!m->part || slice_find(line, slice_text(m->part)) < line.len) bits |= UINT64_C(1) << i;
    }
    return bits;
}

uint64_t marks_of_word(const char *word)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < mark_count(); i++)
        if (!MARKS[i].part && strcmp(MARKS[i].name, word) == 0) bits |= UINT64_C(1) << i;
    return bits;
}
