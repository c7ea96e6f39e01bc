#include "drivers/scanner/hidpos.h"

#include <string.h>

#define PAGE_DESKTOP   0x01
#define PAGE_SCANNER   0x8C
#define USAGE_COUNT    0x3B /* of the desktop page: bytes of data */
#define USAGE_AIM      0xFB
#define USAGE_DATA     0xFE
#define USAGE_GOES_ON  0xFF
#define USAGES_MAX     16
#define DESCRIPTOR_MAX 4096
#define REPORT_BITS    8192
#define REPORTS_MAX    8

/* Items of a report descriptor, without their size bits. */
enum item {
    ITEM_INPUT = 0x80,
    ITEM_USAGE_PAGE = 0x04,
    ITEM_REPORT_SIZE = 0x74,
    ITEM_REPORT_ID = 0x84,
    ITEM_REPORT_COUNT = 0x94,
    ITEM_USAGE = 0x08,
    ITEM_COLLECTION = 0xA0,
    ITEM_END_COLLECTION = 0xC0,
    ITEM_OUTPUT = 0x90,
    ITEM_FEATURE = 0xB0,
};

struct reading {
    uint32_t page, size, count;
    uint8_t id;
    uint32_t usages[USAGES_MAX]; /* page in the upper half */
    size_t usage_count;
    struct {
        uint8_t id;
        uint32_t bits; /* so far, the id included */
        struct hidpos_layout found;
    } reports[REPORTS_MAX];
    size_t report_count;
};

/* ------------------------------------------------------------------------------ descriptor -- */

static uint32_t item_value(struct slice data)
{
    uint32_t v = 0;
    for (size_t i = data.len; i > 0; i--)
        v = v << 8 | data.ptr[i - 1];
    return v;
}

/* The index of the report being described; REPORTS_MAX when there are too many. */
static size_t this_report(struct reading *r)
{
    size_t i = 0;
    while (i < r->report_count && r->reports[i].id != r->id)
        i++;
    if (i == r->report_count && i < REPORTS_MAX) {
        r->reports[i].id = r->id;
        r->reports[i].bits = r->id ? 8 : 0;
        r->reports[i].found.report_id = r->id;
        r->report_count++;
    }
    return i;
}

static void place(struct hidpos_layout *found, uint32_t usage, uint32_t bit,
                  const struct reading *r)
{
    if (usage == (PAGE_DESKTOP << 16 | USAGE_COUNT)) {
        found->has_length = true;
        found->length_at = (uint16_t)bit;
    } else if (usage == (PAGE_SCANNER << 16 | USAGE_AIM)) {
        found->aim_at = (uint16_t)bit;
    } else if (usage == (PAGE_SCANNER << 16 | USAGE_DATA) && r->size == 8) {
        found->data_at = (uint16_t)bit;
        found->data_bytes = (uint16_t)r->count;
    } else if (usage == (PAGE_SCANNER << 16 | USAGE_GOES_ON)) {
        found->continued_at = (uint16_t)bit;
    }
}

/* An input field: each of its values has the usage of its place, the last one for the rest. */
static err_t take_input(struct reading *r)
{
    size_t at = this_report(r);
    uint64_t bits = (uint64_t)r->size * r->count;
    if (at == REPORTS_MAX || bits > REPORT_BITS) return ERR_PROTO;
    uint32_t from = r->reports[at].bits;
    if (from + bits > REPORT_BITS) return ERR_PROTO;
    for (size_t i = 0; i < r->usage_count && (i == 0 || i < r->count); i++)
        place(&r->reports[at].found, r->usages[i], from + (uint32_t)i * r->size, r);
    r->reports[at].bits = from + (uint32_t)bits;
    return ERR_OK;
}

static void add_usage(struct reading *r, struct slice data)
{
    uint32_t v = item_value(data);
    if (data.len < 4) v = r->page << 16 | (v & 0xFFFF);
    if (r->usage_count < USAGES_MAX) r->usages[r->usage_count++] = v;
}

static err_t take_item(struct reading *r, uint8_t kind, struct slice data)
{
    err_t e = ERR_OK;
    switch (kind) {
    case ITEM_USAGE_PAGE:
        r->page = item_value(data) & 0xFFFF;
        return ERR_OK;
    case ITEM_REPORT_SIZE:
        r->size = item_value(data);
        return ERR_OK;
    case ITEM_REPORT_COUNT:
        r->count = item_value(data);
        return ERR_OK;
    case ITEM_REPORT_ID:
        r->id = (uint8_t)item_value(data);
        return r->id ? ERR_OK : ERR_PROTO;
    case ITEM_USAGE:
        add_usage(r, data);
        return ERR_OK;
    case ITEM_INPUT:
        e = take_input(r);
        r->usage_count = 0;
        return e;
    case ITEM_OUTPUT:
    case ITEM_FEATURE:
    case ITEM_COLLECTION:
    case ITEM_END_COLLECTION:
        r->usage_count = 0;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

static err_t read_items(struct reading *r, struct slice d)
{
    static const size_t SIZES[] = {0, 1, 2, 4};
    while (d.len > 0) {
        uint8_t head = d.ptr[0];
        size_t size = SIZES[head & 3];
        if (head == 0xFE || d.len < 1 + size) return ERR_PROTO; /* long items: none is defined */
        err_t e = take_item(r, head & 0xFC, slice_sub(d, 1, 1 + size));
        if (e) return e;
        d = slice_sub(d, 1 + size, d.len);
    }
    return ERR_OK;
}

static bool is_byte_wise(const struct hidpos_layout *l)
{
    return l->data_at % 8 == 0 && l->aim_at % 8 == 0 && l->length_at % 8 == 0;
}

err_t hidpos_layout_read(struct slice descriptor, struct hidpos_layout *out)
{
    struct reading r = {0};
    if (descriptor.len == 0 || descriptor.len > DESCRIPTOR_MAX) return ERR_PROTO;
    err_t e = read_items(&r, descriptor);
    if (e) return e;
    for (size_t i = 0; i < r.report_count; i++) {
        const struct hidpos_layout *l = &r.reports[i].found;
        if (l->data_bytes == 0 || !is_byte_wise(l)) continue;
        *out = *l;
        return ERR_OK;
    }
    return ERR_UNSUPPORTED;
}

/* --------------------------------------------------------------------------------- reports -- */

void hidpos_init(struct hidpos *h, const struct hidpos_layout *layout)
{
    *h = (struct hidpos){.layout = *layout};
}

static void forget(struct hidpos *h)
{
    h->len = 0;
    h->aim[0] = '\0';
    h->too_long = h->goes_on = h->whole = false;
}

static bool goes_on(const struct hidpos *h, struct slice report)
{
    size_t byte = h->layout.continued_at / 8;
    if (h->layout.continued_at == 0 || byte >= report.len) return false;
    return (report.ptr[byte] >> (h->layout.continued_at % 8)) & 1;
}

/* The code in this report: as long as it says, never longer than its field or the report. */
static struct slice data_of(const struct hidpos *h, struct slice report)
{
    size_t from = h->layout.data_at / 8;
    struct slice data = slice_sub(report, from, from + h->layout.data_bytes);
    size_t at = h->layout.length_at / 8;
    if (h->layout.has_length && at < report.len) return slice_sub(data, 0, report.ptr[at]);
    while (data.len > 0 && data.ptr[data.len - 1] == 0)
        data.len--;
    return data;
}

static void take_aim(struct hidpos *h, struct slice report)
{
    size_t at = h->layout.aim_at / 8;
    if (h->layout.aim_at == 0 || at + 3 > report.len || report.ptr[at] != ']') return;
    memcpy(h->aim, report.ptr + at, 3);
    h->aim[3] = '\0';
}

static void append(struct hidpos *h, struct slice data)
{
    if (data.len == 0) return;
    if (h->too_long || data.len > sizeof h->text - h->len) {
        h->too_long = true;
        return;
    }
    memcpy(h->text + h->len, data.ptr, data.len);
    h->len += data.len;
}

enum hidpos_news hidpos_report(struct hidpos *h, struct slice report, mono_t now)
{
    if (h->layout.report_id && (report.len == 0 || report.ptr[0] != h->layout.report_id))
        return HIDPOS_NOTHING;
    if (h->whole) forget(h);
    if (!h->goes_on) take_aim(h, report);
    append(h, data_of(h, report));
    h->last_report = now;
    h->goes_on = goes_on(h, report);
    h->whole = !h->goes_on;
    if (h->goes_on) return HIDPOS_NOTHING;
    if (h->too_long) return HIDPOS_TOO_LONG;
    return h->len > 0 ? HIDPOS_SCAN : HIDPOS_NOTHING;
}

enum hidpos_news hidpos_tick(struct hidpos *h, mono_t now)
{
    if (!mono_reached(now, hidpos_deadline(h))) return HIDPOS_NOTHING;
    forget(h);
    return HIDPOS_BROKEN;
}

mono_t hidpos_deadline(const struct hidpos *h)
{
    return h->goes_on ? mono_plus(h->last_report, HIDPOS_STALE_MS) : MONO_NEVER;
}
