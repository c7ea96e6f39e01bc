/* check_notes.c - texts of the shop's order, each to where the packer looks for it. */
#include "firmware/channels/check.h"

#include <string.h>

#define NOTES (CONFIG_NOTE_GIFT + 1)

/* Where a text goes by the site's rules, the first that fits; else as ever. */
static enum config_note goes_to(const struct config_site *site, const char *channel, int from)
{
    static const enum config_note ever[] = {[CONFIG_FROM_CUSTOMER] = CONFIG_NOTE_CUSTOMER,
                                            [CONFIG_FROM_STAFF] = CONFIG_NOTE_CUSTOMER,
                                            [CONFIG_FROM_GIFT] = CONFIG_NOTE_GIFT};
    for (size_t i = 0; i < site->note_count; i++) {
        const struct config_note_rule *n = &site->notes[i];
        bool here = n->channel[0] == '\0' || strcmp(n->channel, channel) == 0;
        if (here && (int)n->from == from) return n->to;
    }
    return ever[from];
}

/* The customer's words, then the shop's own: two voices in one note are told apart. */
static void put(struct buf *to, const char *voice, const struct buf *text)
{
    if (text->len == 0) return;
    if (to->len > 0) buf_byte(to, '\n');
    buf_text(to, voice);
    buf_put(to, buf_slice(text));
}

static void gather(struct run *r, struct buf notes[NOTES])
{
    const struct config_site *site = &r->ch->o.config->site;
    const char *channel = r->channel->config->name;
    struct remote *m = r->remote;
    enum config_note customer = goes_to(site, channel, CONFIG_FROM_CUSTOMER);
    enum config_note staff = goes_to(site, channel, CONFIG_FROM_STAFF);
    bool both = customer == staff && m->staff_note.len > 0;
    put(&notes[customer], both ? "Customer: " : "", &m->customer_note);
    put(&notes[staff], both ? "Shop: " : "", &m->staff_note);
    put(&notes[goes_to(site, channel, CONFIG_FROM_GIFT)], "", &m->gift_message);
    for (size_t i = CONFIG_NOTE_NONE + 1; i < NOTES; i++)
        put(&notes[i], "", &m->fields.notes[i]);
}

static const char *text_of(struct buf *b)
{
    return b->len == 0 || b->overflow ? NULL : buf_cstr(b);
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

static err_t keep(struct run *r, const struct consignment *c, struct buf notes[NOTES])
{
    char methods[NAME_CAP] = "";
    struct consignment_reading reading = {
        .clarus_id = c->clarus_id,
        .gift_message = text_of(&notes[CONFIG_NOTE_GIFT]),
        .customer_note = text_of(&notes[CONFIG_NOTE_CUSTOMER]),
        .promised_service = joined_methods(r->remote, methods),
    };
    if (reading.gift_message != NULL || reading.customer_note != NULL) {
        bool others = c->packing_note[0] != '\0' || c->delivery_note[0] != '\0';
        reading.notes_source = others ? "clarus+storefront" : "storefront";
    }
    int64_t id = 0;
    struct store *st = r->ch->o.store;
    err_t e = catalogue_put_consignment(st, effects_wall(r->ch->o.fx), &reading, &id);
    if (e) return e;
    return catalogue_set_shop_notes(st, id, buf_slice(&notes[CONFIG_NOTE_PACKING]),
                                    buf_slice(&notes[CONFIG_NOTE_DELIVERY]));
}

err_t check_keep_notes(struct run *r, const struct consignment *c)
{
    struct buf notes[NOTES];
    for (size_t i = 0; i < NOTES; i++)
        notes[i] = buf_new(3 * (size_t)REPLY_MAX);
    gather(r, notes);
    err_t e = keep(r, c, notes);
    for (size_t i = 0; i < NOTES; i++)
        buf_deinit(&notes[i]);
    return e;
}

bool check_note_too_long(const struct remote *m)
{
    return m->gift_message.len > NOTE_STORE_MAX || m->customer_note.len > NOTE_STORE_MAX ||
           m->staff_note.len > NOTE_STORE_MAX;
}
