/* block.c - what stands between the packer and the next scan, and what answers it. */
#include "firmware/bench/session.h"

#include <string.h>

#include "firmware/base/text.h"

static void block_set(struct bench *b, enum block_kind kind, struct say headline, struct say detail,
                      struct slice scanned)
{
    b->block = (struct block){.kind = kind, .headline = headline, .detail = detail};
    struct buf v = buf_over(b->block.scanned, sizeof b->block.scanned - 1);
    text_visible(&v, scanned, sizeof b->block.scanned / 5);
    (void)buf_cstr(&v);
    if (b->ask.kind == ASK_QUANTITY) ask_drop(b); /* the number was for the code refused */
    b->changed = true;
}

void block_refuse(struct bench *b, struct say headline, struct say detail, struct slice scanned)
{
    block_set(b, BLOCK_REFUSED, headline, detail, scanned);
    b->block.next_step = say("bench.acknowledge");
    bench_tone(b, HAL_LIGHT_RED, HAL_TONE_REFUSE);
}

void block_surplus(struct bench *b, struct say headline, struct say detail, struct slice scanned)
{
    block_set(b, BLOCK_SURPLUS, headline, detail, scanned);
    b->block.next_step = say("bench.put_aside_scan_on");
    bench_tone(b, HAL_LIGHT_RED, HAL_TONE_REFUSE);
}

void block_stop(struct bench *b, struct say headline, struct say detail, struct say next_step,
                enum block_after after)
{
    block_set(b, BLOCK_STOP, headline, detail, SLICE_NONE);
    b->block.next_step = next_step;
    b->block.after = after;
    bench_tone(b, HAL_LIGHT_RED_FLASH, HAL_TONE_ALARM);
}

void block_note(struct bench *b)
{
    static const struct {
        enum note_bit bit;
        const char *headline;
    } notes[] = {{NOTE_PACKING, "bench.note_packing"},
                 {NOTE_GIFT, "bench.note_gift"},
                 {NOTE_CUSTOMER, "bench.note_customer"},
                 {NOTE_DANGER, "bench.note_danger"}};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (b->acknowledged & notes[i].bit) continue;
        block_set(b, BLOCK_NOTE, say(notes[i].headline), say(""), SLICE_NONE);
        b->block.next_step = say("bench.note_step");
        b->block.after = AFTER_NOTE;
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
        return;
    }
}

void block_card(struct bench *b)
{
    block_set(b, BLOCK_NOTE, say("bench.card_in_box"), say(""), SLICE_NONE);
    b->block.next_step = say("bench.card_step");
    b->block.after = AFTER_CARD;
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
}

void block_clear(struct bench *b)
{
    if (b->block.kind == BLOCK_NONE) return;
    memset(&b->block, 0, sizeof b->block);
    b->changed = true;
}

static void note_acknowledged(struct bench *b)
{
    static const struct {
        unsigned bit;
        const char *name;
    } notes[] = {{NOTE_PACKING, "packing note"},
                 {NOTE_GIFT, "gift message"},
                 {NOTE_CUSTOMER, "customer note"},
                 {NOTE_DANGER, "dangerous goods"}};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (b->acknowledged & notes[i].bit) continue;
        b->acknowledged |= notes[i].bit;
        bool gift = notes[i].bit == NOTE_GIFT && b->config->site.packing.gift_note;
        if (gift) papers_want(b, PAPER_GIFT_NOTE, 0);
        bench_story(b, "note.acknowledged", notes[i].name);
        break;
    }
    session_next_note(b);
}

void block_acknowledge(struct bench *b)
{
    enum block_after after = b->block.after;
    block_clear(b);
    bench_tone(b, HAL_LIGHT_GREEN, HAL_TONE_ACCEPT);
    switch (after) {
    case AFTER_GO_ON:
        if (b->phase == PHASE_NOTES) block_note(b);
        return;
    case AFTER_LEAVE:
        session_leave(b, true);
        return;
    case AFTER_REOPEN:
        session_open(b, b->order.id);
        return;
    case AFTER_NOTE:
        note_acknowledged(b);
        return;
    case AFTER_CARD:
        b->acknowledged |= NOTE_CARD;
        bench_story(b, "gift.in_box", "");
        pack_close(b);
        return;
    }
}

struct verdict_face {
    const char *headline;
    const char *next_step;
    bool stop; /* else a refusal that puts the order aside */
};

static struct verdict_face verdict_face(enum verdict_kind kind)
{
    switch (kind) {
    case VERDICT_STOP:
        return (struct verdict_face){"bench.stop", "bench.stop_step", true};
    case VERDICT_SENT:
        return (struct verdict_face){"bench.already_sent", "bench.set_aside", true};
    case VERDICT_CHANGED:
        return (struct verdict_face){"bench.changed", "bench.changed_step", true};
    case VERDICT_HOLD:
        return (struct verdict_face){"bench.hold", "bench.park_step", false};
    case VERDICT_IN_USE:
        return (struct verdict_face){"bench.in_use", "bench.in_use_step", false};
    case VERDICT_NOT_READY:
        return (struct verdict_face){"bench.not_ready", "bench.take_another", false};
    case VERDICT_GO:
    case VERDICT_UNKNOWN:
        break;
    }
    return (struct verdict_face){"bench.state_unknown", "bench.state_unknown_step", false};
}

void block_verdict(struct bench *b, const struct verdict *v)
{
    struct verdict_face f = verdict_face(v->kind);
    block_set(b, f.stop ? BLOCK_STOP : BLOCK_REFUSED, say1(f.headline, b->order.reference),
              say_reason(v->text[0] ? v->text : v->rule, v->next_step), SLICE_NONE);
    b->block.next_step = say(f.next_step);
    b->block.after = v->kind == VERDICT_CHANGED ? AFTER_REOPEN : AFTER_LEAVE;
    b->block.may_take_over = v->kind == VERDICT_IN_USE;
    if (f.stop)
        bench_tone(b, HAL_LIGHT_RED_FLASH, HAL_TONE_ALARM);
    else
        bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
    bench_story(b, f.stop ? "stopped" : "held", v->rule);
}
