#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/base/text.h"
#include "tools/packctl/packctl.h"

#define CELL_CAP    300
#define COLUMNS_MAX 10

/* A member as one line of text: bytes of a terminal's control language become visible. */
static const char *cell(json_node row, const char *name, char *out)
{
    uint8_t raw[CELL_CAP];
    struct buf text = buf_over(raw, sizeof raw);
    json_node value = json_member(row, name);
    if (json_kind(value) == JSON_STRING)
        buf_put(&text, json_text(value));
    else if (json_kind(value) != JSON_ABSENT && json_kind(value) != JSON_NULL)
        json_render(value, &text);
    struct buf shown = buf_over(out, CELL_CAP - 1);
    struct slice s = buf_slice(&text);
    while (s.len > 0 && !shown.overflow) {
        size_t step = text_utf8_step(s);
        bool plain =
            step > 1 ? s.ptr[0] != 0xC2 : step == 1 && s.ptr[0] >= 0x20 && s.ptr[0] != 0x7F;
        if (plain)
            buf_put(&shown, slice_sub(s, 0, step));
        else
            text_visible(&shown, slice_sub(s, 0, 1), 1);
        s = slice_sub(s, plain ? step : 1, s.len);
    }
    shown.overflow = false;
    return buf_cstr(&shown);
}

void print_member(json_node row, const char *name)
{
    char text[CELL_CAP];
    (void)fputs(cell(row, name, text), stdout);
}

static int64_t number(json_node row, const char *name)
{
    int64_t value = 0;
    return json_int(json_member(row, name), INT64_MIN / 2, INT64_MAX / 2, &value) == ERR_OK ? value
                                                                                            : 0;
}

static void age_text(int64_t ms, char *out, size_t cap)
{
    int64_t s = ms > 0 ? ms / 1000 : 0;
    if (s < 60)
        (void)snprintf(out, cap, "%lld s", (long long)s);
    else if (s < 3600)
        (void)snprintf(out, cap, "%lld min", (long long)(s / 60));
    else if (s < INT64_C(172800))
        (void)snprintf(out, cap, "%lld h %lld min", (long long)(s / 3600),
                       (long long)(s / 60 % 60));
    else
        (void)snprintf(out, cap, "%lld days", (long long)(s / 86400));
}

static void moment_text(int64_t wall_ms, char *out, size_t cap)
{
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000);
    out[0] = 0;
    if (wall_ms > 0 && localtime_r(&seconds, &tm)) (void)strftime(out, cap, "%F %T", &tm);
}

/* ------------------------------------------------------------------------------------ tables -- */

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER, /* aligned right */
    COLUMN_AGE,    /* since that wall time */
    COLUMN_MOMENT,
};

struct column {
    const char *title;
    const char *member;
    enum column_kind kind;
};

static void column_text(json_node row, const struct column *c, int64_t now, char *out)
{
    int64_t at = number(row, c->member);
    out[0] = 0;
    if (c->kind == COLUMN_AGE && at > 0)
        age_text(now - at, out, CELL_CAP);
    else if (c->kind == COLUMN_MOMENT)
        moment_text(at, out, CELL_CAP);
    else if (c->kind == COLUMN_TEXT || c->kind == COLUMN_NUMBER)
        (void)cell(row, c->member, out);
}

static int letters(const char *text)
{
    int n = 0;
    for (const char *p = text; *p; p++)
        n += ((unsigned char)*p & 0xC0) != 0x80;
    return n;
}

static void put_cell(const char *text, int width, bool right, bool last)
{
    int pad = width - letters(text);
    if (right && pad > 0) (void)printf("%*s", pad, "");
    (void)fputs(text, stdout);
    if (!right && !last && pad > 0) (void)printf("%*s", pad, "");
    (void)fputs(last ? "\n" : "  ", stdout);
}

static void print_table(json_node rows, const struct column *columns, size_t count, int64_t now)
{
    int width[COLUMNS_MAX];
    char text[CELL_CAP];
    for (size_t c = 0; c < count; c++)
        width[c] = letters(columns[c].title);
    for (json_node row = json_first(rows); row; row = json_next(row)) {
        for (size_t c = 0; c < count; c++) {
            column_text(row, &columns[c], now, text);
            if (letters(text) > width[c]) width[c] = letters(text);
        }
    }
    for (size_t c = 0; c < count; c++)
        put_cell(columns[c].title, width[c], columns[c].kind == COLUMN_NUMBER, c + 1 == count);
    for (json_node row = json_first(rows); row; row = json_next(row)) {
        for (size_t c = 0; c < count; c++) {
            column_text(row, &columns[c], now, text);
            put_cell(text, width[c], columns[c].kind == COLUMN_NUMBER, c + 1 == count);
        }
    }
}
#define TABLE(rows, columns, now)                                                                  \
    print_table((rows), (columns), sizeof(columns) / sizeof(columns)[0], (now))

/* Title and table, or nothing when there are no rows. */
#define PART(title, rows, columns, now)                                                            \
    do {                                                                                           \
        if (json_count(rows) > 0) {                                                                \
            (void)printf("\n%s\n", (title));                                                       \
            TABLE(rows, columns, now);                                                             \
        }                                                                                          \
    } while (0)

/* ----------------------------------------------------------------------------------- answers -- */

static const struct column destination_columns[] = {
    {"to", "name", COLUMN_TEXT},
    {"waiting", "waiting", COLUMN_NUMBER},
    {"parked", "parked", COLUMN_NUMBER},
    {"frozen", "frozen", COLUMN_NUMBER},
    {"delivered", "done", COLUMN_NUMBER},
    {"oldest", "oldest", COLUMN_AGE},
    {"down", "down", COLUMN_TEXT},
    {"paused", "paused", COLUMN_TEXT},
    {"last answer", "last_result", COLUMN_TEXT},
};

static const struct column message_columns[] = {
    {"order", "reference", COLUMN_TEXT},  {"to", "destination", COLUMN_TEXT},
    {"state", "state", COLUMN_TEXT},      {"waits for", "waits_for", COLUMN_TEXT},
    {"tries", "attempts", COLUMN_NUMBER}, {"saved", "stored_at", COLUMN_MOMENT},
    {"key", "key", COLUMN_TEXT},          {"last answer", "last_result", COLUMN_TEXT},
};

void print_status(json_node root)
{
    static const struct column devices[] = {
        {"device", "role", COLUMN_TEXT},
        {"there", "present", COLUMN_TEXT},
        {"trouble", "trouble", COLUMN_TEXT},
    };
    char a[CELL_CAP], b[CELL_CAP], c[CELL_CAP];
    int64_t now = number(root, "now");
    age_text(now - number(root, "started_at"), c, sizeof c);
    (void)printf("station %s (%s), packd %s, running for %s\n", cell(root, "station", a),
                 cell(root, "bench", b), cell(root, "version", (char[CELL_CAP]){0}), c);
    int64_t read_at = number(root, "catalogue_read_at"), off = number(root, "offline_since");
    age_text(now - read_at, a, sizeof a);
    (void)printf("work list: %s%s, %lld orders ready\n", read_at ? a : "never read",
                 read_at ? " old" : "", (long long)number(root, "orders_ready"));
    moment_text(off, a, sizeof a);
    if (off) (void)printf("offline since %s\n", a);
    (void)printf("open exceptions: %lld\n\n", (long long)number(root, "exceptions"));
    TABLE(json_member(root, "destinations"), destination_columns, now);
    PART("Trouble with devices", json_member(root, "devices"), devices, now);
}

void print_outbox(json_node root)
{
    int64_t now = number(root, "now");
    TABLE(json_member(root, "destinations"), destination_columns, now);
    PART("Undelivered", json_member(root, "messages"), message_columns, now);
}

static void print_acts(json_node acts)
{
    char text[CELL_CAP];
    (void)fputs("     choices:", stdout);
    for (json_node n = json_first(acts); n; n = json_next(n)) {
        struct buf b = buf_over(text, sizeof text - 1);
        text_visible(&b, json_text(n), 32);
        (void)printf(" %s", buf_cstr(&b));
    }
    (void)fputs("\n", stdout);
}

void print_exceptions(json_node root)
{
    char a[CELL_CAP], b[CELL_CAP], c[CELL_CAP], d[CELL_CAP];
    int64_t now = number(root, "now");
    json_node list = json_member(root, "exceptions");
    if (json_count(list) == 0) {
        moment_text(number(root, "clear_since"), a, sizeof a);
        (void)printf("Nothing is wrong since %s\n", a);
        return;
    }
    for (json_node row = json_first(list); row; row = json_next(row)) {
        age_text(now - number(row, "first_seen"), d, sizeof d);
        (void)printf("%4lld %s\n", (long long)number(row, "id"), cell(row, "text", a));
        (void)printf("     about %s; rule %s; from %s", cell(row, "object", a),
                     cell(row, "rule", b), cell(row, "origin", c));
        (void)printf("; owner %s; since %s\n", cell(row, "owner", a), d);
        (void)printf("     next: %s\n", cell(row, "next_step", a));
        print_acts(json_member(row, "acts"));
    }
}

static void print_order_parts(json_node order, int64_t now)
{
    static const struct column story[] = {{"when", "at", COLUMN_MOMENT},
                                          {"side", "side", COLUMN_TEXT},
                                          {"what", "event", COLUMN_TEXT},
                                          {"who", "who", COLUMN_TEXT},
                                          {"detail", "detail", COLUMN_TEXT}};
    static const struct column lines[] = {
        {"sku", "sku", COLUMN_TEXT},           {"ordered", "ordered", COLUMN_NUMBER},
        {"picked", "picked", COLUMN_NUMBER},   {"dispatched", "dispatched", COLUMN_NUMBER},
        {"short", "short", COLUMN_NUMBER},     {"cancelled", "cancelled", COLUMN_NUMBER},
        {"goods", "description", COLUMN_TEXT},
    };
    static const struct column parcels[] = {{"box", "number", COLUMN_NUMBER},
                                            {"state", "state", COLUMN_TEXT},
                                            {"tracking", "tracking", COLUMN_TEXT},
                                            {"packaging", "packaging", COLUMN_TEXT},
                                            {"printed", "prints", COLUMN_NUMBER}};
    static const struct column dispatches[] = {{"key", "key", COLUMN_TEXT},
                                               {"state", "state", COLUMN_TEXT},
                                               {"packer", "packer", COLUMN_TEXT},
                                               {"saved", "at", COLUMN_MOMENT},
                                               {"service", "service", COLUMN_TEXT}};
    static const struct column exceptions[] = {{"id", "id", COLUMN_NUMBER},
                                               {"open", "open", COLUMN_TEXT},
                                               {"rule", "rule", COLUMN_TEXT},
                                               {"text", "text", COLUMN_TEXT}};
    PART("Lines", json_member(order, "lines"), lines, now);
    PART("Boxes", json_member(order, "parcels"), parcels, now);
    PART("Dispatches", json_member(order, "dispatches"), dispatches, now);
    PART("Messages", json_member(order, "messages"), message_columns, now);
    PART("Exceptions", json_member(order, "exceptions"), exceptions, now);
    PART("Story", json_member(order, "story"), story, now);
}

void print_order(json_node root)
{
    static const struct column matches[] = {{"number", "id", COLUMN_NUMBER},
                                            {"order", "reference", COLUMN_TEXT},
                                            {"shop order", "shop_order", COLUMN_TEXT},
                                            {"state", "state", COLUMN_TEXT},
                                            {"found by", "found_by", COLUMN_TEXT}};
    char a[CELL_CAP], b[CELL_CAP], c[CELL_CAP];
    int64_t now = number(root, "now");
    json_node order = json_member(root, "order");
    if (!order) {
        TABLE(json_member(root, "matches"), matches, now);
        (void)puts("\nAsk again with '#' and the number, in quotes: packctl order '#41'");
        return;
    }
    (void)printf("%s, shop order %s, %s\n", cell(order, "reference", a),
                 cell(order, "shop_order", b), cell(order, "state", c));
    (void)printf("Clarus %s (%s), %s", cell(order, "clarus_id", a), cell(order, "clarus_status", b),
                 cell(order, "carrier", c));
    (void)printf(" %s", cell(order, "service", a));
    if (cell(order, "promised_service", b)[0]) (void)printf("; promised: %s", b);
    (void)printf("\n");
    if (cell(order, "hold_text", a)[0]) (void)printf("held: %s\n", a);
    print_order_parts(order, now);
}

void print_maps(json_node root)
{
    static const struct column entries[] = {
        {"kind", "kind", COLUMN_TEXT},   {"channel", "channel", COLUMN_TEXT},
        {"code", "scope", COLUMN_TEXT},  {"key", "key", COLUMN_TEXT},
        {"value", "value", COLUMN_TEXT}, {"", "value2", COLUMN_TEXT},
        {"off", "removed", COLUMN_TEXT}, {"file said", "file", COLUMN_TEXT},
        {"who", "who", COLUMN_TEXT},     {"when", "at", COLUMN_MOMENT}};
    TABLE(json_member(root, "entries"), entries, number(root, "now"));
    (void)printf(
        "\nversion %lld%s\n", (long long)number(root, "version"),
        json_bool(json_member(root, "more"), false) ? "; there are more: packctl maps export" : "");
}

void print_words(json_node root)
{
    static const struct column words[] = {{"kind", "kind", COLUMN_TEXT},
                                          {"channel", "channel", COLUMN_TEXT},
                                          {"word", "word", COLUMN_TEXT},
                                          {"orders", "orders", COLUMN_NUMBER},
                                          {"first seen", "first_seen", COLUMN_MOMENT},
                                          {"last seen", "last_seen", COLUMN_MOMENT}};
    TABLE(json_member(root, "words"), words, number(root, "now"));
}

void print_findings(json_node root)
{
    static const struct column findings[] = {
        {"order", "reference", COLUMN_TEXT}, {"channel", "channel", COLUMN_TEXT},
        {"mode", "mode", COLUMN_TEXT},       {"rule", "rule", COLUMN_TEXT},
        {"owner", "owner", COLUMN_TEXT},     {"why", "text", COLUMN_TEXT}};
    if (json_count(json_member(root, "findings")) > 0)
        TABLE(json_member(root, "findings"), findings, number(root, "now"));
}
