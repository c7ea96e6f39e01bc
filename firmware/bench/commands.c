/* commands.c - command barcodes and touch buttons: one table says which there are, when each does
 * something, and what. */
#include "firmware/bench/command_list.h"
#include "firmware/bench/session.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"

static bool is_blocked(const struct bench *b)
{
    return b->block.kind > BLOCK_SURPLUS;
}

/* Free to pack: nothing in the way, nothing asked but how many, no look-up under way. */
static bool is_packing(const struct bench *b)
{
    return b->open && !is_blocked(b) && !b->ticket &&
           (b->phase == PHASE_PACKING || b->phase == PHASE_PACKAGING) &&
           (b->ask.kind == ASK_NONE || b->ask.kind == ASK_QUANTITY || b->ask.kind == ASK_WEIGHT);
}

static bool is_between_orders(const struct bench *b)
{
    return !b->open && !is_blocked(b) && b->ask.kind == ASK_NONE &&
           (b->phase == PHASE_IDLE || b->phase == PHASE_SAVED);
}

/* Bought, and no label to stick: the one stop that a new label ends. */
static bool label_is_unfit(const struct bench *b)
{
    return b->phase == PHASE_BUYING && b->block.kind == BLOCK_STOP &&
           strcmp(b->block.headline.key, "bench.label_unfit") == 0;
}

/* ------------------------------------------------------------------------------------- when -- */

static bool now_weight(struct bench *b)
{
    bool refused = b->ask.kind == ASK_WEIGHT && b->ask.weight_g > 0;
    return b->open && refused && b->block.kind != BLOCK_STOP && b->packer[0];
}

static bool now_always(struct bench *b)
{
    (void)b;
    return true;
}

static bool now_confirm(struct bench *b)
{
    return b->block.kind != BLOCK_NONE || ask_takes_confirm(b) || b->phase == PHASE_CONFIRM_PART ||
           (is_packing(b) && b->ask.kind != ASK_WEIGHT && b->phase == PHASE_PACKING &&
            session_anything_packed(b) && session_all_verified(b));
}

static bool now_in_hand(struct bench *b)
{
    const struct session_parcel *p = session_open_parcel(b);
    return is_packing(b) && p && p->units.milli > 0;
}

static bool now_close(struct bench *b)
{
    return is_packing(b) && b->ask.kind != ASK_WEIGHT && session_anything_packed(b);
}

static bool now_undo(struct bench *b)
{
    return is_packing(b) && b->undo_count > 0;
}

static bool now_packing(struct bench *b)
{
    return is_packing(b) && !session_all_verified(b);
}

static bool now_reason(struct bench *b)
{
    return !is_blocked(b) && b->ask.kind == ASK_SHORT;
}

static bool now_digit(struct bench *b)
{
    return !is_blocked(b) && b->ask.kind == ASK_QUANTITY;
}

/* A stop is acknowledged, not walked past. */
static bool now_park(struct bench *b)
{
    return b->open && b->block.kind != BLOCK_STOP;
}

static bool now_cancel(struct bench *b)
{
    return !is_blocked(b) && (b->ask.kind != ASK_NONE || b->help || b->helped || b->list[0]);
}

static bool now_help(struct bench *b)
{
    return !is_blocked(b);
}

static bool now_reprint(struct bench *b)
{
    if (is_packing(b) && papers_any(b)) return true;
    return b->open && !is_blocked(b) &&
           (b->phase == PHASE_SCAN_BACK || b->phase == PHASE_PRINTING) && label_awaited(b);
}

static bool now_void(struct bench *b)
{
    bool labelled = !is_blocked(b) && (b->phase == PHASE_SCAN_BACK || b->phase == PHASE_PRINTING ||
                                       b->phase == PHASE_CONFIRM_PART);
    return b->open && b->shipment.id && (labelled || label_is_unfit(b));
}

static bool now_take_over(struct bench *b)
{
    return b->block.may_take_over;
}

static bool now_idle(struct bench *b)
{
    return is_between_orders(b);
}

static bool now_sheet(struct bench *b)
{
    return now_packing(b) || is_between_orders(b);
}

static bool now_sign_off(struct bench *b)
{
    return is_between_orders(b) && b->packer[0];
}

static bool now_recall(struct bench *b)
{
    return is_between_orders(b) && b->last_reference[0];
}

/* ------------------------------------------------------------------------------------- what -- */

static void run_ok(struct bench *b)
{
    if (b->block.kind != BLOCK_NONE)
        block_acknowledge(b);
    else
        bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

static void run_confirm(struct bench *b)
{
    if (b->block.kind != BLOCK_NONE)
        block_acknowledge(b);
    else if (b->ask.kind != ASK_NONE)
        ask_confirm(b);
    else if (b->phase == PHASE_CONFIRM_PART)
        save_confirm(b);
    else
        pack_close(b);
}

static void run_help(struct bench *b)
{
    b->help = !b->helped;
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

static void run_cancel(struct bench *b)
{
    bool list = b->ask.kind == ASK_NONE && !b->helped && b->list[0];
    if (list) b->notice = say1("bench.list_left", b->list);
    if (list) list_leave(b);
    b->help = false;
    ask_drop(b);
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

static void run_park(struct bench *b)
{
    if (is_blocked(b) && b->block.after == AFTER_LEAVE) {
        block_acknowledge(b); /* it is put aside already, and says why */
        return;
    }
    session_park(b, "bench.parked", "put aside by the packer", "lead");
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_ATTENTION);
}

/* The label goes, the contents stay: a new one is bought under a new key. */
static void run_void(struct bench *b)
{
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
    block_clear(b);
    session_enter(b, PHASE_OPENING);
    bench_story(b, "taken_over", "");
    session_claim(b, true);
}

static void run_sign_off(struct bench *b)
{
    b->notice = say1("bench.signed_off", b->packer);
    b->packer[0] = 0;
    bench_tone(b, HAL_LIGHT_OFF, HAL_TONE_ACCEPT);
}

static void run_reprint(struct bench *b)
{
    if (!is_packing(b)) {
        label_reprint(b);
        return;
    }
    papers_again(b);
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

static void run_sheet(struct bench *b)
{
    papers_want(b, b->open ? PAPER_PRODUCT_SHEET : PAPER_COMMAND_SHEET, 0);
    bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
}

static void run_quantity(struct bench *b)
{
    ask_quantity(b, 0);
}

/* `why` is what a command that does nothing now is refused with. */
static const struct command {
    const char *name;
    void (*run)(struct bench *b);
    bool (*now)(struct bench *b);
    const char *why; /* NULL: not now */
    enum command_group group;
    bool button; /* offered by the screen when it does something */
} commands[] = {
    {"CONFIRM", run_confirm, now_confirm, "bench.nothing_to_confirm", COMMANDS_ALWAYS, true},
    {"CANCEL", run_cancel, now_cancel, "bench.nothing_to_cancel", COMMANDS_ALWAYS, true},
    {"HELP", run_help, now_help, NULL, COMMANDS_ALWAYS, true},
    {"TAKE-OVER", run_take_over, now_take_over, NULL, COMMANDS_BENCH, true},
    {"NEXT-PARCEL", pack_next_parcel, now_in_hand, "bench.parcel_empty", COMMANDS_BOX, true},
    {"CLOSE-PARCEL", pack_close, now_close, "bench.parcel_empty", COMMANDS_BOX, true},
    {"UNDO", pack_undo, now_undo, "bench.nothing_to_undo", COMMANDS_BOX, true},
    {"EMPTY-PARCEL", pack_empty, now_in_hand, "bench.parcel_empty", COMMANDS_BOX, false},
    {"QTY", run_quantity, now_packing, NULL, COMMANDS_BOX, false},
    {"SHORT", ask_short, now_packing, NULL, COMMANDS_SHORT, true},
    {"SHORT-MISSING", ask_short_missing, now_reason, NULL, COMMANDS_SHORT, true},
    {"SHORT-DAMAGED", ask_short_damaged, now_reason, NULL, COMMANDS_SHORT, true},
    {"SHORT-WRONG", ask_short_wrong, now_reason, NULL, COMMANDS_SHORT, true},
    {"SHEET", run_sheet, now_sheet, NULL, COMMANDS_BOX, false},
    {"WEIGHT-OK", weigh_override, now_weight, NULL, COMMANDS_BOX, true},
    {"REPRINT", run_reprint, now_reprint, "bench.nothing_to_reprint", COMMANDS_LABEL, true},
    {"VOID", run_void, now_void, NULL, COMMANDS_LABEL, true},
    {"PARK", run_park, now_park, NULL, COMMANDS_BENCH, true},
    {"RECALL", ask_recall, now_recall, NULL, COMMANDS_BENCH, false},
    {"MANIFEST", ask_manifest, now_idle, NULL, COMMANDS_BENCH, false},
    {"SIGN-OFF", run_sign_off, now_sign_off, NULL, COMMANDS_BENCH, false},
    {"OK", run_ok, now_always, NULL, COMMANDS_BENCH, false},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)
static_assert(COMMAND_COUNT <= VIEW_COMMANDS_MAX, "the screen has room for every command");

static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
#define DIGIT_COUNT (sizeof digits / sizeof *digits)

size_t command_list(struct command_entry *out, size_t cap)
{
    for (size_t i = 0; i < COMMAND_COUNT && i < cap; i++)
        out[i] = (struct command_entry){commands[i].name, commands[i].group};
    for (size_t i = 0; i < DIGIT_COUNT && COMMAND_COUNT + i < cap; i++)
        out[COMMAND_COUNT + i] = (struct command_entry){digits[i], COMMANDS_DIGITS};
    return COMMAND_COUNT + DIGIT_COUNT;
}

void command_show(struct bench *b, struct bench_view *out)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const struct command *c = &commands[i];
        if (c->run == run_ok || !c->now(b)) continue;
        bool rare = c->run == run_reprint && is_packing(b);
        out->commands[out->command_count++] = (struct view_command){c->name, c->button && !rare};
    }
}

/* Said beside the work: nothing was refused that must be acknowledged. */
static void nothing_there(struct bench *b, const char *why)
{
    b->notice = say(why);
    bench_tone(b, HAL_LIGHT_AMBER, HAL_TONE_TROUBLE);
}

/* A command that cannot be done changes nothing, and says so. */
static void refuse_command(struct bench *b, const struct command *c)
{
    if (is_blocked(b))
        bench_tone(b, HAL_LIGHT_RED, HAL_TONE_REFUSE);
    else if (c->group == COMMANDS_ALWAYS)
        nothing_there(b, c->why);
    else
        block_refuse(b, say(is_packing(b) && c->why ? c->why : "bench.command_not_now"), say(""),
                     slice_text(c->name));
}

/* "QTY12" and "QTY-12" say the number at once; after "QTY" each digit is a code of its own. */
static bool run_number(struct bench *b, struct slice command)
{
    int64_t number = 0;
    bool with_word = command.len > 3 && slice_is_nocase(slice_sub(command, 0, 3), "QTY");
    struct slice rest = with_word ? slice_sub(command, 3, command.len) : command;
    if (with_word && rest.ptr[0] == '-') rest = slice_sub(rest, 1, rest.len);
    if (!text_is_digits(rest) || (!with_word && rest.len != 1)) return false;
    bool fits = text_int(rest, with_word ? 1 : 0, QUANTITY_MAX, &number) == ERR_OK;
    if (is_blocked(b))
        bench_tone(b, HAL_LIGHT_RED, HAL_TONE_REFUSE);
    else if (!fits || !(with_word ? now_packing(b) : now_digit(b)))
        block_refuse(b, say(fits ? "bench.command_not_now" : "bench.quantity_too_big"), say(""),
                     command);
    else if (with_word)
        ask_quantity(b, number);
    else
        ask_digit(b, number);
    return true;
}

/* "ITEM-3" from a product sheet: the third line, by hand. */
static bool run_item(struct bench *b, struct slice command)
{
    int64_t number = 0;
    if (command.len < 6 || !slice_is_nocase(slice_sub(command, 0, 5), "ITEM-")) return false;
    err_t e = text_int(slice_sub(command, 5, command.len), 1, LINES_MAX, &number);
    if (is_blocked(b))
        bench_tone(b, HAL_LIGHT_RED, HAL_TONE_REFUSE);
    else if (e || !is_packing(b) || (size_t)number > b->line_count)
        block_refuse(b, say("bench.command_not_now"), say(""), command);
    else if (!b->packer[0])
        block_refuse(b, say("bench.sign_on_first"), say("bench.sign_on_step"), command);
    else
        pack_by_hand(b, &b->lines[number - 1], command);
    return true;
}

bool command_run(struct bench *b, struct slice command)
{
    b->changed = true;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (!slice_is_nocase(command, commands[i].name)) continue;
        if (commands[i].now(b))
            commands[i].run(b);
        else
            refuse_command(b, &commands[i]);
        return true;
    }
    return run_item(b, command) || run_number(b, command);
}
