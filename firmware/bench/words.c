/* words.c - what the session says: sentences, signals, the order's story, the last scans. */
#include "firmware/bench/session.h"

#include <string.h>

#include "firmware/base/text.h"

static void say_put(struct say *s, size_t i, const char *text)
{
    slice_copy_cut(slice_text(text), s->arg[i], SAY_CAP);
}

struct say say(const char *key)
{
    struct say s = {{0}, {{0}}};
    slice_copy_cut(slice_text(key), s.key, sizeof s.key);
    return s;
}

struct say say1(const char *key, const char *a)
{
    struct say s = say(key);
    say_put(&s, 0, a);
    return s;
}

struct say say2(const char *key, const char *a, const char *b)
{
    struct say s = say1(key, a);
    say_put(&s, 1, b);
    return s;
}

struct say say3(const char *key, const char *a, const char *b, const char *c)
{
    struct say s = say2(key, a, b);
    say_put(&s, 2, c);
    return s;
}

struct say say_reason(const char *text, const char *next_step)
{
    char cause[SAY_CAP];
    slice_copy_cut(slice_text(text), cause, sizeof cause);
    size_t len = strlen(cause);
    if (len > 0 && cause[len - 1] == '.') cause[len - 1] = 0;
    return next_step[0] ? say2("bench.reason", cause, next_step) : say1("bench.cause", cause);
}

void bench_tone(struct bench *b, enum hal_light light, enum hal_tone tone)
{
    effects_signal(b->fx, light, tone);
    b->tone = tone;
    b->tone_serial++;
    b->changed = true;
}

void bench_story(struct bench *b, const char *event, const char *detail)
{
    if (!b->open) return;
    err_t e =
        story_add(b->store, effects_wall(b->fx), b->order.id, "station", event, b->packer, detail);
    if (e) session_failed(b, e);
}

#define SCANS_KEPT "200"
#define TRIM_EVERY 50 /* scans: trimming each time would write a page more */

static err_t trim_scans(struct bench *b)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    if (store_last_id(b->store) % TRIM_EVERY != 0) return ERR_OK;
    err_t e = store_prepare(
        b->store, "DELETE FROM scan WHERE id <= (SELECT max(id) FROM scan) - " SCANS_KEPT, &q);
    return e ? e : store_run(b->store, q);
}

void bench_note_scan(struct bench *b, const char *source, struct slice text, const char *outcome)
{
    AUTO_STMT sqlite3_stmt *q = NULL;
    char visible[CODE_CAP];
    struct buf v = buf_over(visible, sizeof visible - 1);
    text_visible(&v, text, sizeof visible / 5);
    memmove(&b->scans[1], &b->scans[0], sizeof b->scans - sizeof b->scans[0]);
    if (b->scan_count < VIEW_SCANS_MAX) b->scan_count++;
    struct view_scan *s = &b->scans[0];
    *s = (struct view_scan){.at = effects_wall(b->fx).ms};
    slice_copy_cut(buf_slice(&v), s->text, sizeof s->text);
    slice_copy_cut(slice_text(outcome), s->outcome, sizeof s->outcome);
    b->changed = true;
    err_t e = store_begin(b->store);
    if (!e)
        e = store_prepare(b->store,
                          "INSERT INTO scan (id, at, source, text, outcome) VALUES "
                          "((SELECT coalesce(max(id), 0) + 1 FROM scan), ?1, ?2, ?3, ?4)",
                          &q);
    if (e) return;
    store_bind_int(q, 1, s->at);
    store_bind_text(q, 2, source);
    store_bind_text(q, 3, s->text);
    store_bind_text(q, 4, outcome);
    e = store_run(b->store, q);
    if (!e) e = trim_scans(b);
    if (e) log_event(b->log, LOG_WARN, "bench.scan_not_kept", "error=%s", err_name(e));
}
