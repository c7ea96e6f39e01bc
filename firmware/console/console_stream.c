/* console_stream.c - the packer's picture as server-sent events: the whole of it whenever it
 * differs, and a beat otherwise, so that a page knows that it still hears the station. */
#include <string.h>

#include "firmware/base/digest.h"
#include "firmware/console/console_parts.h"

/* Lines of a picture that would not fit otherwise; the page says how many it does not see. */
#define LINES_AT_LEAST 24

void console_get_events(struct ask *a)
{
    struct console_pages *c = a->c;
    err_t e = c->stream_count < HAL_CONSOLE_STREAMS_MAX ? hal_console_stream(c->hal, a->r->id)
                                                        : ERR_NOSPACE;
    if (e) {
        console_fail(a, &(struct console_error){503, "too many screens follow this station",
                                                SLICE_NONE, "streams_are_bounded",
                                                "close a page that is not looked at"});
        return;
    }
    c->streams[c->stream_count++] = (struct console_stream){.id = a->r->id, .fresh = true};
    effects_screen(c->o.fx);
}

static void forget(struct console_pages *c, size_t i)
{
    c->streams[i] = c->streams[--c->stream_count];
    if (c->stream_count == 0) c->next_beat = MONO_NEVER;
}

void console_closed(struct console_pages *c, hal_request_t id)
{
    for (size_t i = 0; i < c->stream_count; i++) {
        if (c->streams[i].id.n != id.n) continue;
        forget(c, i);
        return;
    }
}

static void send_frame(struct console_pages *c, bool fresh_only)
{
    size_t i = 0;
    while (i < c->stream_count) {
        struct console_stream *s = &c->streams[i];
        bool wanted = !fresh_only || s->fresh;
        s->fresh = s->fresh && !wanted;
        if (wanted && hal_console_send(c->hal, s->id, buf_slice(&c->frame)) != ERR_OK)
            forget(c, i);
        else
            i++;
    }
}

static void render(struct console_pages *c, size_t lines_max)
{
    buf_clear(&c->out);
    struct json_writer w = json_write(&c->out);
    json_open_object(&w, NULL);
    console_put_view(c, &w, lines_max);
    json_close_object(&w);
}

static void send_picture(struct console_pages *c, bool fresh_only)
{
    struct slice members = slice_sub(buf_slice(&c->out), 1, c->out.len);
    buf_clear(&c->frame);
    buf_printf(&c->frame, "event: bench\ndata: {\"now\":%lld,", (long long)console_now(c));
    buf_put(&c->frame, members);
    buf_text(&c->frame, "\n\n");
    if (c->frame.overflow) {
        log_event(c->o.log, LOG_ERROR, "console.picture_too_large", "bytes=%zu", c->out.len);
        return;
    }
    send_frame(c, fresh_only);
}

static void send_beat(struct console_pages *c)
{
    buf_clear(&c->frame);
    buf_printf(&c->frame, "event: beat\ndata: {\"now\":%lld}\n\n", (long long)console_now(c));
    send_frame(c, false);
}

static bool any_fresh(const struct console_pages *c)
{
    for (size_t i = 0; i < c->stream_count; i++)
        if (c->streams[i].fresh) return true;
    return false;
}

/* True when what is rendered differs from what was sent last. */
static bool differs(struct console_pages *c)
{
    uint8_t digest[DIGEST_SHA256_LEN];
    if (digest_sha256(buf_slice(&c->out), digest) != ERR_OK) return true;
    if (memcmp(digest, c->shown, sizeof digest) == 0) return false;
    memcpy(c->shown, digest, sizeof digest);
    return true;
}

void console_publish(struct console_pages *c, bool view_changed)
{
    mono_t now = effects_now(c->o.fx);
    bool fresh = any_fresh(c);
    bool due = mono_reached(now, c->next_beat);
    if (c->stream_count == 0 || !(view_changed || fresh || due)) return;
    render(c, VIEW_LINES_MAX);
    if (c->out.overflow || c->out.len + 64 > CONSOLE_ROOM) render(c, LINES_AT_LEAST);
    if (differs(c))
        send_picture(c, false);
    else if (fresh)
        send_picture(c, true);
    else if (due)
        send_beat(c);
    if (c->stream_count > 0) c->next_beat = mono_plus(now, CONSOLE_BEAT_MS);
}

mono_t console_deadline(const struct console_pages *c)
{
    return c->next_beat;
}
