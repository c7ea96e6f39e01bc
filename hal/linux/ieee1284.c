#include "hal/linux/ieee1284.h"

#include "firmware/base/text.h"

static struct slice without_length(struct slice id)
{
    if (id.len < 2) return id;
    size_t big = (size_t)id.ptr[0] << 8 | id.ptr[1];
    size_t little = (size_t)id.ptr[1] << 8 | id.ptr[0];
    bool length = big == id.len || little == id.len || id.ptr[0] < 0x20 || id.ptr[1] < 0x20;
    return length ? slice_sub(id, 2, id.len) : id;
}

static void keep(struct slice value, char *out, size_t cap)
{
    if (out[0] || !text_is_print(value)) return;
    if (slice_copy(value, out, cap)) out[0] = 0;
}

static void take_pair(struct slice pair, struct ieee1284 *out)
{
    size_t colon = slice_find_byte(pair, ':');
    if (colon == pair.len) return;
    struct slice key = slice_trim(slice_sub(pair, 0, colon));
    struct slice value = slice_trim(slice_sub(pair, colon + 1, pair.len));
    const struct {
        const char *name;
        char *room;
        size_t cap;
    } fields[] = {
        {"MFG", out->maker, sizeof out->maker},
        {"MANUFACTURER", out->maker, sizeof out->maker},
        {"MDL", out->model, sizeof out->model},
        {"MODEL", out->model, sizeof out->model},
        {"CMD", out->commands, sizeof out->commands},
        {"COMMAND SET", out->commands, sizeof out->commands},
        {"SN", out->serial, sizeof out->serial},
        {"SERN", out->serial, sizeof out->serial},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (slice_is_nocase(key, fields[i].name)) keep(value, fields[i].room, fields[i].cap);
}

void ieee1284_parse(struct slice id, struct ieee1284 *out)
{
    *out = (struct ieee1284){0};
    struct slice rest = without_length(id);
    for (;;) {
        size_t end = slice_find_byte(rest, ';');
        if (end == rest.len) return;
        take_pair(slice_sub(rest, 0, end), out);
        rest = slice_sub(rest, end + 1, rest.len);
    }
}
