#include "firmware/channels/values.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"

#define VALUE_NAME(name, text) [name] = (text),
static const char *const names[VALUE_COUNT] = {VALUE_LIST(VALUE_NAME)};
#undef VALUE_NAME

enum value_id value_id_of(struct slice name)
{
    for (int i = 0; i < VALUE_COUNT; i++) {
        if (slice_is(name, names[i])) return (enum value_id)i;
    }
    return VALUE_COUNT;
}

const char *value_name(enum value_id id)
{
    assert(id < VALUE_COUNT);
    return names[id];
}

err_t value_set(struct values *v, enum value_id id, struct slice text)
{
    assert(id < VALUE_COUNT);
    return slice_copy(text, v->text[id], VALUE_CAP);
}

void value_set_bool(struct values *v, enum value_id id, bool yes)
{
    err_ignore(value_set(v, id, slice_text(yes ? "true" : "false"))); /* always fits */
}

static struct slice number_text(struct value_room *room, int64_t number)
{
    struct buf b = buf_over(room->text, sizeof room->text);
    buf_printf(&b, "%lld", (long long)number);
    return buf_slice(&b);
}

void value_set_int(struct values *v, enum value_id id, int64_t number)
{
    struct value_room room;
    err_ignore(value_set(v, id, number_text(&room, number))); /* always fits */
}

/* ---------------------------------------------------------------------------------------- named --
 */

err_t value_set_named(struct values *v, struct slice name, struct slice text)
{
    enum value_id id = value_id_of(name);
    if (id != VALUE_COUNT) return value_set(v, id, text);
    size_t i = 0;
    while (i < v->named_count && !slice_is(name, v->named[i].name)) {
        i++;
    }
    if (i == NAMED_MAX) return ERR_NOSPACE;
    err_t e = slice_copy(name, v->named[i].name, VALUE_NAME_CAP);
    if (e) return e;
    if (i == v->named_count) v->named_count++;
    return slice_copy(text, v->named[i].text, VALUE_CAP);
}

void value_clear_record(struct values *v)
{
    v->text[VALUE_RECORD_ID][0] = '\0';
    for (size_t i = 0; i < v->named_count; i++) {
        if (slice_starts(slice_text(v->named[i].name), "record.")) v->named[i].text[0] = '\0';
    }
}

/* -------------------------------------------------------------------------------------- finding --
 */

static struct slice line_value(const struct value_line *l, enum value_id id,
                               struct value_room *room)
{
    if (id == VALUE_LINE_REMOTE_ID) return slice_text(l->remote_id);
    if (id == VALUE_LINE_SKU) return slice_text(l->sku);
    if (id == VALUE_LINE_SHIPPED) return l->unshipped ? SLICE("false") : SLICE("true");
    if (l->unshipped && id == VALUE_LINE_QUANTITY) return SLICE("0");
    return number_text(room, id == VALUE_LINE_OPEN ? l->open : l->quantity);
}

static struct slice parcel_value(const struct value_place *at, enum value_id id,
                                 struct value_room *room)
{
    const struct value_parcel *p = at->parcel;
    if (id == VALUE_PARCEL_TRACKING) return slice_text(p->tracking);
    if (id == VALUE_PARCEL_LINK) return slice_text(p->link);
    if (id == VALUE_PARCEL_FOUND) return p->found ? SLICE("true") : SLICE("false");
    if (id == VALUE_PARCEL_NUMBER) return number_text(room, (int64_t)at->parcel_index + 1);
    return p->weight_g > 0 ? number_text(room, p->weight_g) : SLICE_NONE;
}

static bool is_of_parcel(enum value_id id)
{
    return id == VALUE_PARCEL_TRACKING || id == VALUE_PARCEL_LINK || id == VALUE_PARCEL_FOUND ||
           id == VALUE_PARCEL_NUMBER || id == VALUE_PARCEL_WEIGHT;
}

struct slice value_find(const struct values *v, const struct value_place *place, struct slice name,
                        struct value_room *room)
{
    enum value_id id = value_id_of(name);
    if (id >= VALUE_LINE_REMOTE_ID && id <= VALUE_LINE_OPEN) {
        return place->line != NULL ? line_value(place->line, id, room) : SLICE_NONE;
    }
    if (is_of_parcel(id) && place->parcel != NULL) return parcel_value(place, id, room);
    if (id != VALUE_COUNT) return slice_text(v->text[id]);
    for (size_t i = 0; i < v->named_count; i++) {
        if (slice_is(name, v->named[i].name)) return slice_text(v->named[i].text);
    }
    return SLICE_NONE;
}

err_t value_link(const char *form, const char *tracking, char out[VALUE_CAP])
{
    struct buf b = buf_over(out, VALUE_CAP - 1);
    struct slice text = slice_text(form);
    size_t at = slice_find(text, SLICE("{tracking}"));
    out[0] = '\0';
    if (at == text.len) return ERR_OK;
    buf_put(&b, slice_sub(text, 0, at));
    text_percent(&b, slice_text(tracking));
    buf_put(&b, slice_sub(text, at + sizeof "{tracking}" - 1, text.len));
    out[b.overflow ? 0 : b.len] = '\0';
    return b.overflow ? ERR_NOSPACE : ERR_OK;
}
