#include <string.h>

#include "firmware/channels/plan.h"

static void sum_line(struct plan *p, struct values *v, const struct value_line *part)
{
    for (size_t i = 0; i < v->line_count; i++) {
        struct value_line *l = &p->lines[i];
        if (strcmp(l->remote_id, part->remote_id) == 0 && strcmp(l->sku, part->sku) == 0) {
            l->quantity += part->quantity;
            return;
        }
    }
    p->lines[v->line_count++] = *part;
}

/* The index among the record's parcels; the parcel is added when it is new. */
static size_t parcel_of(struct plan *p, struct values *v, size_t group)
{
    for (size_t i = 0; i < v->parcel_count; i++) {
        if (strcmp(p->parcels[i].tracking, p->trackings[group]) == 0) return i;
    }
    struct value_parcel *parcel = &p->parcels[v->parcel_count];
    *parcel = (struct value_parcel){.weight_g = p->weights[group]};
    memcpy(parcel->tracking, p->trackings[group], TRACKING_CAP);
    return v->parcel_count++;
}

static err_t set_parcels(struct plan *p, const char *link, struct values *v)
{
    err_t e = ERR_OK;
    for (size_t i = 0; i < v->parcel_count && e == ERR_OK; i++) {
        e = value_link(link, p->parcels[i].tracking, p->parcels[i].link);
    }
    if (e || v->parcel_count == 0) return e;
    e = value_set(v, VALUE_PARCEL_TRACKING, slice_text(p->parcels[0].tracking));
    if (e == ERR_OK) e = value_set(v, VALUE_PARCEL_LINK, slice_text(p->parcels[0].link));
    v->text[VALUE_PARCEL_WEIGHT][0] = '\0';
    if (p->parcels[0].weight_g > 0) value_set_int(v, VALUE_PARCEL_WEIGHT, p->parcels[0].weight_g);
    return e;
}

err_t plan_values(struct plan *p, size_t record, const char *key, const char *link,
                  struct values *v)
{
    const struct plan_record *r = &p->records[record];
    char text[KEY_CAP + 8];
    struct buf b = buf_over(text, sizeof text);
    buf_printf(&b, "%s-%d", key, r->number);
    err_t e = value_set(v, VALUE_RECORD_KEY, buf_slice(&b));
    if (e == ERR_OK) e = value_set(v, VALUE_RECORD_ADDRESS, slice_text(r->address));
    v->lines = p->lines;
    v->parts = p->parts;
    v->parcels = p->parcels;
    v->unshipped = p->unshipped;
    v->unshipped_count = p->unshipped_count;
    v->line_count = v->part_count = v->parcel_count = 0;
    for (size_t i = 0; i < p->share_count; i++) {
        const struct plan_share *s = &p->shares[i];
        if (s->record != record) continue;
        struct value_line *part = &p->parts[v->part_count++];
        *part = s->line;
        part->parcel = parcel_of(p, v, s->group);
        sum_line(p, v, &s->line);
    }
    return e ? e : set_parcels(p, link, v);
}

void plan_parcels_found(struct plan *p, const struct remote *m, struct values *v)
{
    for (size_t i = 0; i < v->parcel_count; i++) {
        for (size_t k = 0; k < m->parcel_count; k++) {
            if (plan_same_tracking(p->parcels[i].tracking, m->parcels[k]))
                p->parcels[i].found = true;
        }
    }
}
