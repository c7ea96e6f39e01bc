/* list.c - a pick list, or a tote of several orders: one order after the other, those picked whole
 * first, then the most urgent. Where every order is of one unit the item says which order it is. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

/* Open orders of the list that were not taken up since it was scanned. */
#define REST                                                                                       \
    " FROM carrying k JOIN consignment c ON c.id = k.consignment_id WHERE k.code = ?1 AND "        \
    "c.state "                                                                                     \
    "NOT IN (8, 10, 12, 13) AND NOT EXISTS (SELECT 1 FROM list_run r WHERE r.consignment_id = "    \
    "c.id)"
#define UNITS                                                                                      \
    "(SELECT sum(l.ordered - l.dispatched - l.short - l.cancelled) FROM line l WHERE "             \
    "l.consignment_id = c.id)"

static err_t ask(struct bench *b, const char *sql, int64_t product_id, int64_t *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(b->store, sql, &q);
    if (e) return e;
    store_bind_text(q, 1, b->list);
    if (sqlite3_bind_parameter_count(q) >= 2) store_bind_int(q, 2, product_id);
    e = store_step(b->store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    *out = store_int(q, 0);
    return ERR_OK;
}

static int64_t number(struct bench *b, const char *sql)
{
    int64_t n = 0;
    return ask(b, sql, 0, &n) ? 0 : n;
}

static void count_rest(struct bench *b)
{
    b->list_left = number(b, "SELECT count(*)" REST);
    b->list_is_batch =
        b->list_left > 0 && number(b, "SELECT count(*)" REST " AND " UNITS " <> 1000") == 0;
    b->changed = true;
}

static err_t run(struct bench *b, const char *sql, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e) e = store_prepare(b->store, sql, &q);
    if (e) return e;
    if (sqlite3_bind_parameter_count(q) >= 1) store_bind_int(q, 1, id);
    return store_run(b->store, q);
}

static void take(struct bench *b, int64_t consignment_id)
{
    err_t e = run(b, "INSERT INTO list_run (consignment_id) VALUES (?1) ON CONFLICT DO NOTHING",
                  consignment_id);
    if (e) {
        session_failed(b, e);
        return;
    }
    count_rest(b);
    session_open(b, consignment_id);
}

void list_leave(struct bench *b)
{
    b->list[0] = 0;
    b->list_left = 0;
    b->list_is_batch = false;
    b->changed = true;
}

bool list_begin(struct bench *b, struct slice code)
{
    if (slice_copy(code, b->list, sizeof b->list)) return false;
    err_t e = run(b, "DELETE FROM list_run WHERE consignment_id > 0", 0);
    if (e) session_failed(b, e);
    count_rest(b);
    if (!e && b->list_left > 1) {
        session_enter(b, PHASE_IDLE);
        bench_tone(b, HAL_LIGHT_GREEN_BLINK, HAL_TONE_ACCEPT);
        return true;
    }
    list_leave(b);
    return e != ERR_OK;
}

void list_restore(struct bench *b)
{
    if (b->list[0]) count_rest(b);
}

void list_look(struct bench *b)
{
    bool free = !b->open && b->phase == PHASE_IDLE && b->block.kind == BLOCK_NONE &&
                b->ask.kind == ASK_NONE && !b->help;
    int64_t next = 0;
    if (!b->list[0] || !free || b->list_is_batch) return;
    err_t e = ask(b,
                  "SELECT c.id" REST
                  " ORDER BY (SELECT min(l.picked >= l.ordered - l.short - l.cancelled) FROM line "
                  "l WHERE l.consignment_id = c.id) DESC, c.priority, c.dispatch_due = 0, "
                  "c.dispatch_due, c.id LIMIT 1",
                  0, &next);
    if (e == ERR_OK) {
        take(b, next);
        return;
    }
    b->notice = say1("bench.list_done", b->list);
    list_leave(b);
}

bool list_item(struct bench *b, struct slice text)
{
    struct product_hit hits[4];
    size_t count = 0;
    int64_t id = 0;
    if (!b->list_is_batch || catalogue_products(b->store, text, hits, 4, &count) || count == 0)
        return false;
    for (size_t i = 0; i < count && i < 4; i++) {
        err_t e = ask(b,
                      "SELECT c.id" REST " AND EXISTS (SELECT 1 FROM line l WHERE "
                      "l.consignment_id = c.id AND l.product_id = ?2) ORDER BY c.priority, "
                      "c.dispatch_due = 0, c.dispatch_due, c.id LIMIT 1",
                      hits[i].product_id, &id);
        if (e) continue;
        take(b, id);
        slice_copy_cut(text, b->list_item, sizeof b->list_item);
        b->list_reading = b->reading;
        return true;
    }
    block_refuse(b, say1("bench.batch_none", hits[0].sku), say1("bench.batch_none_step", b->list),
                 text);
    return true;
}

void list_count_item(struct bench *b)
{
    char text[CODE_CAP];
    if (!b->list_item[0]) return;
    memcpy(text, b->list_item, sizeof text);
    b->list_item[0] = 0;
    b->reading = b->list_reading;
    pack_scan(b, slice_text(text), true);
}

void list_words(const struct bench *b, struct say *headline, struct say *next_step)
{
    char left[24];
    if (!b->list_is_batch || b->open || b->phase != PHASE_IDLE) return;
    (void)snprintf(left, sizeof left, "%lld", (long long)b->list_left);
    *headline = say("bench.batch");
    *next_step = say2("bench.batch_step", b->list, left);
}
