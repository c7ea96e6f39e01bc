#include "tests/bench/figures.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void must(bool ok, const char *what)
{
    if (ok) return;
    (void)fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    must(clock_gettime(id, &t) == 0, "no clock");
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* ---------------------------------------------------------------------------------- series -- */

void series_add(struct series *s, double v)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->v = realloc(s->v, s->cap * sizeof *s->v);
        must(s->v != NULL, "out of memory");
    }
    s->v[s->n++] = v;
}

void series_free(struct series *s)
{
    free(s->v);
    *s = (struct series){NULL, 0, 0};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double series_at(const struct series *s, double p)
{
    if (s->n == 0) return NAN;
    double *sorted = malloc(s->n * sizeof *sorted);
    must(sorted != NULL, "out of memory");
    memcpy(sorted, s->v, s->n * sizeof *sorted);
    qsort(sorted, s->n, sizeof *sorted, by_value);
    size_t rank = (size_t)ceil(p / 100 * (double)s->n);
    double v = sorted[rank > 0 ? rank - 1 : 0];
    free(sorted);
    return v;
}

double series_median(const struct series *s)
{
    return series_at(s, 50);
}

double series_sum(const struct series *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->v[i];
    return sum;
}

/* ----------------------------------------------------------------------------------- table -- */

static const char *cell(double v, const char *unit, char out[24])
{
    if (isnan(v)) return "-";
    int digits = fabs(v) >= 1000 ? 0 : fabs(v) >= 10 ? 1 : fabs(v) >= 1 ? 2 : 3;
    (void)snprintf(out, 24, "%.*f %s", digits, v, unit);
    return out;
}

static const char *aim_text(const struct row *r, char out[32])
{
    if (r->aim) return r->aim;
    bool most = !isnan(r->at_most);
    double bound = most ? r->at_most : r->at_least;
    if (isnan(bound)) return "";
    (void)snprintf(out, 32, "%s %g%s%s", most ? "<=" : ">=", bound, r->of_ratio ? "x" : " ",
                   r->of_ratio ? "" : r->unit);
    return out;
}

static const char *verdict(const struct row *r, double ratio)
{
    double v = r->of_ratio ? ratio : r->packd;
    if (isnan(v) || (isnan(r->at_most) && isnan(r->at_least))) return "";
    bool missed =
        (!isnan(r->at_most) && v > r->at_most) || (!isnan(r->at_least) && v < r->at_least);
    return missed ? "missed" : "met";
}

void row_print(const struct row *r)
{
    char floor[24];
    char packd[24];
    char aim[32];
    char times[24] = "-";
    double ratio = r->packd / r->floor;
    if (!isnan(ratio)) (void)snprintf(times, sizeof times, "%.2fx", ratio);
    (void)printf("%-46s %12s %12s %8s  %-20s %s\n", r->what, cell(r->floor, r->unit, floor),
                 cell(r->packd, r->unit, packd), times, aim_text(r, aim), verdict(r, ratio));
    (void)fflush(stdout);
}

void section_print(const char *title)
{
    (void)printf("\n%-46s %12s %12s %8s  %-20s\n", title, "floor", "packd", "ratio", "aim");
    (void)fflush(stdout);
}

void note_print(const char *text)
{
    (void)printf("  %s\n", text);
    (void)fflush(stdout);
}

/* ----------------------------------------------------------------------------- floor of disk -- */

#define RECORD_SIZE 512

struct floor_file {
    int fd;
    char path[512];
};

struct floor_file *floor_open(const char *folder)
{
    struct floor_file *f = calloc(1, sizeof *f);
    must(f != NULL, "out of memory");
    (void)snprintf(f->path, sizeof f->path, "%s/floor", folder);
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    must(f->fd >= 0, "cannot make the floor's file");
    return f;
}

int64_t floor_append_ns(struct floor_file *f)
{
    static const char record[RECORD_SIZE] = "one record";
    int64_t from = wall_ns();
    must(write(f->fd, record, sizeof record) == sizeof record, "cannot append");
    must(fdatasync(f->fd) == 0, "cannot sync");
    return wall_ns() - from;
}

void floor_close(struct floor_file *f)
{
    (void)close(f->fd);
    (void)unlink(f->path);
    free(f);
}
