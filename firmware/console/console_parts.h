/* console_parts.h - what the files of the console share: one request being answered, the buffers
 * made at start, and the renderers. Within firmware/console only. */
#ifndef PACKD_CONSOLE_CONSOLE_PARTS_H
#define PACKD_CONSOLE_CONSOLE_PARTS_H

#include "firmware/base/json.h"
#include "firmware/console/console.h"

#define CONSOLE_ROOM           (200u << 10) /* one rendered answer; fits a stream's queue */
#define CONSOLE_TOKEN_CAP      128
#define CONSOLE_EXCEPTIONS_MAX 200
#define CONSOLE_ROWS_MAX       200
#define CONSOLE_BEAT_MS        2000 /* an open stream hears something at least this often */
#define CONSOLE_REF_CAP        256  /* what a person types or scans to find an order */
#define CONSOLE_WHY_CAP        512  /* a lead's note */

struct console_stream {
    hal_request_t id;
    bool fresh; /* has not had the picture yet */
};

struct console_pages {
    struct console_options o;
    struct hal *hal; /* borrowed from the effects */
    char token[CONSOLE_TOKEN_CAP];
    struct console_stream streams[HAL_CONSOLE_STREAMS_MAX];
    size_t stream_count;
    mono_t next_beat;
    uint8_t shown[32]; /* digest of the picture last sent */
    uint64_t requests;
    uint64_t refusals;
    struct buf out;   /* CONSOLE_ROOM each, made at start */
    struct buf frame; /* the event around a picture */
    struct bench_view view;
    struct console_station station;
    struct outbox_figures figures[DESTINATIONS_MAX];
    size_t figure_count;
    struct exception_row exceptions[CONSOLE_EXCEPTIONS_MAX];
    struct outbox_row rows[CONSOLE_ROWS_MAX];
};

/* One request on its way to its answer. */
struct ask {
    struct console_pages *c;
    const struct hal_console_request *r;
    struct slice tail; /* of the path, behind the route's prefix */
};

/* An error as people and programs need it; static or borrowed for the call. */
struct console_error {
    int status;
    const char *error;
    struct slice value; /* shown with control characters visible, cut at 64 bytes */
    const char *rule;
    const char *next_step;
};

/* console.c: answers. Each request gets exactly one. */
void console_fail(struct ask *a, const struct console_error *error);
void console_fail_err(struct ask *a, err_t e, struct slice value);
/* Sends c->out as JSON; says so when it did not fit. */
void console_send_json(struct ask *a);
void console_send(struct ask *a, int status, const char *content_type, struct slice body);
/* Value of `name` in the query, decoded, into out[cap]; "" when absent. ERR_PROTO, ERR_NOSPACE. */
MUST_CHECK err_t console_query(const struct ask *a, const char *name, char *out, size_t cap);
/* An emptied c->out with an object open and its "now". */
struct json_writer console_begin(struct console_pages *c);
int64_t console_now(const struct console_pages *c);

/* console_access.c: who may. Answers itself and returns false when the request may not go on. */
bool console_may_read(struct ask *a);
bool console_may_act(struct ask *a);

/* console_view.c */
void console_put_say(struct json_writer *w, const char *name, const struct say *s);
/* The packer's picture with the strip, without its time: members of an object already open. */
void console_put_view(struct console_pages *c, struct json_writer *w, size_t lines_max);
void console_put_strip(struct console_pages *c, struct json_writer *w);
void console_read_figures(struct console_pages *c);
uint64_t console_waiting(const struct console_pages *c, int64_t *out_oldest);

/* Handlers by file. */
void console_get_bench(struct ask *a);  /* console_view.c */
void console_get_events(struct ask *a); /* console_stream.c */
void console_get_status(struct ask *a); /* console_read.c */
void console_get_outbox(struct ask *a);
void console_get_exceptions(struct ask *a);
void console_get_devices(struct ask *a);
void console_get_scans(struct ask *a);
void console_get_demo_codes(struct ask *a); /* console_demo.c */
void console_get_order(struct ask *a);      /* console_order.c */
void console_get_metrics(struct ask *a);    /* console_metrics.c */
void console_get_health(struct ask *a);
void console_post_exception(struct ask *a); /* console_acts.c */
void console_post_command(struct ask *a);
void console_post_rule(struct ask *a);
void console_post_manifest(struct ask *a);
void console_post_recall(struct ask *a);
void console_post_scan(struct ask *a);

void console_get_daily(struct ask *a);  /* console_daily.c */
void console_get_export(struct ask *a); /* console_export.c */

void console_get_worklist(struct ask *a); /* console_rules.c */
void console_get_maps(struct ask *a);     /* console_maps.c */
void console_get_maps_file(struct ask *a);
void console_get_words(struct ask *a);
void console_post_maps_set(struct ask *a);
void console_post_maps_remove(struct ask *a);
void console_post_maps_drop(struct ask *a);
void console_post_maps_import(struct ask *a);

void console_put_exception(struct console_pages *c, struct json_writer *w,
                           const struct exception_row *row);
void console_put_message(struct json_writer *w, const struct outbox_row *row);
const char *console_message_state(enum message_state state);
const char *console_dispatch_state(int64_t state); /* enum dispatch_state as stored */

#endif
