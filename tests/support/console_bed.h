/* console_bed.h - the console over an outbox on virtual time: requests in, replies and stream
 * events written down. The sources show what the test put into the bed. */
#ifndef PACKD_TESTS_CONSOLE_BED_H
#define PACKD_TESTS_CONSOLE_BED_H

#include "firmware/console/console.h"
#include "tests/support/outbox_bed.h"

#define BED_TOKEN "0123456789abcdef0123456789abcdef"
#define BED_HOST  "127.0.0.1:8480"

struct console_bed {
    struct bed *bed;
    struct console_pages *pages;
    struct bench_view view;
    struct console_station station;
    struct config config;
    char command[64];
    char scan[64];
    err_t answer; /* of scans and commands */
    hal_request_t id;
    int status;
    int replies;
    char body[300000];
    int stream_events;
    char stream[300000];
};

/* cmocka fixtures: *state is the bed. */
int console_bed_set_up(void **state);
int console_bed_tear_down(void **state);

/* One round of the loop: commit, acknowledge, publish. */
void console_bed_round(struct console_bed *w, bool view_changed);
/* One request and its round; the reply is in status and body. */
void console_bed_ask(struct console_bed *w, struct hal_sim_request request);
int console_bed_get(struct console_bed *w, const char *path, const char *query);
int console_bed_post(struct console_bed *w, const char *path, const char *body);

/* Checks of the last reply's body. */
void console_bed_has(const struct console_bed *w, const char *text);
void console_bed_hasnt(const struct console_bed *w, const char *text);
void console_bed_is_json(const char *text);

#endif
