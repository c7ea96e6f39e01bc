/* ledger.c - the other side: orders placed and changed at the stand-ins, faults, their ledgers, and
 * the lead's decisions at the station. */
#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "tools/demo/demo.h"

static bool tell_peers(struct demo *d, const char *path, const char *body, struct json_doc **out)
{
    struct json_doc *answer = wire_call(d, d->control, path, body);
    bool good = answer && json_bool(json_at(json_root(answer), "/ok"), false);
    if (!good) (void)check(d, false, "the stand-ins take %s %s", path, body);
    if (out)
        *out = answer;
    else
        json_free(answer);
    return good;
}

void order_place(struct demo *d, const char *reference, const char *tote, const char *sku)
{
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"reference\":\"%s\",\"tote\":\"%s\","
                   "\"lines\":[{\"sku\":\"%s\",\"quantity\":1}]}",
                   reference, tote, sku);
    (void)tell_peers(d, "/orders", body, NULL);
}

void order_cancel(struct demo *d, const char *kind, const char *reference)
{
    char body[160];
    if (d->failed) return;
    (void)snprintf(body, sizeof body, "{\"kind\":\"%s\",\"reference\":\"%s\"}", kind, reference);
    if (tell_peers(d, "/changes", body, NULL))
        tell(d, kind[0] == 's' ? "shop" : "clarus", "%s is cancelled here", reference);
}

int64_t fault_set(struct demo *d, const char *body)
{
    struct json_doc *answer = NULL;
    if (d->failed) return 0;
    (void)tell_peers(d, "/faults", body, &answer);
    int64_t id = doc_int(answer, "/id");
    json_free(answer);
    return id;
}

int64_t fault_hits(struct demo *d, int64_t id)
{
    char path[32];
    (void)snprintf(path, sizeof path, "/faults/%lld", (long long)id);
    struct json_doc *answer = wire_call(d, d->control, path, NULL);
    int64_t hits = doc_int(answer, "/hits");
    json_free(answer);
    return hits;
}

void faults_clear(struct demo *d)
{
    if (!wire_delete(d->control, "/faults"))
        (void)check(d, false, "the stand-ins clear their faults");
}

int64_t network_cut(struct demo *d)
{
    int64_t cut = fault_set(d, "{\"peer\":\"clarus\",\"kind\":\"drop\",\"times\":-1}");
    (void)fault_set(d, "{\"peer\":\"shop\",\"kind\":\"drop\",\"times\":-1}");
    tell(d, "network", "gone: every connection ends without an answer");
    return cut;
}

/* ------------------------------------------------------------------------------------ ledger -- */

bool order_read(struct demo *d, const char *reference)
{
    char path[96];
    (void)snprintf(path, sizeof path, "/orders/%s", reference);
    struct json_doc *order = wire_call(d, d->control, path, NULL);
    if (!order) return check(d, false, "the stand-ins know %s", reference);
    json_free(d->order);
    d->order = order;
    return true;
}

bool order_reaches(struct demo *d, const char *reference, const char *member, int64_t value,
                   int patience_s)
{
    int64_t end = demo_now_ms() + (int64_t)patience_s * 1000;
    int64_t now = -1;
    while (!d->failed && demo_all_run(d) && order_read(d, reference)) {
        now = doc_int(d->order, member);
        if (now == value || demo_now_ms() > end) break;
        demo_breathe();
    }
    return check(d, now == value, "ledger: %s %s is %lld (should be %lld)", reference, member + 1,
                 (long long)now, (long long)value);
}

bool order_has(struct demo *d, const char *reference, const char *member, int64_t value)
{
    return order_reaches(d, reference, member, value, 0);
}

bool order_is(struct demo *d, const char *reference, const char *member, const char *text)
{
    char now[DEMO_TEXT] = "";
    if (d->failed || !order_read(d, reference)) return false;
    (void)doc_text(d->order, member, now);
    return check(d, strcmp(now, text) == 0, "ledger: %s %s is \"%s\" (should be \"%s\")", reference,
                 member + 1, now, text);
}

static size_t rows_of(const struct demo *d, const char *pointer)
{
    return d->order ? json_count(json_at(json_root(d->order), pointer)) : 0;
}

/* Each label bought is a shipment in the shop under the same number. */
static bool every_label_is_reported(const struct demo *d)
{
    json_node labels = json_at(json_root(d->order), "/labels");
    json_node rows = json_at(json_root(d->order), "/shop_shipments");
    for (json_node l = json_first(labels); l; l = json_next(l)) {
        struct slice tracking = json_text(json_member(l, "tracking"));
        bool found = false;
        for (json_node r = json_first(rows); r && !found; r = json_next(r))
            found = slice_eq(json_text(json_member(r, "tracking")), tracking);
        if (!found) return false;
    }
    return true;
}

/* No order line is in the ledger with more than was ordered: nothing was said twice. */
void order_complete(struct demo *d, const char *reference, unsigned labels)
{
    if (d->failed || !order_read(d, reference)) return;
    int64_t units = doc_int(d->order, "/shop_ordered");
    int64_t ordered = doc_int(d->order, "/ordered");
    (void)order_reaches(d, reference, "/dispatched", ordered, DELIVERY_S);
    (void)order_reaches(d, reference, "/shop_shipped", units, DELIVERY_S);
    (void)order_is(d, reference, "/status", "COMPLETED");
    (void)order_has(d, reference, "/shop_status", 2);
    (void)order_has(d, reference, "/labels_live", labels);
    if (d->failed) return;
    (void)check(d, rows_of(d, "/labels") == labels, "ledger: %u label%s bought for %s in all",
                labels, labels == 1 ? "" : "s", reference);
    (void)check(d, every_label_is_reported(d), "ledger: the shop has the tracking of each parcel");
}

/* ------------------------------------------------------------------------------- find-and-pull --
 */

static int64_t pull_of(struct demo *d, const char *reference)
{
    struct json_doc *list = wire_call(d, d->console, "/api/exceptions", NULL);
    int64_t id = 0;
    json_node rows = list ? json_at(json_root(list), "/exceptions") : NULL;
    for (json_node r = json_first(rows); r && !id; r = json_next(r)) {
        bool pull = json_bool(json_member(r, "find_and_pull"), false) &&
                    json_bool(json_member(r, "open"), false);
        if (!pull || !slice_is(json_text(json_member(r, "reference")), reference)) continue;
        if (json_int(json_member(r, "id"), 1, INT64_MAX / 2, &id)) id = 0;
    }
    json_free(list);
    return id;
}

int64_t pull_awaited(struct demo *d, const char *reference)
{
    int64_t end = demo_now_ms() + (int64_t)DELIVERY_S * 1000;
    int64_t id = 0;
    while (!d->failed && !id && demo_now_ms() < end && demo_all_run(d)) {
        id = pull_of(d, reference);
        if (!id) demo_breathe();
    }
    (void)check(d, id != 0, "the lead's page asks to find and pull %s", reference);
    return id;
}

void pull_ended(struct demo *d, int64_t id, const char *reference)
{
    char path[64];
    if (d->failed) return;
    (void)snprintf(path, sizeof path, "/api/exceptions/%lld/pulled", (long long)id);
    struct json_doc *answer =
        wire_call(d, d->console, path, "{\"who\":\"Sam\",\"note\":\"back on the shelf\"}");
    tell(d, "lead", "pulled the parcel of %s from the cage", reference);
    (void)check(d, answer && pull_of(d, reference) == 0, "the find-and-pull is closed");
    json_free(answer);
}
