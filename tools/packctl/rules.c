#include <stdlib.h>
#include <string.h>

#include "firmware/base/mem.h"
#include "firmware/base/text.h"
#include "firmware/mapping/address.h"
#include "firmware/mapping/route.h"
#include "firmware/mapping/sku.h"
#include "firmware/mapping/tracking.h"
#include "hal/hal.h"
#include "tools/packctl/packctl.h"

#define SITE_MAX  (1u << 20)
#define LINE_ROOM 8192
#define CODES_MAX 200000 /* SKUs of one list looked through for collisions */

/* The core's way out for log lines; here a person reads them. */
void hal_log(struct hal *h, struct slice line)
{
    (void)h;
    (void)fprintf(stderr, "packctl: %.*s\n", SLICE_ARGS(line));
}

struct pair_of_codes {
    char code[SKU_CAP];
    char sku[SKU_CAP];
};

struct checking {
    struct maps maps;
    const char *channel;
    size_t lines, wrong;
    struct pair_of_codes *codes; /* owned */
    size_t code_count;
};

/* One line of the list, its parts split at tabs. Says what becomes of it; false: it would be held.
 */
typedef bool check_line(struct checking *c, struct slice *parts, struct buf *say);

static struct slice next_part(struct slice *rest)
{
    size_t end = slice_find_byte(*rest, '\t');
    struct slice part = slice_sub(*rest, 0, end);
    *rest = slice_sub(*rest, end < rest->len ? end + 1 : end, rest->len);
    return part;
}

static void say_rule(struct buf *say, int rule)
{
    if (rule == SKU_RULE_NONE) buf_text(say, "no rule: equal");
    if (rule >= 0) buf_printf(say, "sku_rules[%d]", rule);
}

static bool say_sku_error(struct buf *say, err_t e)
{
    if (e == ERR_INVALID) buf_text(say, "HELD: no code (empty, control characters or no UTF-8)");
    if (e == ERR_NOSPACE) buf_text(say, "HELD: longer than the rule allows");
    if (e == ERR_AMBIGUOUS) buf_text(say, "HELD: the rules do not lead back to this code");
    return false;
}

static void keep_code(struct checking *c, const char *code, struct slice sku)
{
    if (c->code_count == CODES_MAX) return;
    struct pair_of_codes *p = &c->codes[c->code_count++];
    memcpy(p->code, code, SKU_CAP);
    slice_copy_cut(sku, p->sku, sizeof p->sku);
}

static bool check_sku(struct checking *c, struct slice *parts, struct buf *say)
{
    struct sku_mapped mapped, back;
    err_t e = sku_to_clarus(&c->maps, c->channel, parts[0], &mapped);
    if (e) return say_sku_error(say, e);
    keep_code(c, mapped.code, parts[0]);
    buf_printf(say, "%s\t", mapped.code);
    say_rule(say, mapped.rule);
    if (mapped.trimmed) buf_text(say, "; blanks dropped");
    e = sku_to_shop(&c->maps, c->channel, slice_text(mapped.code), &back);
    if (e || !slice_is(parts[0], back.code)) buf_text(say, "; does not lead back");
    return true;
}

static bool check_code(struct checking *c, struct slice *parts, struct buf *say)
{
    struct sku_mapped mapped;
    err_t e = sku_to_shop(&c->maps, c->channel, parts[0], &mapped);
    if (e) return say_sku_error(say, e);
    buf_printf(say, "%s\t", mapped.code);
    say_rule(say, mapped.rule);
    return true;
}

static bool check_unit(struct checking *c, struct slice *parts, struct buf *say)
{
    char code[SKU_CAP], unit[24];
    struct unit_map map;
    int64_t expected = 0;
    slice_copy_cut(parts[0], code, sizeof code);
    slice_copy_cut(parts[1], unit, sizeof unit);
    if (maps_unit(&c->maps, c->channel, code, unit, &map) != ERR_OK) {
        buf_text(say, "HELD: unit.unmapped");
        return false;
    }
    buf_printf(say, "%u", map.factor);
    if (!map.tested) buf_text(say, "\tHELD: unit.untested");
    if (parts[2].len == 0) return map.tested;
    bool right = text_int(parts[2], 1, MAP_FACTOR_MAX, &expected) == ERR_OK &&
                 expected == (int64_t)map.factor;
    if (!right) buf_text(say, "\tHELD: unit.mismatch");
    return right && map.tested;
}

static bool check_method(struct checking *c, struct slice *parts, struct buf *say)
{
    char title[NAME_CAP];
    struct ship_method method;
    bool fits = slice_copy(parts[0], title, sizeof title) == ERR_OK;
    if (!fits || maps_method(&c->maps, c->channel, title, &method) != ERR_OK) {
        buf_text(say, "HELD: ship_method.unmapped");
        return false;
    }
    buf_printf(say, "%s\t%s", method.carrier_code,
               method.service_code[0] ? method.service_code : "any service");
    return true;
}

static bool check_state(struct checking *c, struct slice *parts, struct buf *say)
{
    char status[32];
    enum config_state_action action;
    bool fits = slice_copy(parts[0], status, sizeof status) == ERR_OK;
    if (fits && maps_state(&c->maps, c->channel, status, &action) == ERR_OK)
        buf_text(say, map_action_name(action));
    else
        buf_text(say, "as the channel's definition says");
    return true;
}

static const struct config_carrier *carrier_of(struct checking *c, struct slice code)
{
    char text[ID_CAP];
    slice_copy_cut(code, text, sizeof text);
    return config_carrier_by_code(c->maps.site, text);
}

static bool check_tracking(struct checking *c, struct slice *parts, struct buf *say)
{
    const struct config_carrier *carrier = carrier_of(c, parts[0]);
    const char *fault = tracking_fault(carrier, parts[1]);
    if (fault) {
        buf_printf(say, "HELD: %s", fault);
        return false;
    }
    buf_text(say, carrier ? "fits" : "plausible; carrier without an entry");
    buf_byte(say, '\t');
    return tracking_link(carrier, parts[1], say) == ERR_OK;
}

static bool check_address(struct checking *c, struct slice *parts, struct buf *say)
{
    AUTO_JSON struct json_doc *doc = NULL;
    struct address_fault fault;
    if (json_parse(parts[1], &doc, NULL) != ERR_OK) {
        buf_text(say, "HELD: no JSON object");
        return false;
    }
    err_t e =
        address_check(&c->maps.site->address, carrier_of(c, parts[0]), json_root(doc), &fault);
    if (e) buf_printf(say, "HELD: %s %s", fault.member, fault.reason);
    if (!e) buf_text(say, "complete");
    return e == ERR_OK;
}

static bool check_reference(struct checking *c, struct slice *parts, struct buf *say)
{
    char account[ID_CAP], reference[REFERENCE_CAP], channel[24], order[ID_CAP];
    slice_copy_cut(parts[0], account, sizeof account);
    slice_copy_cut(parts[1], reference, sizeof reference);
    if (channels_route(c->maps.site, account, reference, channel, order) != ERR_OK) {
        buf_text(say, "HELD: order.no_channel");
        return false;
    }
    buf_printf(say, "%s\t%s", channel, order);
    return true;
}

static const struct kind {
    const char *name;
    check_line *check;
    size_t parts;
} kinds[] = {
    {"sku", check_sku, 1},         {"code", check_code, 1},
    {"unit", check_unit, 2},       {"method", check_method, 1},
    {"state", check_state, 1},     {"tracking", check_tracking, 2},
    {"address", check_address, 2}, {"reference", check_reference, 2},
};

/* ---------------------------------------------------------------------------------- collisions --
 */

static int by_code(const void *a, const void *b)
{
    const struct pair_of_codes *x = a, *y = b;
    int order = strcmp(x->code, y->code);
    return order ? order : strcmp(x->sku, y->sku);
}

static void say_collisions(struct checking *c)
{
    if (c->code_count > 1) qsort(c->codes, c->code_count, sizeof *c->codes, by_code);
    for (size_t i = 1; i < c->code_count; i++) {
        const struct pair_of_codes *a = &c->codes[i - 1], *b = &c->codes[i];
        if (strcmp(a->code, b->code) != 0 || strcmp(a->sku, b->sku) == 0) continue;
        (void)printf("HELD: sku.collision: \"%s\" and \"%s\" both become \"%s\"\n", a->sku, b->sku,
                     a->code);
        c->wrong++;
    }
}

/* ---------------------------------------------------------------------------------------- input --
 */

static bool read_site(const char *file, struct config_site *out)
{
    struct buf text = buf_new(SITE_MAX);
    char block[4096];
    FILE *f = fopen(file, "re");
    if (!f) {
        perror(file);
        return false;
    }
    for (size_t n = fread(block, 1, sizeof block, f); n > 0; n = fread(block, 1, sizeof block, f))
        buf_put(&text, slice_of(block, n));
    (void)fclose(f);
    AUTO_MEM struct config_faults *faults = mem_alloc(sizeof *faults);
    err_t e = faults == NULL ? ERR_NOMEM : config_parse_site(buf_slice(&text), file, out, faults);
    buf_deinit(&text);
    for (size_t i = 0; faults && i < faults->count && i < CONFIG_FAULTS_MAX; i++) {
        char room[600];
        struct buf line = buf_over(room, sizeof room - 1);
        config_fault_text(&faults->items[i], &line);
        (void)fprintf(stderr, "packctl: %s\n", buf_cstr(&line));
    }
    return e == ERR_OK;
}

static void check_one(struct checking *c, const struct kind *kind, struct slice line)
{
    uint8_t room[LINE_ROOM], seen[LINE_ROOM];
    struct slice parts[3] = {SLICE_NONE, SLICE_NONE, SLICE_NONE};
    struct slice rest = line;
    struct buf say = buf_over(room, sizeof room - 1);
    struct buf shown = buf_over(seen, sizeof seen - 1);
    /* The first part of two may be left out: a number alone, an address alone. */
    bool alone = kind->parts == 2 && slice_find_byte(line, '\t') == line.len;
    for (size_t i = alone ? 1 : 0; i < 3; i++)
        parts[i] = next_part(&rest);
    if (!kind->check(c, parts, &say)) c->wrong++;
    c->lines++;
    text_visible(&shown, line, 200);
    (void)printf("%s\t%s\n", buf_cstr(&shown), buf_cstr(&say));
}

static void check_list(struct checking *c, const struct kind *kind, FILE *list)
{
    char line[LINE_ROOM];
    while (fgets(line, sizeof line, list)) {
        size_t len = strcspn(line, "\r\n");
        if (len > 0) check_one(c, kind, slice_of(line, len));
    }
    say_collisions(c);
    (void)fprintf(stderr, "%zu lines, %zu would be held\n", c->lines, c->wrong);
}

int rules_check(const struct ctl *ctl, const char *name, FILE *list)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0) kind = &kinds[i];
    AUTO_MEM struct config_site *site = mem_alloc(sizeof *site);
    AUTO_MEM struct pair_of_codes *codes = mem_alloc(CODES_MAX * sizeof *codes);
    if (!kind || !site || !codes) {
        (void)fprintf(stderr, "packctl: there is no such kind of rule; see packctl --help\n");
        return EXIT_USAGE;
    }
    if (!read_site(ctl->site, site)) return EXIT_USAGE;
    struct checking c = {.maps = {.site = site}, .channel = ctl->channel, .codes = codes};
    if (!c.channel) c.channel = site->channel_count == 1 ? site->channels[0].name : "";
    check_list(&c, kind, list);
    return c.wrong ? EXIT_REFUSED : EXIT_DONE;
}
