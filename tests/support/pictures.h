/* pictures.h - what the bench could show, one for each face, for tests of the pages. */
#ifndef PACKD_TESTS_PICTURES_H
#define PACKD_TESTS_PICTURES_H

#include "firmware/bench/view.h"

/* Wall milliseconds. */
int64_t picture_now(void);
void picture_put(char *out, size_t cap, const char *text);
/* A message with up to two arguments. */
struct say picture_say(const char *key, const char *a, const char *b);
struct view_line picture_line(const char *sku, const char *name, int packed, int all);
/* Order WEB-10427 of five lines, half packed into its first box. */
struct bench_view picture_order(enum bench_face face);
/* The commands that can be scanned while it is packed. */
struct bench_view picture_help(void);
struct bench_view picture_idle(void);
/* The same in three boxes, the second one's label to be scanned. */
struct bench_view picture_boxes(enum bench_face face);
struct bench_view picture_wrong_item(void);
struct bench_view picture_gift(void);
struct bench_view picture_cancelled(void);
struct bench_view picture_buying(void);
struct bench_view picture_saved(void);
/* Into a text member of a struct, cut to fit. */
#define PUT(field, text) picture_put((field), sizeof(field), (text))

#endif
