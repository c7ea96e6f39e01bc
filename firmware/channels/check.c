#include "firmware/channels/check.h"

#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/base/mem.h"
#include "firmware/base/text.h"

/* The first reading: digests of the shop's lines and addresses and of the address Clarus had then,
 * and its time; with colons between. */
#define FIRST_CAP (3 * DIGEST_HEX_CAP + 24)

/* What the catalogue keeps of a check, beside the consignment's own row. */
struct kept {
    char first[FIRST_CAP];       /* "": none yet */
    char clarus[DIGEST_HEX_CAP]; /* of the address Clarus has now; "": not readable */
    struct promised promised;
    bool packed; /* something is in a parcel and not saved: the first reading stands */
};

/* ----------------------------------------------------------------------------------- verdicts --
 */

struct verdict check_verdict(enum verdict_kind kind, const char *rule, const char *owner,
                             const char *text, const char *next_step)
{
    struct attempt_result parts;
    plan_park(&parts, rule, owner, text, next_step);
    struct verdict v = {.kind = kind, .origin = "storefront"};
    memcpy(v.rule, parts.rule, sizeof v.rule);
    memcpy(v.owner, parts.owner, sizeof v.owner);
    memcpy(v.text, parts.text, sizeof v.text);
    memcpy(v.next_step, parts.next_step, sizeof v.next_step);
    return v;
}

static void end(struct run *r, const struct verdict *v)
{
    struct channels *ch = r->ch;
    uint32_t ticket = r->ticket;
    run_free(r);
    ch->o.checked(ch->o.ctx, ticket, v);
}

static struct verdict by_state(const struct remote *m)
{
    static const struct {
        const char *rule, *owner, *text, *next_step;
    } holds[] = {
        {"order.unpaid", "e-commerce", "The order is not paid in the shop.",
         "Put it aside; the shop releases it when it is paid."},
        {"order.hold", "e-commerce", "The shop waits for a manual check of this order.",
         "Put it aside until the shop has released it."},
        {"order.disputed", "e-commerce", "The payment of this order is disputed.",
         "Put it aside until the shop has released it."},
        {"order.part_refunded", "e-commerce", "A part of this order was refunded.",
         "Ask what is still to be sent, then correct the order."},
        {"order.pickup", "e-commerce", "The customer collects this order.",
         "Put it aside for collection."},
        {"order.state_held", "e-commerce", "The state of the shop order means hold here.",
         "Put it aside until the shop has released it."},
    };
    if (m->state == REMOTE_CANCELLED) {
        return check_verdict(VERDICT_STOP, m->rule, "lead",
                             "The order is cancelled or refunded in the shop.",
                             "Empty the box, void the label, put the goods back.");
    }
    bool sent = strcmp(m->rule, "order.state_sent") == 0;
    if (m->state == REMOTE_SHIPPED && (sent || remote_complete(m))) {
        return check_verdict(VERDICT_SENT, m->rule, "lead", "The shop has this order as shipped.",
                             "Put it aside and compare with the shop.");
    }
    if (m->state == REMOTE_OPEN || m->state == REMOTE_SHIPPED) {
        return (struct verdict){.kind = VERDICT_GO, .origin = "storefront"};
    }
    for (size_t i = 0; i < sizeof holds / sizeof holds[0]; i++) {
        if (strcmp(holds[i].rule, m->rule) != 0) continue;
        return check_verdict(VERDICT_HOLD, m->rule, holds[i].owner, holds[i].text,
                             holds[i].next_step);
    }
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text);
    buf_printf(&b, "The state \"%s\" of the shop order is not known here.", m->status);
    return check_verdict(VERDICT_HOLD, m->rule, "integration", buf_cstr(&b),
                         "Ask the shop; add the state to the definition.");
}

/* ------------------------------------------------------------------------------------- edited --
 */

static err_t load_kept(struct run *r, struct kept *k)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    *k = (struct kept){.packed = false};
    err_t e = store_prepare(
        r->ch->o.store,
        "SELECT shop_digest, carrier_code, service_code, EXISTS (SELECT 1 FROM parcel p "
        "JOIN parcel_item i ON i.parcel_id = p.id WHERE p.consignment_id = ?1 AND p.state <> ?2 "
        "AND NOT EXISTS (SELECT 1 FROM dispatch_item d WHERE d.line_id = i.line_id AND "
        "d.parcel_id = p.id)), recipient FROM consignment WHERE id = ?1",
        &q);
    if (e) return e;
    store_bind_int(q, 1, r->consignment_id);
    store_bind_int(q, 2, PARCEL_VOID);
    bool row = false;
    e = store_step(r->ch->o.store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    store_text(q, 0, k->first, sizeof k->first);
    store_text(q, 1, k->promised.carrier_code, sizeof k->promised.carrier_code);
    store_text(q, 2, k->promised.service_code, sizeof k->promised.service_code);
    k->packed = store_int(q, 3) != 0;
    struct slice recipient = store_blob(q, 4);
    return recipient.len > 0 ? digest_hex(recipient, k->clarus) : ERR_OK;
}

static err_t keep_reading(struct run *r, const char *reading)
{
    AUTO_RELAX struct store_relaxed relaxed = store_relax(r->ch->o.store);
    err_t e = store_begin(r->ch->o.store);
    if (e) return e;
    AUTO_STMT sqlite3_stmt *q = NULL;
    e = store_prepare(r->ch->o.store, "UPDATE consignment SET shop_digest = ?2 WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, r->consignment_id);
    store_bind_text(q, 2, reading);
    return store_run(r->ch->o.store, q);
}

static err_t reading_now(struct run *r, const struct kept *k, int64_t at, char out[FIRST_CAP])
{
    const struct remote *m = r->remote;
    char lines[DIGEST_HEX_CAP], addresses[DIGEST_HEX_CAP];
    struct buf b = buf_over(out, FIRST_CAP - 1);
    if (m->line_text.overflow || m->address_text.overflow) return ERR_NOSPACE;
    err_t e = digest_hex(buf_slice(&m->line_text), lines);
    if (e == ERR_OK) e = digest_hex(buf_slice(&m->address_text), addresses);
    if (e) return e;
    buf_printf(&b, "%s:%s:%s:%lld", lines, addresses, k->clarus, (long long)at);
    out[b.len] = '\0';
    return ERR_OK;
}

/* Part of a reading, counted from 0. */
static struct slice part_of(const char *reading, int nth)
{
    struct slice rest = slice_text(reading);
    for (; nth > 0; nth--) {
        size_t end = slice_find_byte(rest, ':');
        rest = slice_sub(rest, end < rest.len ? end + 1 : end, rest.len);
    }
    return slice_sub(rest, 0, slice_find_byte(rest, ':'));
}

static bool same_part(const char *a, const char *b, int nth)
{
    return slice_eq(part_of(a, nth), part_of(b, nth));
}

/* A lead settled the changed address by hand since the first reading. */
static bool settled(struct run *r, const char *first)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    int64_t at = 0;
    if (text_int(part_of(first, 3), 0, INT64_MAX, &at) != ERR_OK) return false;
    if (store_prepare(r->ch->o.store,
                      "SELECT 1 FROM exception WHERE consignment_id = ?1 AND open = 0 AND "
                      "rule = 'address.changed' AND closed_how = 'resolve' AND closed_at > ?2",
                      &q))
        return false;
    store_bind_int(q, 1, r->consignment_id);
    store_bind_int(q, 2, at);
    return store_step(r->ch->o.store, q, &row) == ERR_OK && row;
}

/* The address in Clarus was put right meanwhile. */
static bool corrected(const char *first, const char *now)
{
    return part_of(first, 2).len > 0 && part_of(now, 2).len > 0 && !same_part(first, now, 2);
}

static struct verdict address_changed(bool packed)
{
    return packed
               ? check_verdict(VERDICT_CHANGED, "address.changed", "lead",
                               "The address of the shop order was changed since it was opened.",
                               "Void the label, correct the address in Clarus, open it anew.")
               : check_verdict(VERDICT_HOLD, "address.changed", "lead",
                               "The address of the shop order was changed since it was released.",
                               "Correct the address in Clarus, or resolve this if it is right.");
}

/* The shop's order compared with its own first reading: lines while something is packed, the
 * address always. */
static err_t by_edit(struct run *r, const struct kept *k, struct verdict *v)
{
    char now[FIRST_CAP];
    int64_t at = effects_wall(r->ch->o.fx).ms;
    err_t e = reading_now(r, k, at, now);
    if (e) return e;
    if (k->first[0] == '\0') return keep_reading(r, now);
    bool lines = !same_part(k->first, now, 0);
    bool address = !same_part(k->first, now, 1);
    if (k->packed && lines) {
        *v = check_verdict(VERDICT_CHANGED, "order.edited", "packer",
                           "The lines of the shop order were changed since it was opened.",
                           "Compare what is in the box with the shop; open the order anew.");
        return ERR_OK;
    }
    bool accepted = address && !k->packed && (corrected(k->first, now) || settled(r, k->first));
    if (address && !accepted) {
        *v = address_changed(k->packed);
        return ERR_OK;
    }
    bool better = !k->packed && (lines || address || !same_part(k->first, now, 2));
    return better ? keep_reading(r, now) : ERR_OK;
}

/* ---------------------------------------------------------------------- into the catalogue --
 */

/* The only shop line of our SKU; NULL when there is none or several. */
static const char *shop_line_of(const struct run *r, const char *sku)
{
    const struct remote_line *only = NULL;
    for (size_t i = 0; i < r->remote->line_count; i++) {
        const struct remote_line *l = &r->remote->lines[i];
        if (!l->physical || strcmp(l->code, sku) != 0) continue;
        if (only != NULL) return NULL;
        only = l;
    }
    return only == NULL ? NULL : only->id;
}

static err_t keep_lines(struct run *r)
{
    struct line *lines = mem_alloc(LINES_MAX * sizeof *lines);
    if (lines == NULL) return ERR_NOMEM;
    size_t count = 0;
    err_t e = catalogue_lines(r->ch->o.store, r->consignment_id, lines, LINES_MAX, &count);
    for (size_t i = 0; i < count && i < LINES_MAX && e == ERR_OK; i++) {
        const char *id = shop_line_of(r, lines[i].sku);
        if (id == NULL || strcmp(id, lines[i].shop_line) == 0) continue;
        e = catalogue_set_shop_line(r->ch->o.store, lines[i].id, id);
    }
    mem_free(lines);
    return e;
}

/* ------------------------------------------------------------------------------------- the end --
 */

static err_t judge(struct run *r, struct verdict *v)
{
    struct kept kept;
    struct consignment *c = mem_alloc(sizeof *c);
    if (c == NULL) return ERR_NOMEM;
    err_t e = catalogue_consignment(r->ch->o.store, r->consignment_id, c);
    if (e == ERR_OK) e = load_kept(r, &kept);
    *v = by_state(r->remote);
    bool goes = v->kind == VERDICT_GO;
    if (e == ERR_OK && goes) e = check_rules(r, &kept.promised, v);
    if (goes && v->kind == VERDICT_GO && check_note_too_long(r->remote)) {
        *v = check_verdict(VERDICT_HOLD, "note.too_long", "e-commerce",
                           "A note of the shop order is longer than can be kept whole.",
                           "Shorten it in the shop.");
    }
    struct verdict edit = {.kind = VERDICT_GO};
    if (e == ERR_OK && goes) e = by_edit(r, &kept, &edit);
    if (edit.kind != VERDICT_GO) *v = edit;
    if (e == ERR_OK) e = check_keep_notes(r, c);
    if (e == ERR_OK) e = keep_lines(r);
    mem_free(c);
    return e;
}

static void end_unanswered(struct run *r, const struct answer *a)
{
    struct verdict v = check_verdict(
        VERDICT_UNKNOWN, a->end == RULE_REAUTH ? "channel.credentials" : "channel.down",
        "integration", "The shop gave no answer about this order.",
        "Look at the shop's connection; the order is asked about again.");
    if (a->end == RULE_NOT_YET) {
        v = check_verdict(VERDICT_HOLD, "order.not_in_shop", "e-commerce",
                          "The shop does not know this order number.",
                          "Check the order in the shop and the channel rules.");
    } else if (a->end == RULE_PARK) {
        v = check_verdict(VERDICT_UNKNOWN, a->rule[0] != '\0' ? a->rule : "channel.refused",
                          "integration", "The shop's answer about this order cannot be used.",
                          "Look at the shop's interface and the definition.");
    }
    end(r, &v);
}

static void read_done(struct run *r, const struct answer *failed)
{
    if (failed != NULL) {
        end_unanswered(r, failed);
        return;
    }
    struct verdict v;
    err_t e = judge(r, &v);
    if (e) {
        log_event(r->ch->o.log, LOG_ERROR, "channel.check", "error=%s", err_name(e));
        v = check_verdict(VERDICT_UNKNOWN, "channel.store", "integration",
                          "The shop's answer could not be kept.", "Try again.");
    }
    end(r, &v);
}

void check_start(struct channels *ch, struct channel *channel, uint32_t ticket,
                 const struct consignment *c, bool ahead)
{
    struct run *r = run_new(ch, channel, "check");
    if (r == NULL) {
        struct verdict v = check_verdict(VERDICT_UNKNOWN, "channel.busy", "integration",
                                         "Too many questions to the shop are under way.", "Wait.");
        ch->o.checked(ch->o.ctx, ticket, &v);
        return;
    }
    r->ticket = ticket;
    r->ahead = ahead;
    r->consignment_id = c->id;
    r->read_done = read_done;
    err_t e = value_set(&r->v, VALUE_ORDER_NUMBER, slice_text(c->shop_order));
    if (e || !run_order_number_fits(r)) {
        struct verdict v = check_verdict(VERDICT_HOLD, "channel.order_number", "integration",
                                         "The shop order number has not the form this shop uses.",
                                         "Correct the channel rules for this reference.");
        end(r, &v);
        return;
    }
    run_read(r);
}
