/* The tables leads edit: listed, changed, carried from bench to bench as one signed-off file. */
#include <stdlib.h>
#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/base/text.h"
#include "tools/packctl/packctl.h"

#define FILE_MAX_BYTES (16u << 20)
#define BODY_MAX_BYTES 60000 /* a station takes 64 KiB */
#define BATCH          100   /* entries a station takes at once */

/* ---------------------------------------------------------------------------------------- export
 * --
 */

/* Appends the entries of every page to `list`, as JSON without brackets. */
static int gather(const struct ctl *ctl, struct buf *list, int64_t *out_version)
{
    size_t count = 0;
    for (bool more = true; more;) {
        char path[64];
        struct answer a = {0};
        (void)snprintf(path, sizeof path, "/api/maps?skip=%zu", count);
        client_call(ctl, path, NULL, &a);
        int code = answer_check(&a);
        if (code != EXIT_DONE) {
            answer_free(&a);
            return code;
        }
        json_node root = json_root(a.doc);
        if (json_int(json_member(root, "version"), 0, INT64_MAX / 2, out_version)) *out_version = 0;
        for (json_node n = json_first(json_member(root, "entries")); n; n = json_next(n)) {
            if (count++ > 0) buf_byte(list, ',');
            json_render(n, list);
        }
        more = json_bool(json_member(root, "more"), false);
        answer_free(&a);
    }
    return EXIT_DONE;
}

static int print_file(const struct ctl *ctl, const struct buf *list, int64_t version)
{
    char sum[DIGEST_HEX_CAP];
    struct buf entries = buf_new(FILE_MAX_BYTES), file = buf_new(FILE_MAX_BYTES);
    struct json_writer w = json_write(&file);
    buf_byte(&entries, '[');
    buf_put(&entries, buf_slice(list));
    buf_byte(&entries, ']');
    bool ok = !entries.overflow && digest_hex(buf_slice(&entries), sum) == ERR_OK;
    json_open_object(&w, NULL);
    json_put_text(&w, "format", "packd maps 1");
    json_put_text(&w, "signed_by", ctl->who);
    json_put_int(&w, "version", version);
    json_put_text(&w, "sha256", ok ? sum : "");
    json_put_raw(&w, "entries", buf_slice(&entries));
    json_close_object(&w);
    ok = ok && !file.overflow;
    if (ok) (void)printf("%.*s\n", (int)file.len, (const char *)file.ptr);
    if (!ok) (void)fputs("packctl: the tables are too large\n", stderr);
    buf_deinit(&entries);
    buf_deinit(&file);
    return ok ? EXIT_DONE : EXIT_REFUSED;
}

int maps_export(const struct ctl *ctl)
{
    struct buf list = buf_new(FILE_MAX_BYTES);
    int64_t version = 0;
    int code = gather(ctl, &list, &version);
    if (code == EXIT_DONE) code = print_file(ctl, &list, version);
    buf_deinit(&list);
    return code;
}

/* ---------------------------------------------------------------------------------------- import
 * --
 */

static struct json_doc *read_file(const char *name)
{
    struct buf text = buf_new(FILE_MAX_BYTES);
    struct json_doc *doc = NULL;
    struct json_fault fault = {.line = 0};
    char block[4096];
    FILE *f = fopen(name, "re");
    if (!f) {
        perror(name);
        return NULL;
    }
    for (size_t n = fread(block, 1, sizeof block, f); n > 0; n = fread(block, 1, sizeof block, f))
        buf_put(&text, slice_of(block, n));
    (void)fclose(f);
    if (text.overflow || json_parse(buf_slice(&text), &doc, &fault) != ERR_OK)
        (void)fprintf(stderr, "packctl: %s line %u: %s\n", name, fault.line, fault.reason);
    buf_deinit(&text);
    return doc;
}

/* What was signed off is what lies here. */
static bool is_unchanged(json_node root)
{
    char sum[DIGEST_HEX_CAP];
    struct buf entries = buf_new(FILE_MAX_BYTES);
    json_render(json_member(root, "entries"), &entries);
    bool same = slice_is(json_text(json_member(root, "format")), "packd maps 1") &&
                !entries.overflow && digest_hex(buf_slice(&entries), sum) == ERR_OK &&
                slice_is(json_text(json_member(root, "sha256")), sum);
    buf_deinit(&entries);
    if (!same)
        (void)fputs("packctl: this is no file of packctl maps export, or it was changed since\n",
                    stderr);
    return same;
}

static void print_import(json_node root)
{
    int64_t n[3] = {0};
    const char *const names[] = {"added", "same", "replaced"};
    for (size_t i = 0; i < 3; i++) {
        if (json_int(json_member(root, names[i]), 0, BATCH, &n[i])) n[i] = 0;
    }
    (void)printf("%lld added, %lld replaced, %lld the same\n", (long long)n[0], (long long)n[2],
                 (long long)n[1]);
    for (json_node k = json_first(json_member(root, "kept")); k; k = json_next(k)) {
        char room[400];
        struct buf b = buf_over(room, sizeof room - 1);
        text_visible(&b, json_text(json_member(k, "key")), 80);
        (void)printf("kept: %.*s %s was changed here later\n",
                     SLICE_ARGS(json_text(json_member(k, "kind"))), buf_cstr(&b));
    }
}

/* Sends up to BATCH entries from *n on; moves it behind them. */
static int send_batch(const struct ctl *ctl, json_node *n, bool *out_kept)
{
    struct buf body = buf_new((size_t)2 * BODY_MAX_BYTES);
    struct json_writer w = json_write(&body);
    struct answer a = {0};
    json_open_object(&w, NULL);
    json_put_text(&w, "who", ctl->who);
    json_put_bool(&w, "replace", ctl->replace);
    json_open_array(&w, "entries");
    for (int i = 0; i < BATCH && *n && body.len < BODY_MAX_BYTES - 8000; i++) {
        uint8_t room[8000];
        struct buf one = buf_over(room, sizeof room);
        json_render(*n, &one);
        json_put_raw(&w, NULL, one.overflow ? SLICE("null") : buf_slice(&one));
        *n = json_next(*n);
    }
    json_close_array(&w);
    json_close_object(&w);
    client_call(ctl, "/api/maps/import", buf_cstr(&body), &a);
    int code = answer_check(&a);
    if (code == EXIT_DONE) print_import(json_root(a.doc));
    if (code == EXIT_DONE && json_count(json_member(json_root(a.doc), "kept")) > 0)
        *out_kept = true;
    answer_free(&a);
    buf_deinit(&body);
    return code;
}

int maps_import(const struct ctl *ctl, const char *name)
{
    AUTO_JSON struct json_doc *doc = read_file(name);
    bool kept = false;
    int code = EXIT_DONE;
    if (!doc) return EXIT_USAGE;
    if (!is_unchanged(json_root(doc))) return EXIT_REFUSED;
    json_node n = json_first(json_member(json_root(doc), "entries"));
    while (n && code == EXIT_DONE)
        code = send_batch(ctl, &n, &kept);
    return code == EXIT_DONE && kept ? EXIT_REFUSED : code;
}
