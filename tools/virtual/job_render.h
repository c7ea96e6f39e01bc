/* job_render.h - a printer job in any language as pictures, one a page, for tests and
 * demonstrations.
 *
 * Each language has an interpreter of its own that knows what jobs here are made of and is strict:
 * a command it does not know, data where a command must be, an immediate command anywhere, all
 * count as strangers. A job without strangers holds nothing but what was meant. */
#ifndef PACKD_TOOLS_VIRTUAL_JOB_RENDER_H
#define PACKD_TOOLS_VIRTUAL_JOB_RENDER_H

#include "tools/virtual/zpl_draw.h"

#define JOB_PAGES_MAX 48

struct job_render {
    struct zpl_picture pages[JOB_PAGES_MAX];
    size_t page_count;
    size_t strangers;
    struct buf names;         /* the commands, one a line */
    struct buf texts;         /* what stands on the paper in letters, one field a line */
    struct zpl_picture sheet; /* the page being drawn */
    uint16_t dpi;
    uint32_t width; /* dots of a printer whose language does not say it */
};

/* "zpl", "epl", "tspl", "escpos". `width`: dots the head reaches. ERR_INVALID: unknown language.
 * ERR_NOMEM. Call job_render_free in any case. */
MUST_CHECK err_t job_render(const char *language, uint16_t dpi, uint32_t width, struct slice job,
                            struct job_render *out);
void job_render_free(struct job_render *r);

/* For the interpreters. */
void job_name(struct job_render *r, struct slice name);
void job_stranger(struct job_render *r, const char *what);
/* An empty sheet; the one before is forgotten. */
void job_sheet(struct job_render *r, uint32_t width, uint32_t height);
/* The sheet becomes a page, cut after `height` rows (0: whole). */
void job_page(struct job_render *r, uint32_t height);
/* A whole field in letters of one size; Windows-1252 or UTF-8, for looks only. */
void job_letters(struct job_render *r, struct zpl_box cell, struct slice text);
/* Bits from the left; `black` is the value of a black bit. */
void job_dots(struct job_render *r, struct zpl_box at, struct slice rows, unsigned black);
/* The text as the job_letters of one field. */
void job_text_line(struct job_render *r, struct slice text);

void epl_interpret(struct job_render *r, struct slice job);
void tspl_interpret(struct job_render *r, struct slice job);
void escpos_interpret(struct job_render *r, struct slice job);

/* Up to 8 numbers separated by commas; false: something else stands there. */
struct job_numbers {
    int64_t at[8];
    size_t count;
};
bool job_numbers(struct slice text, struct job_numbers *out);

#endif
