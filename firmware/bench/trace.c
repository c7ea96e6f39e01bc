/* trace.c - lot, serial and expiry of an item, where its product asks for them. The item counts
 * when all of it is known: from one GS1 code, or scan by scan. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"

#define DAY_MS INT64_C(86400000)

enum wanted {
    WANTED_NOTHING,
    WANTED_LOT,
    WANTED_SERIAL,
    WANTED_EXPIRY,
};

static const struct config_product *rule_of(const struct bench *b, const struct session_line *l)
{
    return config_product_by_sku(&b->config->site, l->line.sku);
}

static enum wanted wanted(const struct config_product *rule, const struct trace *t)
{
    if (rule->lot && !t->lot[0]) return WANTED_LOT;
    if (rule->serial && !t->serial[0]) return WANTED_SERIAL;
    return rule->expiry && !t->expiry[0] ? WANTED_EXPIRY : WANTED_NOTHING;
}

static void put(const char *from, char *to, size_t cap)
{
    if (from[0]) slice_copy_cut(slice_text(from), to, cap);
}

static void take_reading(const struct reading *r, const struct config_product *rule,
                         struct trace *t)
{
    if (rule->lot) put(r->lot, t->lot, sizeof t->lot);
    if (rule->serial) put(r->serial, t->serial, sizeof t->serial);
    if (rule->expiry) put(r->expiry[0] ? r->expiry : r->best_before, t->expiry, sizeof t->expiry);
}

/* ----------------------------------------------------------------------------------- checks -- */

/* Days of a date since 1970-01-01 in the common calendar. */
static int64_t day_number(struct code_date d)
{
    int64_t y = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = y / 400, in_era = y - era * 400;
    int64_t month = d.month + (d.month > 2 ? -3 : 9);
    int64_t of_year = (153 * month + 2) / 5 + d.day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + of_year - 719468;
}

static int year_of(int64_t day)
{
    return (int)(1970 + day * 400 / 146097);
}

/* NULL: it will do. A clock that may be wrong judges nothing. */
static const char *expiry_fault(const struct bench *b, const struct config_product *rule,
                                const char *yymmdd)
{
    struct code_date date;
    wall_t now = effects_wall(b->fx);
    int64_t today = now.ms / DAY_MS;
    if (!code_date_of(yymmdd, year_of(today), &date)) return "bench.expiry_no_date";
    if (!now.trusted) return NULL;
    int64_t left = day_number(date) - today;
    if (left < 0) return "bench.expired";
    return left < rule->min_life_days ? "bench.expiry_near" : NULL;
}

/* In a box of this order, or in a dispatch that stands. */
static bool serial_is_used(struct bench *b, const struct session_line *l, const char *serial)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (store_prepare(b->store,
                      "SELECT 1 FROM parcel_trace t JOIN parcel p ON p.id = t.parcel_id JOIN line "
                      "l ON l.id = t.line_id WHERE t.serial = ?1 AND t.serial <> '' AND l.sku = ?2 "
                      "AND p.state <> 5 AND NOT EXISTS (SELECT 1 FROM dispatch d WHERE "
                      "d.shipment_id = p.shipment_id AND d.state IN (4, 6)) LIMIT 1",
                      &q))
        return true;
    store_bind_text(q, 1, serial);
    store_bind_text(q, 2, l->line.sku);
    return store_step(b->store, q, &row) != ERR_OK || row;
}

static const char *fault_of(struct bench *b, const struct session_line *l, const struct trace *t)
{
    if (t->expiry[0]) {
        const char *fault = expiry_fault(b, rule_of(b, l), t->expiry);
        if (fault) return fault;
    }
    return t->serial[0] && serial_is_used(b, l, t->serial) ? "bench.serial_used" : NULL;
}

/* ---------------------------------------------------------------------------------- capture -- */

static void refuse(struct bench *b, const char *fault, const struct session_line *l,
                   struct slice text)
{
    ask_drop(b);
    block_refuse(b, say1(fault, l->line.sku), say("bench.not_counted"), text);
}

/* Counts when nothing is missing; else asks for the next of it. */
static void go_on(struct bench *b, struct session_line *l, qty_t quantity, const struct trace *t,
                  struct slice text)
{
    const char *fault = fault_of(b, l, t);
    if (fault) {
        refuse(b, fault, l, text);
        return;
    }
    if (wanted(rule_of(b, l), t) == WANTED_NOTHING) {
        ask_drop(b);
        pack_count(b, l, quantity, t);
        return;
    }
    ask_trace(b, l->line.id, quantity, t);
}

bool trace_begin(struct bench *b, struct session_line *l, qty_t quantity, struct slice text)
{
    const struct config_product *rule = rule_of(b, l);
    struct trace t = {{0}, {0}, {0}};
    if (!rule || !(rule->lot || rule->serial || rule->expiry)) return false;
    if (rule->serial && quantity.milli != 1000) {
        block_refuse(b, say1("bench.serial_each", l->line.sku), say("bench.not_counted"), text);
        return true;
    }
    if (b->reading.kind == READING_ELEMENTS) take_reading(&b->reading, rule, &t);
    go_on(b, l, quantity, &t, text);
    return true;
}

/* Digits of a date as people print it: YYMMDD, YYYYMMDD or YYYY-MM-DD. */
static bool plain_expiry(struct slice text, char out[READING_DATE_CAP])
{
    char digits[9];
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '-' || c == '.' || c == '/') continue;
        if (c < '0' || c > '9' || n == 8) return false;
        digits[n++] = (char)c;
    }
    if (n != 6 && n != 8) return false;
    memcpy(out, digits + (n - 6), 6);
    out[6] = 0;
    return true;
}

static bool take_plain(const struct config_product *rule, struct slice text, struct trace *t)
{
    switch (wanted(rule, t)) {
    case WANTED_LOT:
        return text_is_print(text) && slice_copy(text, t->lot, sizeof t->lot) == ERR_OK;
    case WANTED_SERIAL:
        return text_is_print(text) && slice_copy(text, t->serial, sizeof t->serial) == ERR_OK;
    case WANTED_EXPIRY:
        return plain_expiry(text, t->expiry);
    case WANTED_NOTHING:
        break;
    }
    return true;
}

/* A code of this product or another is no lot: the item in hand would be lost sight of. */
static bool is_item(struct bench *b, struct slice text)
{
    return b->reading.kind != READING_ELEMENTS && pack_line_of(b, text) != NULL;
}

void trace_scan(struct bench *b, struct slice text)
{
    struct trace t = b->ask.trace;
    qty_t quantity = {b->ask.number};
    struct session_line *l = ask_line(b);
    const struct config_product *rule = l ? rule_of(b, l) : NULL;
    bool other = b->reading.gtin[0] && b->reading.kind == READING_ELEMENTS && l &&
                 pack_line_of(b, text) != l;
    if (!rule) {
        ask_drop(b);
    } else if (other || is_item(b, text)) {
        refuse(b, "bench.trace_first", l, text);
    } else if (b->reading.kind == READING_ELEMENTS) {
        take_reading(&b->reading, rule, &t);
        go_on(b, l, quantity, &t, text);
    } else if (take_plain(rule, text, &t)) {
        go_on(b, l, quantity, &t, text);
    } else {
        block_refuse(b, say("bench.trace_unfit"), say("bench.scan_again"), text);
    }
}

const char *trace_question(struct bench *b, const struct session_line *l)
{
    static const char *const keys[] = {[WANTED_NOTHING] = "",
                                       [WANTED_LOT] = "bench.want_lot",
                                       [WANTED_SERIAL] = "bench.want_serial",
                                       [WANTED_EXPIRY] = "bench.want_expiry"};
    const struct config_product *rule = rule_of(b, l);
    return keys[rule ? wanted(rule, &b->ask.trace) : WANTED_NOTHING];
}
