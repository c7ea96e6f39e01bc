#include "firmware/channels/secret.h"

#include <string.h>

#include "firmware/base/text.h"

void secret_wipe(struct secret *s)
{
    memset(s, 0, sizeof *s);
    __asm__ volatile("" : : "r"(s) : "memory"); /* the wipe is not optimised away */
}

err_t secret_read(struct hal *hal, const char *name, struct secret *out)
{
    struct buf b = buf_over(out->text, sizeof out->text - 1);
    err_t e = hal_secret_read(hal, name, &b);
    out->len = b.len;
    if (e == ERR_OK && !b.overflow && b.len > 0) return ERR_OK;
    secret_wipe(out);
    return ERR_DENIED;
}

static struct slice key_part(struct slice all)
{
    size_t from = slice_find(all, SLICE("-----BEGIN "));
    return slice_sub(all, from, all.len);
}

struct slice secret_find(const struct secret *s, struct slice name)
{
    struct slice all = slice_of(s->text, s->len);
    if (slice_is(name, "secret")) return text_is_print(all) ? all : SLICE_NONE;
    if (slice_is(name, "secret.private_key")) return key_part(all);
    struct slice part = slice_sub(name, sizeof "secret." - 1, name.len);
    while (all.len > 0) {
        size_t end = slice_find_byte(all, '\n');
        struct slice line = slice_sub(all, 0, end);
        size_t colon = slice_find_byte(line, ':');
        struct slice value = slice_trim(slice_sub(line, colon + 1, line.len));
        if (colon < line.len && slice_eq(slice_trim(slice_sub(line, 0, colon)), part)) {
            return text_is_print(value) ? value : SLICE_NONE;
        }
        all = slice_sub(all, end + 1, all.len);
    }
    return SLICE_NONE;
}
