#include "firmware/channels/run.h"

#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/base/mem.h"
#include "firmware/base/text.h"

/* What the catalogue keeps of a check, beside the consignment's own row. */
struct kept {
    char shop_digest[2 * DIGEST_HEX_CAP]; /* lines ':' addresses; "": first reading */
    char carrier_code[ID_CAP];
    char service_code[ID_CAP];
    bool packed; /* something is in a parcel and not saved: the first reading stands */
};

/* ----------------------------------------------------------------------------------- verdicts --
 */

static struct verdict verdict_make(enum verdict_kind kind, const char *rule, const char *owner,
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
    };
    if (m->state == REMOTE_CANCELLED) {
        return verdict_make(VERDICT_STOP, m->rule, "lead",
                            "The order is cancelled or refunded in the shop.",
                            "Empty the box, void the label, put the goods back.");
    }
    if (m->state == REMOTE_SHIPPED && remote_complete(m)) {
        return verdict_make(VERDICT_SENT, m->rule, "lead", "The shop has this order as shipped.",
                            "Put it aside and compare with the shop.");
    }
    if (m->state == REMOTE_OPEN || m->state == REMOTE_SHIPPED) {
        return (struct verdict){.kind = VERDICT_GO, .origin = "storefront"};
    }
    for (size_t i = 0; i < sizeof holds / sizeof holds[0]; i++) {
        if (strcmp(holds[i].rule, m->rule) != 0) continue;
        return verdict_make(VERDICT_HOLD, m->rule, holds[i].owner, holds[i].text,
                            holds[i].next_step);
    }
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text);
    buf_printf(&b, "The state \"%s\" of the shop order is not known here.", m->status);
    return verdict_make(VERDICT_HOLD, m->rule, "integration", buf_cstr(&b),
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
        "d.parcel_id = p.id)) FROM consignment WHERE id = ?1",
        &q);
    if (e) return e;
    store_bind_int(q, 1, r->consignment_id);
    store_bind_int(q, 2, PARCEL_VOID);
    bool row = false;
    e = store_step(r->ch->o.store, q, &row);
    if (e) return e;
    if (!row) return ERR_NOTFOUND;
    store_text(q, 0, k->shop_digest, sizeof k->shop_digest);
    store_text(q, 1, k->carrier_code, sizeof k->carrier_code);
    store_text(q, 2, k->service_code, sizeof k->service_code);
    k->packed = store_int(q, 3) != 0;
    return ERR_OK;
}

static err_t keep_digest(struct run *r, const char *digest)
{
    err_t e = store_begin(r->ch->o.store);
    if (e) return e;
    AUTO_STMT sqlite3_stmt *q = NULL;
    e = store_prepare(r->ch->o.store, "UPDATE consignment SET shop_digest = ?2 WHERE id = ?1", &q);
    if (e) return e;
    store_bind_int(q, 1, r->consignment_id);
    store_bind_text(q, 2, digest);
    return store_run(r->ch->o.store, q);
}

static err_t digest_now(const struct remote *m, char out[2 * DIGEST_HEX_CAP])
{
    if (m->line_text.overflow || m->address_text.overflow) return ERR_NOSPACE;
    err_t e = digest_hex(buf_slice(&m->line_text), out);
    if (e) return e;
    out[DIGEST_HEX_CAP - 1] = ':';
    return digest_hex(buf_slice(&m->address_text), out + DIGEST_HEX_CAP);
}

/* Compares with the first reading while something is packed; else this is the first reading. */
static err_t by_edit(struct run *r, const struct kept *k, struct verdict *v)
{
    char now[2 * DIGEST_HEX_CAP];
    err_t e = digest_now(r->remote, now);
    if (e) return e;
    if (k->shop_digest[0] == '\0' || !k->packed) return keep_digest(r, now);
    if (strcmp(k->shop_digest, now) == 0) return ERR_OK;
    bool lines = memcmp(k->shop_digest, now, DIGEST_HEX_CAP) != 0;
    *v = lines ? verdict_make(VERDICT_CHANGED, "order.edited", "packer",
                              "The lines of the shop order were changed since it was opened.",
                              "Compare what is in the box with the shop; open the order anew.")
               : verdict_make(VERDICT_CHANGED, "address.changed", "lead",
                              "The address of the shop order was changed since it was opened.",
                              "Void the label, correct the address in Clarus, open it anew.");
    return ERR_OK;
}

/* -------------------------------------------------------------------------------- ship method --
 */

static const struct config_ship_method *
method_of(const struct config_site *site, const char *channel, const char *title, bool *out_any)
{
    const struct config_ship_method *found = NULL;
    for (size_t i = 0; i < site->ship_method_count; i++) {
        const struct config_ship_method *s = &site->ship_methods[i];
        if (strcmp(s->channel, channel) != 0) continue;
        *out_any = true;
        if (found == NULL && strcmp(s->title, title) == 0) found = s;
    }
    return found;
}

/* What Clarus does not say cannot differ. */
static bool differs(const char *promised, const char *on_order)
{
    return promised[0] != '\0' && on_order[0] != '\0' && strcmp(promised, on_order) != 0;
}

static void say_unmapped(struct verdict *v, const char *title)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_text(&b, "Ship method \"");
    text_visible(&b, slice_text(title), 96);
    buf_text(&b, "\" is not mapped to a carrier and service.");
    *v = verdict_make(VERDICT_HOLD, "ship_method.unmapped", "integration", buf_cstr(&b),
                      "Add the exact title to ship_methods of this channel.");
}

static void say_differs(struct verdict *v, const struct config_ship_method *s, const struct kept *k)
{
    char text[SAY_CAP];
    struct buf b = buf_over(text, sizeof text - 1);
    buf_text(&b, "Promised ");
    text_visible(&b, slice_text(s->carrier_code), 24);
    buf_byte(&b, ' ');
    text_visible(&b, slice_text(s->service_code), 24);
    buf_text(&b, "; Clarus has ");
    text_visible(&b, slice_text(k->carrier_code), 24);
    buf_byte(&b, ' ');
    text_visible(&b, slice_text(k->service_code), 24);
    buf_byte(&b, '.');
    *v = verdict_make(VERDICT_HOLD, "ship_method.differs", "lead", buf_cstr(&b),
                      "Correct carrier and service of the order in Clarus.");
}

static void by_method(struct run *r, const struct kept *k, struct verdict *v)
{
    const struct config_site *site = &r->ch->o.config->site;
    const char *channel = r->channel->config->name;
    const struct config_ship_method *wrong = NULL;
    bool right = false;
    bool any = false;
    for (size_t i = 0; i < r->remote->method_count; i++) {
        const struct config_ship_method *s = method_of(site, channel, r->remote->methods[i], &any);
        if (s == NULL && any) {
            say_unmapped(v, r->remote->methods[i]);
            return;
        }
        if (s == NULL) return;
        if (differs(s->carrier_code, k->carrier_code) ||
            differs(s->service_code, k->service_code)) {
            wrong = s;
        } else {
            right = true;
        }
    }
    if (r->remote->method_cut) {
        (void)method_of(site, channel, "", &any);
        if (any) say_unmapped(v, "(longer than 79 characters)");
    } else if (wrong != NULL && !right) {
        say_differs(v, wrong, k);
    }
}

/* ---------------------------------------------------------------------- into the catalogue --
 */

static const char *note_or_null(struct buf *b)
{
    if (b->len == 0) return NULL;
    return b->overflow ? NULL : buf_cstr(b);
}

/* The customer's words, then the shop's own: two voices in one note are told apart. */
static const char *order_note(struct remote *m)
{
    if (m->staff_note.len == 0) return note_or_null(&m->customer_note);
    struct buf both = buf_new(2 * REPLY_MAX + 64);
    if (m->customer_note.len > 0) {
        buf_text(&both, "Customer: ");
        buf_put(&both, buf_slice(&m->customer_note));
        buf_byte(&both, '\n');
    }
    buf_text(&both, "Shop: ");
    buf_put(&both, buf_slice(&m->staff_note));
    if (both.overflow) {
        buf_deinit(&both);
        return note_or_null(&m->customer_note);
    }
    buf_deinit(&m->customer_note);
    m->customer_note = both;
    return buf_cstr(&m->customer_note);
}

static const char *joined_methods(const struct remote *m, char out[NAME_CAP])
{
    struct buf b = buf_over(out, NAME_CAP);
    for (size_t i = 0; i < m->method_count; i++) {
        if (i > 0) buf_text(&b, " / ");
        buf_text(&b, m->methods[i]);
    }
    if (b.overflow) return m->methods[0];
    return m->method_count > 0 ? buf_cstr(&b) : NULL;
}

static err_t keep_notes(struct run *r, const struct consignment *c)
{
    char methods[NAME_CAP] = "";
    struct remote *m = r->remote;
    struct consignment_reading reading = {
        .clarus_id = c->clarus_id,
        .gift_message = note_or_null(&m->gift_message),
        .customer_note = order_note(m),
        .promised_service = joined_methods(m, methods),
    };
    if (reading.gift_message != NULL || reading.customer_note != NULL) {
        bool others = c->packing_note[0] != '\0' || c->delivery_note[0] != '\0';
        reading.notes_source = others ? "clarus+storefront" : "storefront";
    }
    int64_t id = 0;
    return catalogue_put_consignment(r->ch->o.store, effects_wall(r->ch->o.fx), &reading, &id);
}

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

static bool note_too_long(const struct remote *m)
{
    return m->gift_message.len > NOTE_STORE_MAX || m->customer_note.len > NOTE_STORE_MAX ||
           m->staff_note.len > NOTE_STORE_MAX;
}

static err_t judge(struct run *r, struct verdict *v)
{
    struct kept kept;
    struct consignment *c = mem_alloc(sizeof *c);
    if (c == NULL) return ERR_NOMEM;
    err_t e = catalogue_consignment(r->ch->o.store, r->consignment_id, c);
    if (e == ERR_OK) e = load_kept(r, &kept);
    *v = by_state(r->remote);
    bool goes = v->kind == VERDICT_GO;
    if (e == ERR_OK && goes) by_method(r, &kept, v);
    if (goes && v->kind == VERDICT_GO && note_too_long(r->remote)) {
        *v = verdict_make(VERDICT_HOLD, "note.too_long", "e-commerce",
                          "A note of the shop order is longer than can be kept whole.",
                          "Shorten it in the shop.");
    }
    struct verdict edit = {.kind = VERDICT_GO};
    if (e == ERR_OK && goes) e = by_edit(r, &kept, &edit);
    if (edit.kind != VERDICT_GO) *v = edit;
    if (e == ERR_OK) e = keep_notes(r, c);
    if (e == ERR_OK) e = keep_lines(r);
    mem_free(c);
    return e;
}

static void end_unanswered(struct run *r, const struct answer *a)
{
    struct verdict v = verdict_make(
        VERDICT_UNKNOWN, a->end == RULE_REAUTH ? "channel.credentials" : "channel.down",
        "integration", "The shop gave no answer about this order.",
        "Look at the shop's connection; the order is asked about again.");
    if (a->end == RULE_NOT_YET) {
        v = verdict_make(VERDICT_HOLD, "order.not_in_shop", "e-commerce",
                         "The shop does not know this order number.",
                         "Check the order in the shop and the channel rules.");
    } else if (a->end == RULE_PARK) {
        v = verdict_make(VERDICT_UNKNOWN, a->rule[0] != '\0' ? a->rule : "channel.refused",
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
        v = verdict_make(VERDICT_UNKNOWN, "channel.store", "integration",
                         "The shop's answer could not be kept.", "Try again.");
    }
    end(r, &v);
}

void check_start(struct channels *ch, struct channel *channel, uint32_t ticket,
                 const struct consignment *c)
{
    struct run *r = run_new(ch, channel, "check");
    if (r == NULL) {
        struct verdict v = verdict_make(VERDICT_UNKNOWN, "channel.busy", "integration",
                                        "Too many questions to the shop are under way.", "Wait.");
        ch->o.checked(ch->o.ctx, ticket, &v);
        return;
    }
    r->ticket = ticket;
    r->consignment_id = c->id;
    r->read_done = read_done;
    err_t e = value_set(&r->v, VALUE_ORDER_NUMBER, slice_text(c->shop_order));
    if (e || !run_order_number_fits(r)) {
        struct verdict v = verdict_make(VERDICT_HOLD, "channel.order_number", "integration",
                                        "The shop order number has not the form this shop uses.",
                                        "Correct the channel rules for this reference.");
        end(r, &v);
        return;
    }
    run_read(r);
}
