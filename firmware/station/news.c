#include "firmware/station/parts.h"

#include <assert.h>
#include <string.h>

struct news *news_add(struct station *st, enum news_kind kind)
{
    assert(st->news_count < NEWS_MAX);
    struct news *n = &st->news[(st->news_first + st->news_count++) % NEWS_MAX];
    memset(n, 0, sizeof *n);
    n->kind = kind;
    return n;
}

static void deliver(struct station *st, const struct news *n)
{
    switch (n->kind) {
    case NEWS_FOUND:
        bench_found(st->bench, n->ticket, n->error, n->id);
        return;
    case NEWS_PRODUCT:
        bench_product_known(st->bench, n->ticket, n->error);
        return;
    case NEWS_UNIT:
        bench_unit_known(st->bench, n->ticket, n->error, &n->unit);
        return;
    case NEWS_CHECKED:
        bench_checked(st->bench, n->ticket, &n->verdict);
        return;
    case NEWS_CLAIMED:
        bench_claimed(st->bench, n->ticket, n->error, n->text);
        return;
    case NEWS_LABEL:
        bench_label(st->bench, n->id, n->label, n->text);
        return;
    case NEWS_VOIDED:
        bench_voided(st->bench, n->id, n->error, n->text);
        return;
    case NEWS_PRINTED:
        bench_printed(st->bench, n->id, n->print, n->text);
        return;
    case NEWS_PRINTER_READY:
        bench_printer_ready(st->bench);
        return;
    case NEWS_PAPER:
        bench_paper_printed(st->bench, n->id, n->print);
        return;
    case NEWS_SCALE:
        bench_scale(st->bench);
        return;
    case NEWS_ONLINE:
        bench_online(st->bench);
        return;
    }
}

/* News may make news (an order answered at once); the ring bounds it. */
void news_deliver(struct station *st)
{
    while (st->news_count > 0) {
        struct news n = st->news[st->news_first];
        st->news_first = (st->news_first + 1) % NEWS_MAX;
        st->news_count--;
        deliver(st, &n);
    }
}
