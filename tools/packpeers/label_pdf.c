#include <stdio.h>
#include <string.h>

#include "tools/packpeers/label.h"

/* One printer dot at 203 dpi in points: bars on this grid stay sharp when rasterised. */
#define DOT (72.0 / 203.0)

#define OBJECTS_MAX (5 + 4 * LABEL_PAGES_MAX)

struct pdf {
    struct buf *out;
    size_t start;
    size_t offsets[OBJECTS_MAX];
    unsigned objects;
    struct pdf_size size;
};

static void object_open(struct pdf *f, unsigned number)
{
    f->offsets[number] = f->out->len - f->start;
    buf_printf(f->out, "%u 0 obj\n", number);
}

/* One code point of UTF-8; advances. Broken bytes give '?'. */
static unsigned next_point(const char **at)
{
    const unsigned char *s = (const unsigned char *)*at;
    unsigned more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc0 ? 1 : 0;
    unsigned point = more == 3 ? s[0] & 7u : more == 2 ? s[0] & 15u : more == 1 ? s[0] & 31u : s[0];
    (*at)++;
    for (; more > 0 && (**at & 0xc0) == 0x80; more--)
        point = point << 6 | ((unsigned char)*(*at)++ & 63u);
    return more ? '?' : point;
}

static uint8_t win_ansi(unsigned point)
{
    static const struct {
        uint16_t point;
        uint8_t code;
    } odd[] = {{0x20ac, 0x80}, {0x2013, 0x96}, {0x2014, 0x97}, {0x2018, 0x91},
               {0x2019, 0x92}, {0x201c, 0x93}, {0x201d, 0x94}, {0x2026, 0x85}};
    if ((point >= 0x20 && point < 0x7f) || (point >= 0xa0 && point <= 0xff)) return (uint8_t)point;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (odd[i].point == point) return odd[i].code;
    return point < 0x20 ? ' ' : '?';
}

struct ink {
    struct buf *out;
    double x;
    double y;
    double points;
    bool bold;
};

/* At most `chars` characters of text at the ink's place; returns what did not fit. */
static const char *put_line(struct ink *k, const char *text, unsigned chars)
{
    const char *at = text ? text : "";
    buf_printf(k->out, "BT /F%d %.1f Tf 1 0 0 1 %.2f %.2f Tm <", k->bold ? 2 : 1, k->points, k->x,
               k->y);
    for (unsigned n = 0; *at && n < chars; n++)
        buf_printf(k->out, "%02X", win_ansi(next_point(&at)));
    buf_text(k->out, "> Tj ET\n");
    k->y -= k->points * 1.2;
    return at;
}

static void put_filled(struct ink *k, const char *text, unsigned chars)
{
    if (text && text[0]) (void)put_line(k, text, chars);
}

static void put_bars(struct buf *out, const struct label_page *page, struct pdf_size size)
{
    struct code128 code;
    if (code128_make(slice_text(page->barcode), &code)) return;
    unsigned room = (unsigned)(size.width / DOT);
    unsigned dots = 4;
    while (dots > 1 && (code.modules + 20) * dots > room)
        dots--;
    unsigned x = (room - code.modules * dots) / 2;
    for (size_t i = 0; i < code.count; i++) {
        unsigned width = code.widths[i] * dots;
        if (i % 2 == 0) buf_printf(out, "%.4f 48 %.4f 96 re f\n", x * DOT, width * DOT);
        x += width;
    }
}

static void put_address(struct ink *k, const struct address *a)
{
    k->points = 13;
    k->bold = true;
    put_filled(k, a->name, 36);
    k->points = 11;
    k->bold = false;
    put_filled(k, a->line1, 44);
    put_filled(k, a->line2, 44);
    put_filled(k, a->town, 44);
    put_filled(k, a->county, 44);
    k->points = 20;
    k->bold = true;
    k->y -= 8;
    put_filled(k, a->postcode, 12);
    k->points = 9;
    k->bold = false;
    put_filled(k, a->country, 6);
}

static void put_page(struct buf *out, const struct label_page *page, struct pdf_size size)
{
    double top = size.height;
    char text[96];
    buf_printf(out, "0 g 0 %.2f %.2f 44 re f 1 g\n", top - 44, size.width);
    struct ink k = {out, 12, top - 30, 20, true};
    (void)put_line(&k, page->carrier, 22);
    k = (struct ink){out, size.width / 2, top - 28, 12, true};
    (void)put_line(&k, page->service, 22);
    buf_text(out, "0 g\n");
    k = (struct ink){out, 12, top - 66, 9, false};
    (void)put_line(&k, "Deliver to", 20);
    k.y -= 4;
    if (page->ship_to) put_address(&k, page->ship_to);
    k = (struct ink){out, 12, 206, 9, false};
    if (page->note && page->note[0]) {
        const char *rest = put_line(&k, page->note, 56);
        rest = put_line(&k, rest, 56);
        (void)put_line(&k, rest, 56);
    }
    (void)snprintf(text, sizeof text, "Parcel %u of %u", (unsigned)page->number,
                   (unsigned)page->of);
    k = (struct ink){out, 12, 164, 13, true};
    (void)put_line(&k, text, 40);
    (void)snprintf(text, sizeof text, "%s   %lld.%02lld kg", page->order ? page->order : "",
                   (long long)(page->weight / 1000), (long long)(page->weight % 1000 / 10));
    k = (struct ink){out, size.width / 2 - 8, 165, 10, false};
    (void)put_line(&k, text, 40);
    buf_printf(out, "0.8 w 12 156 m %.2f 156 l S 12 216 m %.2f 216 l S\n", size.width - 12,
               size.width - 12);
    put_bars(out, page, size);
    k = (struct ink){out, size.width / 2 - (double)strlen(page->tracking) * 3.6, 26, 13, false};
    (void)put_line(&k, page->tracking, 48);
}

static void put_stream(struct pdf *f, const struct label_page *page)
{
    struct buf content = buf_new((size_t)256 * 1024);
    if (page) put_page(&content, page, f->size);
    object_open(f, f->objects);
    buf_printf(f->out, "<< /Length %zu >>\nstream\n", content.len);
    buf_put(f->out, buf_slice(&content));
    buf_text(f->out, "\nendstream\nendobj\n");
    buf_deinit(&content);
}

/* Objects: 1 catalog, 2 pages, 3 and 4 fonts, then a page and its content for each. */
static void put_head(struct pdf *f, size_t pages)
{
    buf_text(f->out, "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n");
    object_open(f, 1);
    buf_text(f->out, "<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
    object_open(f, 2);
    buf_printf(f->out, "<< /Type /Pages /Count %zu /Kids [", pages);
    for (size_t i = 0; i < pages; i++)
        buf_printf(f->out, "%zu 0 R ", 5 + 2 * i);
    buf_text(f->out, "] >>\nendobj\n");
    for (unsigned i = 0; i < 2; i++) {
        object_open(f, 3 + i);
        buf_printf(f->out,
                   "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica%s /Encoding "
                   "/WinAnsiEncoding >>\nendobj\n",
                   i ? "-Bold" : "");
    }
    f->objects = 4;
}

static void put_page_object(struct pdf *f, const struct label_page *page)
{
    object_open(f, ++f->objects);
    buf_printf(
        f->out,
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f] /Resources << /Font << /F1 3 "
        "0 R /F2 4 0 R >> >> /Contents %u 0 R >>\nendobj\n",
        f->size.width, f->size.height, f->objects + 1);
    f->objects++;
    put_stream(f, page);
}

static void put_tail(struct pdf *f)
{
    size_t at = f->out->len - f->start;
    buf_printf(f->out, "xref\n0 %u\n0000000000 65535 f \n", f->objects + 1);
    for (unsigned i = 1; i <= f->objects; i++)
        buf_printf(f->out, "%010zu 00000 n \n", f->offsets[i]);
    buf_printf(f->out, "trailer\n<< /Size %u /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n",
               f->objects + 1, at);
}

void label_pdf(struct buf *out, const struct label_page *pages, size_t count, struct pdf_size size,
               bool extra)
{
    struct pdf f = {.out = out, .start = out->len, .size = size};
    if (count > LABEL_PAGES_MAX) count = LABEL_PAGES_MAX;
    put_head(&f, extra ? count * 2 : count);
    for (size_t i = 0; i < count; i++) {
        put_page_object(&f, &pages[i]);
        if (extra) put_page_object(&f, NULL);
    }
    put_tail(&f);
}
