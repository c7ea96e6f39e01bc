#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/channels/preview.h"
#include "tools/packctl/packctl.h"

#define TEXT_MAX  (1u << 20)
#define TRY_LINES 8

static bool read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    uint8_t block[4096];
    if (!f) return false;
    for (size_t n = fread(block, 1, sizeof block, f); n > 0; n = fread(block, 1, sizeof block, f)) {
        buf_put(out, slice_of(block, n));
    }
    bool good = !ferror(f) && !out->overflow;
    (void)fclose(f);
    return good;
}

static bool read_site(const struct ctl *ctl, struct config_site *site)
{
    struct config_faults faults = {.count = 0};
    struct buf text = buf_new(TEXT_MAX);
    bool read = read_file(ctl->site, &text);
    err_t e = read ? config_parse_site(buf_slice(&text), ctl->site, site, &faults) : ERR_NOTFOUND;
    if (!read) (void)fprintf(stderr, "packctl: %s cannot be read\n", ctl->site);
    for (size_t i = 0; e && i < faults.count && i < CONFIG_FAULTS_MAX; i++) {
        char line[600];
        struct buf b = buf_over(line, sizeof line);
        config_fault_text(&faults.items[i], &b);
        (void)fprintf(stderr, "packctl: %s\n", buf_cstr(&b));
    }
    buf_deinit(&text);
    return e == ERR_OK;
}

/* The document beside site.json, else the one built in. */
static bool load(const struct ctl *ctl, const char *name, struct definition *out)
{
    char path[600];
    struct definition_fault fault = {.name = ""};
    struct buf text = buf_new(DEFINITION_MAX + 1);
    const char *slash = strrchr(ctl->site, '/');
    (void)snprintf(path, sizeof path, "%.*s%s.json", slash ? (int)(slash - ctl->site) + 1 : 0,
                   ctl->site, name);
    if (!read_file(path, &text)) {
        buf_clear(&text);
        buf_put(&text, definition_builtin(name));
    }
    err_t e = definition_load(name, buf_slice(&text), out, &fault);
    buf_deinit(&text);
    if (e) (void)fprintf(stderr, "packctl: %s at %s: %s\n", name, fault.path, fault.reason);
    return e == ERR_OK;
}

/* "MUG-1=2". */
static bool take_line(const char *text, size_t index, struct value_line *out)
{
    struct slice s = slice_text(text);
    size_t equals = slice_find_byte(s, '=');
    *out = (struct value_line){.open = 0};
    (void)snprintf(out->remote_id, sizeof out->remote_id, "%zu", index + 1);
    return slice_copy(slice_sub(s, 0, equals), out->sku, sizeof out->sku) == ERR_OK &&
           text_int(slice_sub(s, equals + 1, s.len), 1, 1000000, &out->quantity) == ERR_OK;
}

static int show(const struct preview *p)
{
    struct buf out = buf_new(TEXT_MAX);
    err_t e = preview_put(p, &out);
    if (e == ERR_OK) (void)fputs(buf_cstr(&out), stdout);
    if (e) (void)fprintf(stderr, "packctl: %s\n", err_text(e));
    buf_deinit(&out);
    return e ? EXIT_REFUSED : EXIT_DONE;
}

int channel_try(const struct ctl *ctl, const char *channel, const char *order, char **lines)
{
    static struct config_site site;
    struct value_line taken[TRY_LINES] = {{.quantity = 1, .sku = "SKU", .remote_id = "1"}};
    struct definition d = {.name = ""};
    size_t count = 0;
    for (; count < TRY_LINES && lines[count]; count++) {
        if (!take_line(lines[count], count, &taken[count])) {
            (void)fprintf(stderr, "packctl: a line is SKU=QUANTITY: %s\n", lines[count]);
            return EXIT_USAGE;
        }
    }
    if (!read_site(ctl, &site)) return EXIT_REFUSED;
    const struct config_channel *c = config_channel_by_name(&site, channel);
    if (!c) {
        (void)fprintf(stderr, "packctl: %s has no channel \"%s\"\n", ctl->site, channel);
        return EXIT_REFUSED;
    }
    if (!load(ctl, c->definition, &d)) return EXIT_REFUSED;
    const char *carrier = site.carrier_count > 0 ? site.carriers[0].shop_carrier : "";
    const struct preview p = {.config = c,
                              .root = d.root,
                              .order = order,
                              .tracking = "TRACKING",
                              .carrier = carrier[0] != '\0' ? carrier : "CARRIER",
                              .lines = taken,
                              .line_count = count > 0 ? count : 1};
    int code = show(&p);
    definition_deinit(&d);
    return code;
}
