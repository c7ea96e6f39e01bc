#include "tools/packpeers/label.h"

#include "tools/packpeers/exchange.h"

/* ZPL field text: everything that could be a command is written as _HH. */
static void put_field(struct buf *out, unsigned y, unsigned height, const char *text)
{
    if (!text || !text[0]) return;
    buf_printf(out, "^FO40,%u^A0N,%u,%u^FH^FD", y, height, height);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == '^' || *c == '~' || *c == '_' || *c == '\\')
            buf_printf(out, "_%02X", *c);
        else
            buf_byte(out, *c);
    }
    buf_text(out, "^FS\n");
}

void label_zpl(struct buf *out, const struct label_page *pages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct label_page *page = &pages[i];
        buf_text(out, "^XA\n^CI28\n^PW812\n^LL1218\n^LH0,0\n");
        put_field(out, 40, 60, page->carrier);
        put_field(out, 110, 40, page->service);
        if (page->ship_to) {
            put_field(out, 220, 40, page->ship_to->name);
            put_field(out, 270, 34, page->ship_to->line1);
            put_field(out, 310, 34, page->ship_to->town);
            put_field(out, 360, 60, page->ship_to->postcode);
        }
        put_field(out, 480, 30, page->note);
        buf_printf(out, "^FO40,600^A0N,40,40^FDParcel %u of %u^FS\n", (unsigned)page->number,
                   (unsigned)page->of);
        buf_printf(out, "^FO80,760^BY3^BCN,250,Y,N,N,A^FD%s^FS\n^XZ\n", page->barcode);
    }
}

/* ------------------------------------------------------------------------------- documents -- */

static size_t collect_pages(const struct peers *p, const struct document *d,
                            struct label_page pages[LABEL_PAGES_MAX])
{
    size_t n = 0;
    const struct shipment *s = world_get(p, T_SHIPMENT, d->shipment_id);
    if (!s) return 0;
    const struct goods_out *g = world_get(p, T_GOODS_OUT, s->goods_out_id);
    const struct carrier *c = world_get(p, T_CARRIER, s->carrier_id);
    const struct service *v = world_get(p, T_SERVICE, s->service_id);
    const struct package *k;
    for (uint32_t i = 0; (k = world_nth(p, T_PACKAGE, i)) && n < LABEL_PAGES_MAX; i++) {
        if (k->row.gone || k->shipment_id != s->row.id || !k->tracking) continue;
        bool grams = text_same(k->sizes.weight_unit, "gram");
        pages[n] = (struct label_page){.carrier = c ? c->name : "",
                                       .service = v ? v->name : "",
                                       .ship_to = &s->address,
                                       .order = g ? g->reference : "",
                                       .tracking = k->tracking,
                                       .barcode = k->tracking,
                                       .note = s->delivery_notes,
                                       .number = (uint32_t)n + 1,
                                       .of = (uint32_t)s->packages_count,
                                       .weight = grams ? k->sizes.weight / 1000 : k->sizes.weight};
        n++;
    }
    return n;
}

static void render(const struct document *d, struct label_page *pages, size_t n, struct buf *out)
{
    struct pdf_size size = PDF_100X150;
    size_t start = out->len;
    switch (d->kind) {
    case PEER_LABEL_PNG:
        label_png(out, &pages[0]);
        return;
    case PEER_LABEL_ZPL:
        label_zpl(out, pages, n);
        return;
    case PEER_LABEL_NOT_PDF:
        buf_text(out, "This label is being prepared. Please try again later.\n");
        return;
    case PEER_LABEL_HTML:
        buf_text(out, "<!DOCTYPE html><title>Error</title><h1>Something went wrong</h1>\n");
        return;
    case PEER_LABEL_WRONG_CODE:
        for (size_t i = 0; i < n; i++)
            pages[i].barcode = "JD0002220099999999";
        break;
    case PEER_LABEL_PDF_4X6:
        size = PDF_4X6;
        break;
    case PEER_LABEL_A4:
        size = PDF_A4;
        break;
    case PEER_LABEL_PDF_100X150:
    case PEER_LABEL_TRUNCATED:
    case PEER_LABEL_EXTRA_PAGE:
    case PEER_LABEL_KINDS:
        break;
    }
    label_pdf(out, pages, n, size, d->kind == PEER_LABEL_EXTRA_PAGE);
    if (d->kind == PEER_LABEL_TRUNCATED) out->len = start + (out->len - start) / 2;
}

void label_document(const struct peers *p, const struct document *d, struct peer_reply *reply)
{
    struct label_page pages[LABEL_PAGES_MAX];
    size_t n = d ? collect_pages(p, d, pages) : 0;
    if (n == 0) {
        reply_text(reply, 404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>");
        return;
    }
    bool html = d->kind == PEER_LABEL_HTML;
    const char *type = d->kind == PEER_LABEL_PNG   ? "image/png"
                       : d->kind == PEER_LABEL_ZPL ? "text/plain"
                                                   : "application/pdf";
    reply_status(reply, 200);
    reply_header(reply, "Content-Type", html ? "text/html; charset=utf-8" : type);
    render(d, pages, n, &reply->body);
}
