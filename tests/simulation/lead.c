#include "tests/simulation/lead.h"

#include <stdio.h>
#include <string.h>

#include "firmware/station/parts.h"
#include "tests/simulation/net.h"

/* What the lead has before her: an exception and the order it is about ("": none). */
struct open_exception {
    int64_t id;
    char rule[64];
    char reference[REFERENCE_CAP];
};

static const char SQL_OPEN[] =
    "SELECT e.id, e.rule, coalesce(c.reference, (SELECT k.reference FROM message m JOIN "
    "consignment k ON k.id = m.consignment_id WHERE m.id = e.message_id), (SELECT k.reference FROM "
    "dispatch d JOIN consignment k ON k.id = d.consignment_id WHERE d.id = e.dispatch_id), '') "
    "FROM "
    "exception e LEFT JOIN consignment c ON c.id = e.consignment_id WHERE e.open = 1 ORDER BY e.id "
    "LIMIT 1 OFFSET ?1";
static const char SQL_COUNT[] = "SELECT count(*) FROM exception WHERE open = 1";
static const char SQL_KEY[] = "SELECT d.key FROM dispatch d JOIN consignment c ON c.id = "
                              "d.consignment_id WHERE c.reference = "
                              "?1 ORDER BY d.id DESC LIMIT 1";

static bool nth_open(struct sim *s, int64_t n, struct open_exception *out)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (!s->station || store_prepare(s->station->store, SQL_OPEN, &q)) return false;
    store_bind_int(q, 1, n);
    if (store_step(s->station->store, q, &row) || !row) return false;
    out->id = store_int(q, 0);
    store_text(q, 1, out->rule, sizeof out->rule);
    store_text(q, 2, out->reference, sizeof out->reference);
    return true;
}

static bool key_of(struct sim *s, const char *reference, char *out, size_t cap)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    if (!s->station || store_prepare(s->station->store, SQL_KEY, &q)) return false;
    store_bind_text(q, 1, reference);
    if (store_step(s->station->store, q, &row) || !row) return false;
    store_text(q, 0, out, cap);
    return true;
}

static struct sim_order *order_by(struct sim *s, const char *reference)
{
    for (size_t i = 0; i < s->order_count; i++)
        if (reference[0] && strcmp(s->orders[i].reference, reference) == 0) return &s->orders[i];
    return NULL;
}

static void post(struct sim *s, const char *path, const char *body)
{
    const struct hal_sim_request r = {.method = HAL_POST,
                                      .path = path,
                                      .body = body,
                                      .content_type = "application/json",
                                      .token = "console-token-for-tests"};
    s->last_status = 0;
    (void)hal_sim_console_request(s->hal, &r, 0);
    sim_run(s, 300);
    sim_say(s, "LEAD     %s %s -> %d", path, body, s->last_status);
}

/* Whatever was decided, maybe without an answer: a person answers for the order from now on. */
static const char *choose(const struct open_exception *e, uint64_t r)
{
    if (strncmp(e->rule, "pull.", 5) == 0) return r & 1 ? "pulled" : "gone";
    if (r % 8 == 0) return "resolve";
    return r % 8 == 1 ? "pulled" : "retry";
}

static void decide(struct sim *s, uint64_t r)
{
    struct open_exception e;
    char path[80];
    int64_t count = sim_number(s, SQL_COUNT, NULL);
    if (count <= 0 || !nth_open(s, (int64_t)(r >> 8) % count, &e)) return;
    const char *act = choose(&e, r);
    struct sim_order *o = order_by(s, e.reference);
    if (o && strcmp(act, "retry") != 0) o->by_hand = true;
    (void)snprintf(path, sizeof path, "/api/exceptions/%lld/%s", (long long)e.id, act);
    post(s, path, "{\"who\":\"lead\",\"note\":\"seen to\"}");
}

static void recall(struct sim *s, struct sim_order *o)
{
    char key[KEY_CAP], body[128];
    if (!key_of(s, o->reference, key, sizeof key)) return;
    (void)snprintf(body, sizeof body, "{\"key\":\"%s\",\"who\":\"lead\",\"reason\":\"wrong box\"}",
                   key);
    o->by_hand = true;
    int64_t told = net_now(s);
    post(s, "/api/recall", body);
    if (s->last_status != 200) return;
    o->recalled_at = told;
}

void lead_acts(struct sim *s, struct sim_order *o)
{
    uint64_t key = fault_key(o->reference), r = 0;
    if (fault_happens(s->faults, FAULT_RECALL, key, NULL) && o->saves > 0) recall(s, o);
    for (int i = 0; i < 3; i++)
        if (fault_happens(s->faults, FAULT_LEAD, key, &r)) decide(s, r);
}
