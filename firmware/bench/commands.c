/* commands.c - command barcodes and touch buttons. */
#include "firmware/bench/session.h"

#include <string.h>

static bool is_packing(const struct bench *b)
{
    return b->open && (b->phase == PHASE_PACKING || b->phase == PHASE_PACKAGING);
}

static void not_now(struct bench *b)
{
    block_refuse(b, say("bench.command_not_now"), say(""), SLICE_NONE);
}

static void run_ok(struct bench *b)
{
    if (b->block.kind != BLOCK_NONE)
        block_acknowledge(b);
    else
        bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

static void run_confirm(struct bench *b)
{
    if (b->block.kind > BLOCK_SURPLUS)
        block_acknowledge(b);
    else if (b->phase == PHASE_CONFIRM_PART)
        save_confirm(b);
    else if (is_packing(b) && session_anything_packed(b))
        pack_close(b);
    else
        not_now(b);
}

static void run_next_parcel(struct bench *b)
{
    if (is_packing(b))
        pack_next_parcel(b);
    else
        not_now(b);
}

static void run_close_parcel(struct bench *b)
{
    if (is_packing(b) && session_anything_packed(b))
        pack_close(b);
    else
        not_now(b);
}

static void run_undo(struct bench *b)
{
    if (is_packing(b))
        pack_undo(b);
    else
        not_now(b);
}

static void run_empty(struct bench *b)
{
    if (is_packing(b))
        pack_empty(b);
    else
        not_now(b);
}

static void run_park(struct bench *b)
{
    if (!b->open) {
        not_now(b);
        return;
    }
    if (b->block.kind > BLOCK_SURPLUS && b->block.after == AFTER_LEAVE) {
        block_acknowledge(b); /* it is put aside already, and says why */
        return;
    }
    session_park(b, "bench.parked", "put aside by the packer", "lead");
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
}

static void run_reprint(struct bench *b)
{
    label_reprint(b);
}

/* Bought, and no label to stick: the one stop that a new label ends. */
static bool label_is_unfit(const struct bench *b)
{
    return b->phase == PHASE_BUYING && b->block.kind == BLOCK_STOP &&
           strcmp(b->block.headline.key, "bench.label_unfit") == 0;
}

/* The label goes, the contents stay: a new one is bought under a new key. */
static void run_void(struct bench *b)
{
    bool labelled = b->phase == PHASE_SCAN_BACK || b->phase == PHASE_PRINTING ||
                    b->phase == PHASE_CONFIRM_PART || label_is_unfit(b);
    if (!b->open || !labelled || !b->shipment.id) {
        not_now(b);
        return;
    }
    label_void(b, "asked for by the packer");
    err_t e = rows_unbind_parcels(b);
    if (e) {
        session_failed(b, e);
        return;
    }
    memset(&b->shipment, 0, sizeof b->shipment);
    block_clear(b);
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
    label_begin(b);
}

static void run_take_over(struct bench *b)
{
    if (!b->block.may_take_over) {
        not_now(b);
        return;
    }
    block_clear(b);
    session_enter(b, PHASE_OPENING);
    bench_story(b, "taken_over", "");
    session_claim(b, true);
}

static void run_sign_off(struct bench *b)
{
    if (b->open) {
        not_now(b);
        return;
    }
    b->packer[0] = 0;
    bench_tone(b, HAL_LIGHT_OFF, HAL_TONE_ACCEPT);
}

static const struct command {
    const char *name;
    void (*run)(struct bench *b);
    bool while_blocked;
} commands[] = {
    {"OK", run_ok, true},
    {"CONFIRM", run_confirm, true},
    {"NEXT-PARCEL", run_next_parcel, false},
    {"CLOSE-PARCEL", run_close_parcel, false},
    {"UNDO", run_undo, false},
    {"EMPTY-PARCEL", run_empty, false},
    {"PARK", run_park, true},
    {"CANCEL", run_park, true},
    {"REPRINT", run_reprint, false},
    {"VOID", run_void, false},
    {"TAKE-OVER", run_take_over, true},
    {"SIGN-OFF", run_sign_off, false},
};

/* A stop is acknowledged, not walked past. */
static bool may_run(const struct bench *b, const struct command *c)
{
    if (b->block.kind <= BLOCK_SURPLUS) return true;
    if (c->run == run_void) return label_is_unfit(b);
    if (!c->while_blocked) return false;
    return c->run != run_park || b->block.kind != BLOCK_STOP;
}

bool command_run(struct bench *b, struct slice command)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!slice_is_nocase(command, commands[i].name)) continue;
        if (may_run(b, &commands[i]))
            commands[i].run(b);
        else
            bench_tone(b, HAL_LIGHT_RED, HAL_TONE_REFUSE);
        b->changed = true;
        return true;
    }
    return false;
}
