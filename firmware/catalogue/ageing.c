#include "firmware/catalogue/ageing.h"

#define AGE_BATCH_MAX 64

static const char SQL_OLD[] =
    "SELECT c.id FROM consignment c WHERE c.aged = 0 AND c.seen_at < ?1 "
    "AND NOT EXISTS (SELECT 1 FROM dispatch d JOIN message m ON m.dispatch_id = d.id "
    "WHERE d.consignment_id = c.id AND m.state < 5) "
    "AND NOT EXISTS (SELECT 1 FROM bench b WHERE b.id = 1 AND b.consignment_id = c.id) "
    "ORDER BY c.seen_at LIMIT ?2";
static const char SQL_FORGET[] =
    "UPDATE consignment SET aged = 1, recipient = '', shop_packing_note = '', "
    "shop_delivery_note = '', packing_note = "
    "'', delivery_note = '', gift_message = '', "
    "customer_note = '', shop_digest = '' WHERE id = ?1";
static const char SQL_DOCUMENTS[] = "DELETE FROM label_document WHERE shipment_id IN (SELECT id "
                                    "FROM shipment WHERE consignment_id = ?1)";
static const char SQL_LABELS[] =
    "DELETE FROM label WHERE parcel_id IN (SELECT id FROM parcel WHERE consignment_id = ?1)";

#define MESSAGES_OF                                                                                \
    "DELETE FROM message WHERE dispatch_id IN (SELECT id FROM dispatch WHERE consignment_id = "    \
    "?1) "
#define MANIFESTS_OF                                                                               \
    "DELETE FROM manifest WHERE dispatch_id IN (SELECT id FROM dispatch WHERE consignment_id = "   \
    "?1)"

#define ITEMS_OF                                                                                   \
    "DELETE FROM dispatch_item WHERE dispatch_id IN (SELECT id FROM dispatch WHERE "               \
    "consignment_id = ?1)"

/* Nothing of it is undelivered. */
static const char *const AGE[] = {
    SQL_FORGET,
    SQL_DOCUMENTS,
    SQL_LABELS,
    (MESSAGES_OF "AND state >= 5"),
    (MANIFESTS_OF),
    "DELETE FROM story WHERE consignment_id = ?1",
    "DELETE FROM exception WHERE consignment_id = ?1 AND open = 0",
};

/* Children before parents. */
static const char *const FORGET[] = {
    SQL_DOCUMENTS,
    SQL_LABELS,
    (MESSAGES_OF),
    (MANIFESTS_OF),
    (ITEMS_OF),
    "DELETE FROM dispatch WHERE consignment_id = ?1",
    "DELETE FROM parcel_item WHERE parcel_id IN (SELECT id FROM parcel WHERE consignment_id = ?1)",
    "DELETE FROM parcel_trace WHERE parcel_id IN (SELECT id FROM parcel WHERE consignment_id = ?1)",
    "DELETE FROM kit_part WHERE parcel_id IN (SELECT id FROM parcel WHERE consignment_id = ?1)",
    "DELETE FROM parcel WHERE consignment_id = ?1",
    "DELETE FROM shipment WHERE consignment_id = ?1",
    "DELETE FROM line_short WHERE consignment_id = ?1",
    "DELETE FROM unit_counted WHERE consignment_id = ?1",
    "DELETE FROM paper WHERE consignment_id = ?1",
    "DELETE FROM weighing WHERE consignment_id = ?1",
    "DELETE FROM hold_tag WHERE consignment_id = ?1",
    "DELETE FROM line WHERE consignment_id = ?1",
    "DELETE FROM task WHERE consignment_id = ?1",
    "DELETE FROM carrying WHERE consignment_id = ?1",
    "DELETE FROM story WHERE consignment_id = ?1",
    "DELETE FROM exception WHERE consignment_id = ?1",
    "DELETE FROM consignment WHERE id = ?1",
};
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const char SQL_ANCIENT[] =
    "SELECT c.id FROM consignment c WHERE c.seen_at < ?1 AND c.aged = 1 AND c.id > 0 "
    "AND NOT EXISTS (SELECT 1 FROM dispatch d JOIN message m ON m.dispatch_id = d.id "
    "WHERE d.consignment_id = c.id AND m.state < 5) "
    "AND NOT EXISTS (SELECT 1 FROM exception x WHERE x.consignment_id = c.id AND x.open = 1) "
    "AND NOT EXISTS (SELECT 1 FROM bench b WHERE b.id = 1 AND b.consignment_id = c.id) "
    "ORDER BY c.seen_at LIMIT ?2";

/* Each takes ?1 the moment and ?2 the room. */
static const char *const SWEEP[] = {
    "DELETE FROM message WHERE id IN (SELECT id FROM message INDEXED BY message_dispatch "
    "WHERE dispatch_id = 0 AND state >= 5 AND done_at < ?1 LIMIT ?2)",
    "DELETE FROM exception WHERE id IN (SELECT id FROM exception INDEXED BY exception_closed "
    "WHERE open = 0 AND closed_at < ?1 LIMIT ?2)",
    "DELETE FROM story WHERE id IN (SELECT id FROM story INDEXED BY story_of_nothing "
    "WHERE at < ?1 AND consignment_id = 0 LIMIT ?2)",
};

static err_t run_for(struct store *st, const char *sql, int64_t id)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, id);
    return store_run(st, q);
}

static err_t old_orders(struct store *st, const char *sql, int64_t before, size_t limit,
                        int64_t *ids, size_t *out_count)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(st, sql, &q);
    if (e) return e;
    store_bind_int(q, 1, before);
    store_bind_int(q, 2, (int64_t)limit);
    size_t count = 0;
    for (bool row = true; !(e = store_step(st, q, &row)) && row;)
        ids[count++] = store_int(q, 0);
    *out_count = count;
    return e;
}

/* What is done to the orders a question finds. */
struct ageing {
    const char *find;
    const char *const *act;
    size_t act_count;
};

static err_t age(struct store *st, const struct ageing *a, int64_t before, size_t limit,
                 size_t *out_count)
{
    int64_t ids[AGE_BATCH_MAX];
    size_t count = 0;
    size_t room = limit < AGE_BATCH_MAX ? limit : AGE_BATCH_MAX;
    err_t e = old_orders(st, a->find, before, room, ids, &count);
    if (!e && count > 0) e = store_begin(st);
    for (size_t i = 0; !e && i < count; i++) {
        for (size_t k = 0; !e && k < a->act_count; k++) {
            e = run_for(st, a->act[k], ids[i]);
        }
    }
    if (!e) *out_count = count;
    return e;
}

err_t catalogue_age(struct store *st, int64_t before_wall_ms, size_t limit, size_t *out_count)
{
    static const struct ageing AGED = {SQL_OLD, AGE, COUNT(AGE)};
    return age(st, &AGED, before_wall_ms, limit, out_count);
}

err_t catalogue_forget(struct store *st, int64_t before_wall_ms, size_t limit, size_t *out_count)
{
    static const struct ageing FORGOTTEN = {SQL_ANCIENT, FORGET, COUNT(FORGET)};
    return age(st, &FORGOTTEN, before_wall_ms, limit, out_count);
}

err_t catalogue_sweep(struct store *st, int64_t before_wall_ms, size_t limit, size_t *out_count)
{
    size_t most = 0;
    for (size_t i = 0; i < COUNT(SWEEP); i++) {
        AUTO_STMT sqlite3_stmt *q = NULL;
        err_t e = store_prepare(st, SWEEP[i], &q);
        if (e) return e;
        store_bind_int(q, 1, before_wall_ms);
        store_bind_int(q, 2, (int64_t)limit);
        e = store_run(st, q);
        if (e) return e;
        if ((size_t)store_changes(st) > most) most = (size_t)store_changes(st);
    }
    *out_count = most;
    return ERR_OK;
}
