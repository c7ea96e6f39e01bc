/* bench.c - the packer: scans through the pseudo terminal, looks at the screen, takes labels. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "firmware/base/text.h"
#include "tools/demo/demo.h"

#define HAND_MS 400 /* two scans of one hand lie further apart than a repeated read */

static int64_t deadline_s(int seconds)
{
    return demo_now_ms() + (int64_t)seconds * 1000;
}

/* ------------------------------------------------------------------------------------ screen -- */

bool bench_look(struct demo *d)
{
    struct json_doc *view = wire_call(d, d->console, "/api/bench", NULL);
    if (!view) return false;
    json_free(d->view);
    d->view = view;
    return true;
}

bool bench_is(const struct demo *d, const char *face)
{
    return doc_is(d->view, "/face", face);
}

static bool is_settled(const struct demo *d)
{
    return !bench_is(d, "waiting") && !doc_is(d->view, "/headline/key", "bench.printing") &&
           !doc_is(d->view, "/headline/key", "");
}

/* Replaces "{0}" and so on by the arguments of what is said. */
static void put_words(struct buf *out, struct slice form, json_node args)
{
    for (size_t i = 0; i < form.len; i++) {
        bool mark = i + 2 < form.len && form.ptr[i] == '{' && form.ptr[i + 2] == '}';
        if (!mark) {
            buf_byte(out, form.ptr[i]);
            continue;
        }
        char pointer[4] = {'/', (char)form.ptr[i + 1], 0, 0};
        struct slice arg = json_text(json_at(args, pointer));
        buf_put(out, arg);
        i += 2;
    }
}

/* What the packer reads, biggest thing first. */
static void put_said(const struct demo *d, struct buf *out, const char *member)
{
    json_node said = json_member(json_root(d->view), member);
    char key[DEMO_TEXT];
    slice_copy_cut(json_text(json_member(said, "key")), key, sizeof key);
    if (!key[0]) return;
    struct slice form =
        d->words ? json_text(json_member(json_root(d->words), key)) : slice_text(key);
    if (out->len) buf_text(out, " - ");
    put_words(out, form.len ? form : slice_text(key), json_member(said, "args"));
}

static const char *screen_words(const struct demo *d, char room[DEMO_TEXT * 2])
{
    struct buf out = buf_over(room, DEMO_TEXT * 2 - 1);
    if (d->view) {
        put_said(d, &out, "headline");
        put_said(d, &out, "detail");
    }
    room[out.len] = 0;
    return room;
}

bool bench_shows(struct demo *d, const char *face, const char *headline)
{
    char words[DEMO_TEXT * 2];
    bool there = false;
    int64_t end = deadline_s(PATIENCE_S);
    while (!d->failed && !there && demo_now_ms() < end && demo_all_run(d)) {
        there = bench_look(d) && bench_is(d, face) &&
                (!headline || doc_is(d->view, "/headline/key", headline));
        if (!there) demo_breathe();
    }
    return check(d, there, "the bench shows %s: \"%s\"", headline ? headline : face,
                 screen_words(d, words));
}

/* ----------------------------------------------------------------------------------- scanner -- */

static bool link_is_new(const struct demo *d, const struct stat *now)
{
    return now->st_ino != d->scanner_link.st_ino ||
           now->st_ctim.tv_sec != d->scanner_link.st_ctim.tv_sec ||
           now->st_ctim.tv_nsec != d->scanner_link.st_ctim.tv_nsec;
}

static bool scanner_open(struct demo *d)
{
    char path[DEMO_PATH];
    struct stat now;
    struct termios raw;
    (void)snprintf(path, sizeof path, "%s/scanner", d->room);
    if (lstat(path, &now) != 0 || !link_is_new(d, &now)) return false;
    d->scanner = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (d->scanner < 0) return false;
    d->scanner_link = now;
    if (tcgetattr(d->scanner, &raw) == 0) {
        cfmakeraw(&raw);
        (void)tcsetattr(d->scanner, TCSANOW, &raw);
    }
    return true;
}

void scanner_plug(struct demo *d)
{
    int64_t end = deadline_s(PATIENCE_S);
    while (!scanner_open(d) && demo_now_ms() < end && demo_all_run(d))
        demo_breathe();
    (void)check(d, d->scanner >= 0, "the scanner is plugged in");
}

void scanner_unplug(struct demo *d)
{
    if (d->scanner >= 0) (void)close(d->scanner);
    d->scanner = -1;
}

static bool scanner_sends(struct demo *d, const char *code)
{
    char frame[DEMO_TEXT];
    int len = snprintf(frame, sizeof frame, "%s\r", code);
    while (demo_now_ms() < d->scanned_ms + HAND_MS)
        demo_breathe();
    d->scanned_ms = demo_now_ms();
    return write(d->scanner, frame, (size_t)len) == len;
}

void scan(struct demo *d, const char *code)
{
    char words[DEMO_TEXT * 2];
    bool heard = false;
    if (d->failed) return;
    int64_t end = deadline_s(PATIENCE_S);
    bool sent = scanner_sends(d, code);
    while (sent && !heard && demo_now_ms() < end && demo_all_run(d)) {
        heard = bench_look(d) && doc_int(d->view, "/scans/0/at") > d->scan_at && is_settled(d);
        if (!heard) demo_breathe();
    }
    d->scan_at = doc_int(d->view, "/scans/0/at");
    tell(d, "packer", "scans %-22s -> %s", code, screen_words(d, words));
    if (!heard) (void)check(d, false, "the bench answers the scan of %s", code);
}

void command(struct demo *d, const char *name)
{
    char text[48];
    (void)snprintf(text, sizeof text, "^P:%s", name);
    scan(d, text);
}

/* ------------------------------------------------------------------------------------ labels -- */

/* The codes zbarimg finds, one a line; returns how many. */
static unsigned decode(const char *path, char out[DEMO_CODE])
{
    char line[DEMO_PATH + 64];
    unsigned count = 0;
    out[0] = 0;
    (void)snprintf(line, sizeof line, "zbarimg -q --raw '%s' 2>/dev/null", path);
    FILE *f = popen(line, "re");
    if (!f) return 0;
    while (fgets(line, sizeof line, f)) {
        if (count++ == 0) slice_copy_cut(slice_trim(slice_text(line)), out, DEMO_CODE);
    }
    (void)pclose(f);
    return count;
}

/* The next paper; false when none comes. */
static bool paper_next(struct demo *d, unsigned *out_codes)
{
    char path[DEMO_PATH];
    struct stat st;
    if (d->failed) return false;
    (void)snprintf(path, sizeof path, "%s/labels/label-%04u.png", d->room, d->papers + 1);
    int64_t end = deadline_s(PATIENCE_S);
    bool there = false;
    while (!there && demo_now_ms() < end && demo_all_run(d)) {
        there = stat(path, &st) == 0;
        if (!there) demo_breathe();
    }
    if (!check(d, there, "a paper came out: %s", path)) return false;
    d->papers++;
    *out_codes = decode(path, d->paper);
    return true;
}

/* Gift notes and the tags of several boxes come out before the label. */
bool paper_take(struct demo *d)
{
    unsigned codes = 0;
    bool ours = true;
    while (ours) {
        if (!paper_next(d, &codes)) return false;
        ours = codes == 0 || strncmp(d->paper, "TAG-", 4) == 0;
    }
    return check(d, codes == 1, "zbarimg reads one code from it: %s", d->paper);
}

bool label_take(struct demo *d, const char *reference, unsigned nth)
{
    char pointer[32];
    char bought[DEMO_TEXT];
    if (!paper_take(d) || !order_read(d, reference)) return false;
    (void)snprintf(pointer, sizeof pointer, "/labels/%u/tracking", nth - 1);
    (void)doc_text(d->order, pointer, bought);
    d->carrier_labels++;
    return check(d, strcmp(bought, d->paper) == 0,
                 "that is parcel %u of %s as Clarus bought it: %s", nth, reference, bought);
}

void scan_back(struct demo *d)
{
    char code[DEMO_CODE];
    memcpy(code, d->paper, sizeof code);
    scan(d, code);
}

bool bench_saved(struct demo *d, const char *reference)
{
    bool saved = false;
    int64_t end = deadline_s(PATIENCE_S);
    while (!d->failed && !saved && demo_now_ms() < end && demo_all_run(d)) {
        saved = bench_look(d) && doc_is(d->view, "/last/reference", reference) &&
                doc_int(d->view, "/last/saved_at") >= d->scan_at;
        if (!saved) demo_breathe();
    }
    return check(d, saved, "the bench has saved %s", reference);
}
