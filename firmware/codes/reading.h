/* reading.h - what a scan says by itself, before anybody is asked what it means here: a command, a
 * badge, GS1 data taken apart and checked, or text to be looked up. Pure: the same bytes and rules
 * give the same reading. Allocates nothing.
 *
 * The bench asks in this order (first match wins, ambiguity is refused):
 *   1 READING_COMMAND   2 READING_BADGE
 *   3 a label scan-back that is awaited: compares the scan's own text
 *   4 READING_ELEMENTS  `gtin` or `sscc` is looked up, never the text
 *   5 reference, 6 packaging, 7 product by the text (READING_TEXT); then by `sscc` or `gtin`
 *   8 unknown: refused
 * READING_REFUSED is looked up as nothing but a label (3): half a code must not find something. */
#ifndef PACKD_CODES_READING_H
#define PACKD_CODES_READING_H

#include "firmware/base/slice.h"
#include "firmware/codes/gs1.h"

#define READING_GTIN_CAP 15 /* 14 digits */
#define READING_SSCC_CAP 19 /* 18 digits */
#define READING_LOT_CAP  21 /* AI (10) and (21): 1 to 20 characters */
#define READING_DATE_CAP 7  /* YYMMDD */
#define READING_AI_CAP   5

enum reading_kind {
    READING_TEXT,     /* to be looked up byte for byte; `gtin` is set when it folds to one */
    READING_COMMAND,  /* `rest` is the command without its prefix */
    READING_BADGE,    /* `rest` is who */
    READING_ELEMENTS, /* GS1 data, all of it valid */
    READING_REFUSED,  /* `fault` says why, `ai` where */
};

struct reading_rules {
    const char *command_prefix; /* NULL or "": none */
    const char *badge_prefix;
};

/* Net weight of (310n): `value` / 10^`decimals` kg. */
struct reading_weight {
    int32_t value; /* 0..999999; negative: not said */
    uint8_t decimals;
};

/* Texts are "" where the code does not say them. */
struct reading {
    enum reading_kind kind;
    enum code_fault fault;   /* CODE_OK unless READING_REFUSED */
    char ai[READING_AI_CAP]; /* where the fault is; "" outside element strings */
    struct slice rest;       /* borrowed from the scan */

    /* The trade item: (01), a retail symbol, ITF-14, or (READING_TEXT) a number that folds. Its
     * first digit 1-8 is a packaging level: another code with its own factor, never stripped. */
    char gtin[READING_GTIN_CAP];
    /* Eight digits of a scanner without identifiers whose check digit fits as EAN-8 and as UPC-E:
     * a reference or packaging may be found by the text, a product is refused as ambiguous. */
    bool either;
    char sscc[READING_SSCC_CAP];        /* (00): one logistic unit, counted once */
    char content[READING_GTIN_CAP];     /* (02): what a logistic unit holds */
    int64_t count;                      /* (37) of (02), (30) of (01); 0: not said */
    char lot[READING_LOT_CAP];          /* (10); case and leading zeros matter */
    char serial[READING_LOT_CAP];       /* (21), likewise */
    char expiry[READING_DATE_CAP];      /* (17), else the date of (7003) */
    char best_before[READING_DATE_CAP]; /* (15) */
    char produced[READING_DATE_CAP];    /* (11) */
    struct reading_weight weight;
    /* The partner that a value still waits for, from the next code on the same thing: "37" of a
     * lone (02). One scan alone need not hold it. */
    char waits_for[READING_AI_CAP];
};

/* `aim` is the symbology identifier the scanner sent ("]C1"), "" when it sends none. `text` is what
 * follows it. */
void reading_of(const struct reading_rules *rules, const char *aim, struct slice text,
                struct reading *out);
/* The same, and leaves the element strings of READING_ELEMENTS in `elements`. */
void reading_take(const struct reading_rules *rules, const char *aim, struct slice text,
                  struct gs1 *elements, struct reading *out);

/* A date of a code on the calendar: a day of 00 is the last of its month, the century is the one
 * that puts the year between 49 before and 50 after `year_now` (needs a trusted clock). False: no
 * such date. */
struct code_date {
    int16_t year;
    int8_t month, day;
};
bool code_date_of(const char *yymmdd, int year_now, struct code_date *out);
/* <0, 0, >0 */
int code_date_compare(struct code_date a, struct code_date b);

#endif
