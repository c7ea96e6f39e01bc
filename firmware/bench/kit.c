/* kit.c - a line that is a kit is verified by its parts: every part scanned counts for it, and the
 * kit counts when all its parts are there. */
#include "firmware/bench/session.h"

#include <stdio.h>
#include <string.h>

static const struct config_kit *part_of(const struct bench *b, size_t from, const char *sku)
{
    const struct config_site *site = &b->config->site;
    for (size_t i = from; i < site->kit_count; i++)
        if (strcmp(site->kits[i].sku, sku) == 0) return &site->kits[i];
    return NULL;
}

bool kit_is(const struct bench *b, const struct session_line *l)
{
    return part_of(b, 0, l->line.sku) != NULL;
}

/* What was scanned of a part, in the boxes that are here. */
static int64_t counted(struct bench *b, const struct session_line *l, const char *part)
{
    int64_t sum = 0;
    for (size_t i = 0; i < b->parcel_count; i++) {
        AUTO_STMT sqlite3_stmt *q = NULL;
        bool row = false;
        if (store_prepare(b->store,
                          "SELECT coalesce(sum(quantity), 0) FROM kit_part WHERE parcel_id = ?1 "
                          "AND line_id = ?2 AND sku = ?3",
                          &q))
            return 0;
        store_bind_int(q, 1, b->parcels[i].id);
        store_bind_int(q, 2, l->line.id);
        store_bind_text(q, 3, part);
        if (store_step(b->store, q, &row) == ERR_OK && row) sum += store_int(q, 0);
    }
    return sum;
}

static int64_t needed(const struct session_line *l, const struct config_kit *part)
{
    return l->to_pack.milli * (int64_t)part->quantity;
}

/* Whole kits that the parts make, and whether parts are left over. */
static int64_t whole_kits(struct bench *b, const struct session_line *l, bool *out_loose)
{
    const struct config_site *site = &b->config->site;
    int64_t kits = INT64_MAX;
    *out_loose = false;
    for (size_t i = 0; i < site->kit_count; i++) {
        if (strcmp(site->kits[i].sku, l->line.sku) != 0) continue;
        int64_t of = counted(b, l, site->kits[i].part) / (1000 * (int64_t)site->kits[i].quantity);
        if (of < kits) kits = of;
    }
    for (size_t i = 0; i < site->kit_count; i++)
        if (strcmp(site->kits[i].sku, l->line.sku) == 0)
            *out_loose = *out_loose || counted(b, l, site->kits[i].part) >
                                           kits * 1000 * (int64_t)site->kits[i].quantity;
    return kits == INT64_MAX ? 0 : kits;
}

bool kit_has_loose_parts(struct bench *b)
{
    for (size_t i = 0; i < b->line_count; i++) {
        bool loose = false;
        if (!kit_is(b, &b->lines[i])) continue;
        (void)whole_kits(b, &b->lines[i], &loose);
        if (loose) return true;
    }
    return false;
}

static err_t add(struct bench *b, const struct session_parcel *p, const struct session_line *l,
                 const struct product_hit *hit, int64_t *out_id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT INTO kit_part (parcel_id, line_id, sku, quantity) VALUES (?1, "
                          "?2, ?3, ?4)",
                          &q);
    if (e) return e;
    store_bind_int(q, 1, p->id);
    store_bind_int(q, 2, l->line.id);
    store_bind_text(q, 3, hit->sku);
    store_bind_int(q, 4, hit->factor.milli);
    e = store_run(b->store, q);
    if (!e) *out_id = store_last_id(b->store);
    return e;
}

static void take_part(struct bench *b, struct session_line *l, const struct product_hit *hit)
{
    const struct session_parcel *p = session_open_parcel(b);
    int64_t id = 0;
    bool loose = false;
    err_t e = p ? add(b, p, l, hit, &id) : ERR_INVALID;
    if (e) {
        session_failed(b, e);
        return;
    }
    int64_t more = whole_kits(b, l, &loose) * 1000 - l->packed.milli;
    b->kit_part = id;
    if (more > 0)
        pack_count(b, l, (qty_t){more}, NULL);
    else
        pack_counted_part(b, l);
    b->kit_part = 0;
}

bool kit_scan(struct bench *b, const struct product_hit *hit)
{
    const struct config_site *site = &b->config->site;
    for (size_t i = 0; i < b->line_count; i++) {
        struct session_line *l = &b->lines[i];
        for (size_t k = 0; k < site->kit_count; k++) {
            const struct config_kit *part = &site->kits[k];
            if (strcmp(part->sku, l->line.sku) != 0 || strcmp(part->part, hit->sku) != 0) continue;
            if (counted(b, l, part->part) + hit->factor.milli > needed(l, part)) continue;
            take_part(b, l, hit);
            return true;
        }
    }
    return false;
}

static err_t run(struct bench *b, const char *sql, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_begin(b->store);
    if (!e) e = store_prepare(b->store, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    return store_run(b->store, q);
}

err_t kit_forget(struct bench *b, int64_t kit_part)
{
    return run(b, "DELETE FROM kit_part WHERE id = ?1", kit_part);
}

err_t kit_empty(struct bench *b, const struct session_parcel *p)
{
    return run(b, "DELETE FROM kit_part WHERE parcel_id = ?1", p->id);
}

/* "1 × LID, 2 × POT": what the kit in view still wants. */
void kit_words(struct bench *b, struct say *next_step)
{
    const struct session_line *l = pack_line_in_view(b);
    const struct config_site *site = &b->config->site;
    uint8_t room[SAY_CAP * 2];
    struct buf text = buf_over(room, sizeof room);
    if (!l || !kit_is(b, l)) return;
    for (size_t i = 0; i < site->kit_count; i++) {
        char left[QTY_TEXT_CAP];
        if (strcmp(site->kits[i].sku, l->line.sku) != 0) continue;
        int64_t milli = needed(l, &site->kits[i]) - counted(b, l, site->kits[i].part);
        if (milli <= 0) continue;
        buf_printf(&text, "%s%s x %s", text.len ? ", " : "", qty_text((qty_t){milli}, left),
                   site->kits[i].part);
    }
    char words[SAY_CAP];
    slice_copy_cut(buf_slice(&text), words, sizeof words);
    *next_step = say1("bench.kit_left", words);
}
