/* page_world.h - the console on real loopback HTTP, showing a picture that the test sets. A thread
 * plays the station's loop; everything else is called from the test. */
#ifndef PACKD_TESTS_PAGE_WORLD_H
#define PACKD_TESTS_PAGE_WORLD_H

#include "firmware/console/console.h"

#define PAGE_WORLD_TOKEN "0123456789abcdef0123456789abcdef"

struct page_world;

struct page_world *page_world_open(void); /* aborts the program when it cannot be made */
void page_world_close(struct page_world *w);
/* Ends the server, as a crash of the station does, and starts it again at the same address. */
void page_world_stop(struct page_world *w);
void page_world_start(struct page_world *w);
void page_world_token(struct page_world *w, const char *token); /* from the next start */

uint16_t page_world_port(const struct page_world *w);
/* "http://127.0.0.1:PORT<path>"; valid until the next call. */
const char *page_world_url(struct page_world *w, const char *path);

/* What the bench and the station show from now on. */
void page_world_show(struct page_world *w, const struct bench_view *view);
void page_world_station(struct page_world *w, const struct console_station *station);
/* Commands, scans and recalls that arrived, each as "command X", "scan X" or "recall KEY WHO
 * REASON"; waits for the n-th (from 0); "" when it does not come. */
const char *page_world_heard(struct page_world *w, size_t n);

/* Work on the store between two rounds, committed afterwards. */
typedef void page_world_work(void *ctx, struct store *st, struct outbox *ob, wall_t now);
void page_world_do(struct page_world *w, page_world_work *work, void *ctx);

/* A dispatch "SAVED" for an order of this reference, with one parcel. */
int64_t page_world_save(struct store *st, struct outbox *ob, const char *reference);

#endif
