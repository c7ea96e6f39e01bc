#include "firmware/channels/kits.h"

#include <string.h>

static const struct remote_line *line_of(const struct remote *m, const char *kit)
{
    for (size_t i = 0; i < m->line_count; i++) {
        if (m->lines[i].physical && strcmp(m->lines[i].code, kit) == 0) return &m->lines[i];
    }
    return NULL;
}

bool kits_hold(const struct config_site *site, const struct remote *m, const char *code)
{
    for (size_t i = 0; i < site->kit_count; i++) {
        const struct config_kit *part = &site->kits[i];
        if (strcmp(part->part, code) == 0 && line_of(m, part->sku) != NULL) return true;
    }
    return false;
}

/* Units the shop's order has of the product beside the kit. */
static int64_t own_of(const struct remote *m, const char *code)
{
    int64_t sum = 0;
    for (size_t i = 0; i < m->line_count; i++) {
        const struct remote_line *l = &m->lines[i];
        if (l->physical && strcmp(l->code, code) == 0) sum += l->ordered;
    }
    return sum;
}

/* Units that left by dispatches of this order up to this one. */
static err_t left_upto(const struct kits *k, const char *code, int64_t dispatch_id, int64_t *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(k->store,
                            "SELECT coalesce(sum(i.quantity), 0) FROM dispatch d JOIN "
                            "dispatch_item i ON i.dispatch_id = d.id WHERE d.consignment_id = ?1 "
                            "AND d.id <= ?2 AND d.state NOT IN (4, 6) AND i.sku = ?3",
                            &q);
    if (e) return e;
    store_bind_int(q, 1, k->consignment_id);
    store_bind_int(q, 2, dispatch_id);
    store_bind_text(q, 3, code);
    e = store_step(k->store, q, &row);
    if (e) return e;
    *out = row ? store_int(q, 0) / 1000 : 0;
    return ERR_OK;
}

/* Lines of the shop's order are filled before the kit. */
static err_t whole_upto(const struct kits *k, const struct remote *m, const char *kit,
                        int64_t dispatch_id, int64_t *out)
{
    int64_t whole = INT64_MAX;
    for (size_t i = 0; i < k->site->kit_count; i++) {
        const struct config_kit *part = &k->site->kits[i];
        int64_t left = 0;
        if (strcmp(part->sku, kit) != 0) continue;
        err_t e = left_upto(k, part->part, dispatch_id, &left);
        if (e) return e;
        int64_t own = own_of(m, part->part);
        int64_t kits = left > own ? (left - own) / part->quantity : 0;
        if (kits < whole) whole = kits;
    }
    *out = whole;
    return ERR_OK;
}

static int64_t less(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Leaves of the part's needs what goes to a line of its own. *group: where a part of it lies. */
static err_t keep_own(const struct kits *k, struct plan *p, const struct remote *m,
                      const char *code, size_t *group)
{
    int64_t own = own_of(m, code), now = 0, before = 0;
    err_t e = left_upto(k, code, k->dispatch_id, &now);
    if (e == ERR_OK) e = left_upto(k, code, k->dispatch_id - 1, &before);
    if (e) return e;
    int64_t keep = less(own, now) - less(own, before);
    for (size_t i = 0; i < p->need_count; i++) {
        struct plan_need *n = &p->needs[i];
        if (strcmp(n->sku, code) != 0) continue;
        if (n->left > keep) *group = n->group;
        n->left = less(n->left, keep);
        keep -= n->left;
    }
    return ERR_OK;
}

static err_t gather_one(const struct kits *k, struct plan *p, const struct remote *m,
                        const char *kit)
{
    const struct remote_line *line = line_of(m, kit);
    int64_t now = 0, before = 0;
    size_t group = 0;
    if (line == NULL) return ERR_OK;
    err_t e = whole_upto(k, m, kit, k->dispatch_id, &now);
    if (e == ERR_OK) e = whole_upto(k, m, kit, k->dispatch_id - 1, &before);
    for (size_t i = 0; i < k->site->kit_count && e == ERR_OK; i++) {
        if (strcmp(k->site->kits[i].sku, kit) == 0)
            e = keep_own(k, p, m, k->site->kits[i].part, &group);
    }
    if (e || now <= before) return e;
    if (p->need_count == PLAN_NEEDS_MAX) return ERR_NOSPACE;
    struct plan_need *n = &p->needs[p->need_count++];
    *n = (struct plan_need){.group = group, .left = now - before};
    memcpy(n->sku, line->code, sizeof n->sku);
    return ERR_OK;
}

static bool is_first(const struct config_site *site, size_t nth)
{
    for (size_t i = 0; i < nth; i++) {
        if (strcmp(site->kits[i].sku, site->kits[nth].sku) == 0) return false;
    }
    return true;
}

err_t kits_gather(const struct kits *k, struct plan *p, const struct remote *m)
{
    err_t e = ERR_OK;
    for (size_t i = 0; i < k->site->kit_count && e == ERR_OK; i++) {
        if (is_first(k->site, i)) e = gather_one(k, p, m, k->site->kits[i].sku);
    }
    return e;
}
