/* console_daily.c - what a person must look at, part by part: what was not told in time, what is
 * parked, what must not leave, what has a label and was not dispatched, what else is wrong. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/console/console_parts.h"

#define DAILY_ROWS_MAX 100
#define DAILY_AGE_MIN  60    /* unless asked otherwise */
#define DAILY_ROW_ROOM 6144u /* of one row, its texts escaped at their worst */

/* Columns: object, since, owner, text, next step. ?1: before this moment; ?2: rows; ?3: the
 * destination, where one is asked for. */
static const struct daily_part {
    const char *name;
    bool per_destination;
    const char *sql;
} daily_parts[] = {
    {"late", true,
     "SELECT 'order ' || c.reference || ', ' || d.key, m.stored_at, CASE WHEN m.destination ="
     " 'clarus' THEN 'integration' ELSE 'e-commerce' END, 'not told to ' || m.destination ||"
     " ' yet. ' || m.last_result, 'packctl order ' || c.reference FROM message m"
     " JOIN dispatch d ON d.id = m.dispatch_id JOIN consignment c ON c.id = m.consignment_id"
     " WHERE m.destination = ?3 AND m.state < 5 AND m.state < 3 AND m.stored_at < ?1"
     " ORDER BY m.stored_at LIMIT ?2"},
    {"parked", false,
     "SELECT 'order ' || c.reference || ', ' || d.key, m.stored_at, coalesce(e.owner, 'lead'),"
     " 'parked on the way to ' || m.destination || '. ' || coalesce(e.text, m.last_result),"
     " coalesce(e.next_step, 'packctl order ' || c.reference) FROM message m"
     " JOIN dispatch d ON d.id = m.dispatch_id JOIN consignment c ON c.id = m.consignment_id"
     " LEFT JOIN exception e ON e.message_id = m.id AND e.open = 1"
     " WHERE m.state = 3 AND m.stored_at < ?1 ORDER BY m.stored_at LIMIT ?2"},
    {"pull", false,
     "SELECT 'order ' || c.reference || ', ' || d.key, d.at, coalesce(e.owner, 'lead'),"
     " 'must not leave: find the parcel. ' || coalesce(e.rule || ': ' || e.text, ''),"
     " coalesce(e.next_step || ' (exception ' || e.id || ')', 'packctl order ' || c.reference)"
     " FROM dispatch d JOIN consignment c ON c.id = d.consignment_id LEFT JOIN exception e"
     " ON e.consignment_id = d.consignment_id AND e.dispatch_id = d.id AND e.open = 1"
     " WHERE d.state IN (0, 2, 3) AND d.state > 0 AND d.at < ?1 ORDER BY d.at LIMIT ?2"},
    {"labelled", false,
     "SELECT 'order ' || c.reference || ', ' || s.key, s.made_at, 'lead', 'has a label and was"
     " not dispatched', 'finish it at the bench, or void its label' FROM consignment c"
     " JOIN shipment s ON s.consignment_id = c.id WHERE c.state IN (2, 3, 4, 5, 6, 7, 9, 11, 12)"
     " AND s.state = 4 AND s.made_at < ?1 AND NOT EXISTS (SELECT 1 FROM dispatch"
     " WHERE shipment_id = s.id) ORDER BY s.made_at LIMIT ?2"},
    {"exceptions", false,
     "SELECT e.object, e.first_seen, e.owner, e.rule || ': ' || e.text, e.next_step"
     " FROM exception e INDEXED BY exception_open WHERE e.open = 1 AND e.first_seen < ?1 AND"
     " NOT EXISTS (SELECT 1 FROM message m WHERE m.id = e.message_id AND m.state = 3) AND"
     " NOT EXISTS (SELECT 1 FROM dispatch d WHERE d.id = e.dispatch_id AND"
     " d.consignment_id = e.consignment_id AND d.state IN (2, 3))"
     " ORDER BY e.owner, e.first_seen LIMIT ?2"},
};

static void put_text(struct json_writer *w, const char *name, sqlite3_stmt *q, int column)
{
    char text[SAY_CAP * 2];
    store_text(q, column, text, sizeof text);
    json_put_text(w, name, text);
}

static void put_finding(struct json_writer *w, sqlite3_stmt *q)
{
    json_open_object(w, NULL);
    put_text(w, "object", q, 0);
    json_put_int(w, "since", store_int(q, 1));
    put_text(w, "owner", q, 2);
    put_text(w, "text", q, 3);
    put_text(w, "next_step", q, 4);
    json_close_object(w);
}

struct daily {
    int64_t before;
    size_t left; /* rows that still fit */
    bool more;
};

static err_t put_findings(struct console_pages *c, struct json_writer *w,
                          const struct daily_part *part, const char *destination, struct daily *d)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    bool row = false;
    err_t e = store_prepare(c->o.store, part->sql, &q);
    if (e) return e;
    store_bind_int(q, 1, d->before);
    store_bind_int(q, 2, (int64_t)d->left + 1);
    if (destination) store_bind_text(q, 3, destination);
    while ((e = store_step(c->o.store, q, &row)) == ERR_OK && row) {
        if (d->left == 0 || c->out.len + DAILY_ROW_ROOM > CONSOLE_ROOM) {
            d->more = true;
            break;
        }
        put_finding(w, q);
        d->left--;
    }
    return e;
}

static err_t put_part(struct console_pages *c, struct json_writer *w, const struct daily_part *part,
                      struct daily *d)
{
    if (!part->per_destination) return put_findings(c, w, part, NULL, d);
    err_t e = ERR_OK;
    console_read_figures(c);
    for (size_t i = 0; i < c->figure_count && e == ERR_OK; i++)
        e = put_findings(c, w, part, c->figures[i].name, d);
    return e;
}

static const struct daily_part *part_of(const struct ask *a)
{
    char name[24];
    if (console_query(a, "part", name, sizeof name) != ERR_OK) return NULL;
    for (size_t i = 0; i < sizeof daily_parts / sizeof daily_parts[0]; i++)
        if (strcmp(daily_parts[i].name, name) == 0) return &daily_parts[i];
    return NULL;
}

/* Work under way is given time; what is refused or wrong is told at once. */
static bool waits_first(const struct daily_part *part)
{
    return part->per_destination || strcmp(part->name, "labelled") == 0;
}

void console_get_daily(struct ask *a)
{
    char age[24];
    int64_t minutes = DAILY_AGE_MIN;
    const struct daily_part *part = part_of(a);
    err_t e = console_query(a, "age_min", age, sizeof age);
    if (e == ERR_OK && age[0]) e = text_int(slice_text(age), 0, 525600, &minutes);
    if (!part || e) {
        console_fail(a, &(struct console_error){400, "there is no such part, or no such age",
                                                a->r->query, "part_must_exist",
                                                "late, parked, pull, labelled or exceptions; "
                                                "age_min from 0 to 525600"});
        return;
    }
    struct daily d = {.left = DAILY_ROWS_MAX,
                      .before =
                          waits_first(part) ? console_now(a->c) - minutes * 60000 + 1 : INT64_MAX};
    struct json_writer w = console_begin(a->c);
    json_open_array(&w, "findings");
    e = put_part(a->c, &w, part, &d);
    json_close_array(&w);
    json_put_bool(&w, "more", d.more);
    json_close_object(&w);
    if (e)
        console_fail_err(a, e, SLICE_NONE);
    else
        console_send_json(a);
}
