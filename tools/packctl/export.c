/* Dispatches of a span of days as CSV (RFC 4180) for finance: one row for each item of a parcel.
 * Written when all of it is here: a file that ends early is not taken for the whole. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/base/text.h"
#include "tools/packctl/packctl.h"

static const char heading[] =
    "order,shop_order,dispatch_key,date,clock_trusted,state,sku,quantity,lot,serial,parcel,"
    "tracking,carrier,service,clarus_push,clarus_push_date,channel,channel_push,"
    "channel_push_date,other_push\r\n";

/* ------------------------------------------------------------------------------------ cells -- */

/* A spreadsheet takes such a beginning, blanks before it or not, for a formula. */
static bool is_formula(struct slice text)
{
    static const char *const signs[] = {"=",
                                        "+",
                                        "-",
                                        "@",
                                        "|",
                                        "%",
                                        "\t",
                                        "\r",
                                        "\n",
                                        "\xEF\xBC\x9D",
                                        "\xEF\xBC\x8B",
                                        "\xEF\xBC\x8D",
                                        "\xEF\xBC\xA0"}; /* the last four: full width */
    while (slice_starts(text, " ") || slice_starts(text, "\xC2\xA0"))
        text = slice_sub(text, text.ptr[0] == ' ' ? 1 : 2, text.len);
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (slice_starts(text, signs[i])) return true;
    return false;
}

/* Always in quotes; before a formula comes an apostrophe. */
static void put_cell(FILE *f, struct slice text, const char *end)
{
    (void)fputc('"', f);
    if (is_formula(text)) (void)fputc('\'', f);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"') (void)fputc('"', f);
        (void)fputc(text.ptr[i], f);
    }
    (void)fprintf(f, "\"%s", end);
}

static void put_text(FILE *f, struct slice text)
{
    put_cell(f, text, ",");
}

static void put_member(FILE *f, json_node row, const char *name)
{
    put_text(f, json_text(json_member(row, name)));
}

static int64_t number(json_node row, const char *name)
{
    int64_t value = 0;
    return json_int(json_member(row, name), 0, INT64_MAX / 2, &value) == ERR_OK ? value : 0;
}

static void put_moment(FILE *f, int64_t wall_ms)
{
    char text[40] = "";
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000);
    if (wall_ms > 0 && localtime_r(&seconds, &tm))
        (void)strftime(text, sizeof text, "%FT%T%z", &tm);
    (void)fprintf(f, "%s,", text);
}

static void put_quantity(FILE *f, json_node item)
{
    char text[QTY_TEXT_CAP] = "";
    qty_t q = QTY_ZERO;
    if (json_qty(json_member(item, "quantity"), &q) == ERR_OK)
        (void)fprintf(f, "%s,", qty_text(q, text));
    else
        (void)fputc(',', f);
}

/* ------------------------------------------------------------------------------------- rows -- */

/* What a destination was told. Messages of an aged order are gone: all were delivered or settled.
 */
static void put_push(FILE *f, json_node dispatch, struct slice destination)
{
    for (json_node n = json_first(json_member(dispatch, "push")); n; n = json_next(n)) {
        if (!slice_eq(json_text(json_member(n, "destination")), destination)) continue;
        put_member(f, n, "state");
        put_moment(f, number(n, "done_at"));
        return;
    }
    bool aged = json_bool(json_member(dispatch, "aged"), false);
    bool nobody = destination.len == 0 || slice_is(destination, "none");
    put_text(f, nobody ? SLICE("none") : aged ? SLICE("settled") : SLICE("unknown"));
    put_moment(f, 0);
}

static void put_others(FILE *f, json_node dispatch, struct slice channel)
{
    uint8_t room[1024];
    struct buf text = buf_over(room, sizeof room - 1);
    for (json_node n = json_first(json_member(dispatch, "push")); n; n = json_next(n)) {
        struct slice name = json_text(json_member(n, "destination"));
        if (slice_is(name, "clarus") || slice_eq(name, channel)) continue;
        if (text.len > 0) buf_byte(&text, ' ');
        buf_put(&text, name);
        buf_byte(&text, ':');
        buf_put(&text, json_text(json_member(n, "state")));
    }
    put_cell(f, buf_slice(&text), "\r\n");
}

/* `item` NULL: a dispatch without items still shows. */
static void put_row(FILE *f, json_node dispatch, json_node item)
{
    struct slice channel = json_text(json_member(dispatch, "channel"));
    put_member(f, dispatch, "reference");
    put_member(f, dispatch, "shop_order");
    put_member(f, dispatch, "key");
    put_moment(f, number(dispatch, "at"));
    (void)fputs(json_bool(json_member(dispatch, "clock_trusted"), false) ? "yes," : "no,", f);
    put_member(f, dispatch, "state");
    put_member(f, item, "sku");
    put_quantity(f, item);
    put_member(f, item, "lot");
    put_member(f, item, "serial");
    if (item)
        (void)fprintf(f, "%" PRId64 ",", number(item, "parcel"));
    else
        (void)fputc(',', f);
    put_member(f, item, "tracking");
    put_member(f, dispatch, "carrier");
    put_member(f, dispatch, "service");
    put_push(f, dispatch, SLICE("clarus"));
    put_text(f, channel);
    put_push(f, dispatch, channel);
    put_others(f, dispatch, channel);
}

static void put_dispatch(FILE *f, json_node dispatch)
{
    json_node item = json_first(json_member(dispatch, "items"));
    if (!item && !json_bool(json_member(dispatch, "continued"), false)) put_row(f, dispatch, NULL);
    for (; item; item = json_next(item))
        put_row(f, dispatch, item);
}

/* ------------------------------------------------------------------------------------ pages -- */

struct span {
    int64_t from, to;
    char after[72]; /* "": from the beginning */
};

/* One page; moves the span behind it, "" when that was the last. */
static int page(const struct ctl *ctl, struct span *s, FILE *f)
{
    char path[200];
    struct answer a = {0};
    (void)snprintf(path, sizeof path, "/api/export?from=%" PRId64 "&to=%" PRId64 "&after=%s",
                   s->from, s->to, s->after);
    client_call(ctl, path, NULL, &a);
    int code = answer_check(&a);
    json_node root = code == EXIT_DONE ? json_root(a.doc) : NULL;
    if (ctl->json && root) (void)fprintf(f, "%.*s\n", (int)a.body.len, (const char *)a.body.ptr);
    for (json_node n = json_first(json_member(root, "dispatches")); n && !ctl->json;
         n = json_next(n))
        put_dispatch(f, n);
    struct slice next = json_text(json_member(root, "next"));
    if (root && (json_kind(json_member(root, "next")) != JSON_STRING || !text_is_print(next) ||
                 slice_find_byte(next, '&') < next.len ||
                 slice_copy(next, s->after, sizeof s->after) != ERR_OK))
        code = EXIT_UNREACHABLE;
    answer_free(&a);
    return code;
}

static int copy_out(FILE *f)
{
    char part[65536];
    size_t len = 0;
    bool ok = fflush(f) == 0 && !ferror(f);
    rewind(f);
    while (ok && (len = fread(part, 1, sizeof part, f)) > 0)
        ok = fwrite(part, 1, len, stdout) == len;
    if (ok && !ferror(f) && fflush(stdout) == 0) return EXIT_DONE;
    (void)fputs("packctl: the file could not be written whole\n", stderr);
    return EXIT_REFUSED;
}

/* The first moment of a day, or of the day after, where this program runs; -1: no such day. */
static int64_t day_begin(const char *text, int days_on)
{
    struct tm tm = {.tm_isdst = -1};
    const char *end = text ? strptime(text, "%Y-%m-%d", &tm) : NULL;
    if (!end || *end || strlen(text) != 10) return -1;
    int day = tm.tm_mday, month = tm.tm_mon;
    struct tm given = {.tm_year = tm.tm_year, .tm_mon = month, .tm_mday = day, .tm_isdst = -1};
    struct tm begin = given;
    begin.tm_mday += days_on;
    if (mktime(&given) < 0 || given.tm_mday != day || given.tm_mon != month) return -1;
    return (int64_t)mktime(&begin) * 1000;
}

int export_dispatches(const struct ctl *ctl)
{
    struct span s = {.from = day_begin(ctl->from, 0), .to = day_begin(ctl->to, 1)};
    if (s.from < 0 || s.to <= s.from) {
        (void)fputs("packctl: export --from YYYY-MM-DD --to YYYY-MM-DD, the last day included\n",
                    stderr);
        return EXIT_USAGE;
    }
    FILE *f = tmpfile();
    if (!f) {
        perror("packctl");
        return EXIT_REFUSED;
    }
    int code = EXIT_DONE;
    if (!ctl->json) (void)fputs(heading, f);
    do
        code = page(ctl, &s, f);
    while (code == EXIT_DONE && s.after[0]);
    if (code == EXIT_DONE) code = copy_out(f);
    (void)fclose(f);
    return code;
}
