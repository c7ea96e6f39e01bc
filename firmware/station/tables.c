/* tables.c - what the site's tables say at the bench: to an order when it is opened, to tracking
 * numbers when they are bought, and where leads' changes and a new site.json differ. */
#include "firmware/station/parts.h"

#include <stdio.h>
#include <string.h>

#include "firmware/mapping/changes.h"
#include "firmware/mapping/order_check.h"
#include "firmware/mapping/tracking.h"

#define FINDINGS_MAX 8

static void verdict_of(const struct order_finding *f, struct verdict *v)
{
    *v = (struct verdict){.kind = VERDICT_HOLD, .origin = "station"};
    memcpy(v->rule, f->rule, sizeof v->rule);
    memcpy(v->owner, f->owner, sizeof v->owner);
    memcpy(v->text, f->text, sizeof v->text);
    memcpy(v->next_step, f->next_step, sizeof v->next_step);
}

/* What held the order before is over. */
static void clear_hold(struct station *st, const struct consignment *c)
{
    char object[OBJECT_CAP];
    if (c->hold_rule[0] == '\0') return;
    (void)snprintf(object, sizeof object, "order %s", c->reference);
    err_t e = exception_clear(st->store, effects_wall(st->fx), c->hold_rule, object);
    if (e && e != ERR_NOTFOUND)
        log_event(&st->log, LOG_ERROR, "checks.clear", "error=%s", err_name(e));
}

/* An order that both let go is held at open by what the site's tables say of it. */
void tables_check(struct station *st, int64_t consignment_id, struct verdict *v)
{
    struct maps maps = {.site = &st->config->site, .store = st->store};
    struct order_finding findings[FINDINGS_MAX];
    struct consignment c;
    size_t count = 0;
    err_t e =
        order_check(&maps, effects_wall(st->fx), consignment_id, findings, FINDINGS_MAX, &count);
    for (size_t i = 0; i < count && v->kind == VERDICT_GO; i++) {
        if (!maps_observes(maps.site, findings[i].rule))
            verdict_of(&findings[i], v);
        else if (e == ERR_OK)
            e = story_add(st->store, effects_wall(st->fx), consignment_id, "station",
                          "rule.observed", "", findings[i].text);
    }
    if (e == ERR_OK) e = catalogue_consignment(st->store, consignment_id, &c);
    if (e == ERR_OK && v->kind == VERDICT_GO) clear_hold(st, &c);
    if (e) log_event(&st->log, LOG_ERROR, "checks.tables", "error=%s", err_name(e));
}

/* ------------------------------------------------------------------------------- tracking -- */

/* The first number of the shipment that its carrier cannot have given; false: all are plausible. */
static bool wrong_tracking(struct station *st, int64_t shipment_id, int64_t *out_consignment,
                           char text[SAY_CAP])
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    if (store_prepare(st->store,
                      "SELECT p.tracking, c.carrier_code, c.id FROM parcel p JOIN consignment c ON "
                      "c.id = p.consignment_id WHERE p.shipment_id = ?1 AND p.tracking <> '' AND "
                      "p.state <> 5",
                      &q))
        return false;
    store_bind_int(q, 1, shipment_id);
    for (bool row = true; store_step(st->store, q, &row) == ERR_OK && row;) {
        char carrier[ID_CAP];
        store_text(q, 1, carrier, sizeof carrier);
        const struct config_carrier *c = config_carrier_by_code(&st->config->site, carrier);
        const char *fault = tracking_fault(c, store_blob(q, 0));
        if (!fault) continue;
        *out_consignment = store_int(q, 2);
        (void)snprintf(text, SAY_CAP, "A tracking number is not one of %s: %s.", carrier, fault);
        return true;
    }
    return false;
}

bool tables_hold_tracking(struct station *st, int64_t shipment_id, char text[SAY_CAP])
{
    int64_t consignment_id = 0;
    if (!wrong_tracking(st, shipment_id, &consignment_id, text)) return false;
    if (!maps_observes(&st->config->site, "tracking.format")) return true;
    err_t e = story_add(st->store, effects_wall(st->fx), consignment_id, "station", "rule.observed",
                        "", text);
    if (e) log_event(&st->log, LOG_ERROR, "tables.tracking", "error=%s", err_name(e));
    return false;
}

/* ------------------------------------------------------------------------ the file changed -- */

static err_t tell_conflict(struct station *st, const struct map_entry *e, const char *file_says)
{
    char object[OBJECT_CAP], text[SAY_CAP];
    (void)snprintf(object, sizeof object, "%s %.60s", map_kind_name(e->kind), e->key);
    (void)snprintf(text, sizeof text,
                   "site.json now says \"%.40s\"; the change by %.30s stays: \"%.40s\".", file_says,
                   e->who, e->removed ? "" : e->value);
    struct exception_spec spec = {.rule = "maps.file_differs",
                                  .origin = "station",
                                  .owner = "lead",
                                  .object = object,
                                  .text = text,
                                  .next_step =
                                      "Drop the change if the file is right, else keep it."};
    return exception_raise(st->store, effects_wall(st->fx), &spec, NULL);
}

err_t tables_compare_file(struct station *st)
{
    struct maps maps = {.site = &st->config->site, .store = st->store};
    struct map_entry entry;
    char file_says[SKU_CAP + ID_CAP];
    size_t skip = 0;
    err_t e = ERR_OK;
    while (e == ERR_OK && (e = maps_next_conflict(&maps, &skip, &entry, file_says)) == ERR_OK)
        e = tell_conflict(st, &entry, file_says);
    if (e != ERR_NOTFOUND) return e;
    return store_is_dirty(st->store) ? store_commit(st->store) : ERR_OK;
}
