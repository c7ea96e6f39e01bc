#include "firmware/channels/plan.h"

#include <string.h>

#include "firmware/base/text.h"

void plan_park(struct attempt_result *out, const char *rule, const char *owner, const char *text,
               const char *next_step)
{
    *out = (struct attempt_result){.outcome = ATTEMPT_PARK};
    const struct {
        char *to;
        size_t cap;
        const char *from;
    } parts[] = {{out->rule, sizeof out->rule, rule},
                 {out->owner, sizeof out->owner, owner},
                 {out->text, sizeof out->text, text},
                 {out->next_step, sizeof out->next_step, next_step}};
    for (size_t i = 0; i < 4; i++) {
        struct buf b = buf_over(parts[i].to, parts[i].cap - 1);
        text_visible(&b, slice_text(parts[i].from), parts[i].cap);
    }
}

static err_t refuse(struct attempt_result *why, const char *rule, const char *owner,
                    const char *text, const char *next_step)
{
    plan_park(why, rule, owner, text, next_step);
    return ERR_REFUSED;
}

/* ------------------------------------------------------------------------------------- our side --
 */

/* PARCELS_MAX when the dispatch has more tracking numbers than that. */
static size_t group_of(struct plan *p, const char *tracking)
{
    for (size_t i = 0; i < p->group_count; i++) {
        if (strcmp(p->trackings[i], tracking) == 0) return i;
    }
    if (p->group_count == PARCELS_MAX) return PARCELS_MAX;
    memcpy(p->trackings[p->group_count], tracking, TRACKING_CAP);
    return p->group_count++;
}

static err_t take_need(struct plan *p, sqlite3_stmt *q, struct attempt_result *why)
{
    char tracking[TRACKING_CAP] = "";
    store_text(q, 0, tracking, sizeof tracking);
    size_t group = group_of(p, tracking);
    if (p->need_count == PLAN_NEEDS_MAX || group == PARCELS_MAX) {
        return refuse(why, "channel.too_many_parcels", "integration",
                      "The dispatch has more parcels or lines than one shop order may have.",
                      "Record the shipment in the shop by hand, then resolve.");
    }
    int64_t milli = store_int(q, 4);
    struct plan_need *n = &p->needs[p->need_count];
    *n = (struct plan_need){.line_id = store_int(q, 1), .group = group, .left = milli / 1000};
    if (store_int(q, 6) != p->last_parcel) p->weights[group] += store_int(q, 5);
    p->last_parcel = store_int(q, 6);
    store_text(q, 2, n->sku, sizeof n->sku);
    store_text(q, 3, n->shop_line, sizeof n->shop_line);
    if (milli % 1000 != 0) {
        return refuse(why, "channel.fraction", "product-data",
                      "A packed quantity is not a whole number, and the shop counts whole units.",
                      "Record the shipment in the shop by hand, then resolve.");
    }
    p->need_count++;
    return ERR_OK;
}

err_t plan_read_needs(struct plan *p, struct store *st, int64_t dispatch_id,
                      struct attempt_result *why)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    err_t e = store_prepare(
        st,
        "SELECT replace(p.tracking, ' ', ''), i.line_id, i.sku, coalesce(l.shop_line, ''), "
        "sum(i.quantity), p.weight_g, p.id FROM dispatch_item i JOIN parcel p ON p.id = "
        "i.parcel_id "
        "LEFT JOIN line l ON l.id = i.line_id WHERE i.dispatch_id = ?1 "
        "GROUP BY i.parcel_id, i.line_id ORDER BY p.number, l.position, i.line_id",
        &q);
    if (e) return e;
    store_bind_int(q, 1, dispatch_id);
    for (;;) {
        bool row = false;
        e = store_step(st, q, &row);
        if (e || !row) return e;
        e = take_need(p, q, why);
        if (e) return e;
    }
}

/* ---------------------------------------------------------------------------- what is there yet --
 */

struct plan_style plan_style_of(json_node definition)
{
    json_node records = json_member(definition, "records");
    return (struct plan_style){
        .per_dispatch = slice_is(json_text(json_member(records, "per")), "dispatch"),
        .per_address = json_bool(json_member(records, "per_address"), false),
        .has_items = json_member(records, "items") != NULL,
        .blind = json_count(json_member(definition, "reads")) == 0,
    };
}

void plan_reset(struct plan *p, struct plan_style style)
{
    p->style = style;
    p->need_count = p->group_count = p->record_count = p->share_count = p->unshipped_count = 0;
    p->found = 0;
    p->last_parcel = 0;
    memset(p->used, 0, sizeof p->used);
    memset(p->weights, 0, sizeof p->weights);
}

bool plan_same_tracking(const char *a, const char *b)
{
    for (;;) {
        while (*a == ' ') {
            a++;
        }
        while (*b == ' ') {
            b++;
        }
        if (*a != *b) return false;
        if (*a == '\0') return true;
        a++;
        b++;
    }
}

static size_t group_by_tracking(const struct plan *p, const char *tracking)
{
    for (size_t i = 0; i < p->group_count && tracking[0] != '\0'; i++) {
        if (plan_same_tracking(p->trackings[i], tracking)) return i;
    }
    return p->group_count;
}

static bool is_for(const struct plan_need *n, const struct remote_line *l)
{
    return strcmp(n->shop_line, l->id) == 0 || (strcmp(n->sku, l->code) == 0 && !l->collides);
}

static bool in_group(const struct plan *p, const struct plan_need *n, size_t group)
{
    return p->style.per_dispatch || n->group == group;
}

/* True when the needs of the group cover the whole item; takes it off. */
static bool take_item_off(struct plan *p, size_t group, const struct remote_item *item,
                          const struct remote_line *line)
{
    int64_t rest = item->quantity;
    for (size_t i = 0; i < p->need_count && rest > 0 && line != NULL; i++) {
        struct plan_need *n = &p->needs[i];
        if (!in_group(p, n, group) || n->left == 0 || !is_for(n, line)) continue;
        int64_t part = n->left < rest ? n->left : rest;
        n->left -= part;
        rest -= part;
    }
    return rest == 0;
}

/* The record says what is in it: that much is taken off. Else it stands for all of its parcel. */
static bool take_contents_off(struct plan *p, struct remote *m, const struct remote_record *r,
                              size_t group)
{
    bool fits = p->style.per_dispatch || group < p->group_count;
    for (size_t i = 0; i < r->item_count && fits; i++) {
        const struct remote_item *item = &m->items[r->first_item + i];
        fits = take_item_off(p, group, item, remote_line_by_id(m, item->line_id));
    }
    for (size_t i = 0; i < p->need_count && !p->style.has_items && !r->unfinished; i++) {
        if (in_group(p, &p->needs[i], group)) p->needs[i].left = 0;
    }
    return fits;
}

static int free_number(const struct plan *p, size_t group)
{
    size_t own = group + 1;
    if (!p->style.per_address && own <= REMOTE_NUMBER_MAX && !p->used[own]) return (int)own;
    int number = 1;
    while (number < REMOTE_NUMBER_MAX && p->used[number]) {
        number++;
    }
    return number;
}

/* A record that was begun is gone on with. */
static bool plan_begun(struct plan *p, struct remote *m, const struct remote_record *r,
                       size_t group)
{
    if (p->record_count == PLAN_RECORDS_MAX) return false;
    size_t record = p->record_count++;
    p->records[record] = (struct plan_record){.group = group, .number = r->number, .begun = r};
    for (size_t i = 0; i < r->item_count; i++) {
        const struct remote_item *item = &m->items[r->first_item + i];
        const struct remote_line *l = remote_line_by_id(m, item->line_id);
        if (p->share_count == PLAN_NEEDS_MAX || l == NULL) return false;
        struct plan_share *s = &p->shares[p->share_count++];
        *s = (struct plan_share){.record = record, .group = group};
        s->line.quantity = item->quantity;
        memcpy(s->line.remote_id, l->id, sizeof l->id);
        memcpy(s->line.sku, l->sku, sizeof l->sku);
    }
    return true;
}

/* The parcel a record of ours is for. Begun records may have no tracking number yet. */
static size_t group_of_record(struct plan *p, const struct remote_record *r)
{
    size_t group = group_by_tracking(p, r->tracking);
    bool numbered = r->number > 0 && (size_t)r->number <= p->group_count;
    if (p->style.per_dispatch) return 0;
    if (r->tracking[0] == '\0' && numbered && !p->style.per_address) return (size_t)r->number - 1;
    return group;
}

static err_t take_record_off(struct plan *p, struct remote *m, struct remote_record *r,
                             struct attempt_result *why)
{
    size_t group = group_of_record(p, r);
    bool by_tracking = !p->style.per_dispatch && group < p->group_count;
    if (r->number == 0 && !by_tracking) return ERR_OK; /* somebody else's */
    if (r->number > 0 && p->used[r->number]) {
        return refuse(why, "channel.recorded_twice", "integration",
                      "The shop has two shipment records with the same key of ours.",
                      "Delete the second record in the shop, then retry.");
    }
    if (!take_contents_off(p, m, r, group)) {
        return refuse(why, "channel.record_differs", "integration",
                      "A shipment record in the shop has our key or tracking number and other "
                      "contents.",
                      "Compare it with the dispatch, correct the shop, then retry or resolve.");
    }
    if (r->number == 0) r->number = free_number(p, group);
    p->used[r->number] = true;
    p->found++;
    if (!r->unfinished || plan_begun(p, m, r, group)) return ERR_OK;
    return refuse(why, "channel.too_many_parcels", "integration",
                  "The dispatch needs more shipment records than allowed.",
                  "Record the shipment in the shop by hand, then resolve.");
}

/* Records with our key first: they say which numbers are taken. */
err_t plan_take_off(struct plan *p, struct remote *m, struct attempt_result *why)
{
    for (int keyed = 1; keyed >= 0; keyed--) {
        for (size_t i = 0; i < m->record_count; i++) {
            struct remote_record *r = &m->records[i];
            if ((r->number > 0) != keyed) continue;
            err_t e = take_record_off(p, m, r, why);
            if (e) return e;
        }
    }
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------- the rest --
 */

static size_t record_for(struct plan *p, size_t group, const char *address)
{
    if (p->style.per_dispatch) group = 0;
    for (size_t i = 0; i < p->record_count; i++) {
        bool taken = p->records[i].begun != NULL && p->style.has_items;
        bool same = p->records[i].group == group && strcmp(p->records[i].address, address) == 0;
        if (same && !taken) return i;
    }
    if (p->record_count == PLAN_RECORDS_MAX) return PLAN_RECORDS_MAX;
    int number = free_number(p, group);
    p->used[number] = true;
    struct plan_record *r = &p->records[p->record_count];
    *r = (struct plan_record){.group = group, .number = number};
    memcpy(r->address, address, strlen(address) + 1);
    return p->record_count++;
}

static bool add_share(struct plan *p, size_t record, size_t group, const struct value_line *line)
{
    if (record == PLAN_RECORDS_MAX) return false;
    for (size_t i = 0; i < p->share_count; i++) {
        struct plan_share *s = &p->shares[i];
        if (s->record == record && s->group == group &&
            strcmp(s->line.remote_id, line->remote_id) == 0 &&
            strcmp(s->line.sku, line->sku) == 0) {
            s->line.quantity += line->quantity;
            return true;
        }
    }
    if (p->share_count == PLAN_NEEDS_MAX) return false;
    p->shares[p->share_count++] =
        (struct plan_share){.record = record, .group = group, .line = *line};
    return true;
}

/* Gives as much of the need as the remote line still takes. False when the plan is full. */
static bool share_out(struct plan *p, struct plan_need *n, struct remote_line *l)
{
    int64_t part = n->left < l->left ? n->left : l->left;
    if (part == 0) return true;
    n->left -= part;
    l->left -= part;
    struct value_line line = {.quantity = part, .open = remote_line_left(l)};
    memcpy(line.remote_id, l->id, sizeof l->id);
    memcpy(line.sku, l->sku, sizeof l->sku);
    const char *address = p->style.per_address ? l->address : "";
    return add_share(p, record_for(p, n->group, address), n->group, &line);
}

static err_t place_need(struct plan *p, struct plan_need *n, struct remote *m)
{
    bool known = false;
    bool room = true;
    for (int named = 1; named >= 0; named--) {
        for (size_t i = 0; i < m->line_count && n->left > 0; i++) {
            struct remote_line *l = &m->lines[i];
            bool by_id = strcmp(n->shop_line, l->id) == 0;
            bool fits = named ? by_id : strcmp(n->sku, l->code) == 0 && !l->collides;
            if (!fits || !l->physical) continue;
            known = true;
            room = share_out(p, n, l) && room;
        }
    }
    if (!room) return ERR_NOSPACE;
    if (n->left == 0) return ERR_OK;
    return known ? ERR_REFUSED : ERR_NOTFOUND;
}

static err_t not_placed(err_t e, const struct plan_need *n, struct attempt_result *why)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_text(&b, "SKU ");
    text_visible(&b, slice_text(n->sku), SKU_CAP);
    if (e == ERR_NOTFOUND) {
        buf_text(&b, ": the shop order has no such line to ship.");
        return refuse(why, "channel.line_unknown", "product-data", buf_cstr(&b),
                      "Add the SKU pair to sku_rules or correct the shop order, then retry.");
    }
    if (e == ERR_REFUSED) {
        buf_printf(&b, ": %lld more packed than the shop order has left.", (long long)n->left);
        return refuse(why, "channel.over_shipment", "e-commerce", buf_cstr(&b),
                      "Compare the shop order with the parcels; correct the shop, then retry.");
    }
    return refuse(why, "channel.too_many_parcels", "integration",
                  "The dispatch needs more shipment records than allowed.",
                  "Record the shipment in the shop by hand, then resolve.");
}

/* Where nothing can be read our own lines stand for the shop's. */
static bool share_blind(struct plan *p)
{
    bool room = true;
    for (size_t i = 0; i < p->need_count && room; i++) {
        struct plan_need *n = &p->needs[i];
        struct value_line line = {.quantity = n->left, .open = n->left};
        memcpy(line.remote_id, n->shop_line, sizeof n->shop_line);
        memcpy(line.sku, n->sku, sizeof n->sku);
        room = add_share(p, record_for(p, n->group, ""), n->group, &line);
    }
    return room;
}

static bool is_shared(const struct plan *p, const char *line_id)
{
    for (size_t i = 0; i < p->share_count; i++) {
        if (strcmp(p->shares[i].line.remote_id, line_id) == 0) return true;
    }
    return false;
}

static void note_unshipped(struct plan *p, const struct remote *m)
{
    for (size_t i = 0; i < m->line_count; i++) {
        const struct remote_line *l = &m->lines[i];
        int64_t left = remote_line_left(l);
        if (!l->physical || left == 0 || is_shared(p, l->id)) continue;
        struct value_line *u = &p->unshipped[p->unshipped_count++];
        *u = (struct value_line){.quantity = left, .open = left, .unshipped = true};
        memcpy(u->remote_id, l->id, sizeof l->id);
        memcpy(u->sku, l->sku, sizeof l->sku);
    }
}

err_t plan_rest(struct plan *p, struct remote *m, struct attempt_result *why)
{
    if (p->style.blind) {
        return share_blind(p) ? ERR_OK : not_placed(ERR_NOSPACE, &p->needs[0], why);
    }
    for (size_t i = 0; i < m->line_count; i++) {
        m->lines[i].left = remote_line_left(&m->lines[i]);
    }
    for (size_t i = 0; i < p->need_count; i++) {
        if (p->needs[i].left == 0) continue;
        err_t e = place_need(p, &p->needs[i], m);
        if (e) return not_placed(e, &p->needs[i], why);
    }
    note_unshipped(p, m);
    return ERR_OK;
}
