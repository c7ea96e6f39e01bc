/* console_rules.c - what tomorrow's work would be held for: each open order against the site's
 * tables, and what its shop said last. */
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/catalogue/verdict.h"
#include "firmware/console/console_parts.h"
#include "firmware/mapping/order_check.h"

#define ORDERS_MAX   50 /* looked at by one answer */
#define FINDINGS_MAX 8

struct open_order {
    int64_t id;
    char reference[REFERENCE_CAP];
    char channel[24];
    int64_t asked_at; /* 0: the shop was not asked yet */
    int64_t kind;
    char rule[RULE_CAP];
    char owner[OWNER_CAP];
    char text[SAY_CAP];
};

static err_t read_open(struct console_pages *c, int64_t after, struct open_order *out,
                       size_t *out_count)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    *out_count = 0;
    err_t e = store_prepare(c->o.store,
                            "SELECT c.id, c.reference, c.channel, coalesce(w.at, 0), "
                            "coalesce(w.kind, 0), coalesce(w.rule, ''), coalesce(w.owner, ''), "
                            "coalesce(w.text, '') FROM consignment c LEFT JOIN watch w ON "
                            "w.consignment_id = c.id WHERE +c.id > ?1 AND c.state IN (0, 1, 11) "
                            "ORDER BY c.id LIMIT ?2",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, after);
    store_bind_int(q, 2, ORDERS_MAX);
    while (*out_count < ORDERS_MAX && !(e = store_step(c->o.store, q, &row)) && row) {
        struct open_order *o = &out[(*out_count)++];
        *o = (struct open_order){
            .id = store_int(q, 0), .asked_at = store_int(q, 3), .kind = store_int(q, 4)};
        store_text(q, 1, o->reference, sizeof o->reference);
        store_text(q, 2, o->channel, sizeof o->channel);
        store_text(q, 5, o->rule, sizeof o->rule);
        store_text(q, 6, o->owner, sizeof o->owner);
        store_text(q, 7, o->text, sizeof o->text);
    }
    return e;
}

struct finding {
    const char *from, *rule, *owner, *text;
    bool holds;
};

static void put_finding(struct json_writer *w, const struct open_order *o, const struct finding *f)
{
    json_open_object(w, NULL);
    json_put_text(w, "reference", o->reference);
    json_put_text(w, "channel", o->channel);
    json_put_text(w, "from", f->from);
    json_put_text(w, "rule", f->rule);
    json_put_text(w, "owner", f->owner);
    json_put_text(w, "text", f->text);
    json_put_text(w, "mode", f->holds ? "hold" : "observe");
    json_close_object(w);
}

/* A finding counts once for its order, by the strictest. */
static err_t put_order(struct console_pages *c, struct json_writer *w, const struct open_order *o,
                       bool *out_held)
{
    struct maps maps = {.site = &c->o.config->site, .store = c->o.store};
    struct order_finding found[FINDINGS_MAX];
    size_t count = 0;
    *out_held = false;
    if (o->channel[0] == '\0') {
        *out_held = true;
        put_finding(w, o,
                    &(struct finding){"station", "order.no_channel", "integration",
                                      "No rule says which shop this order belongs to.", true});
    }
    err_t e = order_check(&maps, effects_wall(c->o.fx), o->id, found, FINDINGS_MAX, &count);
    for (size_t i = 0; i < count; i++) {
        bool holds = !maps_observes(maps.site, found[i].rule);
        *out_held = *out_held || holds;
        put_finding(
            w, o, &(struct finding){"clarus", found[i].rule, found[i].owner, found[i].text, holds});
    }
    if (o->rule[0] && o->kind != VERDICT_UNKNOWN) {
        bool holds = o->kind != VERDICT_GO;
        *out_held = *out_held || holds;
        put_finding(w, o, &(struct finding){"storefront", o->rule, o->owner, o->text, holds});
    }
    return e;
}

static void send_worklist(struct ask *a, const struct open_order *orders, size_t count)
{
    size_t held = 0, asked = 0;
    err_t e = ERR_OK;
    struct json_writer w = console_begin(a->c);
    json_open_array(&w, "findings");
    for (size_t i = 0; i < count && !e; i++) {
        bool one = false;
        e = put_order(a->c, &w, &orders[i], &one);
        held += one;
        asked += orders[i].asked_at > 0;
    }
    json_close_array(&w);
    json_put_int(&w, "orders", (int64_t)count);
    json_put_int(&w, "held", (int64_t)held);
    json_put_int(&w, "asked", (int64_t)asked);
    json_put_int(&w, "next", count == ORDERS_MAX ? orders[count - 1].id : 0);
    json_close_object(&w);
    if (e)
        console_fail_err(a, e, SLICE_NONE);
    else
        console_send_json(a);
}

void console_get_worklist(struct ask *a)
{
    char text[24];
    int64_t after = 0;
    size_t count = 0;
    AUTO_MEM struct open_order *orders = mem_alloc(ORDERS_MAX * sizeof *orders);
    err_t e = orders ? console_query(a, "after", text, sizeof text) : ERR_NOMEM;
    if (!e && text[0]) e = text_int(slice_text(text), 0, INT64_MAX, &after);
    if (!e) e = read_open(a->c, after, orders, &count);
    if (e)
        console_fail_err(a, e, SLICE("after"));
    else
        send_worklist(a, orders, count);
}
