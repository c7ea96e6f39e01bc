#include "firmware/channels/values.h"

#include <assert.h>

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

void value_set_int(struct values *v, enum value_id id, int64_t number)
{
    char text[24];
    struct buf b = buf_over(text, sizeof text);
    buf_printf(&b, "%lld", (long long)number);
    err_ignore(value_set(v, id, buf_slice(&b))); /* always fits */
}
