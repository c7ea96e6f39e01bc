/* figures.h - what the measuring programs share: time, series of samples, and rows of the table.
 *
 * A row sets a figure of packd beside its floor, both measured in the same run and by turns, with
 * their ratio and the aim. Nothing here judges: a row that misses its aim says so and that is all.
 */
#ifndef PACKD_TESTS_BENCH_FIGURES_H
#define PACKD_TESTS_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t wall_ns(void); /* monotonic */
int64_t cpu_ns(void);  /* processor time of this thread, system calls included */

struct series {
    double *v; /* owned */
    size_t n, cap;
};
void series_add(struct series *s, double v);
void series_free(struct series *s);
/* Nearest rank; p 0..100. NAN when empty. */
double series_at(const struct series *s, double p);
double series_median(const struct series *s);
double series_sum(const struct series *s);

/* A row. NAN leaves a cell empty; without `ratio` it is packd by floor when both are there.
 * `at_most`, `at_least`: the aim; it speaks of the ratio when `of_ratio`, else of packd's figure.
 * NAN: no such bound. */
struct row {
    const char *what;
    const char *unit;
    double floor;
    double packd;
    double at_most;
    double at_least;
    bool of_ratio;
    const char *aim; /* in words; NULL: made from the bound */
};
void row_print(const struct row *r);
void section_print(const char *title);
void note_print(const char *text);

/* One 512-byte record appended and made durable in `folder`: the least a durable fact can cost. */
struct floor_file;
struct floor_file *floor_open(const char *folder);
int64_t floor_append_ns(struct floor_file *f);
void floor_close(struct floor_file *f); /* removes the file */

/* Ends the program with a word when `ok` is false. */
void must(bool ok, const char *what);

#endif
