/* pen.h - what a printer language can put on paper, one const table each: text in its own fonts,
 * Code 128, lines, and dots. For paper.c, labels.c and their tests.
 *
 * Texts arrive as UTF-8 of any contents; each pen makes them safe for its own language. Positions
 * are dots from the top left of what the head reaches; a page is drawn from the top down. */
#ifndef PACKD_LABELS_PEN_H
#define PACKD_LABELS_PEN_H

#include "firmware/labels/raster.h"

struct pen_page {
    struct buf *out;
    uint16_t dpi;
    uint32_t width; /* dots */
    uint32_t height;
    bool roll;       /* no labels: the page ends where its contents end, and is cut */
    uint32_t feed_y; /* how far a language without positions has come */
    uint32_t line_y; /* top and height of the line it is in; height 0: in none */
    uint32_t line_height;
};

struct pen_spot {
    uint32_t x;
    uint32_t y;
};

/* A font of the printer. */
struct pen_cell {
    uint32_t height;  /* dots of a line */
    uint32_t advance; /* dots of a character; 0: as wide as the letter */
    uint8_t font;     /* the language's own */
    uint8_t times;    /* enlarged so many times */
};

struct pen_bars {
    uint32_t module; /* dots of the narrowest bar */
    uint32_t height;
};

struct pen {
    const char *language;
    uint8_t side_mm;    /* the head does not reach this far from each edge of the paper */
    uint8_t module_max; /* dots */
    bool western;       /* prints Windows-1252 only; else all of UTF-8 */
    void (*begin)(struct pen_page *page);
    /* The font whose height comes nearest without exceeding `height`, else its smallest. */
    struct pen_cell (*cell)(uint16_t dpi, uint32_t height);
    void (*text)(struct pen_page *page, struct pen_spot at, const struct pen_cell *cell,
                 struct slice utf8);
    /* `code` has passed paper_code_is_safe. */
    void (*code128)(struct pen_page *page, struct pen_spot at, struct pen_bars bars,
                    struct slice code);
    void (*rule)(struct pen_page *page, struct pen_spot at, uint32_t width, uint32_t height);
    void (*end)(struct pen_page *page);
    /* Appends one whole label, the raster from its top left. Check out->overflow. */
    void (*label)(const struct raster *r, uint16_t dpi, struct buf *out);
    const char *opening; /* every job of ours begins so: one of another language is recognised */
};

/* NULL: unknown language. */
const struct pen *pen_by_language(const char *language);
/* Dots of a text in a font. */
uint32_t pen_text_width(const struct pen_cell *cell, struct slice utf8);
/* The next character of *rest as one byte of Windows-1252: controls are skipped, letters it lacks
 * become their nearest plain letter, all others '?'. False: nothing is left. *lost (may be NULL)
 * counts the '?'. */
bool pen_western_next(struct slice *rest, uint8_t *out, size_t *lost);
/* Appends `text` for a "..." string: `escape` stands before '"' and '\'; 0: both are replaced. */
void pen_put_quoted(struct buf *out, struct slice utf8, uint8_t escape);

extern const struct pen pen_zpl;
extern const struct pen pen_epl;
extern const struct pen pen_tspl;
extern const struct pen pen_escpos;

/* One rectangle of dots that is not all white. */
struct raster_band {
    uint32_t top;
    uint32_t height;
    size_t left; /* bytes */
    size_t width;
};
/* The next band at or below `from`: white rows and white sides are left out, so that only what is
 * black travels. Rows taken together are at most `rows_max`. False: the rest is white. */
bool raster_band_next(const struct raster *r, uint32_t from, uint32_t rows_max,
                      struct raster_band *out);

#endif
